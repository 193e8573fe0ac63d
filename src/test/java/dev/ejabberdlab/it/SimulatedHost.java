package dev.ejabberdlab.it;

import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorEvent;
import dev.ejabberdlab.hypervisor.HypervisorEvent.Kind;
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
import dev.ejabberdlab.hypervisor.TestDriver;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.hypervisor.libvirt.TestVolumes;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A libvirt host of the test driver, whose guests have an agent, and which a test can break. It
 * outlives the operator's connections to it, as a host does.
 */
final class SimulatedHost implements Hypervisor {

  private final Hypervisor libvirt;
  private final Map<String, SimulatedGuest> guests = new ConcurrentHashMap<>();
  private final List<Consumer<HypervisorEvent>> listeners = new CopyOnWriteArrayList<>();
  private final List<String> changes = new CopyOnWriteArrayList<>();
  private final AtomicInteger connections = new AtomicInteger();
  private final ReentrantLock changing = new ReentrantLock();
  private volatile boolean reachable = true;
  private volatile boolean pool = true;
  private volatile boolean poolStopped;
  private volatile boolean agents = true;
  private volatile Optional<UUID> uuid = Optional.empty();
  private volatile Optional<Hypervisor> other = Optional.empty();
  private volatile UUID expected;
  private volatile Predicate<String> refused = change -> false;
  private volatile Runnable beforeChange = () -> {};

  SimulatedHost(Hypervisor libvirt) {
    this.libvirt = libvirt;
  }

  // For tests

  /** The same host as seen by somebody whom nothing can keep from it. */
  Hypervisor libvirt() {
    return libvirt;
  }

  /** Breaks the connection: every call says so. */
  void disconnect() {
    reachable = false;
    emit(new HypervisorEvent(Kind.DISCONNECTED, null));
  }

  void reconnect() {
    reachable = true;
    emit(new HypervisorEvent(Kind.CONNECTED, null));
  }

  /** Ends whatever a test has broken. */
  void mend() {
    pool = true;
    poolStopped = false;
    refused = change -> false;
    if (other.isPresent()) {
      replace(null);
    }
    if (!reachable) {
      reconnect();
    }
  }

  /** Says whether the storage pool exists. */
  void pool(boolean exists) {
    pool = exists;
  }

  /** Stops the storage pool, or starts it. */
  void stopPool(boolean stopped) {
    poolStopped = stopped;
  }

  /** Says under which UUID the host answers from now on. */
  void uuid(UUID now) {
    uuid = Optional.of(now);
    emit(new HypervisorEvent(Kind.CONNECTED, null));
  }

  /** Lets another host answer in this one's place; null ends that. */
  void replace(Hypervisor by) {
    emit(new HypervisorEvent(Kind.DISCONNECTED, null));
    other = Optional.ofNullable(by);
    emit(new HypervisorEvent(Kind.CONNECTED, null));
  }

  /** Says whether guests that run answer through their agents. */
  void agents(boolean answer) {
    agents = answer;
    libvirt.domains().stream()
        .filter(d -> d.power() == Power.RUNNING)
        .forEach(d -> emit(new HypervisorEvent(Kind.AGENT, d.uuid())));
  }

  /**
   * Lets changes fail.
   *
   * @param these which ones; each is the method's name and the object's, for example {@code
   *     startDomain ejl-1a2b3c4d-e1server}
   */
  void refuse(Predicate<String> these) {
    refused = these;
  }

  /** Does several things while the operator can change nothing. */
  void atOnce(Runnable losses) {
    changing.lock();
    try {
      losses.run();
    } finally {
      changing.unlock();
    }
  }

  /** Is called before each change. */
  void beforeChange(Runnable listener) {
    beforeChange = listener;
  }

  /** Every change that was asked for, refused ones included; see {@link #refuse}. */
  List<String> changes() {
    return List.copyOf(changes);
  }

  /** Takes a volume away, and with it what its guest remembers. */
  void loseVolume(String name) {
    TestVolumes.delete(libvirt, TestDriver.POOL, name);
    guests.remove(name.replaceFirst("\\.qcow2$", ""));
  }

