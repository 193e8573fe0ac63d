package dev.ejabberdlab.status;

import java.util.List;

/** What a condition says. */
public record Finding(Truth truth, Reason reason, String message) {

  public static Finding yes(Reason reason, String message) {
    return new Finding(Truth.True, reason, message);
  }

  public static Finding no(Reason reason, String message) {
    return new Finding(Truth.False, reason, message);
  }

  public static Finding unknown(Reason reason, String message) {
    return new Finding(Truth.Unknown, reason, message);
  }

  /** Unknown, because these could not be asked. */
  static Finding notAsked(List<String> names) {
    return unknown(
        Reason.NotObserved, "Could not be asked: %s.".formatted(String.join(", ", names)));
  }
}
