package dev.ejabberdlab.failover;

import static dev.ejabberdlab.failover.DatabaseFixture.P1;
import static dev.ejabberdlab.failover.DatabaseFixture.P2;
import static dev.ejabberdlab.failover.DatabaseFixture.SYSTEM;
import static dev.ejabberdlab.failover.DatabaseFixture.aIsPrimary;
import static dev.ejabberdlab.failover.DatabaseFixture.at;
import static dev.ejabberdlab.failover.DatabaseFixture.atRest;
import static dev.ejabberdlab.failover.DatabaseFixture.bIsPrimary;
import static dev.ejabberdlab.failover.DatabaseFixture.change;
import static dev.ejabberdlab.failover.DatabaseFixture.decide;
import static dev.ejabberdlab.failover.DatabaseFixture.ended;
import static dev.ejabberdlab.failover.DatabaseFixture.instances;
import static dev.ejabberdlab.failover.DatabaseFixture.on;
import static dev.ejabberdlab.failover.DatabaseFixture.primary;
import static dev.ejabberdlab.failover.DatabaseFixture.status;
import static dev.ejabberdlab.failover.DatabaseFixture.streaming;
import static dev.ejabberdlab.failover.DatabaseFixture.working;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.InstanceRole;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Instance;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.StepNames;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot.Past;
import dev.ejabberdlab.plan.Key;
import dev.ejabberdlab.plan.Scene;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The record may be old, lost or edited: what the guests say counts, and what they do. */
class StandingTest {

  /** What is there to be read. */
  enum Recorded {
    NONE(null),
    A(at(2, working())),
    A_OLDER(at(1, working())),
    B(at(2, other(status(null, ended(), null, streaming())))),
    FENCING(at(2, status(null, stale(PrimaryChangeState.Fencing), null, streaming()))),
    DEMOTING(at(2, status(null, stale(PrimaryChangeState.Demoting), null, streaming()))),
    PROMOTING(at(2, status(null, stale(PrimaryChangeState.Promoting), null, streaming())));

    final PostgresqlStatus status;

    Recorded(PostgresqlStatus status) {
      this.status = status;
    }
  }

  private static PrimaryChange stale(PrimaryChangeState state) {
    return change(
        state == PrimaryChangeState.Demoting
            ? PrimaryChangeReason.Switchover
            : PrimaryChangeReason.PrimaryStopped,
        state);
  }

  private static PostgresqlStatus other(PostgresqlStatus s) {
    return s.toBuilder()
        .currentPrimary(P2)
        .targetPrimary(P2)
        .timeline(2)
        .systemIdentifier(SYSTEM)
        .replication("Streaming")
        .lag("<1MiB")
        .instances(
            List.of(
                new Instance(P1, InstanceRole.standby, "streaming", 0L, P1, 2),
                new Instance(P2, InstanceRole.primary, "running", null, null, 2)))
        .splitBrain(false)
        .failingSince(null)
        .fenced(List.of())
        .synchronous(null)
        .term(null)
        .build();
  }

  private static Scene unknown(String node, Scene scene) {
    return scene.silent(node, Duration.ofSeconds(5)).remembered(node, p -> Past.NOTHING);
  }

  private static Scene off(String node, Scene scene) {
    return scene.power(node, Power.SHUT_OFF).remembered(node, p -> Past.NOTHING);
  }

