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
 * Whether this process holds the lease of the active operator. A process that loses the lease ends.
 * But after it was frozen it first goes on with what it was doing. So the process notices when time
 * has passed without it, and then asks the API server before it does anything.
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

  /** This process has won the election. */
  synchronized void win() {
    elected = true;
    lastBeat = clock.instant();
  }

  /** Another process has the lease now; this process ends. */
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
