package dev.ejabberdlab.failover;

import static dev.ejabberdlab.observe.LabFixture.NOW;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.InstanceRole;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Instance;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot.Past;
import dev.ejabberdlab.plan.Scene;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * The reference lab's two instances: what they may say of themselves, what the status may say of
 * them, and what is decided of it. Where a change is under way P2 takes over from P1.
 */
final class DatabaseFixture {

  static final String P1 = "psql1server";
  static final String P2 = "psql2server";
  static final String SYSTEM = LabFixture.SYSTEM;
  static final long WAL = 1L << 30;
  static final Duration LONG = Duration.ofMinutes(1);

  /** What the status says of a lab that works. */
  static PostgresqlStatus working() {
    return status(null, null, null, streaming());
  }

  static Instance streaming() {
    return new Instance(P2, InstanceRole.standby, "streaming", 0L, P2, 1);
  }

  static Instance lost(Instant since, Long lag, Boolean synchronous) {
    return new Instance(
        P2, InstanceRole.standby, "disconnected", lag, null, 1, since.toString(), synchronous);
  }

  static PostgresqlStatus status(
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

  /** The status while P2 takes over from P1, or after it was tried. */
  static PostgresqlStatus during(PrimaryChangeReason reason, PrimaryChangeState state) {
    return status(null, change(reason, state), null, streaming());
  }

  static PrimaryChange change(PrimaryChangeReason reason, PrimaryChangeState state) {
    return PrimaryChange.begun(reason, P1, P2, NOW.minusSeconds(5)).in(state);
  }

  /** P2 has taken over from P1. */
  static PrimaryChange ended() {
    return PrimaryChange.begun(PrimaryChangeReason.PrimaryStopped, P1, P2, NOW.minusSeconds(60))
        .ended(PrimaryChangeState.Completed, NOW.minusSeconds(50));
  }

  /** The same with another number of the decision. */
  static PostgresqlStatus at(long term, PostgresqlStatus s) {
    return s.toBuilder().term(term).build();
  }

  /** The reference lab with that {@code spec.postgresql}. */
  static LabTopology database(Map<String, ?> spec) {
    return LabFixture.labWith("postgresql", spec);
  }

  /** A standby that has so much WAL, and whether it receives more. */
  static Postgresql standby(long lsn, boolean receiving) {
    return LabFixture.instance().standby().lsn(lsn).receiving(receiving).build();
  }

  /** A standby that has received everything and replays nothing. */
  static Postgresql paused() {
    return standby(WAL, false).toBuilder().replay("it is paused").build();
  }

  static Postgresql primary(long lsn, Standby... standbys) {
    return LabFixture.instance()
        .primary()
        .readWriteAddress(true)
        .standbys(standbys)
        .lsn(lsn)
        .build();
  }

  /** An instance whose server does not answer. */
  static Postgresql atRest(boolean stopped, long lsn) {
    return LabFixture.instance().lsn(lsn).stopped(stopped).build();
  }

  /** A standby that was stopped in order. */
  static Postgresql standbyAtRest() {
    return atRest(true, WAL).toBuilder().inRecovery(true).build();
  }

  /** The primary is off, and its standby was streaming a moment ago. */
  static Scene primaryOff() {
    return Scene.ready().power(P1, Power.SHUT_OFF).postgresql(P2, standby(WAL, false));
  }

  /** An instance on that timeline: a standby that receives no more, or the primary. */
  static Postgresql on(int timeline, boolean standby) {
    return LabFixture.instance()
        .up(true)
        .inRecovery(standby)
        .timeline(timeline)
        .readWriteAddress(!standby)
        .lsn(WAL)
        .build();
  }

  /** B is primary by decision 3, and both guests know it. */
  static Scene bIsPrimary() {
    return Scene.ready()
        .postgresql(P1, on(2, true))
        .postgresql(P2, on(2, false))
        .obeyed(P1, 3, P2)
        .obeyed(P2, 3, P2);
  }

  static Scene aIsPrimary(long term) {
    return Scene.ready().obeyed(P1, term, P1).obeyed(P2, term, P1);
  }

  static Scene with(UnaryOperator<Past> change, String node, Scene scene) {
    return scene.remembered(node, change);
  }

  static Primacy decide(Scene scene, PostgresqlStatus recorded) {
    return Promotion.decide(
        new PrimacyInput(
            scene.lab(), recorded, true, scene.snapshot(), scene.progress(), scene.now()));
  }

  /** What is told while nothing may be changed, as of a lab that is paused. */
  static Primacy watched(Scene scene, PostgresqlStatus recorded) {
    return Promotion.decide(
        new PrimacyInput(
            scene.lab(), recorded, false, scene.snapshot(), scene.progress(), scene.now()));
  }

  static SeenInstances instances(Scene scene) {
    return new SeenInstances(scene.lab(), scene.snapshot(), scene.now());
  }

  /** In a word: who, what is under way and why. */
  static String told(Primacy primacy) {
    return primacy.target()
        + primacy.change().map(c -> " " + c.state() + " " + c.reason()).orElse("")
        + primacy.failingSince().map(s -> " failing").orElse("");
  }

  private DatabaseFixture() {}
}
