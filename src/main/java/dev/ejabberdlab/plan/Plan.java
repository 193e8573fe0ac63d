package dev.ejabberdlab.plan;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What is to be done next.
 *
 * @param actions to start now
 * @param wakeAt when to plan again even if nothing happens; empty when only an event can change
 *     anything
 * @param stalled steps that failed too often; they are still tried, seldom
 * @param failures last failure of each action that is still wanted, in the order they are wanted;
 *     what failed once and is not wanted any more is not among them
 * @param restarts machines that must be restarted, in the order in which they are
 */
public record Plan(
    List<Action> actions,
    Optional<Instant> wakeAt,
    List<StalledStep> stalled,
    List<Failure> failures,
    List<Restart> restarts) {

  /** A step that failed this often needs somebody: the lab is Stalled. */
  public static final int MAX_ATTEMPTS = 5;

  /**
   * How often such a step is tried nevertheless: its cause may have been a mirror that was away for
   * some minutes.
   */
  public static final Duration STALLED_RETRY = Duration.ofMinutes(5);

  /** A plan that does nothing, and looks again at that time. */
  public static Plan nothing(Optional<Instant> wakeAt) {
    return new Plan(List.of(), wakeAt, List.of(), List.of(), List.of());
  }

  /**
   * The same of a reconcile that only records what was decided: nothing is done, and what has
   * failed or must restart is told as before.
   *
   * @param next when to plan again
   */
  public Plan withoutActions(Instant next) {
    return new Plan(List.of(), Optional.of(next), stalled, failures, restarts);
  }

  /**
   * A machine whose hardware has changed in the spec.
   *
   * @param changes what has changed, for people; at least one
   * @param waitsFor names of nodes that must be complete first; empty when it is restarted now
   */
  public record Restart(String node, List<String> changes, List<String> waitsFor) {

    static final String INTERFACES = "interfaces";

    public boolean isGoing() {
      return waitsFor.isEmpty();
    }

    /** Steps that expect the new interfaces cannot be done before. */
    boolean holdsSteps() {
      return changes.contains(INTERFACES);
    }
  }

  /** A step that failed too often. */
  public record StalledStep(String node, String step, int attempts, String output) {}
}
