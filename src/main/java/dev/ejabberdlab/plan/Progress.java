package dev.ejabberdlab.plan;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What is under way, and how the last tries ended.
 *
 * @param inFlight keys of the actions that run now
 * @param failures last failure by key
 * @param successes last success by key
 */
public record Progress(
    Set<String> inFlight, Map<String, Failure> failures, Map<String, Success> successes) {

  /** Nothing runs, nothing ended. */
  public static final Progress NONE = new Progress(Set.of(), Map.of(), Map.of());

  /**
   * An action that succeeded and is wanted again waits this long, lest it be repeated in a loop.
   */
  static final Duration PACE = Duration.ofSeconds(10);

  /**
   * An action that succeeded.
   *
   * @param description of the action
   * @param at time of its end
   */
  public record Success(String description, Instant at) {}

  /** When the action may start: empty means at once. Not to be asked for one that is in flight. */
  Optional<Instant> notBefore(Action action, Instant now) {
    Failure failure = failures.get(action.key());
    Success success = successes.get(action.key());
    Instant due = now;
    if (failure != null) {
      due = failure.at().plus(Backoff.ACTION.after(failure.count()));
    } else if (success != null && success.description().equals(action.description())) {
      due = success.at().plus(PACE);
    }
    return due.isAfter(now) ? Optional.of(due) : Optional.empty();
  }
}
