package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The Events that tell how the primary came from one status to the next. */
final class PrimaryTransitions {

  private PrimaryTransitions() {}

  /**
   * @param before null when nothing was known of PostgreSQL; {@code after} too
   */
  static List<Transition> between(PostgresqlStatus before, PostgresqlStatus after) {
    List<Transition> found = new ArrayList<>();
    adopted(before, after).ifPresent(found::add);
    if (before == null || after == null) {
      return found;
    }
    String was = before.currentPrimary();
    String is = after.currentPrimary();
    if (was != null && is != null && !was.equals(is)) {
      found.add(
          Transition.warning(
              Reason.PrimaryChanged, "The primary is now %s; it was %s.".formatted(is, was)));
    }
    failover(before.lastPrimaryChange(), after.lastPrimaryChange()).ifPresent(found::add);
    return found;
  }

  /** A decision that nobody has made since the last status was found in the guests. */
  private static Optional<Transition> adopted(PostgresqlStatus before, PostgresqlStatus after) {
    if (after == null || after.term() == null) {
      return Optional.empty();
    }
    long term = before == null || before.term() == null ? 1 : before.term();
    boolean another =
        after.term() > term
            || (before != null
                && before.targetPrimary() != null
                && !before.targetPrimary().equals(after.targetPrimary()));
    boolean decided =
        after.lastPrimaryChange() != null
            && (before == null || !after.lastPrimaryChange().equals(before.lastPrimaryChange()));
    return another && !decided
        ? Optional.of(
            Transition.warning(
                Reason.RecordAdopted,
                "The record of who is primary was old, lost or edited: it is %s by decision %d, as was found."
                    .formatted(after.targetPrimary(), after.term())))
        : Optional.empty();
  }

  /** Each stage of a change of the primary is told: conditions may hold two of them at once. */
  private static Optional<Transition> failover(PrimaryChange was, PrimaryChange is) {
    if (is == null || is.equals(was)) {
      return Optional.empty();
    }
    boolean asked = is.reason() == PrimaryChangeReason.Switchover;
    Reason reason =
        is.state() == PrimaryChangeState.Aborted
            ? Reason.FailoverAborted
            : asked ? Reason.SwitchingOver : Reason.FailingOver;
    String message =
        switch (is.state()) {
          case Fencing ->
              "%s (%s) is turned off; %s is to take over."
                  .formatted(is.from(), is.reason(), is.to());
          case Demoting ->
              "%s is stopped in order; %s is to take over.".formatted(is.from(), is.to());
          case Promoting ->
              "%s is %s; %s is promoted.".formatted(is.from(), asked ? "stopped" : "off", is.to());
          case Reverting ->
              "%s could not be promoted and is turned off; %s is to come back."
                  .formatted(is.to(), is.from());
          case Completed -> "%s has taken over from %s.".formatted(is.to(), is.from());
          case Aborted ->
              "%s does not take over from %s; that one stays primary."
                  .formatted(is.to(), is.from());
        };
    boolean alarming =
        !asked
            || is.state() == PrimaryChangeState.Aborted
            || is.state() == PrimaryChangeState.Reverting;
    return Optional.of(new Transition(alarming, reason, message));
  }
}
