package dev.ejabberdlab.failover;

import static dev.ejabberdlab.failover.DatabaseFixture.P1;
import static dev.ejabberdlab.failover.DatabaseFixture.P2;
import static dev.ejabberdlab.failover.DatabaseFixture.WAL;
import static dev.ejabberdlab.failover.DatabaseFixture.atRest;
import static dev.ejabberdlab.failover.DatabaseFixture.database;
import static dev.ejabberdlab.failover.DatabaseFixture.decide;
import static dev.ejabberdlab.failover.DatabaseFixture.lost;
import static dev.ejabberdlab.failover.DatabaseFixture.on;
import static dev.ejabberdlab.failover.DatabaseFixture.paused;
import static dev.ejabberdlab.failover.DatabaseFixture.primary;
import static dev.ejabberdlab.failover.DatabaseFixture.primaryOff;
import static dev.ejabberdlab.failover.DatabaseFixture.standby;
import static dev.ejabberdlab.failover.DatabaseFixture.status;
import static dev.ejabberdlab.failover.DatabaseFixture.told;
import static dev.ejabberdlab.failover.DatabaseFixture.with;
import static dev.ejabberdlab.failover.DatabaseFixture.working;
import static dev.ejabberdlab.observe.LabFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Past;
import dev.ejabberdlab.observe.LagBucket;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Scene;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Who can take over from a primary that has failed, and why the others cannot. */
class CandidatesTest {

  static Stream<Arguments> table() {
    Instant now = NOW;
    return Stream.of(
        arguments(
            "it streamed until now",
            primaryOff(),
            status(now, null, null, lost(now, 0L, null)),
            ""),
        arguments(
            "it had stopped streaming before",
            unseen(primaryOff()),
            status(now, null, null, lost(now.minus(Duration.ofHours(1)), 0L, null)),
            "psql2server did not stream when psql1server failed"),
        arguments(
            "it lacks too much, by what the primary last wrote",
            with(
                p ->
                    new Past(false, "boot-1", Optional.of(primary(WAL + (64L << 20))), null, false),
                P1,
                primaryOff()),
            working(),
            "psql2server lacks 67108864 bytes, which is more than"
                + " spec.postgresql.failover.maxLag"),
        arguments(
            "it lacks too much, by what the status says",
            unseen(primaryOff()),
            status(now, null, null, lost(now, 128L << 20, null)),
            "psql2server lacks 1073741823 bytes, which is more than"
                + " spec.postgresql.failover.maxLag"),
        arguments(
            "100 MiB are not the 16 MiB that they are rounded down to",
            unseen(primaryOff()),
            status(now, null, null, lost(now, LagBucket.of(100L << 20).floorBytes(), null)),
            "psql2server lacks 134217727 bytes, which is more than"
                + " spec.postgresql.failover.maxLag"),
        arguments(
            "more than a GiB is not bounded by anything",
            unseen(primaryOff()),
            status(now, null, null, lost(now, 1L << 30, null)),
            "psql2server may lack 1 GiB or more, which is more than"
                + " spec.postgresql.failover.maxLag"),
        arguments(
            "it is on another timeline",
            primaryOff().postgresql(P2, on(2, true)),
            working(),
            "psql2server is on timeline 2, and psql1server was on 1"),
        arguments(
            "it does not replay",
            primaryOff().postgresql(P2, paused()),
            working(),
            "replay on psql2server stands still: it is paused"),
        arguments(
            "it does not replay, and the primary's disk is gone",
            primaryOff()
                .domain(P1, Seen.missing(""))
                .volume(P1, Seen.missing(""))
                .postgresql(P2, paused()),
            working(),
            ""),
        arguments(
            "it could not be promoted a moment ago",
            unseen(primaryOff()),
            status(now, aborted(now.minusSeconds(60)), null, lost(now, 0L, null)),
            "psql2server was not promoted at " + now.minusSeconds(60)),
        arguments(
            "it could not be promoted, and has streamed since",
            with(p -> new Past(true, "boot-1", p.postgresql(), now, false), P2, primaryOff()),
            status(now, aborted(now.minusSeconds(60)), null, lost(now, 0L, null)),
            ""),
        arguments(
            "it could not be promoted a long time ago",
            unseen(primaryOff()),
            status(now, aborted(now.minus(Candidates.PAUSE)), null, lost(now, 0L, null)),
            ""),
        arguments(
            "it is down too",
            primaryOff().power(P2, Power.SHUT_OFF),
            working(),
            "psql2server could not be asked"),
        arguments(
            "its server is down too",
            primaryOff().postgresql(P2, atRest(false, 0)),
            working(),
            "psql2server is no standby that runs"),
        arguments(
            "both went down, and it came back first",
            with(p -> new Past(true, "boot-2", p.postgresql(), now, true), P2, primaryOff()),
            working(),
            "psql2server has been restarted since it last streamed"),
        arguments(
            "it has another database",
            primaryOff()
                .postgresql(P2, standby(WAL, false).toBuilder().systemIdentifier("1").build()),
            working(),
            "psql2server has another database"));
  }

