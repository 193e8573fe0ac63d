package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What the decision depends on.
 *
 * @param lab what shall exist
 * @param recorded what was decided and seen before; null when there was nothing
 * @param decides whether anything may change: the host has answered every question, and the lab
 *     runs and is not paused
 * @param snapshot last view of the lab
 * @param work what is done with machines
 * @param now the time
 */
public record PrimacyInput(
    LabTopology lab,
    PostgresqlStatus recorded,
    boolean decides,
    LabSnapshot snapshot,
    MachineWork work,
    Instant now) {

  /** How soon to look again at who could not take over: how far a standby is makes no event. */
  static final Duration AGAIN = Duration.ofSeconds(5);

  /** The same with another record: what may be relied upon of it. */
  PrimacyInput relyingOn(PostgresqlStatus record) {
    return new PrimacyInput(lab, record, decides, snapshot, work, now);
  }

  Optional<PostgresqlStatus> record() {
    return Optional.ofNullable(recorded);
  }

  /** Of the lab's database; empty while it was never seen. */
  Optional<String> systemIdentifier() {
    return record().map(PostgresqlStatus::systemIdentifier);
  }

  Optional<PrimaryChange> lastChange() {
    return record().map(PostgresqlStatus::lastPrimaryChange);
  }

  /** Since when the primary fails, by the record. A time that is yet to come says nothing. */
  Optional<Instant> failingSince() {
    return record()
        .map(PostgresqlStatus::failingSince)
        .map(Instant::parse)
        .filter(at -> !at.isAfter(now));
  }

  SeenInstances instances() {
    return new SeenInstances(lab, snapshot, now);
  }

  /** Whether the lab's database is seen at work on an instance. */
  boolean isDatabaseOn(String instance) {
    return instances()
        .postgresql(instance)
        .filter(Postgresql::isPrimary)
        .filter(p -> systemIdentifier().filter(p.systemIdentifier()::equals).isPresent())
        .isPresent();
  }

  DataLoss dataLoss() {
    return new DataLoss(instances(), systemIdentifier());
  }
}
