package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.Disks;
import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainDefinition.DirectBoot;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.DomainState.Trait;
import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorEvent;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.AgentUnavailable;
import dev.ejabberdlab.hypervisor.HypervisorException.InUse;
import dev.ejabberdlab.hypervisor.HypervisorException.NameConflict;
import dev.ejabberdlab.hypervisor.HypervisorException.NotFound;
import dev.ejabberdlab.hypervisor.MarkedObject;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.hypervisor.PoolState;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.hypervisor.libvirt.Operation.CommandAgent;
import dev.ejabberdlab.hypervisor.libvirt.Operation.ListVolumes;
import dev.ejabberdlab.hypervisor.libvirt.Operation.LookUp;
import dev.ejabberdlab.hypervisor.libvirt.Operation.OnHost;
import dev.ejabberdlab.hypervisor.libvirt.Operation.OnObject;
import dev.ejabberdlab.hypervisor.libvirt.Operation.OnVolume;
import dev.ejabberdlab.hypervisor.libvirt.Operation.Verb;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.libvirt.Connect;
import org.libvirt.Domain;
import org.libvirt.Domain.CreateFlags;
import org.libvirt.Domain.UndefineFlags;
import org.libvirt.Domain.XMLFlags;
import org.libvirt.Error.ErrorNumber;
import org.libvirt.LibvirtException;
import org.libvirt.Network;
import org.libvirt.NodeInfo;
import org.libvirt.StoragePool;
import org.libvirt.StoragePoolInfo;
import org.libvirt.StorageVol;
import org.w3c.dom.Element;

/**
 * A libvirt host.
 *
 * <p>The connection is made when it is first needed and again after a loss; until then every call
 * throws {@link HypervisorException.Unreachable} at once. Commands to guest agents go over
 * connections of their own, because a silent agent holds its connection.
 */
public final class LibvirtHypervisor implements Hypervisor {

  private static final Logger LOG = Logger.getLogger(LibvirtHypervisor.class);

  /** For starting and destroying: a loaded host takes tens of seconds for QEMU to come and go. */
  private static final Duration POWER_LIMIT = Duration.ofSeconds(120);

  /**
   * How long {@link #shutdownDomain} waits for a refusal; libvirt's call lasts until the guest is
   * off.
   */
  private static final Duration SHUTDOWN_WAIT = Duration.ofSeconds(1);

  /** libvirt waits so long for its own lock on a domain (QEMU_JOB_WAIT_TIME), and a bit. */
  private static final Duration DOMAIN_LOCK = Duration.ofSeconds(35);

  /** How many calls at once; what is only looked up does not wait for a domain that starts. */
  private static final int CONNECTIONS = 4;

  /** How many commands to agents at once. libvirtd has 20 threads for all. */
  private static final int AGENT_CONNECTIONS = 10;

  /** How many of them may be for guests that are mute; the others are for those that answer. */
  private static final int MUTE_AT_ONCE = 3;

  /** How many guests are asked to shut down at once: each call may last until its guest is off. */
  private static final int SHUTDOWN_CONNECTIONS = 6;

  /** Not in libvirt-java's constants. */
  private static final int UNDEFINE_NVRAM = 1 << 2;

  private static final int UNDEFINE_CHECKPOINTS_METADATA = 1 << 4;
  private static final int NETWORK_XML_INACTIVE = 1;
  private static final int AFFECT_LIVE = 1;

