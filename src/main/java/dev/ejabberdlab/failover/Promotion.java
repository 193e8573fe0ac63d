package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * Decides which PostgreSQL instance is to accept writes. A standby takes over from a primary that
 * has failed only when the hypervisor confirms that the primary's domain is off, or when the
 * primary was stopped in order and the standby has all of its WAL.
 */
public final class Promotion {

  /** How soon to look again at who could not take over: how far a standby is makes no event. */
  static final Duration AGAIN = Duration.ofSeconds(5);

  private final Input input;
  private final Standing standing;

  private Promotion(Input input, Standing standing) {
    this.input = input;
    this.standing = standing;
  }

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
  public record Input(
      LabTopology lab,
      PostgresqlStatus recorded,
      boolean decides,
      LabSnapshot snapshot,
      MachineWork work,
      Instant now) {

    /** The same with another record: what may be relied upon of it. */
    Input relyingOn(PostgresqlStatus record) {
      return new Input(lab, record, decides, snapshot, work, now);
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

  public static Primacy decide(Input input) {
    Standing standing = input.decides() ? Standing.of(input) : Standing.recorded(input);
    return new Promotion(input.relyingOn(standing.record()), standing).decide();
  }

  private Primacy decide() {
    Optional<PrimaryChange> underWay =
        input
            .lastChange()
            .filter(PrimaryChange::goesOn)
            // One that is turned off for good may have left the spec meanwhile.
            .filter(
                c ->
                    c.state() == PrimaryChangeState.Reverting
                        || input.instances().contains(c.to()));
    if (!input.decides()) {
      return asItIs(underWay);
    }
    if (standing.doubt().isPresent()) {
      return doubtful();
    }
    Outcomes outcomes = new Outcomes(input, standing);
    return underWay
        .map(change -> new ChangeUnderWay(input, outcomes).proceed(change))
        .orElseGet(() -> new Judgement(input, outcomes).judge());
  }

  /** Nobody may do anything: the lab is paused or shut down, or the host does not answer. */
  private Primacy asItIs(Optional<PrimaryChange> underWay) {
    String target = standing.target();
    boolean isAnotherOneWanted =
        underWay.isEmpty()
            && input.isDatabaseOn(target)
            && input.lab().postgresql().primary().filter(p -> !p.equals(target)).isPresent();
    return Primacy.builder(target)
        .obstacle(
            isAnotherOneWanted
                ? Optional.of("The lab is paused, or not everything could be asked.")
                : Optional.empty())
        .failingSince(underWay.isPresent() ? Optional.empty() : failingMeanwhile())
        .change(input.lastChange())
        .synchrony(input.record().map(PostgresqlStatus::synchronous))
        .held(new Hold(input).of(target, underWay))
        .open(input.systemIdentifier().isPresent())
        .term(standing.term())
        .assumed(input.record().map(PostgresqlStatus::targetPrimary).isEmpty())
        .located(input.isDatabaseOn(target) || !input.lab().running())
        .build();
  }

  /**
   * Since when the primary fails while nobody may do anything about it: who streamed when it began
   * to fail is judged by that later. What is not known ends it not.
   */
  private Optional<Instant> failingMeanwhile() {
    PrimaryHealth health = new PrimaryHealth(input, standing.target());
    if (!input.lab().running() || input.systemIdentifier().isEmpty() || health.serves()) {
      return Optional.empty();
    }
    return input
        .failingSince()
        .or(() -> health.failing().map(f -> health.failingSince()))
        .map(at -> at.truncatedTo(ChronoUnit.MILLIS));
  }

  /** Nobody is touched while it is not known who is primary. */
  private Primacy doubtful() {
    return Primacy.builder(standing.target())
        .change(input.lastChange().filter(c -> !c.goesOn()))
        .synchrony(input.record().map(PostgresqlStatus::synchronous))
        .held(standing.doubt())
        .wakeAt(input.now().plus(AGAIN))
        .term(standing.term())
        .located(false)
        .adopted(standing.adopted())
        .doubt(standing.doubt())
        .build();
  }
}
