package dev.ejabberdlab.status;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static dev.ejabberdlab.observe.LabFixture.down;
import static dev.ejabberdlab.observe.LabFixture.primary;
import static dev.ejabberdlab.observe.LabFixture.standby;
import static dev.ejabberdlab.status.Story.condition;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.plan.Scene;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class DatabaseReadyTest {

  private static final String P1 = "psql1server";
  private static final String P2 = "psql2server";

  private static Scene with(Postgresql first, Postgresql second) {
    return Scene.ready().postgresql(P1, first).postgresql(P2, second);
  }

  static Stream<Arguments> changes() {
    return Stream.of(
        arguments(
            "it may come back",
            primacy(P1, NOW, null, null, null),
            with(down(), standby()),
            "False PrimaryFailing: psql1server fails since 2026-05-04T03:02:01Z. It may come back"
                + " by itself."),
        arguments(
            "nobody can take over",
            primacy(P1, NOW, null, null, "Nobody can take over: there is no standby."),
            with(down(), standby()),
            "False PrimaryFailing: psql1server fails since 2026-05-04T03:02:01Z. Nobody can take"
                + " over: there is no standby."),
        arguments(
            "fencing",
            primacy(
                P2,
                null,
                change(PrimaryChangeReason.PrimarySilent, PrimaryChangeState.Fencing),
                null,
                null),
            with(down(), standby()),
            "False FailingOver: psql2server takes over from psql1server, which does not answer and"
                + " has lost its standby: psql1server is turned off."),
        arguments(
            "promoting",
            primacy(
                P2,
                null,
                change(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Promoting),
                null,
                null),
            with(down(), standby()),
            "False FailingOver: psql2server takes over from psql1server, which is off: psql2server"
                + " is promoted."),
        arguments(
            "reverting",
            primacy(
                P1,
                null,
                change(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Reverting),
                null,
                null),
            with(down(), standby()),
            "False FailingOver: psql2server takes over from psql1server, which is off: psql2server"
                + " could not be promoted and is turned off, so that psql1server can come back."),
        arguments(
            "switching over",
            primacy(
                P2,
                null,
                change(PrimaryChangeReason.Switchover, PrimaryChangeState.Demoting),
                null,
                null),
            with(primary(), standby()),
            "False SwitchingOver: psql2server takes over from psql1server, as"
                + " spec.postgresql.primary says: psql1server is stopped in order."),
        arguments(
            "refused",
            primacy(P1, null, null, null, "Nobody can take over: psql2server does not stream."),
            with(primary(), standby()),
            "False SwitchoverRefused: psql1server accepts writes; spec.postgresql.primary names"
                + " another. Nobody can take over: psql2server does not stream."),
        arguments(
            "commits wait",
            primacy(P1, null, null, Synchrony.Blocked, null),
            with(primary(), standby()),
            "False CommitsBlocked: No standby streams, and spec.postgresql.synchronous makes"
                + " commits wait for one."));
  }

  private static PrimaryChange change(PrimaryChangeReason reason, PrimaryChangeState state) {
    return new PrimaryChange(P1, P2, reason, state, 0L, NOW.toString(), null);
  }

  private static Primacy primacy(
      String target,
      Instant failingSince,
      PrimaryChange change,
      Synchrony synchrony,
      String obstacle) {
    Primacy.Builder primacy =
        Primacy.builder(target)
            .failingSince(Optional.ofNullable(failingSince))
            .change(Optional.ofNullable(change))
            .synchrony(Optional.ofNullable(synchrony));
    return (obstacle == null ? primacy : primacy.obstacle(obstacle)).build();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("changes")
  void tellsOfChanges(String name, Primacy primacy, Scene scene, String serving) {
    EjabberdLabStatus status = Story.first(scene.primacy(primacy));

    assertThat(condition(status, "DatabaseReady")).isEqualTo(serving);
    assertThat(primacy.isRecordedIn(status.postgresql())).isTrue();
  }

  @Test
  void aPromotionThatIsTakenBackIsAnEvent() {
    Scene scene = with(down(), standby());
    PrimaryChange promoting =
        change(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Promoting);
    PrimaryChange reverting =
        change(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Reverting);
    EjabberdLabStatus before = Story.first(scene.primacy(primacy(P2, null, promoting, null, null)));
    EjabberdLabStatus after = Story.first(scene.primacy(primacy(P1, null, reverting, null, null)));

    assertThat(Transitions.between(before, after))
        .contains(
            new Transition(
                true,
                Reason.FailingOver,
                "psql2server could not be promoted and is turned off; psql1server is to come"
                    + " back."));
  }
}
