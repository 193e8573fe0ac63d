package dev.ejabberdlab.simulation;

import dev.ejabberdlab.hypervisor.Disks;
import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.DomainState.Trait;
import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorEvent;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.AgentUnavailable;
import dev.ejabberdlab.hypervisor.HypervisorException.NotFound;
import dev.ejabberdlab.hypervisor.HypervisorException.OtherHost;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import dev.ejabberdlab.hypervisor.MarkedObject;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.hypervisor.PoolState;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** One operator's connection to the host, on which answers get lost. */
final class Connection implements Hypervisor {

  private static final String PATH = "/pool/";

  private final World world;
  private final Disturbances faults;
  private final Process process;
  private final Witness witness;
  private UUID expected;
  private UUID asked;

  Connection(World world, Disturbances faults, Process process, Witness witness) {
    this.world = world;
    this.faults = faults;
    this.process = process;
    this.witness = witness;
  }

  /** The domain whose agent was last spoken to. */
  UUID asked() {
    return asked;
  }

  private Host whoever() {
    process.requireAlive();
    if (faults.isSilent()) {
      throw new Unreachable("the connection to libvirt is lost", null);
    }
    return faults.host();
  }

  private Host host() {
    Host host = whoever();
    if (expected != null && !host.uuid().equals(expected) && world.isInForce(Rule.OTHER_HOST)) {
      throw new OtherHost("another host answers");
    }
    return host;
  }

  /** A question, which may be lost alone. */
  private Host question() {
    Host host = host();
    if (faults.isPartial() && world.happens(30)) {
      throw new Unreachable("the answer is lost", null);
    }
    return host;
  }

  private void change(String what, Consumer<Host> how) {
    Host host = host();
    process.reach("before " + what);
    if (faults.refuses() && world.happens(50)) {
      throw new HypervisorException("the host says no to " + what);
    }
    world.tell(process + ": " + what);
    how.accept(host);
    witness.changed(host, what);
    process.reach("after " + what);
    if (faults.losesAnswers() && world.happens(50)) {
      throw new Unreachable("the answer is lost", null);
    }
  }

  private String name(UUID id) {
    Host host = host();
    return host.machine(id)
        .map(m -> m.name)
        .or(() -> host.network(id).map(n -> n.definition.name()))
        .orElse(id.toString());
  }

  @Override
  public HostFacts facts() {
    Host host = whoever();
    UUID uuid = world.isInForce(Rule.OTHER_HOST) ? host.uuid() : faults.home().uuid();
    return new HostFacts("host", false, "9.0.0", 64L << 30, 8, Optional.of(uuid));
  }

  @Override
  public List<MarkedObject> marked() {
    Host host = whoever();
    return Stream.concat(
            host.machines().stream()
                .filter(m -> m.owner.isPresent())
                .map(m -> new MarkedObject(MarkedObject.Kind.DOMAIN, m.name, m.owner.get())),
            host.networks().stream()
                .map(
                    n ->
                        new MarkedObject(
                            MarkedObject.Kind.NETWORK, n.definition.name(), n.definition.owner())))
        .toList();
  }

  @Override
  public void expect(UUID host) {
    expected = host;
  }

  @Override
  public List<NetworkState> networks() {
    return question().networks().stream().map(Connection::state).toList();
  }

  private static NetworkState state(Host.Net net) {
    NetworkDefinition definition = net.definition;
    return new NetworkState(
        definition.uuid(),
        definition.name(),
        Optional.of(definition.owner()),
        net.active,
        List.of(),
        Optional.of(definition));
  }

  @Override
  public Optional<NetworkState> network(UUID uuid) {
    return question().network(uuid).map(Connection::state);
  }

  @Override
  public void defineNetwork(NetworkDefinition network) {
    change("define network " + network.name(), h -> h.defineNetwork(network));
  }

  @Override
  public void startNetwork(UUID uuid, Owner owner, Set<UUID> guests) {
    change("start network " + name(uuid), h -> h.startNetwork(uuid));
  }

  @Override
  public void deleteNetwork(UUID uuid, Owner owner) {
    change("delete network " + name(uuid), h -> h.deleteNetwork(uuid));
  }

  @Override
  public Optional<PoolState> pool(String name) {
    question();
    return Optional.of(new PoolState(name, true, 100L << 30, 50L << 30));
  }

  @Override
  public List<VolumeState> volumes(String pool) {
    Host host = question();
    return host.volumes().values().stream().map(Connection::state).toList();
  }

