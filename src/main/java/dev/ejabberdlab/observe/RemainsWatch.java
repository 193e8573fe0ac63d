package dev.ejabberdlab.observe;

import dev.ejabberdlab.hypervisor.Hypervisor;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** Keeps the last snapshot of what remains of a lab that is being taken down. */
public final class RemainsWatch {

  /** How often the host is asked while nothing happens. */
  static final Duration INTERVAL = Duration.ofSeconds(10);

  private final Hypervisor hypervisor;
  private final UUID owner;
  private final String pool;
  private final String volumePrefix;
  private final Clock clock;
  private final Runnable changed;
  private final Refresh refresh;
  // A disk stays the lab's when the domain that told of it has gone.
  private final Set<String> disks = new HashSet<>();
  private volatile boolean active;
  private volatile Instant askedAt = Instant.EPOCH;
  private volatile Snapshot snapshot =
      new Snapshot(Seen.unknown("It has not been asked yet."), Instant.EPOCH, Optional.empty());

  /**
   * What was seen, and when the look began.
   *
   * @param remains everything with the lab's mark
   * @param since the snapshot shows what was done before this moment
   * @param silentSince when the first of the looks began that have not been answered since; empty
   *     when the last was answered, and before the first
   */
  public record Snapshot(Seen<Remains> remains, Instant since, Optional<Instant> silentSince) {}

  /**
   * @param volumePrefix with which the names of the lab's volumes begin
   * @param changed called when the snapshot has changed; must return at once
   */
  public RemainsWatch(
      Hypervisor hypervisor,
      UUID owner,
      String pool,
      String volumePrefix,
      Executor io,
      Clock clock,
      Runnable changed) {
    this.hypervisor = hypervisor;
    this.owner = owner;
    this.pool = pool;
    this.volumePrefix = volumePrefix;
    this.clock = clock;
    this.changed = changed;
    this.refresh = new Refresh(this::ask, io);
  }

  /** Whether the lab is being taken down. */
  public boolean active() {
    return active;
  }

  /**
   * Begins to watch, if not begun, and returns the last snapshot.
   *
   * @param recorded names of the lab's disks
   */
  public Snapshot follow(Set<String> recorded) {
    synchronized (disks) {
      disks.addAll(recorded);
    }
    if (!active) {
      active = true;
      refresh();
    }
    return snapshot;
  }

  /** Asks the host. */
  public CompletableFuture<Void> refresh() {
    askedAt = clock.instant();
    return refresh.request();
  }

  /** Asks the host if that is due. */
  public void tick() {
    if (active && Refresh.isDue(askedAt, INTERVAL, clock.instant())) {
      refresh();
    }
  }

  private void ask() {
    Instant since = clock.instant();
    Snapshot before = snapshot;
    Set<String> known;
    synchronized (disks) {
      known = Set.copyOf(disks);
    }
    Seen<Remains> remains = Remains.of(hypervisor, owner, pool, volumePrefix, known);
    synchronized (disks) {
      remains
          .known()
          .ifPresent(r -> r.domains().stream().map(Remains::ownDisk).forEach(disks::add));
    }
    // A clock that was set back must not make a silence longer than it is.
    snapshot =
        new Snapshot(
            remains,
            since,
            remains.isPresent()
                ? Optional.empty()
                : before.silentSince().filter(s -> !s.isAfter(since)).or(() -> Optional.of(since)));
    if (!before.remains().equals(snapshot.remains())) {
      changed.run();
    }
  }
}
