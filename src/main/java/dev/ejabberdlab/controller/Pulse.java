package dev.ejabberdlab.controller;

import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** Lets hosts and labs start the observations that are due, once a second. */
@ApplicationScoped
public class Pulse {

  private static final Logger LOG = Logger.getLogger(Pulse.class);

  private final Hosts hosts;
  private final Labs labs;
  private final LagMetric lag;
  private final ScheduledExecutorService scheduler =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "pulse");
            thread.setDaemon(true);
            return thread;
          });

  public Pulse(Hosts hosts, Labs labs, LagMetric lag) {
    this.hosts = hosts;
    this.labs = labs;
    this.lag = lag;
  }

  void start(@Observes StartupEvent event) {
    scheduler.scheduleWithFixedDelay(this::beat, 1, 1, TimeUnit.SECONDS);
  }

  private void beat() {
    try {
      hosts.tick();
      labs.tick();
      lag.update(labs.all());
    } catch (RuntimeException e) {
      LOG.error("A beat was lost; the next one comes.", e);
    }
  }

  @PreDestroy
  void stop() {
    scheduler.shutdownNow();
  }
}
