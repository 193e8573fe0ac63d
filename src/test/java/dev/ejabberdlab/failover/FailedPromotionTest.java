package dev.ejabberdlab.failover;

import static dev.ejabberdlab.failover.DatabaseFixture.LONG;
import static dev.ejabberdlab.failover.DatabaseFixture.P1;
import static dev.ejabberdlab.failover.DatabaseFixture.P2;
import static dev.ejabberdlab.failover.DatabaseFixture.WAL;
import static dev.ejabberdlab.failover.DatabaseFixture.atRest;
import static dev.ejabberdlab.failover.DatabaseFixture.change;
import static dev.ejabberdlab.failover.DatabaseFixture.decide;
import static dev.ejabberdlab.failover.DatabaseFixture.during;
import static dev.ejabberdlab.failover.DatabaseFixture.standby;
import static dev.ejabberdlab.failover.DatabaseFixture.standbyAtRest;
import static dev.ejabberdlab.failover.DatabaseFixture.status;
import static dev.ejabberdlab.failover.DatabaseFixture.streaming;
import static dev.ejabberdlab.failover.DatabaseFixture.told;
import static dev.ejabberdlab.observe.LabFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Key;
import dev.ejabberdlab.plan.Scene;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whether a promotion is given up for the old primary to come back. */
class FailedPromotionTest {

  /** Whether a promotion is given up for the old primary to come back. */
  static Stream<Arguments> promotions() {
    Scene failed = promoting(3).postgresql(P2, standby(WAL, false));
    return Stream.of(
        arguments("it failed three times", failed, "psql1server Reverting PrimaryStopped"),
        arguments(
            "its server is down with it, and was never a primary",
            promoting(3).postgresql(P2, standbyAtRest()),
            "psql1server Reverting PrimaryStopped"),
        arguments(
            "it failed once",
            promoting(1).postgresql(P2, standby(WAL, false)),
            "psql2server Promoting PrimaryStopped"),
        arguments(
            "it failed once, and it is late",
            promoting(1)
                .at(NOW.plus(FailedPromotion.PROMOTION_LIMIT))
                .reports(
                    P2,
                    promoting(1)
                        .postgresql(P2, standby(WAL, false))
                        .snapshot()
                        .machine(P2)
                        .guest()
                        .value()),
            "psql1server Reverting PrimaryStopped"),
        arguments(
            "it was not tried, and it is late",
            Scene.ready()
                .power(P1, Power.SHUT_OFF)
                .at(NOW.plus(FailedPromotion.PROMOTION_LIMIT))
                .postgresql(P2, standby(WAL, false)),
            "psql2server Promoting PrimaryStopped"),
        arguments(
            "it replays for long",
            Scene.ready()
                .power(P1, Power.SHUT_OFF)
                .steps(P2, LabFixture.done("base"), LabFixture.running("postgresql-promotion"))
                .at(NOW.plus(FailedPromotion.PROMOTION_LIMIT))
                .postgresql(P2, standby(WAL, false)),
            "psql2server Promoting PrimaryStopped"),
        arguments(
            "it is tried at this moment",
            promoting(3).postgresql(P2, standby(WAL, false)).inFlight(new Key.Machine(P2)),
            "psql2server Promoting PrimaryStopped"),
        arguments(
            "it may have accepted writes",
            promoting(3).postgresql(P2, atRest(false, 0)),
            "psql2server Promoting PrimaryStopped"),
        arguments(
            "it cannot be asked",
            promoting(3).silent(P2, LONG),
            "psql2server Promoting PrimaryStopped"),
        arguments(
            "the old primary's disk is gone",
            promoting(3)
                .domain(P1, Seen.missing(""))
                .volume(P1, Seen.missing(""))
                .postgresql(P2, standby(WAL, false)),
            "psql2server Promoting PrimaryStopped"));
  }

  /** The old primary is off, and promoting the other one has failed so often. */
  private static Scene promoting(int attempts) {
    return Scene.ready()
        .power(P1, Power.SHUT_OFF)
        .steps(P2, LabFixture.done("base"), LabFixture.failed("postgresql-promotion", attempts, 1));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("promotions")
  void aPromotionIsGivenUp(String what, Scene scene, String expected) {
    PrimaryChange change = change(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Promoting);
    assertThat(told(decide(scene, status(null, change, null, streaming())))).isEqualTo(expected);
  }

  @Test
  void aSwitchoverThatCannotBePromotedGivesTheOldPrimaryBack() {
    PostgresqlStatus promoting =
        during(PrimaryChangeReason.Switchover, PrimaryChangeState.Promoting);
    Scene scene =
        Scene.ready()
            .steps(P2, LabFixture.done("base"), LabFixture.failed("postgresql-promotion", 3, 1))
            .postgresql(P1, atRest(true, WAL))
            .postgresql(P2, standby(WAL, false));
    Primacy reverting = decide(scene, promoting);
    assertThat(told(reverting)).isEqualTo("psql1server Reverting Switchover");
    assertThat(reverting.demoted()).as("it is to accept writes again").isEmpty();
    assertThat(reverting.fenced()).containsExactly(P2);
  }
}
