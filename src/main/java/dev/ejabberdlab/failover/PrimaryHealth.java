package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.StepNames;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Whether the primary fails. What could not be asked is not failing. */
final class PrimaryHealth {

  /**
   * How long a primary has that boots, or that a step works on. The slowest boot seen, five
   * emulated guests on two cores, is under 3 minutes.
   */
  static final Duration BOOT = Duration.ofMinutes(4);

  /** A guest with a service is asked every 5 seconds; one that has missed three is silent. */
  static final Duration PRIMARY_SILENCE = Duration.ofSeconds(15);

  private final Promotion.Input input;
  private final LabTopology.Postgresql database;
  private final String primary;
  private final Machine machine;

  PrimaryHealth(Promotion.Input input, String primary) {
    this.input = input;
    this.database = input.lab().postgresql();
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
    return postgresql(primary).filter(Postgresql::isPrimary).isPresent();
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
      case RUNNING -> isHeard() ? answering() : silent();
    };
  }

  /**
   * Since when it has been failing at least, when that is seen only now: a planned restart that has
   * not succeeded.
   */
  Optional<Instant> since() {
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

  private boolean isHeard() {
    return isHeard(machine, input.now());
  }

  /** What its guest said is not old. */
  static boolean isHeard(Machine machine, Instant now) {
    return machine.guest().isPresent() && !machine.reportedAt().plus(PRIMARY_SILENCE).isBefore(now);
  }

  private Optional<Failing> answering() {
    Optional<Postgresql> seen = postgresql(primary);
    return seen.filter(Postgresql::up).isPresent()
        ? Optional.empty()
        : Optional.of(failing(PrimaryChangeReason.PrimaryDown, isSetUp()));
  }

  /** Its guest has made its instance a primary since it booted, and no step works on it. */
  private boolean isSetUp() {
    return machine
            .step(StepNames.POSTGRESQL_PROMOTION)
            .filter(s -> s.status() == StepState.Status.DONE)
            .isPresent()
        && machine.guest().value().steps().values().stream()
            .noneMatch(s -> s.status() == StepState.Status.RUNNING);
  }

  /** An agent that does not answer says nothing of the service: a standby must have lost it too. */
  private Optional<Failing> silent() {
    boolean lost =
        database.instances().stream()
            .filter(i -> !i.equals(primary))
            .flatMap(i -> postgresql(i).stream())
            .filter(Postgresql::isStandby)
            .anyMatch(p -> !p.receiving());
    return lost && !isReceivedFrom()
        ? Optional.of(failing(PrimaryChangeReason.PrimarySilent, machine.past().answered()))
        : Optional.empty();
  }

  private boolean isReceivedFrom() {
    return database.instances().stream()
        .filter(i -> !i.equals(primary))
        .flatMap(i -> postgresql(i).stream())
        .anyMatch(Postgresql::receiving);
  }

  private Failing failing(PrimaryChangeReason reason, boolean isUp) {
    Duration delay = database.failover().delay();
    return new Failing(reason, isUp || delay.compareTo(BOOT) > 0 ? delay : BOOT);
  }

  private Optional<Postgresql> postgresql(String instance) {
    return input.snapshot().machine(instance).guest().known().flatMap(GuestReport::postgresql);
  }
}