  private static PrimaryChange aborted(Instant finished) {
    return new PrimaryChange(
        P1,
        P2,
        PrimaryChangeReason.PrimaryStopped,
        PrimaryChangeState.Aborted,
        0L,
        finished.minusSeconds(300).toString(),
        finished.toString());
  }

  private static Scene unseen(Scene scene) {
    return with(p -> Past.NOTHING, P1, with(p -> Past.NOTHING, P2, scene));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("table")
  void decides(String what, Scene scene, PostgresqlStatus recorded, String why) {
    Primacy primacy = decide(scene, recorded);
    if (why.isEmpty()) {
      assertThat(told(primacy)).isEqualTo("psql2server Fencing PrimaryStopped");
    } else {
      assertThat(told(primacy)).startsWith("psql1server").endsWith(" failing");
      assertThat(primacy.obstacle()).contains("Nobody can take over: " + why + ".");
      assertThat(primacy.wakeAt()).isPresent();
    }
  }

  /** As when libvirt was away a moment ago. */
  @Test
  void thePrimaryStaysOffUntilTheStandbyThatRunsHasBeenAsked() {
    Scene unasked =
        Scene.ready()
            .power(P1, Power.SHUT_OFF)
            .mute(P2, "It has not been asked yet.", Duration.ZERO);
    Primacy waits = decide(unasked, working());
    assertThat(told(waits)).isEqualTo("psql1server failing");
    assertThat(waits.open()).isTrue();
    assertThat(waits.wakeAt()).contains(NOW.plus(PrimacyInput.AGAIN));

    Instant late = NOW.minus(SeenInstances.PRIMARY_SILENCE);
    assertThat(decide(unasked, status(late, null, null, lost(late, 0L, null))).open())
        .as("it does not answer")
        .isFalse();
    assertThat(decide(unasked.power(P2, Power.SHUT_OFF), working()).open())
        .as("it is off too")
        .isFalse();
  }

  @Test
  void oneThatCameBackFirstTakesOverWhenThePrimaryDoesNotComeBack() {
    Scene scene = with(p -> new Past(true, "boot-2", p.postgresql(), NOW, true), P2, primaryOff());
    PostgresqlStatus recorded =
        status(
            NOW.minus(LabSnapshot.GUEST_SILENCE),
            null,
            null,
            lost(NOW.minus(LabSnapshot.GUEST_SILENCE), 0L, null));
    assertThat(told(decide(scene, recorded))).isEqualTo("psql2server Fencing PrimaryStopped");
  }

  @Test
  void whereFailoverIsManualSomebodyHasToSayWho() {
    Scene scene = off(database(Map.of("failover", Map.of("mode", "manual"))));
    assertThat(decide(scene, working()).obstacle())
        .contains(
            "Failover is manual: to let another instance take over, name it in"
                + " spec.postgresql.primary.");
    Scene named = off(database(Map.of("failover", Map.of("mode", "manual"), "primary", P2)));
    assertThat(told(decide(named, working()))).isEqualTo("psql2server Fencing PrimaryStopped");
  }

  private Scene off(LabTopology lab) {
    return Scene.ready(lab).power(P1, Power.SHUT_OFF).postgresql(P2, standby(WAL, false));
  }
}
