package dev.ejabberdlab.failover;

import static dev.ejabberdlab.failover.DatabaseFixture.P1;
import static dev.ejabberdlab.failover.DatabaseFixture.P2;
import static dev.ejabberdlab.failover.DatabaseFixture.WAL;
import static dev.ejabberdlab.failover.DatabaseFixture.database;
import static dev.ejabberdlab.failover.DatabaseFixture.decide;
import static dev.ejabberdlab.failover.DatabaseFixture.paused;
import static dev.ejabberdlab.failover.DatabaseFixture.primary;
import static dev.ejabberdlab.failover.DatabaseFixture.status;
import static dev.ejabberdlab.failover.DatabaseFixture.streaming;
import static dev.ejabberdlab.failover.DatabaseFixture.told;
import static dev.ejabberdlab.failover.DatabaseFixture.watched;
import static dev.ejabberdlab.failover.DatabaseFixture.working;
import static dev.ejabberdlab.observe.LabFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.plan.Scene;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Whether the instance that the user names takes over from a primary that works. */
class SwitchoverTest {

  @Test
  void beginsWhenTheNamedOneStreams() {
    Scene scene = Scene.ready(database(Map.of("primary", P2)));
    assertThat(told(decide(scene, working()))).isEqualTo("psql2server Demoting Switchover");
  }

  @Test
  void thatWasGivenUpIsNotTriedAgainAtOnce() {
    PrimaryChange aborted =
        new PrimaryChange(
            P1,
            P2,
            PrimaryChangeReason.Switchover,
            PrimaryChangeState.Aborted,
            0L,
            NOW.minusSeconds(200).toString(),
            NOW.minusSeconds(5).toString());
    Scene scene = Scene.ready(database(Map.of("primary", P2)));
    PostgresqlStatus recorded = status(null, aborted, null, streaming());
    Primacy waits = decide(scene, recorded);
    assertThat(told(waits)).isEqualTo("psql1server Aborted Switchover");
    assertThat(waits.obstacle().orElseThrow()).startsWith("The last switchover to psql2server");
    assertThat(waits.wakeAt()).contains(NOW.minusSeconds(5).plus(Candidates.PAUSE));
    assertThat(told(decide(scene.at(waits.wakeAt().orElseThrow()), recorded)))
        .isEqualTo("psql2server Demoting Switchover");
  }

  @Test
  void isToldWhileTheLabIsPaused() {
    assertThat(watched(Scene.ready(database(Map.of("primary", P2))), working()).obstacle())
        .contains("The lab is paused, or not everything could be asked.");
    assertThat(watched(Scene.ready(database(Map.of("primary", P1))), working()).obstacle())
        .isEmpty();
    assertThat(watched(Scene.ready(), working()).obstacle()).isEmpty();
  }

  @Test
  void isRefusedWhenItDoesNot() {
    Scene scene = Scene.ready(database(Map.of("primary", P2))).postgresql(P1, primary(WAL));
    Primacy primacy = decide(scene, working());
    assertThat(told(primacy)).isEqualTo("psql1server");
    assertThat(primacy.obstacle())
        .contains("Nobody can take over: psql2server does not stream from psql1server.");
  }

  @Test
  void isRefusedWhenItDoesNotReplay() {
    Scene scene = Scene.ready(database(Map.of("primary", P2))).postgresql(P2, paused());
    assertThat(decide(scene, working()).obstacle())
        .contains("Nobody can take over: replay on psql2server stands still: it is paused.");
  }

  @Test
  void isRefusedWhenItLacksTooMuch() {
    Scene scene =
        Scene.ready(database(Map.of("primary", P2)))
            .postgresql(P1, primary(WAL, new Standby(P2, "streaming", 17L << 20)));
    assertThat(decide(scene, working()).obstacle().orElseThrow()).contains("lacks 17825792 bytes");
  }
}
