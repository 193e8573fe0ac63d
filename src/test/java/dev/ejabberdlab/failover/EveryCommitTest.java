package dev.ejabberdlab.failover;

import static dev.ejabberdlab.failover.DatabaseFixture.P1;
import static dev.ejabberdlab.failover.DatabaseFixture.P2;
import static dev.ejabberdlab.failover.DatabaseFixture.SYSTEM;
import static dev.ejabberdlab.failover.DatabaseFixture.primary;
import static dev.ejabberdlab.failover.DatabaseFixture.standby;
import static dev.ejabberdlab.observe.LabFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Synchronous;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.InstanceRole;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Instance;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot.Past;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Scene;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Two standbys, for which commits waited: who has every commit when the primary is lost. */
class EveryCommitTest {

  private static final String P3 = "psql3server";
  private static final long WAL = 1L << 20;
  private static final Instant FAILED = NOW.minusSeconds(5);

  static Stream<Arguments> table() {
    return Stream.of(
        arguments("as far as the other", seen(WAL, WAL), recorded(there(P2), there(P3)), P2),
        arguments("further than the other", seen(WAL + 9, WAL), recorded(there(P2), there(P3)), P2),
        arguments(
            "the other one has not told since the failure",
            seen(WAL, WAL).heardAt(P3, FAILED.minusSeconds(1)),
            recorded(there(P2), there(P3)),
            "psql3server has not told how far it is since psql1server failed"),
        arguments(
            "nor has the one that seems to be ahead",
            seen(WAL + 9, WAL).heardAt(P2, FAILED.minusSeconds(1)),
            recorded(there(P2), there(P3)),
            "psql2server has not told how far it is since psql1server failed"),
        arguments(
            "the other one cannot be asked",
            seen(WAL, WAL).silent(P3, Duration.ofMinutes(1)),
            recorded(there(P2), there(P3)),
            "psql3server may have commits that nobody else has"),
        arguments(
            "the other one had gone, and may have some alone",
            seen(WAL, WAL).silent(P3, Duration.ofMinutes(1)),
            recorded(there(P2), gone(P3)),
            "psql3server may have commits that nobody else has"),
        arguments(
            "the other one had gone and was forgotten",
            seen(WAL, WAL).silent(P3, Duration.ofMinutes(1)),
            recorded(there(P2)),
            P2),
        arguments(
            "commits waited for the other one only, which is as far",
            seen(WAL, WAL),
            recorded(there(P3)),
            P2),
        arguments(
            "commits waited for one only, which is behind",
            seen(WAL, WAL + 9),
            recorded(there(P2)),
            P3),
        arguments(
            "the record is older than the primary's last words",
            seen(WAL, WAL).silent(P3, Duration.ofMinutes(1)).remembered(P1, p -> lastWords(P2, P3)),
            recorded(there(P2)),
            "psql3server may have commits that nobody else has"),
        arguments(
            "both had gone",
            seen(WAL, WAL),
            recorded(gone(P2), gone(P3)),
            "commits did not wait for"),
        arguments(
            "the record is from before commits waited",
            seen(WAL, WAL).remembered(P1, p -> lastWords(P2, P3)),
            recorded(),
            P2),
        arguments(
            "nobody knows for whom, and the primary's disk is gone",
            seen(WAL, WAL + 9).volume(P1, Seen.missing("")),
            recorded(),
            P3),
        arguments(
            "its disk is gone, and nobody could look for long before",
            longAgo(seen(WAL, WAL).volume(P1, Seen.missing("")).remembered(P1, p -> lastWords(P2))),
            recorded(unseen(P2), unseen(P3)),
            P2),
        arguments(
            "the same, and the primary may come back",
            longAgo(seen(WAL, WAL).remembered(P1, p -> lastWords(P2))),
            recorded(unseen(P2), unseen(P3)),
            "psql2server did not stream when psql1server failed"),
        arguments(
            "nobody knows for whom, and one cannot be asked",
            seen(WAL, WAL).silent(P3, Duration.ofMinutes(1)).volume(P1, Seen.missing("")),
            recorded(),
            "psql3server may have commits that nobody else has"),
        arguments(
            "the record is from before the other one was there, and it has more",
            seen(WAL, WAL + 9).remembered(P3, p -> Past.NOTHING),
            only(P2),
            "psql3server may have commits that nobody else has"),
        arguments("commits waited for nobody", seen(WAL, WAL), recorded(), "commits did not wait"));
  }

  private static Scene seen(long second, long third) {
    return Scene.ready(LabFixture.labOfThree(Map.of("synchronous", Synchronous.required)))
        .power(P1, Power.SHUT_OFF)
        .postgresql(P2, standby(second, false))
        .postgresql(P3, standby(third, false))
        .remembered(P2, EveryCommitTest::streamed)
        .remembered(P3, EveryCommitTest::streamed);
  }

  private static Scene longAgo(Scene scene) {
    Instant before = FAILED.minus(Candidates.RECENT).minusSeconds(1);
    for (String standby : List.of(P2, P3)) {
      scene.remembered(
          standby, p -> new Past(true, "boot-1", p.postgresql(), before, p.rebooted()));
    }
    return scene;
  }

  private static Past streamed(Past past) {
    return new Past(true, "boot-1", past.postgresql(), FAILED, false);
  }

  private static Past lastWords(String... standbys) {
    return new Past(
        true,
        "boot-1",
        Optional.of(
            primary(
                WAL,
                Stream.of(standbys)
                    .map(s -> new Standby(s, "streaming", 0, true))
                    .toArray(Standby[]::new))),
        null,
        false);
  }

  private static Instance there(String name) {
    return new Instance(name, InstanceRole.standby, "streaming", 0L, name, 1, null, true, null);
  }

  private static Instance unseen(String name) {
    return new Instance(name, InstanceRole.standby, "unknown", 0L, null, 1, null, true, null);
  }

  private static Instance gone(String name) {
    return new Instance(
        name, InstanceRole.standby, "disconnected", 0L, null, 1, FAILED.toString(), true, WAL);
  }

  /** A record that does not know of the other one. */
  private static PostgresqlStatus only(String name) {
    return recorded().toBuilder().instances(List.of(there(name))).build();
  }

  private static PostgresqlStatus recorded(Instance... waitedFor) {
    List<Instance> others =
        Stream.of(P2, P3)
            .filter(name -> Stream.of(waitedFor).noneMatch(i -> i.name().equals(name)))
            .map(name -> new Instance(name, InstanceRole.standby, "streaming", 0L, name, 1))
            .toList();
    return PostgresqlStatus.builder()
        .currentPrimary(P1)
        .targetPrimary(P1)
        .readWriteAddress("192.168.1.12")
        .timeline(1)
        .systemIdentifier(SYSTEM)
        .replication("Streaming")
        .lag("<1MiB")
        .instances(Stream.concat(Stream.of(waitedFor), others.stream()).toList())
        .database("ejabberd-domain-local")
        .owner("ejabberd")
        .splitBrain(false)
        .fenced(List.of())
        .synchronous(Synchrony.Active)
        .build();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("table")
  void whoHasEveryCommit(String what, Scene scene, PostgresqlStatus recorded, String expected) {
    Candidates candidates =
        new Candidates(
            new PrimacyInput(scene.lab(), recorded, true, scene.snapshot(), scene.progress(), NOW),
            P1,
            FAILED,
            scene.snapshot().machine(P1).volume().isMissing());

    Optional<Candidate> best = candidates.best();

    assertThat(best.map(Candidate::name).orElseGet(candidates::why)).contains(expected);
  }
}
