package dev.ejabberdlab.failover;

import static dev.ejabberdlab.failover.DatabaseFixture.P1;
import static dev.ejabberdlab.failover.DatabaseFixture.P2;
import static dev.ejabberdlab.failover.DatabaseFixture.WAL;
import static dev.ejabberdlab.failover.DatabaseFixture.atRest;
import static dev.ejabberdlab.failover.DatabaseFixture.decide;
import static dev.ejabberdlab.failover.DatabaseFixture.during;
import static dev.ejabberdlab.failover.DatabaseFixture.primary;
import static dev.ejabberdlab.failover.DatabaseFixture.primaryOff;
import static dev.ejabberdlab.failover.DatabaseFixture.standby;
import static dev.ejabberdlab.failover.DatabaseFixture.told;
import static dev.ejabberdlab.observe.LabFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Scene;
import dev.ejabberdlab.topology.LabTopology;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How a change of the primary goes on and ends. */
class ChangeUnderWayTest {

  @Test
  void nobodyIsPromotedBeforeTheOldPrimaryIsOff() {
    PostgresqlStatus fencing =
        during(PrimaryChangeReason.PrimarySilent, PrimaryChangeState.Fencing);
    Primacy runs = decide(Scene.ready(), fencing);
    assertThat(told(runs)).isEqualTo("psql2server Fencing PrimarySilent");
    assertThat(runs.held()).contains("psql1server must be turned off first.");
    assertThat(runs.fenced()).containsExactly(P1);

    Primacy unknown = decide(Scene.ready().domain(P1, Seen.unknown("")), fencing);
    assertThat(unknown.held()).isPresent();

    Primacy off = decide(Scene.ready().power(P1, Power.SHUT_OFF), fencing);
    assertThat(told(off)).isEqualTo("psql2server Promoting PrimarySilent");
    assertThat(off.held()).isEmpty();
    assertThat(off.isRecordedIn(fencing)).isFalse();
  }

  @Test
  void theOldPrimaryStaysOffUntilTheNewOneAcceptsWrites() {
    PostgresqlStatus promoting =
        during(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Promoting);
    Primacy not = decide(primaryOff(), promoting);
    assertThat(told(not)).isEqualTo("psql2server Promoting PrimaryStopped");
    assertThat(not.fenced()).containsExactly(P1);

    Primacy done = decide(primaryOff().postgresql(P2, primary(WAL)), promoting);
    assertThat(told(done)).isEqualTo("psql2server Completed PrimaryStopped");
    assertThat(done.fenced()).isEmpty();
    assertThat(done.change().orElseThrow().finished()).isEqualTo(NOW.toString());
  }

  @Test
  void theOldPrimaryComesBackWhenTheOtherOneIsSeenOff() {
    PostgresqlStatus reverting =
        during(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Reverting);
    Primacy runs = decide(primaryOff(), reverting);
    assertThat(told(runs)).isEqualTo("psql1server Reverting PrimaryStopped");
    assertThat(runs.fenced()).containsExactly(P1, P2);
    assertThat(runs.held()).contains("psql2server must be turned off first.");
    assertThat(
            runs.isRecordedIn(
                during(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Promoting)))
        .as("told before it is acted upon")
        .isFalse();

    Primacy unknown = decide(primaryOff().domain(P2, Seen.unknown("")), reverting);
    assertThat(told(unknown)).isEqualTo("psql1server Reverting PrimaryStopped");

    Primacy off = decide(primaryOff().power(P2, Power.SHUT_OFF), reverting);
    assertThat(told(off)).isEqualTo("psql1server Aborted PrimaryStopped");
    assertThat(off.fenced()).isEmpty();
    assertThat(off.held()).isEmpty();
  }

  @Test
  void theOldPrimaryComesBackWhenTheOtherOneHasLeftTheSpec() {
    PostgresqlStatus reverting =
        during(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Reverting);
    Scene alone = Scene.of(LabFixture.labWithout(P2)).surplus(Seen.unknown("not searched yet"));
    assertThat(told(decide(alone, reverting))).isEqualTo("psql1server Reverting PrimaryStopped");

    Primacy gone =
        decide(alone.surplus(Seen.of(new Remains(List.of(), List.of(), List.of()))), reverting);
    assertThat(told(gone)).isEqualTo("psql1server Aborted PrimaryStopped");
    assertThat(gone.fenced()).isEmpty();
  }