  static Stream<Arguments> table() {
    return Stream.of(
            // B became primary by decision 3, which no record tells: whatever it tells, B stays.
            cases("B primary", DatabaseFixture::bIsPrimary, all("psql2server 3")),
            // A cannot be asked, and B is the later one.
            cases("B primary, A unknown", () -> unknown(P1, bIsPrimary()), all("psql2server 3")),
            cases("B primary, A off", () -> off(P1, bIsPrimary()), all("psql2server 3")),
            // A tells who it was; a standby is not promoted beside one that may be there.
            cases(
                "B unknown, A standby that receives nothing",
                () -> unknown(P2, bIsPrimary()),
                but(all("psql2server 3 failing"), Recorded.NONE, "psql1server 3 doubt held")),
            cases(
                "B off, A standby: nobody remembers how far A was",
                () -> off(P2, bIsPrimary()),
                but(all("psql2server 3 failing"), Recorded.NONE, "psql1server 3 doubt held")),
            cases(
                "B off, A primary of old that runs and is not told",
                () -> off(P2, bIsPrimary()).postgresql(P1, atRest(true, 0)).obeyed(P1, 2, P1),
                Map.of(
                    Recorded.NONE, "psql1server 2 doubt held",
                    Recorded.A, "psql1server 2 failing",
                    Recorded.A_OLDER, "psql1server 2 failing")),
            cases(
                "B unknown, A primary of old that was not told",
                () -> unknown(P2, bIsPrimary()).postgresql(P1, atRest(true, 0)).obeyed(P1, 2, P1),
                Map.of(
                    Recorded.NONE, "psql1server 2 doubt held",
                    Recorded.A, "psql1server 2 failing held",
                    Recorded.A_OLDER, "psql1server 2 failing held")),
            // A is primary, by the decision that the record tells or a later one.
            cases(
                "A primary by decision 2",
                () -> aIsPrimary(2),
                Map.of(
                    Recorded.NONE, "psql1server 2",
                    Recorded.A, "psql1server 2",
                    Recorded.A_OLDER, "psql1server 2",
                    Recorded.B, "psql1server 2")),
            cases("A primary by decision 3", () -> aIsPrimary(3), all("psql1server 3")),
            cases(
                "A primary, B unknown",
                () -> unknown(P2, aIsPrimary(2)),
                Map.of(
                    Recorded.NONE, "psql1server 2",
                    Recorded.A, "psql1server 2",
                    Recorded.A_OLDER, "psql1server 2",
                    Recorded.B, "psql1server 2")),
            // Two accept writes: the later decision counts.
            cases(
                "both primary, B by the later decision",
                () -> bIsPrimary().postgresql(P1, on(1, false)).obeyed(P1, 2, P1),
                all("psql2server 3 held")),
            cases(
                "both primary, B promoted by hand",
                () -> aIsPrimary(2).postgresql(P2, on(2, false)),
                Map.of(
                    Recorded.NONE, "psql1server 2 held",
                    Recorded.A, "psql1server 2 held",
                    Recorded.A_OLDER, "psql1server 2 held")),
            // Guests that know of no decision: an instance that accepts writes is primary.
            cases(
                "no decisions, A primary",
                Scene::ready,
                Map.of(
                    Recorded.NONE, "psql1server 1",
                    Recorded.A, "psql1server 2",
                    Recorded.B, "psql1server 3")),
            cases(
                "no decisions, B primary, A standby",
                () -> Scene.ready().postgresql(P1, on(2, true)).postgresql(P2, on(2, false)),
                Map.of(
                    Recorded.NONE, "psql2server 1",
                    Recorded.A, "psql2server 3",
                    Recorded.B, "psql2server 2",
                    Recorded.FENCING, "psql2server 2 Completed PrimaryStopped",
                    Recorded.DEMOTING, "psql2server 2 Completed Switchover",
                    Recorded.PROMOTING, "psql2server 2 Completed PrimaryStopped")),
            cases(
                "no decisions, B primary, A unknown",
                () -> unknown(P1, Scene.ready().postgresql(P2, on(2, false))),
                Map.of(
                    Recorded.NONE, "psql2server 1",
                    Recorded.A, "psql1server 2 held",
                    Recorded.B, "psql2server 2")),
            cases(
                "no decisions, B primary, A off",
                () -> off(P1, Scene.ready().postgresql(P2, on(2, false))),
                Map.of(Recorded.NONE, "psql2server 1", Recorded.A, "psql2server 3")),
            cases(
                "no decisions, both primary",
                () -> Scene.ready().postgresql(P2, on(2, false)),
                Map.of(
                    Recorded.NONE, "psql1server 1 doubt held",
                    Recorded.A, "psql1server 2 held")),
            cases(
                "no decisions, A unknown, B standby",
                () -> unknown(P1, Scene.ready()),
                Map.of(Recorded.NONE, "psql1server 1 doubt held", Recorded.A, "psql1server 2")),
            // Nobody accepts writes.
            cases(
                "both standby",
                () -> aIsPrimary(2).postgresql(P1, on(2, true)).postgresql(P2, on(2, true)),
                Map.of(
                    Recorded.NONE, "psql1server 2 failing held",
                    Recorded.A, "psql1server 2 failing held",
                    Recorded.A_OLDER, "psql1server 2 failing held",
                    Recorded.B, "psql1server 2 failing held")),
            cases(
                "both standby, on two timelines",
                () -> aIsPrimary(2).postgresql(P1, on(2, true)).postgresql(P2, on(1, true)),
                Map.of(Recorded.A, "psql1server 2 held")),
            cases(
                "one standby that is the recorded primary, the other unknown",
                () -> unknown(P2, aIsPrimary(2).postgresql(P1, on(2, true))),
                Map.of(
                    Recorded.NONE, "psql1server 2 doubt held", Recorded.A, "psql1server 2 held")),
            cases(
                "guests that name two in one decision",
                () -> bIsPrimary().obeyed(P1, 3, P1),
                Map.of(
                    Recorded.NONE, "psql1server 3 doubt held",
                    Recorded.A, "psql1server 3 doubt held",
                    Recorded.B, "psql2server 3 doubt held")),
            cases(
                "all off",
                () -> off(P1, off(P2, Scene.ready())),
                Map.of(
                    Recorded.NONE, "psql1server 1 doubt held",
                    Recorded.A, "psql1server 2 failing",
                    Recorded.A_OLDER, "psql1server 1 failing",
                    Recorded.PROMOTING, "psql2server 2 Promoting PrimaryStopped")),
            cases(
                "a change that is told to be further than it is: the old primary runs again",
                () -> unknown(P1, Scene.ready()),
                Map.of(
                    Recorded.PROMOTING, "psql2server 2 Promoting PrimaryStopped held",
                    Recorded.FENCING, "psql2server 2 Fencing PrimaryStopped held")))
        .flatMap(c -> c);
  }

