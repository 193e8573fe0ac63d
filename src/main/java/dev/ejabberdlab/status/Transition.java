package dev.ejabberdlab.status;

import java.nio.charset.StandardCharsets;

/**
 * An Event to be.
 *
 * @param warning type Warning rather than Normal
 * @param message a sentence; of a long one the beginning
 */
public record Transition(boolean warning, Reason reason, String message) {

  /** Kubernetes' limit of an Event's message, in bytes: longer ones are refused. */
  private static final int MAX_MESSAGE = 1024;

  private static final String CUT = "...";

  public Transition {
    message = shorten(message);
  }

  static Transition normal(Reason reason, String message) {
    return new Transition(false, reason, message);
  }

  static Transition warning(Reason reason, String message) {
    return new Transition(true, reason, message);
  }

  private static String shorten(String message) {
    if (length(message) <= MAX_MESSAGE) {
      return message;
    }
    int end = Math.min(message.length(), MAX_MESSAGE);
    while (length(message.substring(0, end) + CUT) > MAX_MESSAGE) {
      end = message.offsetByCodePoints(end, -1);
    }
    return message.substring(0, end) + CUT;
  }

  private static int length(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
