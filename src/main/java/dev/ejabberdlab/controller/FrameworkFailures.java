package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.status.LabStatuses;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Typed;
import java.time.Clock;
import java.util.Map;
import org.jboss.logging.Logger;

/**
 * Tells what goes wrong before the framework reconciles a lab at all, for example when the lab's
 * finalizer is refused. The framework tells of that only in its metrics.
 */
@ApplicationScoped
@Typed(FrameworkFailures.class)
public class FrameworkFailures implements Metrics {

  private static final Logger LOG = Logger.getLogger(FrameworkFailures.class);

  private final KubernetesClient client;
  private final BackgroundThreads background;
  private final Attendance attendance;
  private final Events events;
  private final Clock clock = Clock.systemUTC();

  public FrameworkFailures(
      KubernetesClient client, BackgroundThreads background, Attendance attendance, Events events) {
    this.client = client;
    this.background = background;
    this.attendance = attendance;
    this.events = events;
  }

  @Override
  public void failedReconciliation(
      HasMetadata resource, Exception exception, Map<String, Object> metadata) {
    // The reconciler tells of its own failures and throws none of them.
    if (resource instanceof EjabberdLab lab) {
      background
          .executor()
          .execute(EjabberdLabReconciler.about(lab).around(() -> tell(lab, exception)));
    }
  }

  private void tell(EjabberdLab lab, Exception exception) {
    Refusal refusal = Refusal.of(exception);
    Attendance.Failed failed = attendance.failed(lab, refusal, exception);
    if (!failed.news() || refusal.isTolerable(failed.failures())) {
      return;
    }
    events.warn(lab, refusal.reason(), refusal.message());
    EjabberdLabStatus status =
        LabStatuses.refused(
            lab.getStatus(),
            lab.getMetadata().getGeneration(),
            lab.getSpec().host(),
            refusal.reason(),
            refusal.message(),
            refusal.passing(),
            clock.instant());
    try {
      StatusPatch.apply(StatusPatch.of(lab, status), client);
    } catch (RuntimeException e) {
      LOG.warnf(
          "%s: its status could not be written: %s", lab.qualifiedName(), Refusal.of(e).message());
    }
  }
}
