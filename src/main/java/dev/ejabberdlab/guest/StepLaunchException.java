package dev.ejabberdlab.guest;

/**
 * A step could not be started, or the guest could not report: its disk is full, or something that
 * the guest image must have is missing. The message is one sentence for the user.
 */
public class StepLaunchException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private static final int MAX_ERROR_CHARS = 300;

  public StepLaunchException(String message) {
    super(message);
  }

  public StepLaunchException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * A command that has failed in a guest.
   *
   * @param what what did not come about, the beginning of a sentence
   */
  static StepLaunchException of(String what, GuestChannel.ExecResult result) {
    String text = result.stderr().strip();
    return new StepLaunchException(
        "%s: exit code %d%s."
            .formatted(
                what,
                result.exitCode(),
                text.isEmpty()
                    ? ""
                    : ", " + text.substring(Math.max(0, text.length() - MAX_ERROR_CHARS))));
  }
}
