package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.status.Declaration.Kind;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.Optional;

/** The Events that tell how a lab's conditions came from one status to the next. */
final class ConditionTransitions {

  private ConditionTransitions() {}

  /**
   * @param was null when it was not there
   * @param after the status that it is in now
   */
  static Optional<Transition> between(Condition was, Condition is, EjabberdLabStatus after) {
    boolean same =
        was != null
            && was.getStatus().equals(is.getStatus())
            && was.getReason().equals(is.getReason());
    if (same) {
      return Optional.empty();
    }
    Reason reason = Reason.valueOf(is.getReason());
    Declaration declaration = Declarations.of(is.getType());
    return switch (declaration.telling()) {
      case NOTHING -> Optional.empty();
      case NEWS -> Optional.of(Transition.normal(reason, is.getMessage()));
      case WARNING -> Optional.of(Transition.warning(reason, is.getMessage()));
      case CHANGES ->
          declaration.kind() == Kind.READY ? ready(was, is, reason, after) : part(was, is, reason);
    };
  }

  private static Optional<Transition> ready(
      Condition was, Condition is, Reason reason, EjabberdLabStatus after) {
    // While a lab is taken down nothing else tells of trouble.
    if (after.phase() == Phase.Deleting && reason.isTrouble()) {
      return Optional.of(Transition.warning(reason, is.getMessage()));
    }
    boolean wasTrue = was != null && isTrue(was);
    if (reason == Reason.Deleting
        || (!isTrue(is) && reason.isAskedFor())
        || (isTrue(is) && !wasTrue)) {
      return Optional.of(Transition.normal(reason, is.getMessage()));
    }
    return wasTrue && !isTrue(is) && !Conditions.isTrue(after.conditions(), Conditions.STALLED)
        ? Optional.of(Transition.warning(reason, "No longer ready: " + is.getMessage()))
        : Optional.empty();
  }

  private static Optional<Transition> part(Condition was, Condition is, Reason reason) {
    String message = is.getType() + ": " + is.getMessage();
    boolean wasTrue = was != null && isTrue(was);
    if (isTrue(is)) {
      return wasTrue || isSaidOfTheHost(was)
          ? Optional.empty()
          : Optional.of(Transition.normal(reason, message));
    }
    // Each node tells of its drift itself; that the lab is not ready as somebody asked has been
    // said.
    return !isSaidOfTheHost(is)
            && reason != Reason.Drifted
            && !reason.isAskedFor()
            && (wasTrue || reason.isTrouble())
        ? Optional.of(Transition.warning(reason, message))
        : Optional.empty();
  }

  /** A host that does not answer is one piece of news, not one for each thing on it. */
  private static boolean isSaidOfTheHost(Condition condition) {
    return condition != null
        && !condition.getType().equals(HostReachable.DECLARATION.type())
        && (condition.getReason().equals(Reason.HostUnreachable.name())
            || condition.getReason().equals(Reason.OtherHost.name()));
  }

  private static boolean isTrue(Condition condition) {
    return Truth.True.name().equals(condition.getStatus());
  }
}
