package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Whether a change is to begin because the instances are such that none of them is primary. */
final class NoPrimary {

  private final PrimacyInput input;
  private final Outcomes outcomes;
  private final PrimaryHealth health;
  private final LabTopology.Postgresql database;
  private final SeenInstances instances;
  private final String target;
  private final Instant now;

  /**
   * @param health of the target
   */
  NoPrimary(PrimacyInput input, Outcomes outcomes, PrimaryHealth health) {
    this.input = input;
    this.outcomes = outcomes;
    this.health = health;
    this.database = input.lab().postgresql();
    this.instances = input.instances();
    this.target = outcomes.standing().target();
    this.now = input.now();
  }

  /** Empty when it is not so, or not known to be. */
  Optional<Primacy> judge() {
    return inPlaceOfTheSilent().or(this::inPlaceOfAStandby).or(this::amongStandbys);
  }

  /**
   * The target has its data and could go on as primary, but for one that may be it and does not
   * answer: after a while that one is turned off, as any other primary that fails.
   */
  private Optional<Primacy> inPlaceOfTheSilent() {
    boolean waits = instances.isPrimaryAtRest(target) && !input.dataLoss().isOn(target);
    List<String> silent = instances.others(target).filter(instances::mayBePrimary).toList();
    if (!waits || silent.size() != 1 || !database.failover().automatic()) {
      return Optional.empty();
    }
    String other = silent.get(0);
    return instances.machine(other).isSilentFor(LabSnapshot.GUEST_SILENCE, now)
        ? Optional.of(
            outcomes.begins(
                PrimaryChange.begun(PrimaryChangeReason.PrimarySilent, other, target, now)))
        : Optional.empty();
  }

  /**
   * The target is a standby, by a decision whose change nobody remembers, as when the status was
   * lost in the middle of it; and who was primary before is down, with its data. It comes back, as
   * after a promotion that has failed.
   */
  private Optional<Primacy> inPlaceOfAStandby() {
    if (!FailedPromotion.isUntouched(input, target)
        || !instances.names().stream().allMatch(instances::isHeard)) {
      return Optional.empty();
    }
    Postgresql standby = instances.postgresql(target).orElseThrow();
    List<String> before =
        instances
            .others(target)
            .filter(instances::isPrimaryAtRest)
            .filter(i -> isAsFar(instances.postgresql(i).orElseThrow(), standby))
            .toList();
    boolean accepted = instances.others(target).anyMatch(instances::isPrimary);
    if (before.size() != 1 || accepted) {
      return Optional.empty();
    }
    return Optional.of(
        waiting()
            .orElseGet(
                () ->
                    outcomes.begins(
                        PrimaryChange.begun(
                                PrimaryChangeReason.NoPrimary, before.get(0), target, now)
                            .in(PrimaryChangeState.Reverting))));
  }

  /** Whether it has the standby's database, on its timeline or a later one. */
  private static boolean isAsFar(Postgresql primary, Postgresql standby) {
    return primary.timeline() >= standby.timeline()
        && primary.systemIdentifier().equals(standby.systemIdentifier());
  }

  /**
   * Every instance is a standby: none accepts writes, and the one that has most of the WAL has
   * every commit.
   */
  private Optional<Primacy> amongStandbys() {
    List<Postgresql> all =
        instances.names().stream()
            .flatMap(i -> instances.postgresql(i).stream())
            .filter(Postgresql::isStandby)
            .toList();
    boolean known =
        all.size() > 1
            && all.size() == instances.names().size()
            && all.stream().map(Postgresql::timeline).distinct().count() == 1
            && all.stream().map(Postgresql::systemIdentifier).distinct().count() == 1;
    if (!known || !database.failover().automatic()) {
      return Optional.empty();
    }
    return Optional.of(
        waiting()
            .orElseGet(
                () -> {
                  String best = mostOfTheWal();
                  String other =
                      best.equals(target)
                          ? instances.others(best).findFirst().orElseThrow()
                          : target;
                  return outcomes.begins(
                      PrimaryChange.begun(PrimaryChangeReason.NoPrimary, other, best, now));
                }));
  }

  private String mostOfTheWal() {
    return instances.names().stream()
        .max(
            Comparator.<String>comparingLong(i -> instances.postgresql(i).orElseThrow().lsn())
                .thenComparing(target::equals))
        .orElseThrow();
  }

  /** That has the same time as a primary that fails; empty when it is over. */
  private Optional<Primacy> waiting() {
    Instant since = health.failingSince();
    Instant due = since.plus(database.failover().delay());
    return now.isBefore(due)
        ? Optional.of(outcomes.stays().failingSince(since).wakeAt(due).build())
        : Optional.empty();
  }
}
