package dev.ejabberdlab.controller;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.jboss.logging.Logger;

/**
 * Whether the operator still looks after its labs: the timer that starts observations runs, and
 * every lab is reconciled now and then. Otherwise the operator is better started anew.
 */
@org.eclipse.microprofile.health.Liveness
@ApplicationScoped
public class Liveness implements HealthCheck {

  private static final Logger LOG = Logger.getLogger(Liveness.class);

  private final ObservationTimer timer;
  private final Attendance attendance;

  public Liveness(ObservationTimer timer, Attendance attendance) {
    this.timer = timer;
    this.attendance = attendance;
  }

  @Override
  public HealthCheckResponse call() {
    boolean beats = timer.beats();
    List<String> overdue = attendance.overdue();
    HealthCheckResponseBuilder response = HealthCheckResponse.named("supervision");
    if (!beats) {
      LOG.error("Liveness: the timer that starts observations has not beaten for a minute.");
      response.withData("timer", "has not beaten for a minute");
    }
    if (!overdue.isEmpty()) {
      LOG.errorf("Liveness: not reconciled for too long: %s.", String.join(", ", overdue));
      response.withData("not reconciled for too long", String.join(", ", overdue));
    }
    return response.status(beats && overdue.isEmpty()).build();
  }
}
