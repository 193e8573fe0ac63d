package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.StepNames;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/** Whether the primary fails. What could not be asked is not failing. */
final class PrimaryHealth {

  /**
   * How long a primary has that boots, or that a step works on. The slowest boot seen, five
   * emulated guests on two cores, is under 3 minutes.
   */
  static final Duration BOOT = Duration.ofMinutes(4);

  private final PrimacyInput input;
  private final LabTopology.Postgresql database;
  private final SeenInstances instances;
  private final String primary;
  private final Machine machine;

  PrimaryHealth(PrimacyInput input, String primary) {
    this.input = input;
    this.database = input.lab().postgresql();
    this.instances = input.instances();
    this.primary = primary;
    this.machine = input.snapshot().machine(primary);
  }

  /**
   * It fails.
   *
   * @param reason how
   * @param patience how long it may before another one takes over
   */
  record Failing(PrimaryChangeReason reason, Duration patience) {}

  /** It accepts writes at this moment. */
  boolean serves() {
    return instances.isPrimary(primary);
  }

  /** It accepts writes, or a standby that receives from it says so. */
  boolean works() {
    return serves()
        || (machine.domain().is(d -> d.power() == DomainState.Power.RUNNING) && isReceivedFrom());
  }

  /** Empty when it works, is on its way, or could not be asked. */
  Optional<Failing> failing() {
    if (machine.domain().isUnknown() || (isRestarting() && !hasRestartFailed())) {
      return Optional.empty();
    }
    if (machine.domain().isMissing()) {
      return Optional.of(new Failing(PrimaryChangeReason.PrimaryStopped, Duration.ZERO));
    }
    DomainState domain = machine.domain().value();
    return switch (domain.power()) {
      case SHUT_OFF, CRASHED ->
          Optional.of(new Failing(PrimaryChangeReason.PrimaryStopped, Duration.ZERO));
      case PAUSED -> Optional.of(failing(PrimaryChangeReason.PrimarySilent, true));
      case SHUTTING_DOWN -> Optional.empty();
      case RUNNING -> instances.isHeard(primary) ? answering() : silent();
    };
  }

  /** Since when it has been failing, by the record or by what is seen; else since now. */
  Instant failingSince() {
    return input
        .failingSince()
        .or(this::turnedOffAt)
        .orElse(input.now())
        .truncatedTo(ChronoUnit.MILLIS);
  }

  /** Of a planned restart that has not succeeded. */
  private Optional<Instant> turnedOffAt() {
    return isRestarting() && hasRestartFailed()
        ? input.work().turnedOffAt(primary).filter(at -> !at.isAfter(input.now()))
        : Optional.empty();
  }

  /** When a planned restart that goes on is looked at again. */
  Optional<Instant> restartLimit() {
    return isRestarting() && !hasRestartFailed()
        ? input.work().restartLimit(primary)
        : Optional.empty();
  }

  private boolean isRestarting() {
    return input.work().isRestarting(primary);
  }

  /** It is gone, the host refused to start it again, or that takes longer than it may. */
  private boolean hasRestartFailed() {
    return machine.domain().isMissing()
        || (machine.domain().is(d -> d.power() == DomainState.Power.SHUT_OFF)
            && input.work().hasFailedSinceTurnedOff(primary))
        || input
            .work()
            .restartLimit(primary)
            .filter(limit -> !input.now().isBefore(limit))
            .isPresent();
  }

  private Optional<Failing> answering() {
    return instances.postgresql(primary).filter(Postgresql::up).isPresent()
        ? Optional.empty()
        : Optional.of(failing(PrimaryChangeReason.PrimaryDown, isSetUp()));
  }

  /** Its guest has made its instance a primary since it booted, and no step works on it. */
  private boolean isSetUp() {
    return machine.isStep(StepNames.POSTGRESQL_PROMOTION, StepState.Status.DONE)
        && !instances.isWorkedOn(primary);
  }

  /** An agent that does not answer says nothing of the service: a standby must have lost it too. */
  private Optional<Failing> silent() {
    boolean lost =
        instances
            .others(primary)
            .flatMap(i -> instances.postgresql(i).stream())
            .filter(Postgresql::isStandby)
            .anyMatch(p -> !p.receiving());
    return lost && !isReceivedFrom()
        ? Optional.of(failing(PrimaryChangeReason.PrimarySilent, machine.past().answered()))
        : Optional.empty();
  }

  private boolean isReceivedFrom() {
    return instances
        .others(primary)
        .flatMap(i -> instances.postgresql(i).stream())
        .anyMatch(Postgresql::receiving);
  }

  private Failing failing(PrimaryChangeReason reason, boolean isUp) {
    Duration delay = database.failover().delay();
    return new Failing(reason, isUp || delay.compareTo(BOOT) > 0 ? delay : BOOT);
  }
}
