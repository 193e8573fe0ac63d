package dev.ejabberdlab.it;

/**
 * Where an operator is killed.
 *
 * @param action on the host the method's name and the object's without the lab's prefix, for
 *     example {@code startDomain e1server}; {@code step NAME on NODE}; or a request to the API
 *     server, for example {@code POST secrets}
 * @param time which of the actions of this kind is cut: 1 for the first
 */
record KillPoint(When when, String action, int time) {

  /** Before, in or after the action. */
  enum When {
    /** It was decided, and is not done. */
    BEFORE,
    /** A step was launched in its guest and goes on there. */
    DURING,
    /** It is done, and the operator has not taken note of its end. */
    AFTER
  }

  /** What it has in common with the same on other objects; each step is one of a kind. */
  String kind() {
    String object = action.startsWith("step ") ? " on .*" : isRequest(action) ? "/.*" : " .*";
    return when + " " + action.replaceFirst(object, "");
  }

  /** Whether an action is a request to the API server. */
  static boolean isRequest(String action) {
    return Character.isUpperCase(action.charAt(0));
  }

  @Override
  public String toString() {
    return "%s %s%s".formatted(when, action, time == 1 ? "" : " #" + time);
  }
}