  private static Map<Recorded, String> all(String expected) {
    return Stream.of(Recorded.values()).collect(Collectors.toMap(r -> r, r -> expected));
  }

  private static Map<Recorded, String> but(
      Map<Recorded, String> all, Recorded one, String expected) {
    Map<Recorded, String> changed = new HashMap<>(all);
    changed.put(one, expected);
    return changed;
  }

  private static Stream<Arguments> cases(
      String what, Supplier<Scene> scene, Map<Recorded, String> expected) {
    return expected.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(e -> arguments(e.getKey(), what, scene.get(), e.getValue()));
  }

  @ParameterizedTest(name = "{0} recorded, seen: {1}: {3}")
  @MethodSource("table")
  void isWhatTheGuestsSay(Recorded recorded, String what, Scene scene, String expected) {
    Primacy primacy = decide(scene, recorded.status);
    PrimaryChange before = recorded.status == null ? null : recorded.status.lastPrimaryChange();
    String failover =
        primacy
            .change()
            .filter(c -> c.finished() == null || !c.equals(before))
            .map(c -> " " + c.state() + " " + c.reason())
            .orElse("");
    String told =
        primacy.target()
            + " "
            + primacy.term()
            + failover
            + primacy.failingSince().map(s -> " failing").orElse("")
            + primacy.doubt().map(s -> " doubt").orElse("")
            + primacy.held().map(s -> " held").orElse("");
    assertThat(told).isEqualTo(expected);
  }

  /** In every one of them. */
  @ParameterizedTest(name = "{0} recorded, seen: {1}")
  @MethodSource("table")
  void noStandbyIsPromotedWithoutAFencedChange(
      Recorded recorded, String what, Scene scene, String expected) {
    Primacy primacy = decide(scene, recorded.status);
    boolean mayPromote = primacy.held().isEmpty() && primacy.isRecordedIn(recorded.status);
    boolean standby =
        scene
            .snapshot()
            .machine(primacy.target())
            .guest()
            .known()
            .flatMap(GuestReport::postgresql)
            .filter(Postgresql::isStandby)
            .isPresent();
    boolean fenced =
        primacy
            .underWay()
            .filter(c -> c.state() == PrimaryChangeState.Promoting)
            .filter(c -> instances(scene).isDomainOff(c.from()))
            .isPresent();
    assertThat(mayPromote && standby && !fenced).isFalse();
  }

