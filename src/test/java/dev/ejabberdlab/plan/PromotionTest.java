package dev.ejabberdlab.plan;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Synchronous;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.InstanceRole;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Instance;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.DomainState.Trait;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot.Past;
import dev.ejabberdlab.observe.LagBucket;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.provision.Provisioning;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Who is to accept writes, told as tables of what was seen and what follows. */
class PromotionTest {

  private static final String P1 = "psql1server";
  private static final String P2 = "psql2server";
  private static final String SYSTEM = "7311111111111111111";
  private static final long WAL = 1L << 30;
  private static final Duration LONG = Duration.ofMinutes(1);

  /** What the status says of a lab that works. */
  private static PostgresqlStatus working() {
    return status(null, null, null, streaming());
  }

  private static Instance streaming() {
    return new Instance(P2, InstanceRole.standby, "streaming", 0L, P2, 1);
  }

  private static Instance lost(Instant since, Long lag, Boolean synchronous) {
    return new Instance(
        P2, InstanceRole.standby, "disconnected", lag, null, 1, since.toString(), synchronous);
  }

  private static PostgresqlStatus status(
      Instant failingSince, PrimaryChange change, Synchrony synchrony, Instance standby) {
    return PostgresqlStatus.builder()
        .currentPrimary(P1)
        .targetPrimary(
            change == null
                    || change.state() == PrimaryChangeState.Aborted
                    || change.state() == PrimaryChangeState.Reverting
                ? P1
                : change.to())
        .readWriteAddress("192.168.1.12")
        .timeline(1)
        .systemIdentifier(SYSTEM)
        .replication("Streaming")
        .lag("<1MiB")
        .instances(
            List.of(new Instance(P1, InstanceRole.primary, "running", null, null, 1), standby))
        .database("ejabberd-domain-local")
        .owner("ejabberd")
        .splitBrain(false)
        .failingSince(failingSince == null ? null : failingSince.toString())
        .fenced(List.of())
        .lastPrimaryChange(change)
        .synchronous(synchrony)
        .build();
  }

  private static PrimaryChange change(PrimaryChangeReason reason, PrimaryChangeState state) {
    return new PrimaryChange(P1, P2, reason, state, 0L, NOW.minusSeconds(5).toString(), null);
  }

  /** The reference lab with that {@code spec.postgresql}. */
  private static LabTopology database(Map<String, ?> spec) {
    return LabFixture.labWith("postgresql", spec);
  }

  /** A standby that has so much WAL, and whether it receives more. */
  private static Postgresql standby(long lsn, boolean receiving) {
    return new Postgresql(
        true, true, 1, SYSTEM, false, List.of(), List.of(), lsn, receiving, false);
  }

  /** A standby that receives everything and replays nothing. */
  private static Postgresql paused() {
    return new Postgresql(
        true, true, 1, SYSTEM, false, List.of(), List.of(), WAL, false, false, "it is paused");
  }

  private static Postgresql primary(long lsn, Standby... standbys) {
    return new Postgresql(
        true, false, 1, SYSTEM, true, List.of(standbys), List.of(), lsn, false, false);
  }

  /** An instance whose server does not answer. */
  private static Postgresql atRest(boolean stopped, long lsn) {
    return new Postgresql(
        false, false, 1, SYSTEM, false, List.of(), List.of(), lsn, false, stopped);
  }

  /** The primary is off, and its standby was streaming a moment ago. */
  private static Scene primaryOff() {
    return Scene.ready().power(P1, Power.SHUT_OFF).postgresql(P2, standby(WAL, false));
  }

  private static Primacy decide(Scene scene, PostgresqlStatus recorded) {
    return Promotion.decide(
        new Promotion.Input(
            scene.lab(), recorded, true, scene.snapshot(), scene.progress(), scene.now()));
  }

  private static Scene with(UnaryOperator<Past> change, String node, Scene scene) {
    return scene.remembered(node, change);
  }

  @Nested
  class WhoFails {

