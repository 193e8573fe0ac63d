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
 */
public record Plan(List<Action> actions, Optional<Instant> wakeAt, List<StalledStep> stalled) {

  /** A step that failed too often. */
  public record StalledStep(String node, String step, int attempts, String output) {}
}
