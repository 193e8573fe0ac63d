package dev.ejabberdlab.observe;

import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorEvent;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.MarkedObject;
import dev.ejabberdlab.hypervisor.PoolState;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.observe.HostSnapshot.Inventory;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Keeps the last view of one libvirt host, and sees to it that it stays the same one: behind a URI
 * another libvirt may answer tomorrow, and of labs that it does not have nothing may be concluded.
 */
public final class HostWatch implements AutoCloseable {

  /** How often a reachable host is asked anew; its events are only hints. */
  static final Duration RELIST = Duration.ofSeconds(30);

  /** How often an unreachable host is tried. */
  static final Duration RETRY = Duration.ofSeconds(5);

  /**
   * How often a whole host is searched for what labs have there. Where things of no lab were found,
   * it is searched at each {@link #RELIST}: somebody may be cleaning up.
   */
  static final Duration SEARCH = Duration.ofMinutes(2);

  private static final long GIB = 1L << 30;
  private static final long STEP = 64L << 20;

  private final Hypervisor hypervisor;
  private final String pool;
  private final Supplier<Optional<Set<UUID>>> labs;
  private final Clock clock;
  private final Runnable changed;
  private final Refresh refresh;
  private final AutoCloseable listening;
  private volatile HostSnapshot snapshot = HostSnapshot.NOT_ASKED;
  private volatile Instant askedAt = Instant.EPOCH;
  private volatile Instant searchedAt = Instant.EPOCH;
  private volatile UUID expected;
  // How many searches were asked for, and for which of them the last one was begun.
  private final AtomicInteger searches = new AtomicInteger();
  private volatile int searched = -1;

  /**
   * A host of which it does not matter which one it is.
   *
   * @param changed called when reachability, facts or networks have changed; must return at once
   */
  public HostWatch(Hypervisor hypervisor, Executor io, Clock clock, Runnable changed) {
    this(hypervisor, null, null, Optional::empty, io, clock, changed);
  }

  /**
   * @param pool the labs' storage pool; null for none
   * @param expected UUID of the host that was there before; null when it is not known
   * @param labs UIDs of the labs that live there; empty while they are not known
   * @param changed called when something of the view has changed; must return at once
   */
  public HostWatch(
      Hypervisor hypervisor,
      String pool,
      UUID expected,
      Supplier<Optional<Set<UUID>>> labs,
      Executor io,
      Clock clock,
      Runnable changed) {
    this.hypervisor = hypervisor;
    this.pool = pool;
    this.labs = labs;
    this.clock = clock;
    this.changed = changed;
    if (expected != null) {
      expect(expected);
    }
    this.refresh = new Refresh(this::ask, io);
    this.listening = hypervisor.listen(this::onEvent);
  }

  public Hypervisor hypervisor() {
    return hypervisor;
  }

  public HostSnapshot snapshot() {
    return snapshot;
  }

  /** Takes the host that answers for the right one from now on, if it has this UUID. */
  public void accept(UUID host) {
    if (snapshot.other().filter(host::equals).isPresent() && !host.equals(expected)) {
      expect(host);
      refresh();
    }
  }

  private void expect(UUID host) {
    expected = host;
    // What the one before had says nothing of this one.
    searchedAt = Instant.EPOCH;
    hypervisor.expect(host);
  }

  /** Asks the host; completes when it has answered or could not be reached. */
  public CompletableFuture<Void> refresh() {
    askedAt = clock.instant();
    return refresh.request();
  }

  /** Asks the host, and searches it. */
  public CompletableFuture<Void> search() {
    searches.incrementAndGet();
    return refresh();
  }

  /** Whether the host was searched since that was last asked for. */
  public boolean isSearched() {
    return searched == searches.get();
  }

  /** Asks the host if that is due. */
  public void tick() {
    if (Refresh.isDue(askedAt, snapshot.reachable() ? RELIST : RETRY, clock.instant())) {
      refresh();
    }
  }

  private void onEvent(HypervisorEvent event) {
    if (event.kind() == HypervisorEvent.Kind.CONNECTED
        || event.kind() == HypervisorEvent.Kind.DISCONNECTED) {
      refresh();
    }
  }

  private void ask() {
    HostSnapshot before = snapshot;
    int searchedBefore = searched;
    Seen<HostSnapshot> now = Question.ask(hypervisor.toString(), () -> look(before));
    snapshot = now.known().orElseGet(() -> silent(before, now.why()));
    // libvirt lists in no particular order.
    if (!before.facts().equals(snapshot.facts())
        || !Set.copyOf(before.networks()).equals(Set.copyOf(snapshot.networks()))
        || !before.pool().equals(snapshot.pool())
        || !before.inventory().equals(snapshot.inventory())
        || !before.other().equals(snapshot.other())
        || searchedBefore != searched) {
      changed.run();
    }
  }

