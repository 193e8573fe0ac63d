package dev.ejabberdlab.failover;

import static dev.ejabberdlab.failover.DatabaseFixture.LONG;
import static dev.ejabberdlab.failover.DatabaseFixture.P1;
import static dev.ejabberdlab.failover.DatabaseFixture.P2;
import static dev.ejabberdlab.failover.DatabaseFixture.WAL;
import static dev.ejabberdlab.failover.DatabaseFixture.database;
import static dev.ejabberdlab.failover.DatabaseFixture.decide;
import static dev.ejabberdlab.failover.DatabaseFixture.primary;
import static dev.ejabberdlab.failover.DatabaseFixture.standby;
import static dev.ejabberdlab.failover.DatabaseFixture.status;
import static dev.ejabberdlab.failover.DatabaseFixture.streaming;
import static dev.ejabberdlab.failover.DatabaseFixture.told;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Synchronous;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.InstanceRole;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Instance;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.plan.Scene;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whether commits wait for a standby. */
class SynchronousCommitTest {

  static Stream<Arguments> table() {
    Scene streams = scene(Synchronous.required, true);
    return Stream.of(
        arguments("not yet", scene(Synchronous.required, false), null, Synchrony.Pending),
        arguments("a standby streams", streams, Synchrony.Pending, Synchrony.Active),
        arguments(
            "it is lost, and commits wait",
            scene(Synchronous.required, false),
            Synchrony.Active,
            Synchrony.Blocked),
        arguments(
            "it is lost, and commits go on",
            scene(Synchronous.preferred, false),
            Synchrony.Active,
            Synchrony.Degraded),
        arguments("it is back", streams, Synchrony.Blocked, Synchrony.Active),
        arguments(
            "the primary could not be asked",
            scene(Synchronous.preferred, false).silent(P1, LONG),
            Synchrony.Active,
            Synchrony.Active));
  }

  private static Scene scene(Synchronous wanted, boolean streams) {
    return Scene.ready(database(Map.of("synchronous", wanted)))
        .postgresql(
            P1, streams ? primary(WAL, new Standby(P2, "streaming", 0, true)) : primary(WAL));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("table")
  void follows(String what, Scene scene, Synchrony before, Synchrony after) {
    assertThat(decide(scene, status(null, null, before, streaming())).synchrony()).contains(after);
  }

  @Test
  void onlyWhoCommitsWaitedForTakesOver() {
    Scene scene =
        Scene.ready(database(Map.of("synchronous", Synchronous.required)))
            .power(P1, Power.SHUT_OFF)
            .postgresql(P2, standby(WAL, false));
    Instance waitedFor = new Instance(P2, InstanceRole.standby, "streaming", 0L, P2, 1, null, true);
    assertThat(told(decide(scene, status(null, null, Synchrony.Active, waitedFor))))
        .isEqualTo("psql2server Fencing PrimaryStopped");
    assertThat(decide(scene, status(null, null, Synchrony.Active, streaming())).obstacle())
        .contains("Nobody can take over: commits did not wait for psql2server.");
    assertThat(decide(scene, status(null, null, Synchrony.Degraded, waitedFor)).obstacle())
        .isPresent();
  }
}
