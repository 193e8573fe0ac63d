package dev.ejabberdlab.observe;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.guest.AgentGuestChannel;
import dev.ejabberdlab.guest.GuestChannel;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.observe.LabSnapshot.Past;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Keeps the last view of one lab: its networks, volumes and domains, and what its guests say. */
public final class LabWatch {

  /** How often libvirt is asked; events make it sooner. */
  static final Duration RELIST = Duration.ofSeconds(30);

  /** How often libvirt is asked while something of it is unknown. */
  static final Duration RETRY = Duration.ofSeconds(5);

  /** How often a guest with a service is asked. */
  static final Duration SERVICE = Duration.ofSeconds(5);

  /**
   * How often any other guest is asked, and one that is being set up: whoever runs a step there
   * asks when it has ended. Each answer costs an emulated guest half a second of its CPU.
   */
  static final Duration BASE = Duration.ofSeconds(20);

  /**
   * How often the whole host is searched for what a lab shall not have. It is searched sooner when
   * the lab has changed, and at each look while there is something.
   */
  static final Duration SEARCH = Duration.ofMinutes(5);

  private final Hypervisor hypervisor;
  private final StepRunner steps;
  private final Executor io;
  private final Clock clock;
  private final Runnable changed;
  private final Refresh machines;
  private final Map<String, Refresh> guests = new ConcurrentHashMap<>();
  // When it was last asked or has last answered: one that answers slowly is busy, and asked less.
  private final Map<String, Instant> guestTouchedAt = new ConcurrentHashMap<>();
  private volatile Target target;
  private volatile Instant askedAt = Instant.EPOCH;
  private volatile Instant searchedAt = Instant.EPOCH;
  private LabSnapshot snapshot = LabSnapshot.NOTHING;
  // Questions to guests in the order of their asking, and the newest that each has answered: a
  // clock can be set back.
  private final AtomicLong questions = new AtomicLong();
  private final Map<String, Long> answered = new HashMap<>();

  private record Target(LabTopology topology, String pool, Set<String> recorded) {

    boolean sameStorage(Target other) {
      return pool.equals(other.pool) && topology.image().equals(other.topology.image());
    }

    /** Whether something of the other is gone. */
    boolean lacksSomethingOf(Target other) {
      return !uuids().containsAll(other.uuids());
    }

    private Set<UUID> uuids() {
      return Stream.concat(
              topology.nodes().stream().map(Node::uuid),
              topology.networks().stream().map(LabTopology.Network::uuid))
          .collect(Collectors.toSet());
    }

    Optional<Node> node(String name) {
      return topology.nodes().stream().filter(n -> n.name().equals(name)).findFirst();
    }
  }

  /**
   * @param changed called when something that matters has changed; must return at once
   */
  public LabWatch(
      Hypervisor hypervisor, StepRunner steps, Executor io, Clock clock, Runnable changed) {
    this.hypervisor = hypervisor;
    this.steps = steps;
    this.io = io;
    this.clock = clock;
    this.changed = changed;
    this.machines = new Refresh(this::askHypervisor, io);
  }

  /** The same of a lab that has had no other disks than those of its nodes. */
  public void follow(LabTopology topology, String pool) {
    follow(topology, pool, Set.of());
  }

  /**
   * Says what to watch; asks at once when that has changed.
   *
   * @param recorded names of the disks that were made for the lab, as its status has them
   */
  public void follow(LabTopology topology, String pool, Set<String> recorded) {
    Target wanted = new Target(topology, pool, Set.copyOf(recorded));
    if (wanted.equals(target)) {
      return;
    }
    Set<String> names = topology.nodes().stream().map(Node::name).collect(Collectors.toSet());
    synchronized (this) {
      if (target != null && !wanted.sameStorage(target)) {
        snapshot = snapshot.withoutStorage();
      }
      boolean lessThanBefore = target == null || wanted.lacksSomethingOf(target);
      snapshot =
          snapshot.withSurplus(
              lessThanBefore
                  ? LabSnapshot.NOTHING.surplus()
                  : snapshot.surplus().map(r -> r.without(topology)));
      target = wanted;
      answered.keySet().retainAll(names);
    }
    guests.keySet().retainAll(names);
    guestTouchedAt.keySet().retainAll(names);
    refresh();
  }

  public synchronized LabSnapshot snapshot() {
    return snapshot;
  }

  /** The way into a node's guest. */
  public GuestChannel channel(UUID domain) {
    return new AgentGuestChannel(hypervisor, domain);
  }

  /** Asks libvirt about everything of the lab. */
  public CompletableFuture<Void> refresh() {
    askedAt = clock.instant();
    return machines.request();
  }

