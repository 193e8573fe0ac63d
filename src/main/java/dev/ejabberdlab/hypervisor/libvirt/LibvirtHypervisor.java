package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorEvent;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.MarkedObject;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.hypervisor.PoolState;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.hypervisor.libvirt.Operation.OnHost;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/**
 * A libvirt host.
 *
 * <p>The connection is made when it is first needed and again after a loss; until then every call
 * throws {@link HypervisorException.Unreachable} at once. Commands to guest agents go over
 * connections of their own, because a silent agent holds its connection.
 */
public final class LibvirtHypervisor implements Hypervisor {

  private static final Logger LOG = Logger.getLogger(LibvirtHypervisor.class);

  /** How many calls at once; what is only looked up does not wait for a domain that starts. */
  private static final int CONNECTIONS = 4;

  /** How many commands to agents at once. libvirtd has 20 threads for all. */
  private static final int AGENT_CONNECTIONS = 10;

  /** How many guests are asked to shut down at once: each call may last until its guest is off. */
  private static final int SHUTDOWN_CONNECTIONS = 6;

  private final ConnectionUri uri;
  private final Connections connections;
  private final Connections agentConnections;
  private final Connections shutdownConnections;
  private final Host host;
  private final Networks networks;
  private final Volumes volumes;
  private final Domains domains;
  private final DomainPower power;
  private final Agents agents;
  private final List<Consumer<HypervisorEvent>> listeners = new CopyOnWriteArrayList<>();

  /**
   * A host that is not connected yet.
   *
   * @param uri libvirt's connection URI
   */
  public LibvirtHypervisor(String uri) {
    this.uri = new ConnectionUri(uri);
    // The test driver's state can belong to the connection.
    boolean simulated = this.uri.isTestDriver();
    connections = new Connections(this.uri, simulated ? 1 : CONNECTIONS, this::emit);
    agentConnections = simulated ? connections : new Connections(this.uri, AGENT_CONNECTIONS, null);
    shutdownConnections =
        simulated ? connections : new Connections(this.uri, SHUTDOWN_CONNECTIONS, null);
    Refusals refusals = new Refusals(this.uri.host());
    host = new Host(this.uri, connections);
    networks = new Networks(connections, refusals);
    volumes = new Volumes(connections, refusals);
    domains = new Domains(connections, refusals);
    power = new DomainPower(domains, shutdownConnections, this.uri.host());
    agents = new Agents(agentConnections, refusals);
  }

  /** What others do on the same host, for tests: to the test driver each connection is a host. */
  <T> T byHand(Connection.Call<T> call) {
    return connections.call(new OnHost("do it by hand"), call);
  }

  /** For the log. */
  @Override
  public String toString() {
    return "libvirt at " + uri.text();
  }

  private void emit(HypervisorEvent event) {
    if (event.domain() != null) {
      agents.mayAnswer(event.domain());
    }
    for (Consumer<HypervisorEvent> listener : listeners) {
      try {
        listener.accept(event);
      } catch (RuntimeException e) {
        LOG.errorf(e, "a listener failed on %s", event);
      }
    }
  }

  @Override
  public AutoCloseable listen(Consumer<HypervisorEvent> listener) {
    listeners.add(listener);
    connections.open();
    return () -> listeners.remove(listener);
  }

  @Override
  public void close() {
    connections.close();
    agentConnections.close();
    shutdownConnections.close();
  }

  @Override
  public HostFacts facts() {
    return host.facts();
  }

  @Override
  public void expect(UUID host) {
    connections.expect(host);
    agentConnections.expect(host);
    shutdownConnections.expect(host);
  }

  @Override
  public List<MarkedObject> marked() {
    return host.marked();
  }

  @Override
  public List<NetworkState> networks() {
    return networks.all();
  }

  @Override
  public Optional<NetworkState> network(UUID uuid) {
    return networks.network(uuid);
  }

  @Override
  public void defineNetwork(NetworkDefinition network) {
    networks.define(network);
  }

  @Override
  public void startNetwork(UUID uuid, Owner owner, Set<UUID> guests) {
    networks.start(uuid, owner, guests);
  }

  @Override
  public void deleteNetwork(UUID uuid, Owner owner) {
    networks.delete(uuid, owner);
  }

  @Override
  public Optional<PoolState> pool(String name) {
    return volumes.pool(name);
  }

  @Override
  public List<VolumeState> volumes(String pool) {
    return volumes.all(pool);
  }

  @Override
  public Optional<VolumeState> volume(String pool, String name) {
    return volumes.volume(pool, name);
  }

  @Override
  public void createOverlay(String pool, String name, String baseVolume, long capacityBytes) {
    volumes.createOverlay(pool, name, baseVolume, capacityBytes);
  }

  @Override
  public void deleteVolume(String pool, String name) {
    volumes.delete(pool, name);
  }

  @Override
  public List<DomainState> domains() {
    return domains.all();
  }

  @Override
  public Optional<DomainState> domain(UUID uuid) {
    return domains.domain(uuid);
  }

  @Override
  public void defineDomain(DomainDefinition domain) {
    domains.define(domain);
  }

  @Override
  public void startDomain(UUID uuid, Owner owner) {
    power.start(uuid, owner);
  }

  @Override
  public void resumeDomain(UUID uuid, Owner owner) {
    power.resume(uuid, owner);
  }

  @Override
  public void shutdownDomain(UUID uuid, Owner owner) {
    power.shutdown(uuid, owner);
  }

  @Override
  public void destroyDomain(UUID uuid, Owner owner) {
    power.destroy(uuid, owner);
  }

  @Override
  public void undefineDomain(UUID uuid, Owner owner) {
    if (domains.undefine(uuid, owner)) {
      agents.forget(uuid);
    }
  }

  @Override
  public String agentCommand(UUID uuid, String command, Duration timeout) {
    return agents.command(uuid, command, timeout);
  }
}
