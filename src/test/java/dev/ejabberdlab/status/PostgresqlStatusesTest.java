package dev.ejabberdlab.status;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static dev.ejabberdlab.observe.LabFixture.down;
import static dev.ejabberdlab.observe.LabFixture.primary;
import static dev.ejabberdlab.observe.LabFixture.sender;
import static dev.ejabberdlab.observe.LabFixture.standby;
import static dev.ejabberdlab.status.Story.condition;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.InstanceRole;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Instance;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.GuestReport.Slot;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.plan.Scene;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PostgresqlStatusesTest {

  private static final String P1 = "psql1server";
  private static final String P2 = "psql2server";
  private static final Postgresql WITHOUT_ADDRESS = LabFixture.instance().primary().build();

  private static Postgresql paused() {
    return LabFixture.paused(
        "it is paused: max_connections is 100 here and was 150 on the primary");
  }

  private static Scene with(Postgresql first, Postgresql second) {
    return Scene.ready().postgresql(P1, first).postgresql(P2, second);
  }

  static Stream<Arguments> table() {
    return Stream.of(
        arguments(
            "streaming",
            Scene.ready(),
            P1,
            "Streaming",
            "True PrimaryServing: psql1server accepts writes at 192.168.1.12.",
            "True Streaming: psql2server streams from psql1server."),
        arguments(
            "streaming, and not replaying",
            with(primary(sender("streaming", 1)), paused()),
            P1,
            "ReplayPaused",
            "True PrimaryServing: psql1server accepts writes at 192.168.1.12.",
            "False ReplayPaused: psql2server could not take over: replay on psql2server stands"
                + " still: it is paused: max_connections is 100 here and was 150 on the primary."),
        arguments(
            "neither streaming nor replaying",
            with(primary(), paused()),
            P1,
            "Down",
            "True PrimaryServing: psql1server accepts writes at 192.168.1.12.",
            "False NotStreaming: psql2server does not stream from psql1server."),
        arguments(
            "catching up",
            with(primary(sender("catchup", 1)), standby()),
            P1,
            "CatchingUp",
            "True PrimaryServing: psql1server accepts writes at 192.168.1.12.",
            "False NotStreaming: psql2server does not stream from psql1server."),
        arguments(
            "being based",
            with(primary(sender("backup", 1L << 40)), down()),
            P1,
            "CatchingUp",
            "True PrimaryServing: psql1server accepts writes at 192.168.1.12.",
            "False NotStreaming: psql2server does not stream from psql1server."),
        arguments(
            "standby down",
            with(primary(), down()),
            P1,
            "Down",
            "True PrimaryServing: psql1server accepts writes at 192.168.1.12.",
            "False NotStreaming: psql2server does not stream from psql1server."),
        arguments(
            "a stranger streams",
            with(primary(new Standby("pg_receivewal", "streaming", 5)), standby()),
            P1,
            "Down",
            "True PrimaryServing: psql1server accepts writes at 192.168.1.12.",
            "False NotStreaming: psql2server does not stream from psql1server."),
        arguments(
            "without its address",
            with(WITHOUT_ADDRESS, standby()),
            P1,
            "Down",
            "False NoPrimary: psql1server accepts writes, but does not hold the read-write address"
                + " 192.168.1.12.",
            "False NotStreaming: psql2server does not stream from psql1server."),
        arguments(
            "primary down",
            with(down(), standby()),
            null,
            "Down",
            "False NoPrimary: No instance accepts writes.",
            "False NotStreaming: There is no primary to stream from."),
        arguments(
            "primary unknown",
            Scene.ready().silent(P1, Duration.ZERO),
            null,
            "Unknown",
            "Unknown NotObserved: psql1server could not be asked.",
            "Unknown NotObserved: psql1server could not be asked."),
        arguments(
            "standby unknown: the primary tells",
            Scene.ready().silent(P2, Duration.ZERO),
            P1,
            "Streaming",
            "True PrimaryServing: psql1server accepts writes at 192.168.1.12.",
            "True Streaming: psql2server streams from psql1server."),
        arguments(
            "split brain",
            with(primary(), WITHOUT_ADDRESS),
            null,
            "Down",
            "False SplitBrain: More than one instance accepts writes: psql1server, psql2server.",
            "False SplitBrain: It is not clear from whom to stream: psql1server, psql2server all"
                + " accept writes."),
        arguments(
            "another than the target is primary",
            with(down(), primary()),
            P2,
            "Down",
            "True PrimaryServing: psql2server accepts writes at 192.168.1.12.",
            "False NotStreaming: psql1server does not stream from psql2server."),
        arguments(
            "another than the target is primary, the target unknown",
            Scene.ready().silent(P1, Duration.ZERO).postgresql(P2, primary()),
            P2,
            "Down",
            "True PrimaryServing: psql2server accepts writes at 192.168.1.12.",
            "False NotStreaming: psql1server does not stream from psql2server."));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("table")
  void says(
      String name,
      Scene scene,
      String currentPrimary,
      String replication,
      String serving,
      String replicating) {
    EjabberdLabStatus status = Story.first(scene);

    assertThat(status.postgresql().currentPrimary()).isEqualTo(currentPrimary);
    assertThat(status.postgresql().targetPrimary()).isEqualTo(P1);
    assertThat(status.postgresql().replication()).isEqualTo(replication);
    assertThat(condition(status, "DatabaseReady")).isEqualTo(serving);
    assertThat(condition(status, "ReplicationHealthy")).isEqualTo(replicating);
  }

  @Test
  void whatAStandbyLackedWhenItWasLastSeenStays() {
    Instance lost =
        Story.afterReady(
                with(primary(sender("streaming", 20L << 20)), standby()).silent(P1, Duration.ZERO))
            .postgresql()
            .instances()
            .get(1);

    assertThat(lost.state()).isEqualTo("unknown");
    assertThat(lost.lagBytes()).isZero();
    assertThat(lost.disconnectedSince()).isEqualTo(NOW.toString());
  }

  @Test
  void aHealthyPair() {
    assertThat(Story.first(Scene.ready()).postgresql())
        .isEqualTo(
            PostgresqlStatus.builder()
                .currentPrimary(P1)
                .targetPrimary(P1)
                .readWriteAddress("192.168.1.12")
                .timeline(1)
                .systemIdentifier(LabFixture.SYSTEM)
                .replication("Streaming")
                .lag("<1MiB")
                .instances(
                    List.of(
                        new Instance(P1, InstanceRole.primary, "running", null, null, 1),
                        new Instance(P2, InstanceRole.standby, "streaming", 0L, P2, 1)))
                .database("ejabberd-domain-local")
                .owner("ejabberd")
                .splitBrain(false)
                .fenced(List.of())
                .term(1L)
                .build());
  }

  static Stream<Arguments> instances() {
    return Stream.of(
        arguments("down", with(primary(), down()), InstanceRole.unknown, "down"),
        arguments(
            "not set up",
            Scene.ready().reports(P2, LabFixture.report()),
            InstanceRole.unknown,
            "down"),
        arguments(
            "not asked", Scene.ready().silent(P2, Duration.ZERO), InstanceRole.unknown, "unknown"),
        arguments(
            "not connected", with(primary(), standby()), InstanceRole.standby, "disconnected"),
        arguments(
            "connected to whom nobody can ask",
            Scene.ready().silent(P1, Duration.ZERO),
            InstanceRole.standby,
            "unknown"),
        arguments(
            "not replaying",
            with(primary(sender("streaming", 0)), paused()),
            InstanceRole.standby,
            "paused"),
        arguments(
            "catching up",
            with(primary(sender("catchup", 0)), standby()),
            InstanceRole.standby,
            "catchup"),
        arguments("promoted", with(down(), WITHOUT_ADDRESS), InstanceRole.primary, "running"));
  }

  @ParameterizedTest(name = "{0}: {2} {3}")
  @MethodSource("instances")
  void secondInstance(String name, Scene scene, InstanceRole role, String state) {
    Instance instance = Story.first(scene).postgresql().instances().get(1);

    assertThat(instance.name()).isEqualTo(P2);
    assertThat(instance.role()).isEqualTo(role);
    assertThat(instance.state()).isEqualTo(state);
  }

  @ParameterizedTest(name = "{0} by {1} bytes: {2}, {3}")
  @CsvSource(
      nullValues = "-",
      value = {
        "streaming, 0, <1MiB, 0",
        "streaming, 1048575, <1MiB, 0",
        "streaming, 1048576, <16MiB, 1048576",
        "catchup, 5000000000, >=1GiB, 1073741824",
        // Nothing has been replayed yet: the difference is from the beginning of time.
        "backup, 5000000000, -, -",
        "startup, 5000000000, -, -",
      })
  void lag(String state, long bytes, String label, Long floor) {
    PostgresqlStatus status =
        Story.first(with(primary(sender(state, bytes)), standby())).postgresql();

    assertThat(status.lag()).isEqualTo(label);
    assertThat(status.instances().get(1).lagBytes()).isEqualTo(floor);
  }

  @Test
  void aSlotIsNamedAfterItsNodeAndOnlyWhenThePrimaryHasIt() {
    Postgresql withoutSlot =
        primary(sender("streaming", 0)).toBuilder()
            .slots(new Slot("other", true, "reserved"))
            .build();

    assertThat(Story.first(with(withoutSlot, standby())).postgresql().instances().get(1).slot())
        .isNull();
  }

  @Test
  void aLabWithoutAStandbyMissesNone() {
    Scene scene = Scene.of(LabFixture.labWithout(P2));
    scene.reports(P1, LabFixture.with(scene.allDone(P1), primary()));

    EjabberdLabStatus status = Story.first(scene);

    assertThat(status.postgresql().replication()).isEqualTo("None");
    assertThat(status.postgresql().lag()).isNull();
    assertThat(condition(status, "ReplicationHealthy"))
        .isEqualTo("True NoStandby: The lab has no standby.");
  }

  @Test
  void tellsWhoIsToBePrimaryBeforeThereIsADatabaseAndTheTruthFromThenOn() {
    PostgresqlStatus first = Story.first(Scene.up()).postgresql();

    assertThat(first.targetPrimary()).isEqualTo(P1);
    assertThat(first.term()).isEqualTo(1);
    assertThat(first.currentPrimary()).isNull();
    assertThat(first.replication()).isNull();
    assertThat(first.database()).as("it may still be renamed").isNull();

    PostgresqlStatus later =
        Story.afterReady(
                Scene.ready().unreachable().silent(P1, Duration.ZERO).silent(P2, Duration.ZERO))
            .postgresql();

    assertThat(later.replication()).isEqualTo("Unknown");
    assertThat(later.currentPrimary()).isNull();
    assertThat(later.targetPrimary()).isEqualTo(P1);
    assertThat(later.database()).isEqualTo("ejabberd-domain-local");
    assertThat(later.instances()).extracting(Instance::state).containsOnly("unknown");
  }
}
