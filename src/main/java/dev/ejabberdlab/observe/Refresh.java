package dev.ejabberdlab.observe;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jboss.logging.Logger;

/**
 * Runs one piece of work at most once at a time. A request made while it runs is answered by the
 * next run, never by the current one, which may have looked before the requester's change.
 */
final class Refresh {

  private static final Logger LOG = Logger.getLogger(Refresh.class);

  private final Runnable work;
  private final Executor executor;
  private CompletableFuture<Void> running;
  private CompletableFuture<Void> next;

  Refresh(Runnable work, Executor executor) {
    this.work = work;
    this.executor = executor;
  }

  /** Whether it is time to ask again; always when the clock was set back. */
  static boolean isDue(Instant askedAt, Duration interval, Instant now) {
    return askedAt.isAfter(now) || !askedAt.plus(interval).isAfter(now);
  }

  /** A future that completes when a run that starts from now on has ended, well or not. */
  synchronized CompletableFuture<Void> request() {
    if (running != null) {
      if (next == null) {
        next = new CompletableFuture<>();
      }
      return next;
    }
    CompletableFuture<Void> asked = new CompletableFuture<>();
    running = asked;
    executor.execute(this::run);
    return asked;
  }

  synchronized boolean isRunning() {
    return running != null;
  }

  private void run() {
    try {
      work.run();
    } catch (RuntimeException | Error e) {
      // Whoever waits must go on, and the next request must run: nothing may get past here.
      LOG.error("An observation failed; the last one stands.", e);
    }
    CompletableFuture<Void> done;
    synchronized (this) {
      done = running;
      running = next;
      next = null;
      if (running != null) {
        executor.execute(this::run);
      }
    }
    done.complete(null);
  }
}
