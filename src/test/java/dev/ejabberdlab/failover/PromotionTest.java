package dev.ejabberdlab.failover;

import static dev.ejabberdlab.failover.DatabaseFixture.P1;
import static dev.ejabberdlab.failover.DatabaseFixture.P2;
import static dev.ejabberdlab.failover.DatabaseFixture.at;
import static dev.ejabberdlab.failover.DatabaseFixture.bIsPrimary;
import static dev.ejabberdlab.failover.DatabaseFixture.decide;
import static dev.ejabberdlab.failover.DatabaseFixture.during;
import static dev.ejabberdlab.failover.DatabaseFixture.primaryOff;
import static dev.ejabberdlab.failover.DatabaseFixture.status;
import static dev.ejabberdlab.failover.DatabaseFixture.streaming;
import static dev.ejabberdlab.failover.DatabaseFixture.told;
import static dev.ejabberdlab.failover.DatabaseFixture.watched;
import static dev.ejabberdlab.failover.DatabaseFixture.working;
import static dev.ejabberdlab.observe.LabFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.plan.Scene;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What is true of every decision who is to accept writes. */
class PromotionTest {

  @Test
  void aDatabaseThatNeverWasIsNotTakenOver() {
    Scene scene = Scene.up().power(P1, Power.SHUT_OFF);
    assertThat(told(decide(scene, null))).isEqualTo("psql1server");
  }

  @Test
  void whatCannotBeDecidedStaysAsItIs() {
    Scene scene = primaryOff();
    Primacy primacy =
        Promotion.decide(
            new PrimacyInput(
                scene.lab(), working(), false, scene.snapshot(), scene.progress(), NOW));
    assertThat(told(primacy)).isEqualTo("psql1server failing");
    assertThat(primacy.isRecordedIn(working())).isTrue();
    assertThat(primacy.open()).as("it is decided when everybody has been asked").isTrue();
  }

  @Test
  void everyDecisionHasALaterTerm() {
    PostgresqlStatus recorded = at(4, working());
    Primacy begins = decide(primaryOff(), recorded);
    assertThat(begins.term()).isEqualTo(5);
    assertThat(begins.isRecordedIn(recorded)).isFalse();
    PostgresqlStatus promoting =
        at(5, during(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Promoting));
    assertThat(decide(primaryOff(), promoting).term()).isEqualTo(5);
    Primacy aborted = decide(primaryOff().reports(P2, LabFixture.report()), promoting);
    assertThat(aborted.change().orElseThrow().state()).isEqualTo(PrimaryChangeState.Aborted);
    assertThat(aborted.term()).isEqualTo(6);
  }

  @Test
  void whoHasBegunToAskPromotesNobody() {
    Scene scene = bIsPrimary();
    Primacy primacy =
        Promotion.decide(
            new PrimacyInput(
                scene.lab(),
                null,
                false,
                scene.mute(P2, "It has not been asked yet.", Duration.ZERO).snapshot(),
                scene.progress(),
                NOW));
    assertThat(primacy.held()).isPresent();
  }

  /** What is only assumed must not be taken for a record later: the status may have been lost. */
  @Test
  void theFirstDecisionIsToldToo() {
    Primacy first = decide(Scene.up(), null);
    assertThat(first.isDecided()).isTrue();
    assertThat(first.isRecordedIn(null)).isFalse();

    Primacy assumed = watched(Scene.up(), null);
    assertThat(assumed.isDecided()).isFalse();
    assertThat(assumed.isRecordedIn(null)).as("machines may come up").isTrue();
    assertThat(watched(Scene.up(), working()).isDecided()).isTrue();
  }

  @Test
  void everyStageIsToldByTheStatusBeforeItIsActedUpon() {
    Primacy begins = decide(primaryOff(), working());
    assertThat(begins.isRecordedIn(working())).isFalse();
    PostgresqlStatus told =
        at(begins.term(), status(null, begins.change().orElseThrow(), null, streaming()));
    assertThat(begins.isRecordedIn(told)).isTrue();
    Primacy goesOn = decide(primaryOff(), told);
    assertThat(goesOn.change().orElseThrow().state()).isEqualTo(PrimaryChangeState.Promoting);
    assertThat(goesOn.isRecordedIn(told)).isFalse();
  }
}
