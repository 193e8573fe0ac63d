package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Synchronous;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import java.util.Optional;

/** Whether commits wait for a standby. */
record SynchronousCommit(PrimacyInput input) {

  /**
   * Empty when the spec does not want it.
   *
   * @param target instance that is to be primary
   * @param change the last change of the primary, or the one under way
   */
  Optional<Synchrony> of(String target, Optional<PrimaryChange> change) {
    Optional<Synchronous> wanted = input.lab().postgresql().synchronous();
    if (wanted.isEmpty()) {
      return Optional.empty();
    }
    SeenInstances instances = input.instances();
    Optional<Synchrony> before = input.record().map(PostgresqlStatus::synchronous);
    Optional<PrimaryChange> underWay = change.filter(PrimaryChange::goesOn);
    Optional<Postgresql> primary = instances.postgresql(target).filter(Postgresql::isPrimary);
    boolean streams =
        primary.stream()
            .flatMap(p -> p.standbys().stream())
            .anyMatch(s -> instances.contains(s.name()) && s.isStreaming());
    if (streams) {
      return Optional.of(Synchrony.Active);
    }
    if (before.filter(s -> s != Synchrony.Pending).isEmpty()) {
      return Optional.of(Synchrony.Pending);
    }
    if (primary.isEmpty() && underWay.isEmpty()) {
      return before;
    }
    if (underWay.filter(c -> c.state() != PrimaryChangeState.Promoting).isPresent()) {
      // It can still be taken back, as it was.
      return before;
    }
    return Optional.of(
        wanted.get() == Synchronous.required ? Synchrony.Blocked : Synchrony.Degraded);
  }
}