    static Stream<Arguments> table() {
      Instant before = NOW.minus(LONG);
      return Stream.of(
          arguments("a lab that works", Scene.ready(), null, "psql1server"),
          arguments(
              "a domain that is off is not waited for",
              primaryOff(),
              null,
              "psql2server Fencing PrimaryStopped"),
          arguments(
              "nor one that is off with its memory kept; it is fenced when that is gone",
              primaryOff().trait(P1, Trait.SAVED),
              null,
              "psql2server Fencing PrimaryStopped"),
          arguments(
              "nor one that has crashed",
              Scene.ready().power(P1, Power.CRASHED).postgresql(P2, standby(WAL, false)),
              null,
              "psql2server Fencing PrimaryStopped"),
          arguments(
              "nor one that is gone",
              Scene.ready()
                  .domain(P1, Seen.missing(""))
                  .volume(P1, Seen.missing(""))
                  .postgresql(P2, standby(WAL, false)),
              null,
              "psql2server Fencing PrimaryStopped"),
          arguments(
              "one that shuts down is waited for",
              Scene.ready().power(P1, Power.SHUTTING_DOWN).postgresql(P2, standby(WAL, false)),
              null,
              "psql1server"),
          arguments(
              "one that the operator itself restarts is no failure",
              primaryOff()
                  .ended(
                      new Action.ShutdownDomain(P1, Scene.ready().node(P1).uuid(), "ejl"),
                      Duration.ofSeconds(5)),
              null,
              "psql1server"),
          arguments(
              "until the host refuses to start it",
              restarting(Duration.ofSeconds(60)).failed(start(), 1, Duration.ofSeconds(5)),
              null,
              "psql2server Fencing PrimaryStopped"),
          arguments(
              "what failed before does not count",
              restarting(Duration.ofSeconds(60)).failed(start(), 1, Duration.ofSeconds(65)),
              null,
              "psql1server"),
          arguments(
              "nor what a step that went down with it says",
              restarting(Duration.ofSeconds(60)).failed(step(), 1, Duration.ofSeconds(5)),
              null,
              "psql1server"),
          arguments(
              "nor that a step ended while it went down",
              restarting(Duration.ofSeconds(60))
                  .ended(step(), Duration.ofSeconds(90), Duration.ofSeconds(50)),
              null,
              "psql1server"),
          arguments(
              "whoever has worked in its guest since has seen it up again",
              restarting(Duration.ofSeconds(60))
                  .ended(step(), Duration.ofSeconds(20), Duration.ofSeconds(10)),
              null,
              "psql2server Fencing PrimaryStopped"),
          arguments(
              "or does not start it for too long, as when a network is down",
              restarting(PrimaryHealth.RESTART),
              null,
              "psql2server Fencing PrimaryStopped"),
          arguments(
              "or it is gone meanwhile",
              restarting(Duration.ofSeconds(60)).domain(P1, Seen.missing("")),
              null,
              "psql2server Fencing PrimaryStopped"),
          arguments(
              "a domain that cannot be asked is not off",
              Scene.ready()
                  .domain(P1, Seen.unknown("no answer"))
                  .postgresql(P2, standby(WAL, false)),
              before,
              "psql1server failing"),
          arguments(
              "nor has it failed before it was seen to",
              Scene.ready()
                  .domain(P1, Seen.unknown("no answer"))
                  .postgresql(P2, standby(WAL, false)),
              null,
              "psql1server"),
          arguments(
              "a server that does not answer has its time",
              Scene.ready().postgresql(P1, atRest(false, 0)).postgresql(P2, standby(WAL, false)),
              null,
              "psql1server failing"),
          arguments(
              "and not more",
              Scene.ready().postgresql(P1, atRest(false, 0)).postgresql(P2, standby(WAL, false)),
              before,
              "psql2server Fencing PrimaryDown"),
          arguments(
              "a guest that has not made it primary since it booted has more",
              Scene.ready()
                  .steps(P1, LabFixture.done("base"), LabFixture.done("postgresql-primary"))
                  .postgresql(P1, atRest(true, 0))
                  .postgresql(P2, standby(WAL, false)),
              before,
              "psql1server failing"),
          arguments(
              "an agent is silent and the service answers",
              Scene.ready().silent(P1, LONG).postgresql(P2, standby(WAL, true)),
              before,
              "psql1server"),
          arguments(
              "an agent is silent, and the standby has lost the primary too",
              with(p -> answered(p), P1, Scene.ready().silent(P1, LONG))
                  .postgresql(P2, standby(WAL, false)),
              before,
              "psql2server Fencing PrimarySilent"),
          arguments(
              "the same while it boots",
              Scene.ready().silent(P1, LONG).postgresql(P2, standby(WAL, false)),
              before,
              "psql1server failing"),
          arguments(
              "nobody can be asked",
              Scene.ready().silent(P1, LONG).silent(P2, LONG),
              before,
              "psql1server failing"));
    }

