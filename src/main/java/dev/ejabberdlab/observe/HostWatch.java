package dev.ejabberdlab.observe;

import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorEvent;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** Keeps the last view of one libvirt host. */
public final class HostWatch implements AutoCloseable {

  /** How often a reachable host is asked anew; its events are only hints. */
  static final Duration RELIST = Duration.ofSeconds(30);

  /** How often an unreachable host is tried. */
  static final Duration RETRY = Duration.ofSeconds(5);

  private final Hypervisor hypervisor;
  private final Clock clock;
  private final Runnable changed;
  private final Refresh refresh;
  private final AutoCloseable listening;
  private volatile HostSnapshot snapshot = HostSnapshot.NOT_ASKED;
  private volatile Instant askedAt = Instant.EPOCH;

  /**
   * @param changed called when reachability, facts or networks have changed; must return at once
   */
  public HostWatch(Hypervisor hypervisor, Executor io, Clock clock, Runnable changed) {
    this.hypervisor = hypervisor;
    this.clock = clock;
    this.changed = changed;
    this.refresh = new Refresh(this::ask, io);
    this.listening = hypervisor.listen(this::onEvent);
  }

  public Hypervisor hypervisor() {
    return hypervisor;
  }

  public HostSnapshot snapshot() {
    return snapshot;
  }

  /** Asks the host; completes when it has answered or could not be reached. */
  public CompletableFuture<Void> refresh() {
    askedAt = clock.instant();
    return refresh.request();
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
    Seen<HostSnapshot> now =
        Question.ask(
            hypervisor.toString(),
            () ->
                new HostSnapshot(
                    Seen.of(hypervisor.facts()), hypervisor.networks(), clock.instant()));
    snapshot =
        now.known()
            .orElseGet(
                () ->
                    new HostSnapshot(
                        Seen.unknown(now.why()), before.networks(), before.lastContact()));
    // libvirt lists in no particular order.
    if (!before.facts().equals(snapshot.facts())
        || !Set.copyOf(before.networks()).equals(Set.copyOf(snapshot.networks()))) {
      changed.run();
    }
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
