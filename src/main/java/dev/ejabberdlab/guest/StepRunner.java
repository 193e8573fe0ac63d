package dev.ejabberdlab.guest;

import java.time.Duration;

/** Runs steps in guests as transient units, which survive the operator and the agent. */
public interface StepRunner {

  /**
   * Starts the step unless it runs already, and waits for its end. The outcome is in the next
   * {@link GuestReport}.
   *
   * @param epoch see {@link StepState#epoch()}
   */
  void run(GuestChannel guest, Step step, String epoch, Duration wait);

  /** What the guest says of itself. */
  GuestReport report(GuestChannel guest);
}