    /** Off since the operator asked it to shut down; its standby streamed until then. */
    private static Scene restarting(Duration since) {
      return with(
          p -> new Past(true, "boot-1", p.postgresql(), NOW.minus(since), false),
          P2,
          primaryOff()
              .ended(new Action.ShutdownDomain(P1, Scene.ready().node(P1).uuid(), "ejl"), since));
    }

    private static Action step() {
      return new Action.RunStep(P1, Scene.ready().node(P1).uuid(), LabFixture.steps().get(0), "1");
    }

    private static Action start() {
      return new Action.StartDomain(P1, Scene.ready().node(P1).uuid(), "ejl");
    }

    private static Past answered(Past past) {
      return new Past(true, "boot-1", past.postgresql(), past.streamedAt(), past.rebooted());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("table")
    void decides(String what, Scene scene, Instant failingSince, String expected) {
      assertThat(told(decide(scene, status(failingSince, null, null, streaming()))))
          .isEqualTo(expected);
    }

    @Test
    void itFailsAlsoWhileNothingMayBeDone() {
      Primacy fails = watched(primaryOff(), working());
      assertThat(fails.failingSince()).contains(NOW);

      PostgresqlStatus failing = status(NOW.minus(LONG), null, null, streaming());
      assertThat(watched(primaryOff(), failing).failingSince()).contains(NOW.minus(LONG));
      assertThat(watched(primaryOff().domain(P1, Seen.unknown("")), failing).failingSince())
          .as("it cannot be asked")
          .contains(NOW.minus(LONG));
      assertThat(watched(Scene.ready(), failing).failingSince()).as("it works").isEmpty();
      assertThat(watched(Scene.ready().domain(P1, Seen.unknown("")), working()).failingSince())
          .as("nothing is known of it")
          .isEmpty();
    }

    /** What is told while the lab is paused. */
    private static Primacy watched(Scene scene, PostgresqlStatus recorded) {
      return Promotion.decide(
          new Promotion.Input(
              scene.lab(), recorded, false, scene.snapshot(), scene.progress(), scene.now()));
    }

    @Test
    void aDatabaseThatNeverWasIsNotTakenOver() {
      Scene scene = Scene.up().power(P1, Power.SHUT_OFF);
      assertThat(told(decide(scene, null))).isEqualTo("psql1server");
    }

    @Test
    void whatCannotBeDecidedStaysAsItIs() {
      Scene scene = primaryOff();
      Primacy primacy =
          Promotion.decide(
              new Promotion.Input(
                  scene.lab(), working(), false, scene.snapshot(), scene.progress(), NOW));
      assertThat(told(primacy)).isEqualTo("psql1server failing");
      assertThat(primacy.isRecordedIn(working())).isTrue();
      assertThat(primacy.open()).as("it is decided when everybody has been asked").isTrue();
    }
  }

  @Nested
  class WhoTakesOver {

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
                      new Past(
                          false, "boot-1", Optional.of(primary(WAL + (64L << 20))), null, false),
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
              primaryOff()
                  .postgresql(
                      P2,
                      new Postgresql(
                          true, true, 2, SYSTEM, false, List.of(), List.of(), WAL, false, false)),
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
              status(
                  now, aborted(now.minus(Promotion.SWITCHOVER_PAUSE)), null, lost(now, 0L, null)),
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
                  .postgresql(
                      P2,
                      new Postgresql(
                          true, true, 1, "1", false, List.of(), List.of(), WAL, false, false)),
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
      assertThat(waits.wakeAt()).contains(NOW.plus(Promotion.AGAIN));

      Instant late = NOW.minus(PrimaryHealth.SILENCE);
      assertThat(decide(unasked, status(late, null, null, lost(late, 0L, null))).open())
          .as("it does not answer")
          .isFalse();
      assertThat(decide(unasked.power(P2, Power.SHUT_OFF), working()).open())
          .as("it is off too")
          .isFalse();
    }