  private static VolumeState state(Host.Volume volume) {
    return new VolumeState(
        volume.name(),
        6L << 30,
        Instant.EPOCH,
        true,
        PATH + volume.name(),
        volume.backing().map(PATH::concat));
  }

  @Override
  public Optional<VolumeState> volume(String pool, String name) {
    return volumes(pool).stream().filter(v -> v.name().equals(name)).findFirst();
  }

  @Override
  public void createOverlay(String pool, String name, String baseVolume, long capacityBytes) {
    change("create volume " + name, h -> h.createOverlay(name, baseVolume));
  }

  @Override
  public void deleteVolume(String pool, String name) {
    change("delete volume " + name, h -> h.deleteVolume(name));
  }

  @Override
  public List<DomainState> domains() {
    Host host = question();
    return host.machines().stream().map(m -> state(host, m)).toList();
  }

  private DomainState state(Host host, Machine machine) {
    EnumSet<Trait> traits = EnumSet.noneOf(Trait.class);
    if (machine.saved && world.isInForce(Rule.OFF_FOR_GOOD)) {
      traits.add(Trait.SAVED);
    }
    if (machine.resumed) {
      traits.add(Trait.RESUMED);
    }
    if (machine.autostart) {
      traits.add(Trait.AUTOSTART);
    }
    Set<String> files = new HashSet<>();
    Host.Volume at = host.volumes().get(machine.volume);
    while (at != null) {
      files.add(PATH + at.name());
      at = at.backing().map(host.volumes()::get).orElse(null);
    }
    files.add(PATH + machine.volume);
    return new DomainState(
        machine.uuid,
        machine.name,
        machine.owner,
        seen(machine),
        !machine.believedOff && host.guests().isConnected(machine),
        machine.owner.map(o -> machine.definition),
        world.isInForce(Rule.IN_USE) ? new Disks(Set.of(PATH + machine.volume), files) : Disks.NONE,
        traits);
  }

  /** Without the rule, one that was told to be off is believed to be. */
  private Power seen(Machine machine) {
    return machine.believedOff ? Power.SHUT_OFF : machine.power;
  }

  @Override
  public Optional<DomainState> domain(UUID uuid) {
    Host host;
    try {
      host = question();
    } catch (Unreachable e) {
      process.requireAlive();
      if (world.isInForce(Rule.UNKNOWN)) {
        throw e;
      }
      return Optional.empty();
    }
    Host there = host;
    return host.machine(uuid).map(m -> state(there, m));
  }

  @Override
  public void defineDomain(DomainDefinition domain) {
    String node = domain.name().substring(LabTopology.namePrefix(domain.owner().uid()).length());
    change("define domain " + domain.name(), h -> h.defineDomain(domain, node));
  }

  @Override
  public void startDomain(UUID uuid, Owner owner) {
    change("start domain " + name(uuid), h -> h.startDomain(uuid, owner));
  }

  @Override
  public void resumeDomain(UUID uuid, Owner owner) {
    change("resume domain " + name(uuid), h -> h.resumeDomain(uuid, owner));
  }

  @Override
  public void shutdownDomain(UUID uuid, Owner owner) {
    change("shut down domain " + name(uuid), h -> h.shutdownDomain(uuid, owner));
  }

  @Override
  public void destroyDomain(UUID uuid, Owner owner) {
    change("destroy domain " + name(uuid), h -> h.destroyDomain(uuid, owner));
  }

  @Override
  public void undefineDomain(UUID uuid, Owner owner) {
    change("undefine domain " + name(uuid), h -> h.undefineDomain(uuid, owner));
  }

  /** Only asked to ping: what a guest says, {@link GuestSteps} asks it itself. */
  @Override
  public String agentCommand(UUID uuid, String command, Duration timeout) {
    Host host = question();
    Machine machine =
        host.machine(uuid).orElseThrow(() -> new NotFound("there is no domain " + uuid));
    if (!host.guests().answers(machine)) {
      throw new AgentUnavailable("the agent of domain %s is silent".formatted(machine.name), null);
    }
    asked = uuid;
    return "{\"return\":{}}";
  }

  @Override
  public AutoCloseable listen(Consumer<HypervisorEvent> listener) {
    Consumer<HypervisorEvent> own =
        event -> {
          if (!faults.isSilent()) {
            process.after(0, () -> listener.accept(event));
          }
        };
    faults.home().listeners().add(own);
    return () -> faults.home().listeners().remove(own);
  }

  @Override
  public void close() {
    // Nothing is kept open.
  }

  @Override
  public String toString() {
    return "host";
  }
}