  /** Asks one guest; one without an agent, or that is no longer the lab's, has nothing to say. */
  public CompletableFuture<Void> refreshGuest(String node) {
    Target now = target;
    if (now == null || now.node(node).isEmpty()) {
      return CompletableFuture.completedFuture(null);
    }
    guestTouchedAt.put(node, clock.instant());
    return guests.computeIfAbsent(node, name -> new Refresh(() -> askGuest(name), io)).request();
  }

  /**
   * Takes over what a guest said when a step had ended there, or asks it when it could not say.
   * When the step builds on one of another node of the same role, those of that role that have a
   * view of it are asked too. Completes when the guest itself has told: a peer that is slow to
   * answer holds nobody up.
   */
  public CompletableFuture<Void> stepEnded(Step step, Optional<GuestReport> report) {
    Target now = target;
    if (now == null || now.node(step.node()).isEmpty()) {
      return CompletableFuture.completedFuture(null);
    }
    Set<String> peers =
        now.topology().nodes(now.node(step.node()).get().role()).stream()
            .map(Node::name)
            .filter(peer -> !peer.equals(step.node()))
            .collect(Collectors.toSet());
    if (step.requires().stream().map(Step.Ref::node).anyMatch(peers::contains)) {
      peers.stream()
          .filter(peer -> snapshot().machine(peer).guest().is(GuestReport::serves))
          .forEach(this::refreshGuest);
    }
    if (report.isEmpty()) {
      return refreshGuest(step.node());
    }
    said(step.node(), Seen.of(report.get()), clock.instant(), questions.incrementAndGet());
    return CompletableFuture.completedFuture(null);
  }

  /** Whether the domain is one of this lab's. */
  public boolean owns(UUID domain) {
    Target now = target;
    return now != null
        && (now.topology().nodes().stream().anyMatch(n -> n.uuid().equals(domain))
            || snapshot()
                .surplus()
                .is(s -> s.domains().stream().anyMatch(d -> d.uuid().equals(domain))));
  }

  /** Starts what is due. */
  public void tick() {
    Target now = target;
    if (now == null) {
      return;
    }
    LabSnapshot seen = snapshot();
    Instant time = clock.instant();
    if (Refresh.isDue(askedAt, seen.isAnswered(now.topology()) ? RELIST : RETRY, time)) {
      refresh();
    }
    for (Node node : now.topology().nodes()) {
      Machine machine = seen.machine(node.name());
      boolean service = node.role() == Role.postgresql || node.role() == Role.ejabberd;
      Duration interval =
          service && !machine.guest().is(GuestReport::isBeingSetUp) ? SERVICE : BASE;
      Refresh guest = guests.get(node.name());
      if (machine.domain().is(DomainState::agentConnected)
          && (guest == null || !guest.isRunning())
          && Refresh.isDue(
              guestTouchedAt.getOrDefault(node.name(), Instant.EPOCH), interval, time)) {
        refreshGuest(node.name());
      }
    }
  }

  private void askHypervisor() {
    Target now = target;
    if (now == null) {
      return;
    }
    Map<String, Seen<NetworkState>> networks = new LinkedHashMap<>();
    for (LabTopology.Network network : now.topology().networks()) {
      networks.put(
          network.name(),
          Question.ask(
                  about(now, "network " + network.name()), () -> hypervisor.network(network.uuid()))
              .flatMap(Seen::answer));
    }
    Seen<List<VolumeState>> volumes =
        Question.ask(about(now, "pool " + now.pool()), () -> hypervisor.volumes(now.pool()));
    Map<String, Seen<DomainState>> domains = new LinkedHashMap<>();
    for (Node node : now.topology().nodes()) {
      domains.put(
          node.name(),
          Question.ofNode(
                  node.name(),
                  about(now, "the domain of node " + node.name()),
                  () -> hypervisor.domain(node.uuid()))
              .flatMap(Seen::answer));
    }
    Seen<Remains> surplus = surplus(now, volumes);
    List<String> connected;
    boolean different;
    synchronized (this) {
      if (now != target) {
        // This answers yesterday's question; the next run was requested with the new one.
        return;
      }
      LabSnapshot before = snapshot;
      Map<String, Machine> machinesNow = new LinkedHashMap<>();
      for (Node node : now.topology().nodes()) {
        machinesNow.put(
            node.name(),
            machine(before.machine(node.name()), volume(node, volumes), domains.get(node.name())));
      }
      connected =
          machinesNow.entrySet().stream()
              .filter(m -> m.getValue().domain().is(DomainState::agentConnected))
              .filter(m -> !before.machine(m.getKey()).domain().is(DomainState::agentConnected))
              .map(Map.Entry::getKey)
              .toList();
      snapshot =
          new LabSnapshot(
              volumes.flatMap(v -> ImageVolumes.resolve(now.topology().image(), now.pool(), v)),
              networks,
              machinesNow,
              surplus);
      different = !snapshot.equals(before);
    }
    connected.forEach(this::refreshGuest);
    if (different) {
      changed.run();
    }
  }

