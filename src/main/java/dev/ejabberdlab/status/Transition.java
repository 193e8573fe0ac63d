package dev.ejabberdlab.status;

/**
 * An Event to be.
 *
 * @param warning type Warning rather than Normal
 */
public record Transition(boolean warning, Reason reason, String message) {

  /** Kubernetes' limit of an Event's message. */
  private static final int MAX_MESSAGE = 1024;

  static Transition normal(Reason reason, String message) {
    return of(false, reason, message);
  }

  static Transition warning(Reason reason, String message) {
    return of(true, reason, message);
  }

  /** With a message of any length. */
  static Transition of(boolean warning, Reason reason, String message) {
    return new Transition(warning, reason, shorten(message));
  }

  private static String shorten(String message) {
    return message.length() <= MAX_MESSAGE ? message : message.substring(0, MAX_MESSAGE);
  }
}
