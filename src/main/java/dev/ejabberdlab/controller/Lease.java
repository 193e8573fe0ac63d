package dev.ejabberdlab.controller;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jboss.logging.Logger;

/**
 * Whether the lease of the active operator is this process's. Whoever loses it ends, but one that
 * was frozen goes on for a moment with what it had in mind. So it is noticed when time has passed
 * without this process, and then the API server is asked before anything is done.
 */
final class Lease implements Leadership {

  private static final Logger LOG = Logger.getLogger(Lease.class);

  private static final Duration BEAT = Duration.ofSeconds(1);

  private final Clock clock;
  private final Duration patience;
  private final BooleanSupplier asked;
  private final ScheduledExecutorService heart =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "lease");
            thread.setDaemon(true);
            return thread;
          });
  private Instant lastBeat;
  private boolean elected;
  private boolean doubtful;
  private boolean lost;

  /**
   * @param patience for how long the process may be without the processor before its lease may have
   *     ended
   * @param asked whether the API server says that the lease is this process's; may throw
   */
  Lease(Clock clock, Duration patience, BooleanSupplier asked) {
    this.clock = clock;
    this.patience = patience;
    this.asked = asked;
    this.lastBeat = clock.instant();
  }

  Lease beating() {
    heart.scheduleAtFixedRate(this::beat, 0, BEAT.toMillis(), TimeUnit.MILLISECONDS);
    return this;
  }

  /** There is an election, and this process has won it. */
  synchronized void win() {
    elected = true;
    lastBeat = clock.instant();
  }

  /** Somebody else has it now; this process ends. */
  synchronized void lose() {
    lost = true;
  }

  /** Notices when it is late. */
  synchronized void beat() {
    Instant now = clock.instant();
    if (Duration.between(lastBeat, now).compareTo(patience) > 0) {
      doubtful = true;
    }
    lastBeat = now;
  }

  @Override
  public boolean isHeld() {
    beat();
    synchronized (this) {
      if (lost || !elected || !doubtful) {
        return !lost;
      }
    }
    try {
      if (asked.getAsBoolean()) {
        synchronized (this) {
          doubtful = false;
          return !lost;
        }
      }
    } catch (RuntimeException e) {
      LOG.warnf(
          "Whether this operator is still the active one could not be asked: %s", e.getMessage());
    }
    return false;
  }
}
