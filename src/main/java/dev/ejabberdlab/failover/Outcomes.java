package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import java.time.Instant;
import java.util.Optional;

/**
 * What may come of a decision, as a primacy: with its term, with what holds the target, and with
 * whether commits wait.
 */
record Outcomes(PrimacyInput input, Standing standing) {

  /** Nothing changes: the target stays, and the last change is told as it was. */
  Primacy.Builder stays() {
    String target = standing.target();
    return primacy(target, input.lastChange(), Optional.empty());
  }

  /** A change is under way. It is told before anything of it is done. */
  Primacy.Builder goesOn(PrimaryChange change) {
    String target = change.state() == PrimaryChangeState.Reverting ? change.from() : change.to();
    return primacy(target, Optional.of(change), Optional.of(change));
  }

  /** A new decision, by which everybody can tell it from the last one. */
  Primacy begins(PrimaryChange change) {
    return goesOn(change).term(standing.term() + 1).build();
  }

  /** The new primary accepts writes. */
  Primacy completed(PrimaryChange change) {
    return ended(change, PrimaryChangeState.Completed);
  }

  /** The old primary stays. That is a decision too: the new one may have heard of the other. */
  Primacy aborted(PrimaryChange change) {
    return ended(change, PrimaryChangeState.Aborted);
  }

  Primacy ended(PrimaryChange change, PrimaryChangeState state) {
    Instant now = input.now();
    boolean isNewOne =
        state == PrimaryChangeState.Completed || !input.instances().contains(change.from());
    long term = standing.term();
    return primacy(
            isNewOne ? change.to() : change.from(),
            Optional.of(change.ended(state, now)),
            Optional.empty())
        .term(state == PrimaryChangeState.Aborted ? term + 1 : term)
        .build();
  }

  private Primacy.Builder primacy(
      String target, Optional<PrimaryChange> change, Optional<PrimaryChange> underWay) {
    return Primacy.builder(target)
        .change(change)
        .synchrony(new SynchronousCommit(input).of(target, change))
        .held(new Hold(input).of(target, underWay))
        .term(standing.term())
        .adopted(standing.adopted())
        .located(input.isDatabaseOn(target));
  }
}
