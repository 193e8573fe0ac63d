package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.guest.StepNames;
import java.time.Duration;
import java.time.Instant;

/** Whether a new primary cannot be made one, so that the old one is to come back. */
record FailedPromotion(PrimacyInput input) {

  /** How often a promotion is tried before the old primary is brought back. */
  static final int PROMOTIONS = 3;

  /**
   * How long a change may take whose promotion has failed or could not be begun: by then a standby
   * that can be asked is given up, and the old primary brought back.
   */
  static final Duration PROMOTION_LIMIT = Duration.ofMinutes(5);

  /**
   * Whether the new primary cannot be made one, and is seen never to have accepted a write at the
   * read-write address, so that the old one, whose data is there, can come back. What could not be
   * asked may have been promoted.
   */
  boolean isCertain(PrimaryChange change) {
    SeenInstances instances = input.instances();
    boolean returns =
        instances.contains(change.from())
            && !input.dataLoss().isOn(change.from())
            && instances.machine(change.from()).volume().isPresent();
    int attempts = instances.attempts(change.to(), StepNames.POSTGRESQL_PROMOTION);
    boolean late = !input.now().isBefore(Instant.parse(change.started()).plus(PROMOTION_LIMIT));
    boolean failed =
        attempts > 0
            || instances.attempts(change.to(), StepNames.BASE) > 0
            || input.work().hasFailed(change.to());
    return isUntouched(input, change.to())
        && returns
        && (attempts >= PROMOTIONS || (late && failed));
  }

  /**
   * Whether an instance is seen to be a standby that has accepted no write, and nothing goes on
   * that could promote it.
   */
  static boolean isUntouched(PrimacyInput input, String instance) {
    SeenInstances instances = input.instances();
    return instances.isHeard(instance)
        && !input.work().isUnderWay(instance)
        && !instances.isWorkedOn(instance)
        && instances
            .postgresql(instance)
            .filter(p -> p.inRecovery() && !p.readWriteAddress())
            .isPresent();
  }
}
