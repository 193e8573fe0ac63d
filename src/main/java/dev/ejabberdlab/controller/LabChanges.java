package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import io.javaoperatorsdk.operator.processing.event.source.filter.OnUpdateFilter;
import java.util.List;
import java.util.Objects;

/**
 * Which changes of a lab are worth a reconcile: of its spec, of the annotations that the operator
 * reads, of its finalizers, and its deletion; not those of its status.
 */
public final class LabChanges implements OnUpdateFilter<EjabberdLab> {

  private static final List<String> ANNOTATIONS =
      List.of(EjabberdLab.PAUSED, EjabberdLab.RETRY, EjabberdLab.ABANDON);

  @Override
  public boolean accept(EjabberdLab now, EjabberdLab before) {
    return !Objects.equals(now.getMetadata().getGeneration(), before.getMetadata().getGeneration())
        || !now.getMetadata().getFinalizers().equals(before.getMetadata().getFinalizers())
        || now.isMarkedForDeletion()
        || ANNOTATIONS.stream().anyMatch(a -> !now.annotation(a).equals(before.annotation(a)));
  }
}
