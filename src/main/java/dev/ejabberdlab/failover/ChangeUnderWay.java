package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Brings a change of the primary that was begun to its end. */
final class ChangeUnderWay {

  /** How long a switchover may take to stop the old primary; then the old one stays. */
  static final Duration DEMOTION_LIMIT = Duration.ofMinutes(3);

  private final PrimacyInput input;
  private final Outcomes outcomes;
  private final SeenInstances instances;
  private final DataLoss dataLoss;
  private final Instant now;

  ChangeUnderWay(PrimacyInput input, Outcomes outcomes) {
    this.input = input;
    this.outcomes = outcomes;
    this.instances = input.instances();
    this.dataLoss = input.dataLoss();
    this.now = input.now();
  }

  Primacy proceed(PrimaryChange change) {
    return switch (change.state()) {
      case Fencing -> fencing(change);
      case Demoting -> hasTakenOver(change) ? outcomes.completed(change) : demoting(change);
      case Promoting -> promoting(change);
      case Reverting ->
          // Off, it has lost the permission, whatever would have promoted it late, and nobody has
          // written to it: the address was not there.
          instances.isOff(change.to()) ? outcomes.aborted(change) : outcomes.goesOn(change).build();
      case Completed, Aborted -> outcomes.ended(change, change.state());
    };
  }

  private Primacy fencing(PrimaryChange change) {
    if (dataLoss.isOn(change.to())) {
      return outcomes.aborted(change);
    }
    if (hasTakenOver(change)) {
      return outcomes.completed(change);
    }
    return instances.isOff(change.from()) ? promotes(change) : outcomes.goesOn(change).build();
  }

  /**
   * Whether the change is over although the record says that it has hardly begun: the record is an
   * older one. Nobody is promoted before that is recorded.
   */
  private boolean hasTakenOver(PrimaryChange change) {
    return instances.servesClients(change.to()) && !instances.mayBePrimary(change.from());
  }

  /**
   * The old primary can be taken back until the new one has been told to accept writes, and it is
   * when it cannot be stopped in order with everything that it wrote on the new one.
   */
  private Primacy demoting(PrimaryChange change) {
    String old = change.from();
    if (hasAllOfTheWal(change) || (!instances.contains(old) && instances.isOff(old))) {
      return promotes(change);
    }
    Instant limit = Instant.parse(change.started()).plus(DEMOTION_LIMIT);
    boolean down = instances.machine(old).domain().is(d -> d.power() == Power.SHUT_OFF);
    if (down || instances.isOff(old) || dataLoss.isOn(change.to()) || !now.isBefore(limit)) {
      return outcomes.aborted(change);
    }
    Instant again = now.plus(PrimacyInput.AGAIN);
    return outcomes.goesOn(change).wakeAt(again.isBefore(limit) ? again : limit).build();
  }

  /** The old primary is stopped in order, and the standby has more than that one's last WAL. */
  private boolean hasAllOfTheWal(PrimaryChange change) {
    Optional<Postgresql> old = instances.postgresql(change.from()).filter(Postgresql::stopped);
    return old.isPresent()
        && !instances.isBeingPromoted(change.from())
        && instances
            .postgresql(change.to())
            .filter(Postgresql::isStandby)
            .filter(next -> next.timeline() == old.get().timeline())
            .filter(next -> next.lsn() > old.get().lsn())
            .isPresent();
  }

  private Primacy promoting(PrimaryChange change) {
    if (dataLoss.isOn(change.to())) {
      return outcomes.aborted(change);
    }
    if (change.reason() == PrimaryChangeReason.Switchover && hasGoneSilent(change.from())) {
      // It was stopped in order, but it may have come back since.
      return outcomes
          .goesOn(change.because(PrimaryChangeReason.PrimarySilent).in(PrimaryChangeState.Fencing))
          .build();
    }
    if (instances.servesClients(change.to())) {
      return outcomes.completed(change);
    }
    return new FailedPromotion(input).isCertain(change)
        ? outcomes.begins(change.in(PrimaryChangeState.Reverting))
        : outcomes.goesOn(change).wakeAt(now.plus(PrimacyInput.AGAIN)).build();
  }

  private boolean hasGoneSilent(String instance) {
    return instances.mayBePrimary(instance)
        && instances.machine(instance).isSilentFor(SeenInstances.PRIMARY_SILENCE, now);
  }

  private Primacy promotes(PrimaryChange change) {
    return outcomes.goesOn(change.in(PrimaryChangeState.Promoting)).build();
  }
}
