package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import io.fabric8.kubernetes.api.model.Condition;

/**
 * What kstatus, and with it Flux and {@code kubectl wait}-like tools, makes of a resource: the
 * rules of sigs.k8s.io/cli-utils/pkg/kstatus/status/generic.go.
 */
enum Kstatus {
  InProgress,
  Failed,
  Current,
  Terminating;

  static Kstatus of(EjabberdLabStatus status, long generation, boolean deleted) {
    if (deleted) {
      return Terminating;
    }
    if (status == null) {
      return Current;
    }
    if (status.observedGeneration() != null && status.observedGeneration() != generation) {
      return InProgress;
    }
    for (Condition condition : status.conditions()) {
      boolean isTrue = condition.getStatus().equals("True");
      if (condition.getType().equals("Reconciling") && isTrue) {
        return InProgress;
      }
      if (condition.getType().equals("Stalled") && isTrue) {
        return Failed;
      }
    }
    return status.conditions().stream()
            .filter(c -> c.getType().equals("Ready"))
            .allMatch(c -> c.getStatus().equals("True"))
        ? Current
        : InProgress;
  }
}
