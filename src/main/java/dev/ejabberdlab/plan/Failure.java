package dev.ejabberdlab.plan;

import java.time.Instant;

/**
 * The last failure of an action, kept until an action with the same key succeeds.
 *
 * @param key of the action
 * @param description of the action
 * @param message what went wrong, one sentence with a full stop
 * @param conflict an object of that name exists and is not ours
 * @param count failures in a row
 * @param at time of the last one
 */
public record Failure(
    Key key, String description, String message, boolean conflict, int count, Instant at) {

  /** The same after so many failures in a row. */
  public Failure withCount(int failures) {
    return new Failure(key, description, message, conflict, failures, at);
  }
}