    @Test
    void oneThatCameBackFirstTakesOverWhenThePrimaryDoesNotComeBack() {
      Scene scene =
          with(p -> new Past(true, "boot-2", p.postgresql(), NOW, true), P2, primaryOff());
      PostgresqlStatus recorded =
          status(
              NOW.minus(Planner.SILENCE), null, null, lost(NOW.minus(Planner.SILENCE), 0L, null));
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

  @Nested
  class HowAChangeGoesOn {

    @Test
    void nobodyIsPromotedBeforeTheOldPrimaryIsOff() {
      PostgresqlStatus fencing =
          status(
              null,
              change(PrimaryChangeReason.PrimarySilent, PrimaryChangeState.Fencing),
              null,
              streaming());
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
          status(
              null,
              change(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Promoting),
              null,
              streaming());
      Primacy not = decide(primaryOff(), promoting);
      assertThat(told(not)).isEqualTo("psql2server Promoting PrimaryStopped");
      assertThat(not.fenced()).containsExactly(P1);

      Primacy done = decide(primaryOff().postgresql(P2, primary(WAL)), promoting);
      assertThat(told(done)).isEqualTo("psql2server Completed PrimaryStopped");
      assertThat(done.fenced()).isEmpty();
      assertThat(done.change().orElseThrow().finished()).isEqualTo(NOW.toString());
    }

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
                  .at(NOW.plus(Promotion.PROMOTION_LIMIT))
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
                  .at(NOW.plus(Promotion.PROMOTION_LIMIT))
                  .postgresql(P2, standby(WAL, false)),
              "psql2server Promoting PrimaryStopped"),
          arguments(
              "it replays for long",
              Scene.ready()
                  .power(P1, Power.SHUT_OFF)
                  .steps(P2, LabFixture.done("base"), LabFixture.running("postgresql-promotion"))
                  .at(NOW.plus(Promotion.PROMOTION_LIMIT))
                  .postgresql(P2, standby(WAL, false)),
              "psql2server Promoting PrimaryStopped"),
          arguments(
              "it is tried at this moment",
              promoting(3).postgresql(P2, standby(WAL, false)).inFlight(Action.machineKey(P2)),
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
          .steps(
              P2, LabFixture.done("base"), LabFixture.failed("postgresql-promotion", attempts, 1));
    }

    private static Postgresql standbyAtRest() {
      return new Postgresql(false, true, 1, SYSTEM, false, List.of(), List.of(), WAL, false, true);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("promotions")
    void aPromotionIsGivenUp(String what, Scene scene, String expected) {
      PrimaryChange change =
          change(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Promoting);
      assertThat(told(decide(scene, status(null, change, null, streaming())))).isEqualTo(expected);
    }

    @Test
    void theOldPrimaryComesBackWhenTheOtherOneIsSeenOff() {
      PostgresqlStatus reverting =
          status(
              null,
              change(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Reverting),
              null,
              streaming());
      Primacy runs = decide(primaryOff(), reverting);
      assertThat(told(runs)).isEqualTo("psql1server Reverting PrimaryStopped");
      assertThat(runs.fenced()).containsExactly(P1, P2);
      assertThat(runs.held()).contains("psql2server must be turned off first.");
      assertThat(
              runs.isRecordedIn(
                  status(
                      null,
                      change(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Promoting),
                      null,
                      streaming())))
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
          status(
              null,
              change(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Reverting),
              null,
              streaming());
      Scene alone = Scene.of(LabFixture.labWithout(P2)).surplus(Seen.unknown("not searched yet"));
      assertThat(told(decide(alone, reverting))).isEqualTo("psql1server Reverting PrimaryStopped");

      Primacy gone =
          decide(alone.surplus(Seen.of(new Remains(List.of(), List.of(), List.of()))), reverting);
      assertThat(told(gone)).isEqualTo("psql1server Aborted PrimaryStopped");
      assertThat(gone.fenced()).isEmpty();
    }

    @Test
    void aSwitchoverThatCannotBePromotedGivesTheOldPrimaryBack() {
      PostgresqlStatus promoting =
          status(
              null,
              change(PrimaryChangeReason.Switchover, PrimaryChangeState.Promoting),
              null,
              streaming());
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

    @Test
    void whoHasLostItsDataDoesNotTakeOver() {
      PostgresqlStatus promoting =
          status(
              null,
              change(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Promoting),
              null,
              streaming());
      Primacy primacy = decide(primaryOff().reports(P2, LabFixture.report()), promoting);
      assertThat(told(primacy)).isEqualTo("psql1server Aborted PrimaryStopped");
      assertThat(primacy.held()).isEmpty();
    }

    @Test
    void aSwitchoverPromotesWhoHasAllOfTheWal() {
      PostgresqlStatus demoting =
          status(
              null,
              change(PrimaryChangeReason.Switchover, PrimaryChangeState.Demoting),
              null,
              streaming());
      assertThat(told(decide(Scene.ready(), demoting)))
          .isEqualTo("psql2server Demoting Switchover");
      assertThat(decide(Scene.ready(), demoting).wakeAt())
          .as("how far a standby is makes no event")
          .contains(NOW.plus(Promotion.AGAIN));
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
              Scene.ready()
                  .postgresql(P1, atRest(true, WAL))
                  .postgresql(P2, standby(WAL + 1, false)),
              demoting);
      assertThat(told(promoting)).isEqualTo("psql2server Promoting Switchover");
      assertThat(promoting.demoted()).contains(P1);
      assertThat(promoting.fenced()).isEmpty();
    }

    @Test
    void aStepThatWouldStartTheOldPrimaryAgainIsAwaited() {
      PostgresqlStatus demoting =
          status(
              null,
              change(PrimaryChangeReason.Switchover, PrimaryChangeState.Demoting),
              null,
              streaming());
      Scene scene =
          Scene.ready()
              .steps(P1, LabFixture.done("base"), LabFixture.running("postgresql-promotion"))
              .postgresql(P1, atRest(true, WAL))
              .postgresql(P2, standby(WAL + 1, false));
      assertThat(told(decide(scene, demoting))).isEqualTo("psql2server Demoting Switchover");
    }

    @Test
    void aSwitchoverIsTakenBack() {
      PostgresqlStatus demoting =
          status(
              null,
              change(PrimaryChangeReason.Switchover, PrimaryChangeState.Demoting),
              null,
              streaming());
      assertThat(told(decide(Scene.ready().power(P1, Power.SHUT_OFF), demoting)))
          .isEqualTo("psql1server Aborted Switchover");
      assertThat(
              told(
                  decide(
                      Scene.ready()
                          .postgresql(P1, atRest(false, 0))
                          .at(NOW.plus(Promotion.DEMOTION_LIMIT)),
                      demoting)))
          .isEqualTo("psql1server Aborted Switchover");
    }

    @Test
    void nothingNewBeginsInADatabaseThatWas() {
      Scene scene = Scene.ready().reports(P1, LabFixture.report()).power(P2, Power.SHUT_OFF);
      assertThat(decide(scene, working()).held())
          .contains(
              "psql1server has lost its data: its disk is new, and no standby can take over.");
    }

    @Test
    void whoWasTakenOutOfTheSpecMustBeOffTooBeforeAnotherOneTakesOver() {
      PostgresqlStatus fencing =
          status(
              null,
              change(PrimaryChangeReason.PrimarySilent, PrimaryChangeState.Fencing),
              null,
              streaming());
      LabTopology without = LabFixture.labWithout(P1);
      Scene there =
          Scene.of(without).reports(P2, LabFixture.report()).postgresql(P2, standby(WAL, false));
      Remains left =
          new Remains(List.of(there.leftDomain(P1, Power.RUNNING)), List.of(), List.of());

      assertThat(decide(there.surplus(Seen.of(left)), fencing).held()).isPresent();
      assertThat(decide(there.surplus(Seen.unknown("no answer")), fencing).held()).isPresent();
      Primacy gone =
          decide(there.surplus(Seen.of(new Remains(List.of(), List.of(), List.of()))), fencing);
      assertThat(told(gone)).isEqualTo("psql2server Promoting PrimarySilent");
    }

    @Test
    void twoDoNotAcceptWrites() {
      Scene scene = Scene.ready().postgresql(P2, primary(WAL));
      assertThat(decide(scene, working()).held()).contains("psql2server accepts writes.");
    }
  }

  @Nested
  class Switchover {

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
      assertThat(waits.wakeAt()).contains(NOW.minusSeconds(5).plus(Promotion.SWITCHOVER_PAUSE));
      assertThat(told(decide(scene.at(waits.wakeAt().orElseThrow()), recorded)))
          .isEqualTo("psql2server Demoting Switchover");
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
      assertThat(decide(scene, working()).obstacle().orElseThrow())
          .contains("lacks 17825792 bytes");
    }
  }