  /** How many connections the operator has. */
  int connections() {
    return connections.get();
  }

  /** How many listeners the operator has registered and not removed. */
  int listeners() {
    return listeners.size();
  }

  /** The guest of a domain. */
  SimulatedGuest guest(String domain) {
    return guests.computeIfAbsent(domain, name -> new SimulatedGuest(name, this::peers));
  }

  /** Everything on the host by name. */
  Set<String> inventory() {
    return Stream.of(
            libvirt.domains().stream().map(DomainState::name).map("domain "::concat),
            libvirt.networks().stream().map(NetworkState::name).map("network "::concat),
            libvirt.volumes(TestDriver.POOL).stream().map(VolumeState::name).map("volume "::concat))
        .flatMap(s -> s)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** A lab's domains. */
  List<DomainState> domainsOf(String uid) {
    return domains(libvirt.domains().stream())
        .filter(d -> d.owner().filter(o -> o.uid().toString().equals(uid)).isPresent())
        .toList();
  }

  /** A lab's networks. */
  List<NetworkState> networksOf(String uid) {
    return libvirt.networks().stream()
        .filter(n -> n.owner().filter(o -> o.uid().toString().equals(uid)).isPresent())
        .toList();
  }

  /** libvirt's name of a domain or network; the UUID when there is none. */
  String nameOf(UUID uuid) {
    return libvirt
        .domain(uuid)
        .map(DomainState::name)
        .or(() -> libvirt.network(uuid).map(NetworkState::name))
        .orElse(uuid.toString());
  }

  /** Names of the steps that were run by node; only for a host that has had one lab. */
  Map<String, List<String>> launched() {
    return guests.values().stream()
        .collect(Collectors.toMap(SimulatedGuest::node, SimulatedGuest::launched));
  }

  void opened() {
    connections.incrementAndGet();
  }

  /** Running guests of the same lab, itself included. */
  private List<SimulatedGuest> peers(SimulatedGuest guest) {
    return guests.values().stream()
        .filter(g -> g.isRunning() && g.lab().equals(guest.lab()))
        .toList();
  }

  private void emit(HypervisorEvent event) {
    listeners.forEach(listener -> listener.accept(event));
  }

  // For the operator

  private Hypervisor host() {
    Hypervisor host = whoeverItIs();
    Optional<UUID> answers = facts().uuid();
    if (expected != null && answers.isPresent() && !answers.get().equals(expected)) {
      throw new OtherHost("cannot ask the host: another one answers");
    }
    return host;
  }

  private Hypervisor whoeverItIs() {
    if (!reachable) {
      throw new Unreachable("cannot ask the host: the connection to libvirt is lost", null);
    }
    return other.orElse(libvirt);
  }

  private Hypervisor inPool(String name) {
    Hypervisor host = host();
    if (!pool) {
      throw new NotFound("there is no storage pool '%s' on the host".formatted(name));
    }
    if (poolStopped) {
      throw new HypervisorException("storage pool '%s' is stopped".formatted(name));
    }
    return host;
  }

  private void change(String method, String object) {
    String change = method + " " + object;
    changes.add(change);
    host();
    changing.lock();
    changing.unlock();
    beforeChange.run();
    if (refused.test(change)) {
      throw new HypervisorException("cannot %s: the test says no".formatted(change));
    }
  }

  private Stream<DomainState> domains(Stream<DomainState> states) {
    return states.map(
        d ->
            new DomainState(
                d.uuid(),
                d.name(),
                d.owner(),
                d.power(),
                agents && d.power() == Power.RUNNING,
                d.definition(),
                d.disks()));
  }

  @Override
  public HostFacts facts() {
    HostFacts facts = whoeverItIs().facts();
    return uuid.isEmpty() || other.isPresent()
        ? facts
        : new HostFacts(
            facts.hostname(),
            facts.kvm(),
            facts.libvirtVersion(),
            facts.memoryBytes(),
            facts.cpus(),
            uuid);
  }

  @Override
  public List<MarkedObject> marked() {
    return whoeverItIs().marked();
  }

  @Override
  public void expect(UUID host) {
    expected = host;
  }

  @Override
  public Optional<PoolState> pool(String name) {
    return pool
        ? host().pool(name).map(p -> poolStopped ? new PoolState(name, false, 0, 0) : p)
        : Optional.empty();
  }

  @Override
  public List<NetworkState> networks() {
    return host().networks();
  }

  @Override
  public Optional<NetworkState> network(UUID uuid) {
    return host().network(uuid);
  }

  @Override
  public void defineNetwork(NetworkDefinition network) {
    change("defineNetwork", network.name());
    libvirt.defineNetwork(network);
  }

  @Override
  public void startNetwork(UUID uuid, Owner owner, Set<UUID> guests) {
    change("startNetwork", nameOf(uuid));
    libvirt.startNetwork(uuid, owner, guests);
  }

  @Override
  public void deleteNetwork(UUID uuid, Owner owner) {
    change("deleteNetwork", nameOf(uuid));
    libvirt.deleteNetwork(uuid, owner);
  }

  @Override
  public List<VolumeState> volumes(String name) {
    return inPool(name).volumes(name);
  }

  @Override
  public Optional<VolumeState> volume(String poolName, String name) {
    return inPool(poolName).volume(poolName, name);
  }

  /** Smaller than asked: to the test driver volumes are full, and its pools have 100 GiB. */
  @Override
  public void createOverlay(String poolName, String name, String baseVolume, long capacityBytes) {
    change("createOverlay", name);
    inPool(poolName).createOverlay(poolName, name, baseVolume, TestDriver.BASE_BYTES);
  }

  @Override
  public void deleteVolume(String poolName, String name) {
    change("deleteVolume", name);
    inPool(poolName).deleteVolume(poolName, name);
    guests.remove(name.replaceFirst("\\.qcow2$", ""));
  }

  @Override
  public List<DomainState> domains() {
    return domains(host().domains().stream()).toList();
  }

  @Override
  public Optional<DomainState> domain(UUID uuid) {
    return domains(host().domain(uuid).stream()).findFirst();
  }

  @Override
  public void defineDomain(DomainDefinition domain) {
    change("defineDomain", domain.name());
    libvirt.defineDomain(domain);
  }

  @Override
  public void startDomain(UUID uuid, Owner owner) {
    String name = nameOf(uuid);
    change("startDomain", name);
    boolean boots = libvirt.domain(uuid).filter(d -> d.power() == Power.SHUT_OFF).isPresent();
    if (boots) {
      guest(name).boot();
    }
    libvirt.startDomain(uuid, owner);
  }

  @Override
  public void resumeDomain(UUID uuid, Owner owner) {
    change("resumeDomain", nameOf(uuid));
    libvirt.resumeDomain(uuid, owner);
  }

  @Override
  public void shutdownDomain(UUID uuid, Owner owner) {
    change("shutdownDomain", nameOf(uuid));
    libvirt.shutdownDomain(uuid, owner);
    guest(nameOf(uuid)).powerOff();
  }

  @Override
  public void destroyDomain(UUID uuid, Owner owner) {
    change("destroyDomain", nameOf(uuid));
    libvirt.destroyDomain(uuid, owner);
    guest(nameOf(uuid)).powerOff();
  }

  @Override
  public void undefineDomain(UUID uuid, Owner owner) {
    change("undefineDomain", nameOf(uuid));
    libvirt.undefineDomain(uuid, owner);
  }

  @Override
  public String agentCommand(UUID uuid, String command, Duration timeout) {
    String name =
        host()
            .domain(uuid)
            .filter(d -> agents && d.power() == Power.RUNNING)
            .map(DomainState::name)
            .orElseThrow(
                () -> new AgentUnavailable("the agent of domain " + uuid + " is silent", null));
    return guest(name).answer(command);
  }

  @Override
  public AutoCloseable listen(Consumer<HypervisorEvent> listener) {
    Consumer<HypervisorEvent> own = listener::accept;
    listeners.add(own);
    AutoCloseable events =
        libvirt.listen(
            event -> {
              if (reachable) {
                own.accept(event);
              }
            });
    return () -> {
      listeners.remove(own);
      events.close();
    };
  }

  @Override
  public void close() {
    connections.decrementAndGet();
  }
}
