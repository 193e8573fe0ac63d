package dev.ejabberdlab.controller;

import dev.ejabberdlab.log.LogContext;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;
import org.jboss.logging.Logger;

/**
 * Threads for everything that may wait: calls to libvirt, programs in guests, Events. There are as
 * many as there are calls under way, and none when there are none.
 */
@ApplicationScoped
public class BackgroundThreads {

  private static final Logger LOG = Logger.getLogger(BackgroundThreads.class);

  private final ExecutorService threads = Executors.newCachedThreadPool(named());

  /** Runs tasks whose log lines are about what those of the thread are about that hands them in. */
  public Executor executor() {
    return task -> threads.execute(LogContext.current().around(task));
  }

  private static ThreadFactory named() {
    AtomicLong number = new AtomicLong();
    return task -> {
      Thread thread = new Thread(task, "background-" + number.incrementAndGet());
      thread.setDaemon(true);
      thread.setUncaughtExceptionHandler(
          (t, e) -> LOG.errorf(e, "Work in the background failed (%s).", t.getName()));
      return thread;
    };
  }

  @PreDestroy
  void stop() {
    threads.shutdownNow();
  }
}