  @Nested
  class Synchronously {

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
      assertThat(decide(scene, status(null, null, before, streaming())).synchrony())
          .contains(after);
    }

    @Test
    void onlyWhoCommitsWaitedForTakesOver() {
      Scene scene =
          Scene.ready(database(Map.of("synchronous", Synchronous.required)))
              .power(P1, Power.SHUT_OFF)
              .postgresql(P2, standby(WAL, false));
      Instance waitedFor =
          new Instance(P2, InstanceRole.standby, "streaming", 0L, P2, 1, null, true);
      assertThat(told(decide(scene, status(null, null, Synchrony.Active, waitedFor))))
          .isEqualTo("psql2server Fencing PrimaryStopped");
      assertThat(decide(scene, status(null, null, Synchrony.Active, streaming())).obstacle())
          .contains("Nobody can take over: commits did not wait for psql2server.");
      assertThat(decide(scene, status(null, null, Synchrony.Degraded, waitedFor)).obstacle())
          .isPresent();
    }
  }

  /** The record may be old, lost or edited: what the guests say counts, and what they do. */
  @Nested
  class LostRecord {

    static PostgresqlStatus at(long term, PostgresqlStatus s) {
      return s.toBuilder().term(term).build();
    }

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

    private static PrimaryChange ended() {
      return new PrimaryChange(
          P1,
          P2,
          PrimaryChangeReason.PrimaryStopped,
          PrimaryChangeState.Completed,
          0L,
          NOW.minusSeconds(60).toString(),
          NOW.minusSeconds(50).toString());
    }

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

