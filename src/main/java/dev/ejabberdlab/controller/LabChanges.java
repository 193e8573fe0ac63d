package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import io.javaoperatorsdk.operator.processing.event.source.filter.OnUpdateFilter;
import java.util.List;
import java.util.Objects;

/**
 * Which changes of a lab are worth a reconcile: of its spec, of the annotations that the operator
 * reads, of its finalizers, and its deletion. A change of its status is not, unless somebody else
 * has changed the record of who is primary.
 */
public final class LabChanges implements OnUpdateFilter<EjabberdLab> {

  private static final List<String> ANNOTATIONS =
      List.of(EjabberdLab.PAUSED, EjabberdLab.RETRY, EjabberdLab.ABANDON);

  /** Somebody has cleared the status, or restored an older one. */
  private static boolean isRecordLost(EjabberdLabStatus now, EjabberdLabStatus before) {
    PostgresqlStatus was = before == null ? null : before.postgresql();
    PostgresqlStatus is = now == null ? null : now.postgresql();
    return was != null
        && (is == null
            || term(is) < term(was)
            || (term(is) == term(was) && !Objects.equals(is.targetPrimary(), was.targetPrimary())));
  }

  private static long term(PostgresqlStatus status) {
    return status.term() == null ? 0 : status.term();
  }

  @Override
  public boolean accept(EjabberdLab now, EjabberdLab before) {
    return !Objects.equals(now.getMetadata().getGeneration(), before.getMetadata().getGeneration())
        || !now.getMetadata().getFinalizers().equals(before.getMetadata().getFinalizers())
        || now.isMarkedForDeletion()
        || isRecordLost(now.getStatus(), before.getStatus())
        || ANNOTATIONS.stream().anyMatch(a -> !now.annotation(a).equals(before.annotation(a)));
  }
}
