package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * Decides which PostgreSQL instance is to accept writes. A standby takes over from a primary that
 * has failed only when the hypervisor confirms that the primary's domain is off, or when the
 * primary was stopped in order and the standby has all of its WAL.
 */
public final class Promotion {

  private final PrimacyInput input;
  private final Standing standing;

  private Promotion(PrimacyInput input, Standing standing) {
    this.input = input;
    this.standing = standing;
  }

  public static Primacy decide(PrimacyInput input) {
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
        .wakeAt(input.now().plus(PrimacyInput.AGAIN))
        .term(standing.term())
        .located(false)
        .adopted(standing.adopted())
        .doubt(standing.doubt())
        .build();
  }
}