      assertThat(
              told(
                  decide(
                      scene.postgresql(
                          P1,
                          new Postgresql(
                              false, true, 1, SYSTEM, false, List.of(), List.of(), WAL, false,
                              true)),
                      failing)))
          .as("a standby that is down has not what a primary had")
          .startsWith("psql2server");
      assertThat(
              told(
                  decide(
                      Scene.ready()
                          .postgresql(P1, atRest(false, WAL))
                          .steps(P2, LabFixture.done("base"), LabFixture.running(Steps.PROMOTION))
                          .postgresql(P2, standby(WAL, false)),
                      failing)))
          .as("a step that still runs may promote it at this moment")
          .startsWith("psql2server");
      assertThat(told(decide(scene.silent(P1, LONG), failing)))
          .as("who could not be asked may be anything")
          .startsWith("psql2server");
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

    private static Postgresql on(int timeline, boolean standby) {
      return new Postgresql(
          true, standby, timeline, SYSTEM, !standby, List.of(), List.of(), WAL, false, false);
    }

    /** B is primary by decision 3, and both guests know it. */
    private static Scene bIsPrimary() {
      return Scene.ready()
          .postgresql(P1, on(2, true))
          .postgresql(P2, on(2, false))
          .obeyed(P1, 3, P2)
          .obeyed(P2, 3, P2);
    }

    private static Scene aIsPrimary(long term) {
      return Scene.ready().obeyed(P1, term, P1).obeyed(P2, term, P1);
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
              cases("B primary", LostRecord::bIsPrimary, all("psql2server 3")),
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
                  () ->
                      off(P2, bIsPrimary())
                          .postgresql(
                              P1,
                              new Postgresql(
                                  false, false, 1, SYSTEM, false, List.of(), List.of(), 0, false,
                                  true))
                          .obeyed(P1, 2, P1),
                  Map.of(
                      Recorded.NONE, "psql1server 2 doubt held",
                      Recorded.A, "psql1server 2 failing",
                      Recorded.A_OLDER, "psql1server 2 failing")),
              cases(
                  "B unknown, A primary of old that was not told",
                  () ->
                      unknown(P2, bIsPrimary())
                          .postgresql(
                              P1,
                              new Postgresql(
                                  false, false, 1, SYSTEM, false, List.of(), List.of(), 0, false,
                                  true))
                          .obeyed(P1, 2, P1),
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
              .filter(c -> Standing.isOff(scene.snapshot().machine(c.from())))
              .isPresent();
      assertThat(mayPromote && standby && !fenced).isFalse();
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
              .silent(P2, Planner.SILENCE)
              .remembered(P2, p -> Past.NOTHING);
      Primacy primacy = decide(scene, at(2, working()));
      assertThat(told(primacy)).isEqualTo("psql1server Fencing PrimarySilent");
      assertThat(primacy.fenced()).containsExactly(P2);
      assertThat(primacy.held()).isPresent();
    }

