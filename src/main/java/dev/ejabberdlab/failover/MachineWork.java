package dev.ejabberdlab.failover;

import java.time.Instant;
import java.util.Optional;

/**
 * What the operator does with machines at this moment, and how that ended the last time. Machines
 * are named by their nodes.
 */
public interface MachineWork {

  /** Whether something is done with a machine at this moment, other than turning it off. */
  boolean isUnderWay(String node);

  /** Whether the last of what was done with a machine has failed, other than turning it off. */
  boolean hasFailed(String node);

  /**
   * Whether the operator has turned a machine off, or is about to, and has not started it since.
   * What was cut off is no excuse for a machine that is off, nor for one that does not come up.
   */
  boolean isRestarting(String node);

  /** When the operator turned a machine off, or asked it to shut down; empty when it did not. */
  Optional<Instant> turnedOffAt(String node);

  /**
   * Until when a machine that the operator turned off may take to be started again; empty when it
   * did not.
   */
  Optional<Instant> restartLimit(String node);

  /** Whether something that is done to a machine to start it has failed since it was turned off. */
  boolean hasFailedSinceTurnedOff(String node);
}