  @Test
  void whoHasLostItsDataDoesNotTakeOver() {
    PostgresqlStatus promoting =
        during(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Promoting);
    Primacy primacy = decide(primaryOff().reports(P2, LabFixture.report()), promoting);
    assertThat(told(primacy)).isEqualTo("psql1server Aborted PrimaryStopped");
    assertThat(primacy.held()).isEmpty();
  }

  @Test
  void aSwitchoverPromotesWhoHasAllOfTheWal() {
    PostgresqlStatus demoting = during(PrimaryChangeReason.Switchover, PrimaryChangeState.Demoting);
    assertThat(told(decide(Scene.ready(), demoting))).isEqualTo("psql2server Demoting Switchover");
    assertThat(decide(Scene.ready(), demoting).wakeAt())
        .as("how far a standby is makes no event")
        .contains(NOW.plus(PrimacyInput.AGAIN));
    assertThat(
            told(
                decide(
                    Scene.ready()
                        .postgresql(P1, atRest(true, WAL))
                        .postgresql(P2, standby(WAL, true)),
                    demoting)))
        .as("the last checkpoint is not there yet")
        .isEqualTo("psql2server Demoting Switchover");
    assertThat(
            told(
                decide(
                    Scene.ready()
                        .postgresql(P1, atRest(false, 0))
                        .postgresql(P2, standby(WAL, false)),
                    demoting)))
        .as("it was not stopped in order")
        .isEqualTo("psql2server Demoting Switchover");
    Primacy promoting =
        decide(
            Scene.ready().postgresql(P1, atRest(true, WAL)).postgresql(P2, standby(WAL + 1, false)),
            demoting);
    assertThat(told(promoting)).isEqualTo("psql2server Promoting Switchover");
    assertThat(promoting.demoted()).contains(P1);
    assertThat(promoting.fenced()).isEmpty();
  }

  @Test
  void aStepThatWouldStartTheOldPrimaryAgainIsAwaited() {
    PostgresqlStatus demoting = during(PrimaryChangeReason.Switchover, PrimaryChangeState.Demoting);
    Scene scene =
        Scene.ready()
            .steps(P1, LabFixture.done("base"), LabFixture.running("postgresql-promotion"))
            .postgresql(P1, atRest(true, WAL))
            .postgresql(P2, standby(WAL + 1, false));
    assertThat(told(decide(scene, demoting))).isEqualTo("psql2server Demoting Switchover");
  }

  @Test
  void aSwitchoverIsTakenBack() {
    PostgresqlStatus demoting = during(PrimaryChangeReason.Switchover, PrimaryChangeState.Demoting);
    assertThat(told(decide(Scene.ready().power(P1, Power.SHUT_OFF), demoting)))
        .isEqualTo("psql1server Aborted Switchover");
    assertThat(
            told(
                decide(
                    Scene.ready()
                        .postgresql(P1, atRest(false, 0))
                        .at(NOW.plus(ChangeUnderWay.DEMOTION_LIMIT)),
                    demoting)))
        .isEqualTo("psql1server Aborted Switchover");
  }

  @Test
  void whoWasTakenOutOfTheSpecMustBeOffTooBeforeAnotherOneTakesOver() {
    PostgresqlStatus fencing =
        during(PrimaryChangeReason.PrimarySilent, PrimaryChangeState.Fencing);
    LabTopology without = LabFixture.labWithout(P1);
    Scene there =
        Scene.of(without).reports(P2, LabFixture.report()).postgresql(P2, standby(WAL, false));
    Remains left =
        new Remains(
            List.of(there.objects().surplusDomain(P1, Power.RUNNING)), List.of(), List.of());

    assertThat(decide(there.surplus(Seen.of(left)), fencing).held()).isPresent();
    assertThat(decide(there.surplus(Seen.unknown("no answer")), fencing).held()).isPresent();
    Remains off =
        new Remains(
            List.of(there.objects().surplusDomain(P1, Power.SHUT_OFF)), List.of(), List.of());
    assertThat(told(decide(there.surplus(Seen.of(off)), fencing)))
        .as("off, and its disk is still there")
        .isEqualTo("psql2server Promoting PrimarySilent");
    Primacy gone =
        decide(there.surplus(Seen.of(new Remains(List.of(), List.of(), List.of()))), fencing);
    assertThat(told(gone)).isEqualTo("psql2server Promoting PrimarySilent");
  }
}
