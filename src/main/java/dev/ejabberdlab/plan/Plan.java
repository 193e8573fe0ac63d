package dev.ejabberdlab.plan;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What is to be done next.
 *
 * @param actions to start now
 * @param wakeAt when to plan again even if nothing happens; empty when only an event can change
 *     anything
 * @param stalled steps that failed too often and are not tried again until spec or image changes
 * @param failures last failure of each action that is still wanted, in the order they are wanted;
 *     what failed once and is not wanted any more is not among them
 */
public record Plan(
    List<Action> actions,
    Optional<Instant> wakeAt,
    List<StalledStep> stalled,
    List<Failure> failures) {

  /** A plan of which nothing has failed. */
  public Plan(List<Action> actions, Optional<Instant> wakeAt, List<StalledStep> stalled) {
    this(actions, wakeAt, stalled, List.of());
  }

  /** A step that failed too often. */
  public record StalledStep(String node, String step, int attempts, String output) {}
}