  private HostSnapshot look(HostSnapshot before) {
    HostFacts facts = hypervisor.facts();
    Optional<UUID> stranger = facts.uuid().filter(uuid -> !isExpected(uuid));
    if (stranger.isPresent()) {
      return new HostSnapshot(
          Seen.unknown(HostSnapshot.anotherHost(expected.toString(), stranger.get())),
          before.networks(),
          before.lastContact(),
          Seen.unknown("Another host answers."),
          before.inventory(),
          stranger);
    }
    // Before what the facts are told for: a lab compares itself with both.
    Inventory inventory = inventory(before);
    return new HostSnapshot(
        Seen.of(facts),
        hypervisor.networks(),
        clock.instant(),
        pool(before),
        inventory,
        Optional.empty());
  }

  /**
   * Whether the host with this UUID is the one from before. Where nobody lives yet any host will
   * do; and one that has a lab's mark is that lab's, though its UUID is another: libvirt makes one
   * up at each start where the machine has none.
   */
  private boolean isExpected(UUID uuid) {
    if (uuid.equals(expected)) {
      return true;
    }
    Optional<Set<UUID>> living = labs.get();
    boolean same =
        expected == null
            || living.filter(Set::isEmpty).isPresent()
            || living
                .filter(
                    all ->
                        hypervisor.marked().stream().anyMatch(m -> all.contains(m.owner().uid())))
                .isPresent();
    if (same) {
      expect(uuid);
    }
    return same;
  }

  private Inventory inventory(HostSnapshot before) {
    int asked = searches.get();
    Duration interval = hasOrphans(before.inventory()) ? RELIST : SEARCH;
    if (pool == null
        || searched == asked && !Refresh.isDue(searchedAt, interval, clock.instant())) {
      return before.inventory();
    }
    Inventory found =
        new Inventory(
            hypervisor.marked().stream()
                .sorted(Comparator.comparing(MarkedObject::kind).thenComparing(MarkedObject::name))
                .toList(),
            disks(before));
    searchedAt = clock.instant();
    searched = asked;
    return found;
  }

  /** Whether there were things of labs that do not live there. */
  private boolean hasOrphans(Inventory inventory) {
    return labs.get().filter(all -> !inventory.without(all).equals(Inventory.NOTHING)).isPresent();
  }

  private List<String> disks(HostSnapshot before) {
    return Question.ask("Pool %s on %s".formatted(pool, hypervisor), () -> hypervisor.volumes(pool))
        .map(
            all ->
                all.stream()
                    .map(VolumeState::name)
                    .filter(LabTopology::isDiskName)
                    .sorted()
                    .toList())
        .known()
        .orElse(before.inventory().volumes());
  }

  private Seen<PoolState> pool(HostSnapshot before) {
    if (pool == null) {
      return before.pool();
    }
    return Question.ask(
            "What is on " + hypervisor,
            () ->
                hypervisor
                    .pool(pool)
                    .orElseThrow(
                        () ->
                            new HypervisorException.NotFound(
                                "There is no storage pool %s.".formatted(pool))))
        .map(now -> before.pool().known().map(b -> inSteps(b, now)).orElseGet(() -> rounded(now)));
  }

  /** Every write into a pool changes what is free: told is what matters to people. */
  static PoolState inSteps(PoolState before, PoolState now) {
    boolean same =
        before.active() == now.active()
            && before.capacityBytes() == now.capacityBytes()
            && Math.abs(before.freeBytes() - now.freeBytes())
                <= Math.max(before.freeBytes() / 8, STEP);
    return same ? before : rounded(now);
  }

  private static PoolState rounded(PoolState pool) {
    long step = pool.freeBytes() < 8 * GIB ? STEP : GIB;
    return new PoolState(
        pool.name(), pool.active(), pool.capacityBytes(), pool.freeBytes() / step * step);
  }

  private static HostSnapshot silent(HostSnapshot before, String why) {
    return new HostSnapshot(
        Seen.unknown(why),
        before.networks(),
        before.lastContact(),
        before.pool(),
        before.inventory(),
        Optional.empty());
  }

  @Override
  public void close() {
    try (hypervisor) {
      listening.close();
    } catch (Exception e) {
      throw new IllegalStateException("A host's listener could not be removed.", e);
    }
  }
}