  /** For the log. */
  private static String about(Target target, String what) {
    LabTopology lab = target.topology();
    return "%s/%s: %s on host %s".formatted(lab.namespace(), lab.name(), what, lab.host());
  }

  /** What the lab shall not have; searched for only when there may be something new. */
  private Seen<Remains> surplus(Target now, Seen<List<VolumeState>> volumes) {
    Seen<Remains> before = snapshot().surplus();
    if (!volumes.isPresent()) {
      return Seen.unknown(volumes.why());
    }
    String prefix = LabTopology.namePrefix(now.topology().uid());
    Set<String> disks =
        now.topology().nodes().stream().map(Node::volume).collect(Collectors.toSet());
    List<VolumeState> all = volumes.value();
    boolean stray =
        all.stream()
            .map(VolumeState::name)
            .anyMatch(v -> now.recorded().contains(v) && !disks.contains(v));
    if (before.is(Remains::isEmpty)
        && !stray
        && !Refresh.isDue(searchedAt, SEARCH, clock.instant())) {
      return before;
    }
    searchedAt = clock.instant();
    return Remains.of(hypervisor, now.topology().uid(), now.pool(), all, prefix, now.recorded())
        .map(r -> r.without(now.topology()));
  }

  /**
   * Without the time of the last write, which a running machine moves all the time. A pool that is
   * not there says nothing of the disks in it.
   */
  private static Seen<VolumeState> volume(Node node, Seen<List<VolumeState>> volumes) {
    return volumes
        .missingIsUnknown()
        .flatMap(
            all ->
                Seen.answer(
                    all.stream()
                        .filter(v -> v.name().equals(node.volume()) && v.complete())
                        .map(VolumeState::timeless)
                        .findFirst()));
  }

  /** A machine as libvirt sees it now; what its guest said stands as long as its agent is there. */
  private Machine machine(Machine old, Seen<VolumeState> volume, Seen<DomainState> domain) {
    Past seen = old.past().with(domain);
    Past past = volume.isMissing() ? seen.withoutDisk() : seen;
    if (domain.is(DomainState::agentConnected)) {
      return new Machine(
          volume,
          domain,
          old.guest(),
          old.reportedAt(),
          silentSince(old, domain, old.guest()),
          past);
    }
    Seen<GuestReport> guest =
        Seen.unknown(domain.isUnknown() ? domain.why() : "The guest agent is not connected.");
    return new Machine(volume, domain, guest, null, silentSince(old, domain, guest), past);
  }

  private void askGuest(String node) {
    Target now = target;
    Optional<Node> asked = now.node(node);
    if (asked.isEmpty() || !snapshot().machine(node).domain().is(DomainState::agentConnected)) {
      return;
    }
    UUID domain = asked.get().uuid();
    Instant at = clock.instant();
    long question = questions.incrementAndGet();
    said(
        node,
        Question.ofNode(
                node, about(now, "the guest of node " + node), () -> steps.report(channel(domain)))
            .missingIsUnknown(),
        at,
        question);
  }

  /**
   * Takes over what a guest said, unless it has answered a later question already. What was last
   * known of its clock stands when nobody could compare it.
   */
  private void said(String node, Seen<GuestReport> answer, Instant at, long question) {
    boolean different;
    Seen<GuestReport> guest;
    synchronized (this) {
      Machine old = snapshot.machine(node);
      if (!old.domain().is(DomainState::agentConnected)
          || answered.getOrDefault(node, 0L) > question) {
        return;
      }
      guest =
          answer.map(
              r ->
                  r.clockOff().isPresent()
                      ? r
                      : r.withClockOff(old.guest().known().flatMap(GuestReport::clockOff)));
      answered.put(node, question);
      guestTouchedAt.put(node, clock.instant());
      Map<String, Machine> machinesNow = new LinkedHashMap<>(snapshot.machines());
      machinesNow.put(
          node,
          new Machine(
              old.volume(),
              old.domain(),
              guest,
              guest.isPresent() ? at : null,
              silentSince(old, old.domain(), guest),
              old.past().with(guest, at)));
      snapshot = snapshot.with(machinesNow);
      different = !GuestDiff.settled(old.guest()).equals(GuestDiff.settled(guest));
    }
    if (different) {
      changed.run();
    }
  }

  private Instant silentSince(Machine old, Seen<DomainState> domain, Seen<GuestReport> guest) {
    if (guest.isPresent() || !domain.is(d -> d.power() == Power.RUNNING)) {
      return null;
    }
    return old.silentSince() != null ? old.silentSince() : clock.instant();
  }
}