  private final ConnectionUri uri;
  private final Connections connections;
  private final Connections agents;
  private final Connections shutdowns;
  private final MuteGuests mute =
      new MuteGuests(MUTE_AT_ONCE, () -> Instant.EPOCH.plusNanos(System.nanoTime()));
  private final List<Consumer<HypervisorEvent>> listeners = new CopyOnWriteArrayList<>();
  private final Map<String, ReentrantLock> poolLocks = new ConcurrentHashMap<>();
  private final Map<UUID, ReentrantLock> agentLocks = new ConcurrentHashMap<>();
  private final Set<UUID> shuttingDown = ConcurrentHashMap.newKeySet();

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
    agents = simulated ? connections : new Connections(this.uri, AGENT_CONNECTIONS, null);
    shutdowns = simulated ? connections : new Connections(this.uri, SHUTDOWN_CONNECTIONS, null);
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
      // It has started, or its agent has come back: it may answer again.
      mute.forget(event.domain());
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
    agents.close();
    shutdowns.close();
  }

  @Override
  public HostFacts facts() {
    return connections.callWhoeverItIs(
        new OnHost("read the host's facts"),
        c -> {
          Element capabilities = Xml.parse(c.getCapabilities());
          NodeInfo node = c.nodeInfo();
          long version = c.getLibVersion();
          return new HostFacts(
              c.getHostName(),
              Capabilities.hasKvm(capabilities),
              version / 1_000_000 + "." + version / 1_000 % 1_000 + "." + version % 1_000,
              node.memory * 1024,
              node.cpus,
              Capabilities.uuid(capabilities, uri));
        });
  }

  @Override
  public void expect(UUID host) {
    connections.expect(host);
    agents.expect(host);
  }

  @Override
  public List<MarkedObject> marked() {
    return connections.callWhoeverItIs(
        new OnHost("search for what carries a mark"),
        c -> {
          List<MarkedObject> found = new ArrayList<>();
          for (Domain domain : c.listAllDomains(0)) {
            find(() -> domain, Domain::free, d -> Xml.parse(d.getXMLDesc(0)))
                .flatMap(xml -> marked(MarkedObject.Kind.DOMAIN, xml))
                .ifPresent(found::add);
          }
          List<String> networks =
              Stream.of(c.listNetworks(), c.listDefinedNetworks())
                  .flatMap(Stream::of)
                  .distinct()
                  .toList();
          for (String name : networks) {
            find(() -> c.networkLookupByName(name), Network::free, n -> Xml.parse(n.getXMLDesc(0)))
                .flatMap(xml -> marked(MarkedObject.Kind.NETWORK, xml))
                .ifPresent(found::add);
          }
          return List.copyOf(found);
        });
  }

  private static Optional<MarkedObject> marked(MarkedObject.Kind kind, Element xml) {
    return OwnerMark.read(xml)
        .map(mark -> new MarkedObject(kind, Xml.text(xml, "name").orElse(""), mark.owner()));
  }

  // Networks

  @Override
  public List<NetworkState> networks() {
    return connections.call(
        new OnHost("list the networks"),
        c -> {
          List<NetworkState> states = new ArrayList<>();
          List<String> names =
              Stream.of(c.listNetworks(), c.listDefinedNetworks())
                  .flatMap(Stream::of)
                  .distinct()
                  .toList();
          for (String name : names) {
            find(() -> c.networkLookupByName(name), Network::free, this::state)
                .ifPresent(states::add);
          }
          return List.copyOf(states);
        });
  }

  @Override
  public Optional<NetworkState> network(UUID uuid) {
    return connections.call(new LookUp(ObjectKind.NETWORK, uuid), c -> networkState(c, uuid));
  }

  private Optional<NetworkState> networkState(Connect c, UUID uuid) throws LibvirtException {
    return find(() -> c.networkLookupByUUIDString(uuid.toString()), Network::free, this::state);
  }

  private NetworkState state(Network network) throws LibvirtException {
    Element now = Xml.parse(network.getXMLDesc(0));
    boolean active = network.isActive() == 1;
    Optional<OwnerMark> mark = OwnerMark.read(now);
    boolean complete = active && (mark.isEmpty() || network.getAutostart());
    Optional<NetworkDefinition> definition = Optional.empty();
    if (mark.isPresent()) {
      Element config = active ? Xml.parse(inactiveXml(network)) : now;
      definition = readable(() -> NetworkXml.read(config, mark.get()));
    }
    return new NetworkState(
        NetworkXml.uuid(now),
        NetworkXml.name(now),
        mark.map(OwnerMark::owner),
        complete,
        NetworkXml.cidrs(now),
        definition);
  }

  @Override
  public void defineNetwork(NetworkDefinition network) {
    connections.call(
        new OnObject(Verb.DEFINE, ObjectKind.NETWORK, network.name()),
        c -> {
          networkState(c, network.uuid())
              .ifPresent(s -> refuseOtherOwner("network", s.name(), network.owner(), s.owner()));
          refuseOtherUuid(
              "network",
              network.name(),
              network.uuid(),
              find(() -> c.networkLookupByName(network.name()), Network::free, this::state)
                  .map(NetworkState::uuid));
          String wanted = NetworkXml.write(network);
          Optional<String> present =
              find(
                  () -> c.networkLookupByUUIDString(network.uuid().toString()),
                  Network::free,
                  LibvirtHypervisor::inactiveXml);
          if (present.isEmpty() || !sameNetwork(present.get(), wanted)) {
            c.networkDefineXML(wanted).free();
          }
          return null;
        });
  }

  /** The configuration that the next start will use. */
  private static String inactiveXml(Network network) throws LibvirtException {
    try {
      return network.getXMLDesc(NETWORK_XML_INACTIVE);
    } catch (LibvirtException e) {
      if (!LibvirtErrors.isUnknownFlag(e)) {
        throw e;
      }
      return network.getXMLDesc(0);
    }
  }

  private static boolean sameNetwork(String present, String wanted) {
    Element there = Xml.parse(present);
    Element here = Xml.parse(wanted);
    OwnerMark mark = OwnerMark.read(here).orElseThrow();
    return OwnerMark.read(there).equals(Optional.of(mark))
        && readable(() -> NetworkXml.read(there, mark))
            .equals(Optional.of(NetworkXml.read(here, mark)));
  }

  @Override
  public void startNetwork(UUID uuid, Owner owner, Set<UUID> guests) {
    NetworkState state = network(uuid).orElseThrow(() -> missing("network", uuid.toString()));
    refuseOtherOwner("network", state.name(), owner, state.owner());
    connections.call(
        new OnObject(Verb.START, ObjectKind.NETWORK, state.name()),
        c ->
            find(
                    () -> c.networkLookupByUUIDString(uuid.toString()),
                    Network::free,
                    network -> {
                      if (network.isActive() == 0) {
                        network.setAutostart(false);
                        start(network, state);
                      }
                      // Set last: it says that everything is plugged in.
                      if (!network.getAutostart()) {
                        replug(c, state.name(), owner, guests);
                        network.setAutostart(true);
                      }
                      return uuid;
                    })
                .orElseThrow(() -> missing("network", state.name())));
  }

  private void start(Network network, NetworkState state) throws LibvirtException {
    try {
      network.create();
    } catch (LibvirtException e) {
      String interfaceInUse = "already in use by interface ";
      String message = LibvirtErrors.sentence(e);
      int at = message.indexOf(interfaceInUse);
      if (at >= 0) {
        throw new HypervisorException(
            "cannot start network '%s' on %s: its address range %s is already used by the host's interface %s; choose another range"
                .formatted(
                    state.name(),
                    uri.host(),
                    String.join(", ", state.cidrs()),
                    message.substring(at + interfaceInUse.length())),
            e);
      }
      if (network.isActive() == 0) {
        throw e;
      }
    }
  }

  /**
   * Plugs running guests into a network that was started anew: libvirt leaves their taps without a
   * bridge when a network is destroyed. It takes an update for a change only when the bridge is
   * another one, so each interface goes by way of another network of the guest, with its link down.
   * A guest that has no other one must be restarted (libvirt 9.0).
   */
  private static void replug(Connect c, String network, Owner owner, Set<UUID> guests)
      throws LibvirtException {
    Set<String> active = Set.of(c.listNetworks());
    for (UUID guest : guests) {
      find(
          () -> c.domainLookupByUUIDString(guest.toString()),
          Domain::free,
          domain -> {
            Element now = Xml.parse(domain.getXMLDesc(0));
            Optional<String> aside =
                DomainXml.networksOf(now).stream()
                    .filter(n -> !n.equals(network) && active.contains(n))
                    .findFirst();
            boolean ours = OwnerMark.read(now).filter(m -> m.owner().equals(owner)).isPresent();
            if (ours && aside.isPresent() && domain.isActive() == 1) {
              for (String mac : DomainXml.macsIn(now, network)) {
                plug(domain, DomainXml.interfaceIn(aside.get(), mac, false));
                plug(domain, DomainXml.interfaceIn(network, mac, true));
              }
            }
            return guest;
          });
    }
  }

  /** Of the drivers in use only the test driver cannot, and it has no bridges. */
  private static void plug(Domain domain, String nic) throws LibvirtException {
    try {
      domain.updateDeviceFlags(nic, AFFECT_LIVE);
    } catch (LibvirtException e) {
      if (!LibvirtErrors.isUnsupported(e)) {
        throw e;
      }
    }
  }

  @Override
  public void deleteNetwork(UUID uuid, Owner owner) {
    Optional<NetworkState> state = network(uuid);
    if (state.isEmpty()) {
      return;
    }
    String name = state.get().name();
    refuseOtherOwner("network", name, owner, state.get().owner());
    connections.call(
        new OnObject(Verb.DELETE, ObjectKind.NETWORK, name),
        c ->
            find(
                () -> c.networkLookupByUUIDString(uuid.toString()),
                Network::free,
                network -> {
                  if (network.isActive() == 1) {
                    network.destroy();
                  }
                  if (network.isPersistent() == 1) {
                    network.undefine();
                  }
                  return uuid;
                }));
  }

  // Volumes

  @Override
  public Optional<PoolState> pool(String name) {
    return connections.call(
        new OnObject(Verb.LOOK_UP, ObjectKind.POOL, name),
        c ->
            find(
                () -> c.storagePoolLookupByName(name),
                StoragePool::free,
                pool -> {
                  if (pool.isActive() == 0) {
                    return new PoolState(name, false, 0, 0);
                  }
                  StoragePoolInfo info = pool.getInfo();
                  return new PoolState(name, true, info.capacity, info.available);
                }));
  }

  @Override
  public List<VolumeState> volumes(String pool) {
    return inPool(
        pool,
        new ListVolumes(pool),
        p -> {
          refresh(p, pool);
          List<VolumeState> states = new ArrayList<>();
          for (String name : p.listVolumes()) {
            volume(p, name).map(VolumeXml::state).ifPresent(states::add);
          }
          return List.copyOf(states);
        });
  }

  @Override
  public Optional<VolumeState> volume(String pool, String name) {
    Operation what = new OnVolume(Verb.LOOK_UP, pool, name);
    Optional<VolumeState> known =
        connections.call(
            what,
            c ->
                find(
                        () -> c.storagePoolLookupByName(pool),
                        StoragePool::free,
                        p -> complete(p, name))
                    .orElseThrow(() -> missing("storage pool", pool)));
    return known.isPresent()
        ? known
        : inPool(
            pool,
            what,
            p -> {
              refresh(p, pool);
              return complete(p, name);
            });
  }

  private static Optional<VolumeState> complete(StoragePool pool, String name)
      throws LibvirtException {
    return volume(pool, name).map(VolumeXml::state).filter(VolumeState::complete);
  }

  @Override
  public void createOverlay(String pool, String name, String baseVolume, long capacityBytes) {
    inPool(
        pool,
        new OnVolume(Verb.CREATE, pool, name),
        (c, p) -> {
          refresh(p, pool);
          Optional<VolumeXml> present = volume(p, name);
          if (present.isPresent()) {
            if (present.get().isImage()) {
              return null;
            }
            LOG.warnf("volume %s of pool %s is half made, making it anew", name, pool);
            refuseUsed(c, pool, name, present.get());
            delete(p, name);
          }
          VolumeXml base =
              volume(p, baseVolume)
                  .orElseThrow(() -> missing("volume", baseVolume + "' in pool '" + pool));
          if (!base.format().equals("qcow2")) {
            throw new HypervisorException(
                "volume '%s' in pool '%s' on %s is %s, not a complete qcow2 image"
                    .formatted(baseVolume, pool, uri.host(), base.format()));
          }
          long capacity = Math.max(capacityBytes, base.capacityBytes());
          try {
            p.storageVolCreateXML(VolumeXml.overlay(name, capacity, base), 0).free();
          } catch (LibvirtException e) {
            if (!LibvirtErrors.is(e, ErrorNumber.VIR_ERR_STORAGE_VOL_EXIST)) {
              throw e;
            }
          }
          return null;
        });
  }

  @Override
  public void deleteVolume(String pool, String name) {
    try {
      inPool(
          pool,
          new OnVolume(Verb.DELETE, pool, name),
          (c, p) -> {
            refresh(p, pool);
            Optional<VolumeXml> present = volume(p, name);
            if (present.isPresent()) {
              refuseUsed(c, pool, name, present.get());
              delete(p, name);
            }
            return null;
          });
    } catch (NotFound e) {
      LOG.debugf("volume %s is gone with its pool: %s", name, e.getMessage());
    }
  }

  /** libvirt itself deletes a volume under a running machine without asking. */
  private void refuseUsed(Connect c, String pool, String name, VolumeXml volume)
      throws LibvirtException {
    List<String> users = new ArrayList<>();
    for (Domain domain : c.listAllDomains(0)) {
      find(
              () -> domain,
              Domain::free,
              d -> uses(c, d, pool, volume) ? Optional.of(d.getName()) : Optional.<String>empty())
          .flatMap(found -> found)
          .ifPresent(users::add);
    }
    if (!users.isEmpty()) {
      throw new InUse(
          "volume '%s' of pool '%s' on %s is used by domain '%s'; it was left alone"
              .formatted(name, pool, uri.host(), users.get(0)));
    }
  }

  /** Whether a domain uses a volume; one whose definition cannot be read counts as using it. */
  private static boolean uses(Connect c, Domain domain, String pool, VolumeXml volume)
      throws LibvirtException {
    Disks disks;
    try {
      disks = disks(domain, Xml.parse(domain.getXMLDesc(0)));
    } catch (IllegalArgumentException e) {
      return true;
    }
    Set<String> seen = new HashSet<>();
    Deque<String> files = new ArrayDeque<>(disks.files());
    while (!files.isEmpty()) {
      String file = files.pop();
      if (file.equals(volume.path())
          || file.equals(pool + "/" + volume.name())
          // The same file may have several paths.
          || file.endsWith("/" + volume.name())) {
        return true;
      }
      if (seen.add(file) && file.startsWith("/")) {
        find(
                () -> c.storageVolLookupByPath(file),
                StorageVol::free,
                v -> VolumeXml.read(v.getXMLDesc(0)).backing())
            .flatMap(backing -> backing)
            .ifPresent(files::push);
      }
    }
    return false;
  }

  private static Disks disks(Domain domain, Element now) throws LibvirtException {
    return DomainXml.disks(
        domain.isActive() == 1
            ? List.of(now, Xml.parse(domain.getXMLDesc(XMLFlags.INACTIVE)))
            : List.of(now));
  }

  /**
   * Refreshing and creating volumes at once fails in libvirt ("pool has asynchronous jobs
   * running"), so what is done in a pool is done one after the other.
   */
  private <T> T inPool(String pool, Operation what, AskInPool<T> ask) {
    ReentrantLock lock = poolLocks.computeIfAbsent(pool, p -> new ReentrantLock(true));
    return locked(
        lock,
        Connections.LIMIT,
        () -> new HypervisorException("cannot %s: pool '%s' is busy".formatted(what.words(), pool)),
        () ->
            connections.call(
                what,
                c ->
                    find(
                            () -> c.storagePoolLookupByName(pool),
                            StoragePool::free,
                            p -> Optional.ofNullable(ask.of(c, p)))
                        .orElseThrow(() -> missing("storage pool", pool))
                        .orElse(null)));
  }

  private interface AskInPool<T> {
    T of(Connect connect, StoragePool pool) throws LibvirtException;
  }

  private <T> T inPool(String pool, Operation what, Ask<StoragePool, T> ask) {
    return inPool(pool, what, (c, p) -> ask.of(p));
  }

  private void refresh(StoragePool pool, String name) throws LibvirtException {
    if (pool.isActive() == 0) {
      throw new HypervisorException(
          "storage pool '%s' on %s is stopped; start it with: virsh pool-start %s"
              .formatted(name, uri.host(), name));
    }
    try {
      pool.refresh(0);
    } catch (LibvirtException e) {
      // Somebody else is creating or uploading a volume: what libvirt knows must do for now.
      if (!LibvirtErrors.sentence(e).contains("asynchronous jobs")) {
        throw e;
      }
    }
  }

  private static Optional<VolumeXml> volume(StoragePool pool, String name) throws LibvirtException {
    return find(
        () -> pool.storageVolLookupByName(name),
        StorageVol::free,
        v -> VolumeXml.read(v.getXMLDesc(0)));
  }

  private static void delete(StoragePool pool, String name) throws LibvirtException {
    find(
        () -> pool.storageVolLookupByName(name),
        StorageVol::free,
        v -> {
          v.delete(0);
          return name;
        });
  }

  // Domains

  @Override
  public List<DomainState> domains() {
    return connections.call(
        new OnHost("list the domains"),
        c -> {
          List<DomainState> states = new ArrayList<>();
          for (Domain domain : c.listAllDomains(0)) {
            find(() -> domain, Domain::free, d -> state(c, d)).ifPresent(states::add);
          }
          return List.copyOf(states);
        });
  }

  @Override
  public Optional<DomainState> domain(UUID uuid) {
    return connections.call(new LookUp(ObjectKind.DOMAIN, uuid), c -> domainState(c, uuid));
  }

  private Optional<DomainState> domainState(LibvirtConnect c, UUID uuid) throws LibvirtException {
    return find(() -> c.domainLookupByUUIDString(uuid.toString()), Domain::free, d -> state(c, d));
  }

  private DomainState state(LibvirtConnect c, Domain domain) throws LibvirtException {
    Element now = Xml.parse(domain.getXMLDesc(0));
    LibvirtConnect.Run run = c.run(domain);
    Power power = run.power();
    Optional<OwnerMark> mark = OwnerMark.read(now);
    Optional<DomainDefinition> definition = Optional.empty();
    Element config =
        power == Power.SHUT_OFF ? now : Xml.parse(domain.getXMLDesc(XMLFlags.INACTIVE));
    Set<Trait> traits = EnumSet.noneOf(Trait.class);
    if (mark.isPresent()) {
      definition = readable(() -> DomainXml.read(config, mark.get()).definition());
      if (definition.isPresent() && !DomainXml.isAsWritten(config, mark.get())) {
        traits.add(Trait.OUTDATED);
      }
      if (power == Power.SHUT_OFF && isSaved(domain)) {
        traits.add(Trait.SAVED);
      }
      if (run.resumed()) {
        traits.add(Trait.RESUMED);
      }
      if (isAutostarted(domain)) {
        traits.add(Trait.AUTOSTART);
      }
    }
    return new DomainState(
        DomainXml.uuid(now),
        DomainXml.name(now),
        mark.map(OwnerMark::owner),
        power,
        power == Power.RUNNING && DomainXml.agentConnected(now),
        definition,
        DomainXml.disks(List.of(now, config)),
        traits);
  }

  /** Whether libvirt keeps the memory of a domain that is off. */
  private static boolean isSaved(Domain domain) throws LibvirtException {
    try {
      return domain.hasManagedSaveImage() == 1;
    } catch (LibvirtException e) {
      if (!LibvirtErrors.isUnsupported(e)) {
        throw e;
      }
      return false;
    }
  }

  private static void forgetMemory(Domain domain) throws LibvirtException {
    if (isSaved(domain)) {
      domain.managedSaveRemove();
    }
  }

  /** One that exists only while it runs cannot be started by the host. */
  private static boolean isAutostarted(Domain domain) throws LibvirtException {
    return domain.isPersistent() == 1 && domain.getAutostart();
  }

  private static void leaveToUs(Domain domain) throws LibvirtException {
    if (isAutostarted(domain)) {
      domain.setAutostart(false);
    }
  }

  private static Power power(Domain domain) throws LibvirtException {
    return switch (domain.getInfo().state) {
      case VIR_DOMAIN_NOSTATE, VIR_DOMAIN_RUNNING, VIR_DOMAIN_BLOCKED -> Power.RUNNING;
      case VIR_DOMAIN_PAUSED, VIR_DOMAIN_PMSUSPENDED -> Power.PAUSED;
      case VIR_DOMAIN_SHUTDOWN -> Power.SHUTTING_DOWN;
      case VIR_DOMAIN_SHUTOFF -> Power.SHUT_OFF;
      case VIR_DOMAIN_CRASHED -> Power.CRASHED;
    };
  }

  @Override
  public void defineDomain(DomainDefinition domain) {
    connections.call(
        new OnObject(Verb.DEFINE, ObjectKind.DOMAIN, domain.name()),
        c -> {
          domainState(c, domain.uuid())
              .ifPresent(s -> refuseOtherOwner("domain", s.name(), domain.owner(), s.owner()));
          refuseOtherUuid(
              "domain",
              domain.name(),
              domain.uuid(),
              find(() -> c.domainLookupByName(domain.name()), Domain::free, Domain::getUUIDString)
                  .map(UUID::fromString));
          DomainXml.Paths paths = paths(c, domain);
          refuseOtherDisk(c, domain, paths.disk());
          String wanted = DomainXml.write(domain, paths);
          Optional<String> present =
              find(
                  () -> c.domainLookupByUUIDString(domain.uuid().toString()),
                  Domain::free,
                  d -> d.getXMLDesc(XMLFlags.INACTIVE));
          if (present.isEmpty() || !sameDomain(present.get(), wanted)) {
            c.domainDefineXML(wanted).free();
          }
          return find(
              () -> c.domainLookupByUUIDString(domain.uuid().toString()),
              Domain::free,
              d -> {
                leaveToUs(d);
                return domain;
              });
        });
  }

  /** Redefined to its own disk, it would lose at its next start what is only on the other one. */
  private void refuseOtherDisk(LibvirtConnect c, DomainDefinition domain, String disk)
      throws LibvirtException {
    Set<String> roots = domainState(c, domain.uuid()).map(d -> d.disks().roots()).orElse(Set.of());
    for (String root : roots) {
      if (!root.equals(disk)) {
        throw new InUse(
            "domain '%s' on %s runs on %s and not on its own disk %s; it was left on it"
                .formatted(domain.name(), uri.host(), root, disk));
      }
    }
  }

  private static boolean sameDomain(String present, String wanted) {
    Element there = Xml.parse(present);
    Element here = Xml.parse(wanted);
    OwnerMark mark = OwnerMark.read(here).orElseThrow();
    return OwnerMark.read(there).equals(Optional.of(mark))
        && readable(() -> DomainXml.read(there, mark))
            .equals(Optional.of(DomainXml.read(here, mark)))
        && DomainXml.isAsWritten(there, mark);
  }

  private DomainXml.Paths paths(Connect c, DomainDefinition domain) throws LibvirtException {
    return find(
            () -> c.storagePoolLookupByName(domain.pool()),
            StoragePool::free,
            pool ->
                new DomainXml.Paths(
                    path(pool, domain.pool(), domain.volume()),
                    path(pool, domain, DirectBoot::kernelVolume),
                    path(pool, domain, DirectBoot::initrdVolume)))
        .orElseThrow(() -> missing("storage pool", domain.pool()));
  }

  private Optional<String> path(
      StoragePool pool, DomainDefinition domain, Function<DirectBoot, String> volume)
      throws LibvirtException {
    return domain.directBoot().isEmpty()
        ? Optional.empty()
        : Optional.of(path(pool, domain.pool(), volume.apply(domain.directBoot().get())));
  }

  private String path(StoragePool pool, String poolName, String volume) throws LibvirtException {
    return find(() -> pool.storageVolLookupByName(volume), StorageVol::free, StorageVol::getPath)
        .orElseThrow(() -> missing("volume", volume + "' in pool '" + poolName));
  }

  @Override
  public void startDomain(UUID uuid, Owner owner) {
    DomainState state = domain(uuid).orElseThrow(() -> missing("domain", uuid.toString()));
    change(
        Verb.START,
        state,
        owner,
        domain -> {
          switch (power(domain)) {
            case RUNNING -> {}
            case PAUSED, SHUTTING_DOWN ->
                throw new HypervisorException(
                    "cannot start domain '%s' on %s: it is %s"
                        .formatted(
                            state.name(),
                            uri.host(),
                            power(domain) == Power.PAUSED ? "paused" : "shutting down"));
            case CRASHED -> {
              domain.destroy();
              create(domain);
            }
            case SHUT_OFF -> create(domain);
          }
        });
  }

  @Override
  public void resumeDomain(UUID uuid, Owner owner) {
    DomainState state = domain(uuid).orElseThrow(() -> missing("domain", uuid.toString()));
    change(
        Verb.RESUME,
        state,
        owner,
        domain -> {
          switch (domain.getInfo().state) {
            case VIR_DOMAIN_PAUSED -> domain.resume();
            case VIR_DOMAIN_PMSUSPENDED -> domain.PMwakeup();
            default -> {
              // it is not paused, or not any more
            }
          }
        });
  }

  /**
   * Boots a domain, so that its agent can be heard. When QEMU dies with a command for the agent
   * that it has not read, as one that hung does, libvirt may note the error only after it has
   * cleaned up (qemuProcessHandleAgentError waits for a lock that qemuProcessStop holds, 9.0). The
   * next run inherits it, and every command to its agent is refused: so it is stopped again before
   * its guest has begun.
   */
  private static void create(Domain domain) throws LibvirtException {
    launch(domain);
    if (inheritsAgentError(domain)) {
      domain.destroy();
      launch(domain);
    }
  }

  private static boolean inheritsAgentError(Domain domain) {
    try {
      domain.qemuAgentCommand("{\"execute\":\"guest-ping\"}", 1, 0);
      return false;
    } catch (LibvirtException e) {
      // Anything else is as it should be: an agent is connected when its guest has booted.
      return LibvirtErrors.isAgentError(e);
    }
  }

  private static void boot(Domain domain) throws LibvirtException {
    try {
      domain.create(CreateFlags.FORCE_BOOT);
    } catch (LibvirtException e) {
      if (!LibvirtErrors.isUnknownFlag(e)) {
        throw e;
      }
      // The test driver knows no other way to start than to boot.
      domain.create();
    }
  }

  private static void launch(Domain domain) throws LibvirtException {
    forgetMemory(domain);
    try {
      boot(domain);
    } catch (LibvirtException e) {
      if (power(domain) != Power.RUNNING) {
        throw e;
      }
    }
  }

  @Override
  public void shutdownDomain(UUID uuid, Owner owner) {
    Optional<DomainState> state = domain(uuid);
    if (state.isEmpty()) {
      return;
    }
    refuseOtherOwner("domain", state.get().name(), owner, state.get().owner());
    if (state.get().power() == Power.SHUT_OFF || state.get().power() == Power.CRASHED) {
      return;
    }
    // While libvirt still waits for the guest, asking again would only take another of its threads.
    if (!shuttingDown.add(uuid)) {
      return;
    }
    try {
      shutdowns.callAndLeave(
          new OnObject(Verb.SHUT_DOWN, ObjectKind.DOMAIN, state.get().name()),
          SHUTDOWN_WAIT,
          c -> {
            try {
              find(
                  () -> c.domainLookupByUUIDString(uuid.toString()),
                  Domain::free,
                  domain -> {
                    domain.shutdown();
                    return uuid;
                  });
            } finally {
              shuttingDown.remove(uuid);
            }
            return null;
          });
    } catch (HypervisorException e) {
      shuttingDown.remove(uuid);
      throw e;
    }
  }

  @Override
  public void destroyDomain(UUID uuid, Owner owner) {
    Optional<DomainState> state = domain(uuid);
    if (state.isEmpty()) {
      return;
    }
    String name = state.get().name();
    change(
        Verb.DESTROY,
        state.get(),
        owner,
        domain -> {
          if (power(domain) != Power.SHUT_OFF) {
            try {
              domain.destroy();
            } catch (LibvirtException e) {
              if (power(domain) != Power.SHUT_OFF) {
                throw e;
              }
            }
          }
          Power now = power(domain);
          if (now != Power.SHUT_OFF) {
            throw new HypervisorException(
                "domain '%s' on %s was destroyed but is %s".formatted(name, uri.host(), now));
          }
          leaveToUs(domain);
          forgetMemory(domain);
          if (isSaved(domain)) {
            throw new HypervisorException(
                "domain '%s' on %s is off, but libvirt keeps its memory"
                    .formatted(name, uri.host()));
          }
        });
  }

  @Override
  public void undefineDomain(UUID uuid, Owner owner) {
    Optional<DomainState> state = domain(uuid);
    if (state.isEmpty()) {
      return;
    }
    String name = state.get().name();
    change(
        Verb.UNDEFINE,
        state.get(),
        owner,
        domain -> {
          Power now = power(domain);
          if (now != Power.SHUT_OFF) {
            throw new HypervisorException(
                "cannot undefine domain '%s' on %s: it is %s; stop it first"
                    .formatted(name, uri.host(), now));
          }
          undefine(domain);
        });
    agentLocks.remove(uuid);
    mute.forget(uuid);
  }

  private static void undefine(Domain domain) throws LibvirtException {
    int flags = UndefineFlags.MANAGED_SAVE | UndefineFlags.SNAPSHOTS_METADATA;
    try {
      domain.undefine(flags | UNDEFINE_NVRAM | UNDEFINE_CHECKPOINTS_METADATA);
    } catch (LibvirtException e) {
      if (!LibvirtErrors.isUnknownFlag(e)) {
        throw e;
      }
      domain.undefine(flags);
    }
  }

  private interface Change {
    void make(Domain domain) throws LibvirtException;
  }

  /** Changes a domain if it is the owner's; a domain that vanishes meanwhile counts as changed. */
  private void change(Verb verb, DomainState state, Owner owner, Change change) {
    refuseOtherOwner("domain", state.name(), owner, state.owner());
    connections.call(
        new OnObject(verb, ObjectKind.DOMAIN, state.name()),
        POWER_LIMIT,
        c ->
            find(
                () -> c.domainLookupByUUIDString(state.uuid().toString()),
                Domain::free,
                domain -> {
                  change.make(domain);
                  return state;
                }));
  }

  @Override
  public String agentCommand(UUID uuid, String command, Duration timeout) {
    Operation what = new CommandAgent(uuid);
    ReentrantLock lock = agentLocks.computeIfAbsent(uuid, u -> new ReentrantLock(true));
    return locked(
        lock,
        timeout.plus(DOMAIN_LOCK),
        () ->
            new AgentUnavailable(
                "cannot %s: an earlier command is still under way".formatted(what.words()), null),
        () -> mute.ask(uuid, timeout, limit -> agentCommand(what, uuid, command, limit)));
  }

  private String agentCommand(Operation what, UUID uuid, String command, Duration timeout) {
    return agents.call(
        what,
        // libvirt first synchronizes with the agent, under the same timeout.
        timeout.multipliedBy(2).plus(DOMAIN_LOCK),
        LibvirtErrors::translateAgent,
        c ->
            find(
                    () -> c.domainLookupByUUIDString(uuid.toString()),
                    Domain::free,
                    d -> d.qemuAgentCommand(command, seconds(timeout), 0))
                .orElseThrow(() -> missing("domain", uuid.toString())));
  }

  private static int seconds(Duration timeout) {
    return (int) Math.max(1, timeout.plusMillis(999).toSeconds());
  }

  // Common

  private interface Lookup<O> {
    O look() throws LibvirtException;
  }

  private interface Free<O> {
    void free(O object) throws LibvirtException;
  }

  private interface Ask<O, T> {
    T of(O object) throws LibvirtException;
  }

  /**
   * Looks an object up, asks it and frees it; empty when it does not exist or vanishes meanwhile.
   */
  private static <O, T> Optional<T> find(Lookup<O> lookup, Free<O> free, Ask<O, T> ask)
      throws LibvirtException {
    try {
      O object = lookup.look();
      try {
        return Optional.of(ask.of(object));
      } finally {
        free.free(object);
      }
    } catch (LibvirtException e) {
      if (LibvirtErrors.isMissing(e)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private interface Reading<T> {
    T read();
  }

  /** Empty when somebody has changed one of our objects to what no definition can say. */
  private static <T> Optional<T> readable(Reading<T> reading) {
    try {
      return Optional.of(reading.read());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static <T> T locked(
      ReentrantLock lock, Duration limit, Supplier<HypervisorException> busy, Supplier<T> work) {
    try {
      if (!lock.tryLock(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw busy.get();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HypervisorException.Unreachable("interrupted while waiting for a turn", e);
    }
    try {
      return work.get();
    } finally {
      lock.unlock();
    }
  }

  private NotFound missing(String kind, String name) {
    return new NotFound("there is no %s '%s' on %s".formatted(kind, name, uri.host()));
  }

  private void refuseOtherOwner(String kind, String name, Owner owner, Optional<Owner> present) {
    if (!present.map(Owner::uid).equals(Optional.of(owner.uid()))) {
      throw new NameConflict(
          "%s '%s' on %s %s; it was left alone"
              .formatted(
                  kind,
                  name,
                  uri.host(),
                  present
                      .map(o -> "belongs to " + o + " (UID " + o.uid() + ")")
                      .orElse("is not ours")));
    }
  }

  private void refuseOtherUuid(String kind, String name, UUID uuid, Optional<UUID> present) {
    if (present.isPresent() && !present.get().equals(uuid)) {
      throw new NameConflict(
          "another %s named '%s' exists on %s (UUID %s); it was left alone: rename or remove it"
              .formatted(kind, name, uri.host(), present.get()));
    }
  }
}
