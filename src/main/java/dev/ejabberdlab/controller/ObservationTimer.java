package dev.ejabberdlab.controller;

import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** Lets hosts and labs start the observations that are due, once a second. */
@ApplicationScoped
public class ObservationTimer {

  private static final Logger LOG = Logger.getLogger(ObservationTimer.class);

  /**
   * How long no beat may come. On a busy machine the process may be without the processor for ten
   * seconds.
   */
  private static final Duration LIMIT = Duration.ofMinutes(1);

  private final Hosts hosts;
  private final LabRuntimes labs;
  private final Attendance attendance;
  private final LagMetric lag;
  private volatile long beatAt = System.nanoTime();
  private final ScheduledExecutorService scheduler =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "timer");
            thread.setDaemon(true);
            return thread;
          });

  public ObservationTimer(Hosts hosts, LabRuntimes labs, Attendance attendance, LagMetric lag) {
    this.hosts = hosts;
    this.labs = labs;
    this.attendance = attendance;
    this.lag = lag;
  }

  void start(@Observes StartupEvent event) {
    scheduler.scheduleWithFixedDelay(this::beat, 1, 1, TimeUnit.SECONDS);
  }

  /** Whether it has beaten not long ago. */
  boolean beats() {
    return System.nanoTime() - beatAt < LIMIT.toNanos();
  }

  void beat() {
    part("hosts", hosts::tick);
    part("labs", labs::tick);
    part("attendance", attendance::beat);
    part("lag", () -> lag.update(labs.all()));
    beatAt = System.nanoTime();
  }

  /** Whatever goes wrong in one part stops neither the other parts nor the timer. */
  private static void part(String name, Runnable work) {
    try {
      work.run();
    } catch (RuntimeException | Error e) {
      LOG.errorf(e, "The beat of %s failed; the next one comes.", name);
    }
  }

  @PreDestroy
  void stop() {
    scheduler.shutdownNow();
  }
}