  /** An operator that is slow, or two that believe to be the active one. */
  @Test
  void whatWasSeenBeforeTheLastChangeSaysNothing() {
    PostgresqlStatus recorded = Recorded.B.status;
    Instant changed = Instant.parse(ended().finished());

    for (String old : List.of(P1, P2)) {
      Scene scene = Scene.ready().heardAt(old, changed.minusSeconds(1));
      assertThat(decide(scene, recorded).target()).as("%s is not asked since", old).isEqualTo(P2);
      assertThat(decide(scene, recorded).term()).isEqualTo(2);
    }
    assertThat(decide(Scene.ready(), recorded).target()).isEqualTo(P1);
    Scene earlier = Scene.ready().at(changed.minusSeconds(1));
    assertThat(decide(earlier, recorded).target())
        .as("the clock was set back: a change that is yet to come is none")
        .isEqualTo(P1);
  }

  /**
   * The record of a promotion was lost before anybody saw it, and the next decision got its number.
   */
  @Test
  void aDecisionWhoseNumberIsTakenGetsAnother() {
    PostgresqlStatus recorded = at(2, working());
    Scene scene = aIsPrimary(2).obeyed(P2, 2, P2);

    Primacy renewed = decide(scene, recorded);
    assertThat(renewed.target()).isEqualTo(P1);
    assertThat(renewed.term()).isEqualTo(3);
    assertThat(renewed.underWay()).isEmpty();
    assertThat(renewed.doubt()).isEmpty();

    assertThat(decide(scene, at(3, working())).term()).as("once").isEqualTo(3);
    assertThat(decide(unknown(P1, scene), recorded).term())
        .as("nobody is seen to follow the recorded one")
        .isEqualTo(2);
  }

  /** The order may still be on its way that the lost record told of. */
  @Test
  void withoutARecordNobodyIsDecidedUponWhileAStepMayPromoteAStandby() {
    Scene scene = Scene.ready().inFlight(new Key.Machine(P2));

    assertThat(decide(scene, null).doubt())
        .contains("There is no record of who is primary, and a step on psql2server has not ended.");
    assertThat(decide(scene, at(1, working())).doubt()).isEmpty();
    assertThat(decide(scene.postgresql(P2, atRest(false, 0)), null).doubt())
        .as("its server was stopped meanwhile")
        .isPresent();
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("third")
  void aThirdOneThatAcceptsWritesEndsAChangeBetweenTwoThatDoNot(
      String what, String expected, Scene scene, PrimaryChangeState state) {
    Primacy primacy =
        decide(
            scene,
            at(2, status(null, change(PrimaryChangeReason.Switchover, state), null, streaming())));

    assertThat(
            "%s %d%s"
                .formatted(
                    primacy.target(),
                    primacy.term(),
                    primacy.underWay().map(c -> " " + c.state()).orElse("")))
        .isEqualTo(expected);
  }

  static Stream<Arguments> third() {
    return Stream.of(
        arguments("both wait", "psql3server 3", promotedByHand(), PrimaryChangeState.Promoting),
        arguments("both wait", "psql3server 3", promotedByHand(), PrimaryChangeState.Demoting),
        arguments(
            "the old one is silent",
            "psql2server 2 Promoting",
            unknown(P1, promotedByHand()),
            PrimaryChangeState.Promoting),
        arguments(
            "the new one is silent",
            "psql2server 2 Promoting",
            unknown(P2, promotedByHand()),
            PrimaryChangeState.Promoting),
        arguments(
            "the new one accepts writes too, and has taken over",
            "psql2server 2",
            promotedByHand().postgresql(P2, on(2, false)),
            PrimaryChangeState.Promoting),
        arguments(
            "the new one is being promoted",
            "psql2server 2 Promoting",
            promotedByHand().steps(P2, LabFixture.running(StepNames.POSTGRESQL_PROMOTION)),
            PrimaryChangeState.Promoting));
  }

  /** P1 was stopped for P2, and somebody has promoted the third one. */
  private static Scene promotedByHand() {
    return Scene.ready(LabFixture.labOfThree(Map.of("primary", P2)))
        .postgresql(P1, DatabaseFixture.atRest(true, DatabaseFixture.WAL))
        .postgresql(P2, DatabaseFixture.standby(DatabaseFixture.WAL, false))
        .postgresql("psql3server", on(2, false));
  }

  @Test
  void anotherDatabaseIsNotTakenForTheLabs() {
    Scene scene =
        Scene.ready().postgresql(P1, primary(0).toBuilder().systemIdentifier("42").build());
    Primacy primacy = decide(scene, at(1, working()));
    assertThat(primacy.doubt().orElseThrow()).contains("another database", "42", SYSTEM);
  }
}
