package dev.ejabberdlab.failover;

import static dev.ejabberdlab.failover.DatabaseFixture.LONG;
import static dev.ejabberdlab.failover.DatabaseFixture.P1;
import static dev.ejabberdlab.failover.DatabaseFixture.P2;
import static dev.ejabberdlab.failover.DatabaseFixture.WAL;
import static dev.ejabberdlab.failover.DatabaseFixture.atRest;
import static dev.ejabberdlab.failover.DatabaseFixture.decide;
import static dev.ejabberdlab.failover.DatabaseFixture.primaryOff;
import static dev.ejabberdlab.failover.DatabaseFixture.standby;
import static dev.ejabberdlab.failover.DatabaseFixture.status;
import static dev.ejabberdlab.failover.DatabaseFixture.streaming;
import static dev.ejabberdlab.failover.DatabaseFixture.told;
import static dev.ejabberdlab.failover.DatabaseFixture.watched;
import static dev.ejabberdlab.failover.DatabaseFixture.with;
import static dev.ejabberdlab.failover.DatabaseFixture.working;
import static dev.ejabberdlab.observe.LabFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.DomainState.Trait;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot.Past;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Action;
import dev.ejabberdlab.plan.Progress;
import dev.ejabberdlab.plan.Scene;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whether the primary fails, told as a table of what was seen and what follows. */
class PrimaryHealthTest {

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
            restarting(Progress.RESTART),
            null,
            "psql2server Fencing PrimaryStopped"),
        arguments(
            "or it is gone meanwhile",
            restarting(Duration.ofSeconds(60)).domain(P1, Seen.missing("")),
            null,
            "psql2server Fencing PrimaryStopped"),
        arguments(
            "a domain that cannot be asked is not off",
            Scene.ready().domain(P1, Seen.unknown("no answer")).postgresql(P2, standby(WAL, false)),
            before,
            "psql1server failing"),
        arguments(
            "nor has it failed before it was seen to",
            Scene.ready().domain(P1, Seen.unknown("no answer")).postgresql(P2, standby(WAL, false)),
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
}
