package dev.ejabberdlab.guest;

/**
 * A step could not be started, or the guest could not report: its disk is full, or something that
 * the guest image must have is missing. The message is one sentence for the user.
 */
public class StepLaunchException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public StepLaunchException(String message) {
    super(message);
  }

  public StepLaunchException(String message, Throwable cause) {
    super(message, cause);
  }
}
