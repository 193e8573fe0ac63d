package dev.ejabberdlab.failover;

import static dev.ejabberdlab.failover.DatabaseFixture.LONG;
import static dev.ejabberdlab.failover.DatabaseFixture.P1;
import static dev.ejabberdlab.failover.DatabaseFixture.P2;
import static dev.ejabberdlab.failover.DatabaseFixture.WAL;
import static dev.ejabberdlab.failover.DatabaseFixture.aIsPrimary;
import static dev.ejabberdlab.failover.DatabaseFixture.at;
import static dev.ejabberdlab.failover.DatabaseFixture.atRest;
import static dev.ejabberdlab.failover.DatabaseFixture.decide;
import static dev.ejabberdlab.failover.DatabaseFixture.ended;
import static dev.ejabberdlab.failover.DatabaseFixture.standby;
import static dev.ejabberdlab.failover.DatabaseFixture.standbyAtRest;
import static dev.ejabberdlab.failover.DatabaseFixture.status;
import static dev.ejabberdlab.failover.DatabaseFixture.streaming;
import static dev.ejabberdlab.failover.DatabaseFixture.told;
import static dev.ejabberdlab.failover.DatabaseFixture.working;
import static dev.ejabberdlab.observe.LabFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.guest.StepNames;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Past;
import dev.ejabberdlab.plan.Scene;
import org.junit.jupiter.api.Test;

/** What begins where no instance is primary. */
class NoPrimaryTest {

  /** The status was lost in the middle of a change whose promotion did not succeed. */
  @Test
  void aStandbyThatShallBePrimaryIsTurnedOffWhereThePrimaryBeforeItIsBack() {
    PostgresqlStatus adopted = status(null, ended(), null, streaming());
    Scene scene =
        Scene.ready().postgresql(P1, atRest(false, WAL)).postgresql(P2, standby(WAL, false));

    assertThat(told(decide(scene, adopted)))
        .isEqualTo("psql2server Completed PrimaryStopped failing");
    PostgresqlStatus failing = status(NOW.minus(LONG), ended(), null, streaming());
    Primacy reverts = decide(scene, failing);
    assertThat(told(reverts)).isEqualTo("psql1server Reverting NoPrimary");
    assertThat(reverts.term()).isGreaterThan(failing.term() == null ? 0 : failing.term());
    assertThat(reverts.held()).contains("psql2server must be turned off first.");

    assertThat(told(decide(scene.postgresql(P1, standbyAtRest()), failing)))
        .as("a standby that is down has not what a primary had")
        .startsWith("psql2server");
    assertThat(
            told(
                decide(
                    Scene.ready()
                        .postgresql(P1, atRest(false, WAL))
                        .steps(
                            P2,
                            LabFixture.done("base"),
                            LabFixture.running(StepNames.POSTGRESQL_PROMOTION))
                        .postgresql(P2, standby(WAL, false)),
                    failing)))
        .as("a step that still runs may promote it at this moment")
        .startsWith("psql2server");
    assertThat(told(decide(scene.silent(P1, LONG), failing)))
        .as("who could not be asked may be anything")
        .startsWith("psql2server");
  }

  @Test
  void amongStandbysTheOneWithMostOfTheWalIsPromotedInPlaceOfTheOther() {
    Scene scene =
        aIsPrimary(2)
            .postgresql(P1, standby(WAL, false))
            .postgresql(P2, standby(WAL + 1, false))
            .at(NOW.plus(LONG));
    Primacy primacy = decide(scene, at(2, status(NOW, null, null, streaming())));
    assertThat(told(primacy)).isEqualTo("psql2server Fencing NoPrimary");
    assertThat(primacy.term()).isEqualTo(3);
    assertThat(primacy.fenced()).containsExactly(P1);
  }

  @Test
  void aSilentOneThatMayBePrimaryIsTurnedOffAfterAWhile() {
    Scene scene =
        aIsPrimary(2)
            .postgresql(P1, atRest(true, WAL))
            .silent(P2, LabSnapshot.GUEST_SILENCE)
            .remembered(P2, p -> Past.NOTHING);
    Primacy primacy = decide(scene, at(2, working()));
    assertThat(told(primacy)).isEqualTo("psql1server Fencing PrimarySilent");
    assertThat(primacy.fenced()).containsExactly(P2);
    assertThat(primacy.held()).isPresent();
  }
}
