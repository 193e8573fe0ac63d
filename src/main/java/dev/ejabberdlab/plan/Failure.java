package dev.ejabberdlab.plan;

import java.time.Instant;

/**
 * The last failure of an action, kept until an action with the same key succeeds.
 *
 * @param action what failed
 * @param message what went wrong, one sentence with a full stop
 * @param conflict an object of that name exists and is not ours
 * @param count failures in a row
 * @param at time of the last one
 */
public record Failure(Action action, String message, boolean conflict, int count, Instant at) {

  public Key key() {
    return action.key();
  }

  /** Whether it was this action that failed, be it with other content. */
  public boolean isOf(Action other) {
    return key().equals(other.key()) && action.description().equals(other.description());
  }

  /** The same after so many failures in a row. */
  public Failure withCount(int failures) {
    return new Failure(action, message, conflict, failures, at);
  }
}
