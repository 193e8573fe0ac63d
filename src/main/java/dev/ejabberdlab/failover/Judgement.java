package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Whether a change of the primary is to begin. */
final class Judgement {

  private final PrimacyInput input;
  private final Outcomes outcomes;
  private final LabTopology.Postgresql database;
  private final String target;
  private final PrimaryHealth health;
  private final Instant now;

  Judgement(PrimacyInput input, Outcomes outcomes) {
    this.input = input;
    this.outcomes = outcomes;
    this.database = input.lab().postgresql();
    this.target = outcomes.standing().target();
    this.health = new PrimaryHealth(input, target);
    this.now = input.now();
  }

  Primacy judge() {
    // There is nothing to take over from a database that never was.
    if (input.systemIdentifier().isEmpty()) {
      return outcomes.stays().build();
    }
    return new NoPrimary(input, outcomes, health)
        .judge()
        .or(() -> health.failing().map(this::failing))
        .orElseGet(this::working);
  }

  private Primacy failing(PrimaryHealth.Failing failing) {
    Instant since = health.failingSince();
    Primacy.Builder stays = outcomes.stays().failingSince(since);
    Instant due = since.plus(failing.patience());
    if (now.isBefore(due)) {
      return stays.wakeAt(due).build();
    }
    boolean isAsked = database.primary().filter(p -> !p.equals(target)).isPresent();
    if (!database.failover().automatic() && !isAsked) {
      return stays
          .obstacle(
              "Failover is manual: to let another instance take over, name it in"
                  + " spec.postgresql.primary.")
          .build();
    }
    Candidates candidates = new Candidates(input, target, since, input.dataLoss().isOn(target));
    Optional<Candidate> candidate =
        database.failover().automatic()
            ? candidates.best()
            : candidates.named(database.primary().orElseThrow());
    return candidate
        .map(
            c ->
                outcomes.begins(
                    PrimaryChange.begun(failing.reason(), target, c.name(), now)
                        .lacking(c.lagBytes())))
        .orElseGet(
            () ->
                stays
                    .open(
                        candidates.isOneUnasked()
                            && now.isBefore(since.plus(SeenInstances.PRIMARY_SILENCE)))
                    .obstacle("Nobody can take over: " + candidates.why())
                    .wakeAt(now.plus(PrimacyInput.AGAIN))
                    .build());
  }

  private Primacy working() {
    Optional<String> wanted = database.primary().filter(p -> !p.equals(target));
    return wanted.isPresent() && health.serves()
        ? new Switchover(input, outcomes).judge(wanted.get())
        : outcomes.stays().failingSince(stillFailing()).wakeAt(nextLook()).build();
  }

  /** What cannot be asked, or is on its way, has not come back yet. */
  private Optional<Instant> stillFailing() {
    return health.works() ? Optional.empty() : input.failingSince();
  }

  private Optional<Instant> nextLook() {
    return Stream.of(lookAtStandbys(), health.restartLimit())
        .flatMap(Optional::stream)
        .min(Comparator.naturalOrder());
  }

  /** How far standbys are makes no event; whether one has what another one has alone matters. */
  private Optional<Instant> lookAtStandbys() {
    boolean alone =
        input.record().map(PostgresqlStatus::instances).stream()
            .flatMap(List::stream)
            .anyMatch(i -> i.synchronousUpTo() != null);
    return alone && database.instances().size() > 2
        ? Optional.of(now.plus(PrimacyInput.AGAIN))
        : Optional.empty();
  }
}
