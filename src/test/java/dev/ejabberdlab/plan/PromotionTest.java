package dev.ejabberdlab.plan;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Synchronous;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.InstanceRole;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Failover;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.FailoverReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.FailoverState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Instance;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.DomainState.Trait;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot.Past;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.provision.Provisioning;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
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
      Instant failingSince, Failover change, Synchrony synchrony, Instance standby) {
    return new PostgresqlStatus(
        P1,
        change == null || change.state() == FailoverState.Aborted ? P1 : change.to(),
        "192.168.1.12",
        1,
        SYSTEM,
        "Streaming",
        "<1MiB",
        List.of(new Instance(P1, InstanceRole.primary, "running", null, null, 1), standby),
        "ejabberd-domain-local",
        "ejabberd",
        false,
        failingSince == null ? null : failingSince.toString(),
        List.of(),
        change,
        synchrony);
  }

  private static Failover change(FailoverReason reason, FailoverState state) {
    return new Failover(P1, P2, reason, state, 0L, NOW.minusSeconds(5).toString(), null);
  }

  /** The reference lab with that {@code spec.database}. */
  private static LabTopology database(Map<String, ?> spec) {
    return LabFixture.labWith("database", spec);
  }

  /** A standby that has so much WAL, and whether it receives more. */
  private static Postgresql standby(long lsn, boolean receiving) {
    return new Postgresql(
        true, true, 1, SYSTEM, false, List.of(), List.of(), lsn, receiving, false);
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
              "a domain that cannot be asked is not off",
              Scene.ready()
                  .domain(P1, Seen.unknown("no answer"))
                  .postgresql(P2, standby(WAL, false)),
              before,
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
              "psql1server"));
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
    void aDatabaseThatNeverWasIsNotTakenOver() {
      assertThat(told(decide(primaryOff(), null))).isEqualTo("psql1server");
    }

    @Test
    void whatCannotBeDecidedStaysAsItIs() {
      Scene scene = primaryOff();
      Primacy primacy =
          Promotion.decide(
              new Promotion.Input(
                  scene.lab(), working(), false, scene.snapshot(), scene.progress(), NOW));
      assertThat(told(primacy)).isEqualTo("psql1server");
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
                  + " spec.database.failover.maxLag"),
          arguments(
              "it lacks too much, by what the status says",
              unseen(primaryOff()),
              status(now, null, null, lost(now, 128L << 20, null)),
              "psql2server lacks 134217728 bytes, which is more than"
                  + " spec.database.failover.maxLag"),
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
        assertThat(told(primacy)).isEqualTo("psql1server failing");
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
                  + " spec.database.primary.");
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
              null, change(FailoverReason.PrimarySilent, FailoverState.Fencing), null, streaming());
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
              change(FailoverReason.PrimaryStopped, FailoverState.Promoting),
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

    @Test
    void whoHasLostItsDataDoesNotTakeOver() {
      PostgresqlStatus promoting =
          status(
              null,
              change(FailoverReason.PrimaryStopped, FailoverState.Promoting),
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
              null, change(FailoverReason.Switchover, FailoverState.Demoting), null, streaming());
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
              null, change(FailoverReason.Switchover, FailoverState.Demoting), null, streaming());
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
              null, change(FailoverReason.Switchover, FailoverState.Demoting), null, streaming());
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
              null, change(FailoverReason.PrimarySilent, FailoverState.Fencing), null, streaming());
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
      Failover aborted =
          new Failover(
              P1,
              P2,
              FailoverReason.Switchover,
              FailoverState.Aborted,
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
    PostgresqlStatus told = status(null, begins.change().orElseThrow(), null, streaming());
    assertThat(begins.isRecordedIn(told)).isTrue();
    Primacy goesOn = decide(primaryOff(), told);
    assertThat(goesOn.change().orElseThrow().state()).isEqualTo(FailoverState.Promoting);
    assertThat(goesOn.isRecordedIn(told)).isFalse();
  }
}
