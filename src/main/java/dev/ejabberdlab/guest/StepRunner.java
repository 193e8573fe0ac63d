package dev.ejabberdlab.guest;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * Runs steps in guests as transient units, which survive the operator and the agent; asks guests
 * how they are, and sets their clocks.
 */
public interface StepRunner {

  /**
   * Starts the step unless it runs already, and waits for its end.
   *
   * @param epoch see {@link StepState#epoch()}
   * @return what the guest says of itself then; the outcome of the step is in it
   */
  GuestReport run(GuestChannel guest, Step step, String epoch, Duration wait);

  /**
   * The same for callers that need not wait: completes when the step has ended. This implementation
   * waits all the same; a runner without a thread for that does not.
   */
  default CompletableFuture<GuestReport> begin(
      GuestChannel guest, Step step, String epoch, Duration wait) {
    return CompletableFuture.completedFuture(run(guest, step, epoch, wait));
  }

  /** What the guest says of itself, its clock compared with the operator's. */
  GuestReport report(GuestChannel guest);

  /**
   * Sets the guest's clock by the operator's, at once and in one jump.
   *
   * @throws StepLaunchException when the guest could not
   */
  void setClock(GuestChannel guest);
}