    @Test
    void aNewLabIsNotHeldUpByAnInstanceWhoseDiskIsNew() {
      Scene fresh = Scene.up().silent(P2, Duration.ofSeconds(5));
      assertThat(decide(fresh, null).held())
          .as("nobody knows what is on it")
          .contains("There is no record of who is primary, and psql2server could not be asked.");
      assertThat(
              decide(
                      fresh.remembered(
                          P2, p -> new Past(false, "", Optional.empty(), null, false, true)),
                      null)
                  .held())
          .isEmpty();
      assertThat(decide(Scene.up(), null).held()).isEmpty();
      assertThat(decide(Scene.up(), null).isRecordedIn(null)).isTrue();
    }

    @Test
    void anEmptyInstanceDoesNotBeginADatabaseBesideOneThatIsOff() {
      Scene scene = Scene.up().power(P2, Power.SHUT_OFF);
      assertThat(decide(scene, null).held()).isPresent();
      Scene other = Scene.up().postgresql(P2, standby(WAL, false));
      assertThat(decide(other, null).held())
          .contains(
              "psql1server has lost its data: its disk is new, and no standby can take over.");
    }

    @Test
    void anotherDatabaseIsNotTakenForTheLabs() {
      Scene scene =
          Scene.ready()
              .postgresql(P1, new Postgresql(true, false, 1, "42", true, List.of(), List.of()));
      Primacy primacy = decide(scene, at(1, working()));
      assertThat(primacy.doubt().orElseThrow()).contains("another database", "42", SYSTEM);
    }

    @Test
    void everyDecisionHasALaterTerm() {
      PostgresqlStatus recorded = at(4, working());
      Primacy begins = decide(primaryOff(), recorded);
      assertThat(begins.term()).isEqualTo(5);
      assertThat(begins.isRecordedIn(recorded)).isFalse();
      PostgresqlStatus promoting =
          at(
              5,
              status(
                  null,
                  change(PrimaryChangeReason.PrimaryStopped, PrimaryChangeState.Promoting),
                  null,
                  streaming()));
      assertThat(decide(primaryOff(), promoting).term()).isEqualTo(5);
      Primacy aborted = decide(primaryOff().reports(P2, LabFixture.report()), promoting);
      assertThat(aborted.change().orElseThrow().state()).isEqualTo(PrimaryChangeState.Aborted);
      assertThat(aborted.term()).isEqualTo(6);
    }

    @Test
    void whoHasBegunToAskPromotesNobody() {
      Scene scene = bIsPrimary();
      Primacy primacy =
          Promotion.decide(
              new Promotion.Input(
                  scene.lab(),
                  null,
                  false,
                  scene.mute(P2, "It has not been asked yet.", Duration.ZERO).snapshot(),
                  scene.progress(),
                  NOW));
      assertThat(primacy.held()).isPresent();
    }
  }

  /** In a word: who, what is under way and why. */
  private static String told(Primacy primacy) {
    return primacy.target()
        + primacy.change().map(c -> " " + c.state() + " " + c.reason()).orElse("")
        + primacy.failingSince().map(s -> " failing").orElse("");
  }

  @Test
  void theStepIsWhatItIsCalledWhereItIsMade() {
    assertThat(Steps.PROMOTION).isEqualTo(Provisioning.POSTGRESQL_PROMOTION);
  }

  @Test
  void everyStageIsToldByTheStatusBeforeItIsActedUpon() {
    Primacy begins = decide(primaryOff(), working());
    assertThat(begins.isRecordedIn(working())).isFalse();
    PostgresqlStatus told =
        LostRecord.at(
            begins.term(), status(null, begins.change().orElseThrow(), null, streaming()));
    assertThat(begins.isRecordedIn(told)).isTrue();
    Primacy goesOn = decide(primaryOff(), told);
    assertThat(goesOn.change().orElseThrow().state()).isEqualTo(PrimaryChangeState.Promoting);
    assertThat(goesOn.isRecordedIn(told)).isFalse();
  }
}
