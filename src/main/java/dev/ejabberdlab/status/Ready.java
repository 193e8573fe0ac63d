package dev.ejabberdlab.status;

import dev.ejabberdlab.status.Declaration.Kind;
import java.util.Collection;
import java.util.Optional;

/** Whether the lab is what its spec says: whether all its parts are. */
final class Ready {

  /** Why a lab is not made what its resources say, or a reconcile failed. */
  private static final Reason[] REFUSALS = {
    Reason.InvalidSpec,
    Reason.RequestRefused,
    Reason.RequestFailed,
    Reason.ReconcileFailed,
    Reason.ReferenceMissing,
    Reason.ReferenceUnusable
  };

  static final Declaration DECLARATION =
      Declaration.ready(Conditions.READY, "the lab is what its spec says")
          .whenTrue(Reason.Ready)
          .whenFalse(REFUSALS)
          .whenFalse(Reason.Deleting, Reason.Paused)
          .whenUnknown(REFUSALS)
          .borrowing("that of `Stalled` or of the first part that is not True", others());

  private Ready() {}

  private static Reasons others() {
    return LabConditions.declarations().stream()
        .filter(d -> d.kind() == Kind.PART)
        .map(part -> part.every().unlessTrue())
        .reduce(Reasons.NONE, Reasons::and)
        .andFalse(Stalled.DECLARATION.reasons().whenTrue());
  }

  /** What is known to be wrong comes before what is unknown. */
  static Finding of(Collection<Finding> parts, Optional<Finding> stalled) {
    return stalled
        .map(s -> Finding.no(s.reason(), s.message()))
        .or(() -> parts.stream().filter(f -> f.truth() == Truth.False).findFirst())
        .or(() -> parts.stream().filter(f -> f.truth() == Truth.Unknown).findFirst())
        .orElseGet(() -> Finding.yes(Reason.Ready, "The lab is what its spec says."));
  }
}
