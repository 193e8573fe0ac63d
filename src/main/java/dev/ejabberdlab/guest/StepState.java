package dev.ejabberdlab.guest;

import java.util.List;

/**
 * What a guest remembers of a step.
 *
 * @param name the step
 * @param digest what was run, see {@link Step#digest()}
 * @param status how it stands
 * @param attempts failures and interruptions of this digest in this epoch; 0 when there was none
 * @param epoch attempts are counted anew when the epoch changes (spec, image or the annotation for
 *     it)
 * @param secondsAgo seconds since it ended, by the guest's clock; 0 while it runs
 * @param output bounded tail of the output of the last failed run, also while it is tried again;
 *     empty when that was another digest or epoch, or none
 * @param drift what was changed since the step was done, a sentence each; empty when nothing was
 */
public record StepState(
    String name,
    String digest,
    Status status,
    int attempts,
    String epoch,
    long secondsAgo,
    String output,
    List<String> drift) {

  public StepState {
    drift = drift == null ? List.of() : List.copyOf(drift);
  }

  /** A step from whose effect nothing has drifted. */
  public StepState(
      String name,
      String digest,
      Status status,
      int attempts,
      String epoch,
      long secondsAgo,
      String output) {
    this(name, digest, status, attempts, epoch, secondsAgo, output, List.of());
  }

  /** How far a step is. */
  public enum Status {
    RUNNING,
    DONE,
    FAILED,
    /**
     * It was started, but its unit is gone and has left no result: it was killed, or the guest
     * rebooted.
     */
    INTERRUPTED
  }
}
