package dev.ejabberdlab.observe;

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

  /** A future that completes when a run that starts from now on has ended, well or not. */
  synchronized CompletableFuture<Void> request() {
    if (running == null) {
      running = new CompletableFuture<>();
      executor.execute(this::run);
      return running;
    }
    if (next == null) {
      next = new CompletableFuture<>();
    }
    return next;
  }

  private void run() {
    try {
      work.run();
    } catch (RuntimeException e) {
      LOG.warn("An observation failed; the last one stands.", e);
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
