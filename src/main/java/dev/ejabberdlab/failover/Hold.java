package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import java.util.Optional;

/** Why the instance that is to be primary may not accept writes yet. */
final class Hold {

  private final PrimacyInput input;
  private final SeenInstances instances;

  Hold(PrimacyInput input) {
    this.input = input;
    this.instances = input.instances();
  }

  /**
   * One sentence; empty when the target may accept writes.
   *
   * @param underWay the change of the primary that is under way
   */
  Optional<String> of(String target, Optional<PrimaryChange> underWay) {
    return underWay
        .flatMap(Hold::unfinished)
        .or(() -> otherPrimary(target))
        .or(() -> dataLoss(target))
        .or(() -> underWay.isPresent() ? unfenced(underWay.get()) : unsure(target));
  }

  private static Optional<String> unfinished(PrimaryChange change) {
    return switch (change.state()) {
      case Fencing -> Optional.of("%s must be turned off first.".formatted(change.from()));
      case Demoting -> Optional.of("%s must be stopped in order first.".formatted(change.from()));
      case Reverting -> Optional.of("%s must be turned off first.".formatted(change.to()));
      case Promoting, Completed, Aborted -> Optional.empty();
    };
  }

  private Optional<String> otherPrimary(String target) {
    return instances
        .others(target)
        .filter(instances::isPrimary)
        .findFirst()
        .map(i -> "%s accepts writes.".formatted(i));
  }

  private Optional<String> dataLoss(String target) {
    return input.dataLoss().isOn(target)
        ? Optional.of(
            "%s has lost its data: its disk is new, and no standby can take over."
                .formatted(target))
        : Optional.empty();
  }

  /** The old primary was off, or stopped, when that was recorded; it must be so still. */
  private Optional<String> unfenced(PrimaryChange change) {
    boolean may =
        change.reason() == PrimaryChangeReason.Switchover && instances.contains(change.from())
            ? instances.mayBePrimary(change.from())
            : !instances.isOff(change.from());
    return change.state() == PrimaryChangeState.Promoting
            && may
            && !instances.isPrimary(change.to())
        ? Optional.of("%s may accept writes and must be off first.".formatted(change.from()))
        : Optional.empty();
  }

  /**
   * Without a change, who was primary may be so again, but nobody else; and not beside one that may
   * have become it meanwhile, whatever the record says: that may be an old one.
   */
  private Optional<String> unsure(String target) {
    if (instances.isPrimary(target) || !instances.machine(target).guest().isPresent()) {
      return Optional.empty();
    }
    if (!input.snapshot().isAsked(input.lab())) {
      return Optional.of("Not every instance has been asked yet who is primary.");
    }
    Optional<Postgresql> there = instances.postgresql(target);
    if (there.filter(Postgresql::inRecovery).isPresent()) {
      return Optional.of(
          "%s is a standby, and becomes primary only in the place of another one."
              .formatted(target));
    }
    boolean isEmpty = there.isEmpty();
    return instances
        .others(target)
        .filter(
            i ->
                instances.mayBePrimary(i)
                    || (isEmpty
                        && !instances.machine(i).guest().isPresent()
                        && instances.mayHoldData(i)))
        .findFirst()
        .map(i -> "%s could not be asked, and may be the primary or hold its data.".formatted(i));
  }
}
