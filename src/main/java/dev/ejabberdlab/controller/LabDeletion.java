package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.observe.RemainsWatch;
import dev.ejabberdlab.plan.Backoff;
import dev.ejabberdlab.plan.Plan;
import dev.ejabberdlab.plan.Progress;
import dev.ejabberdlab.plan.Teardown;
import dev.ejabberdlab.status.Deleting;
import dev.ejabberdlab.status.Finding;
import dev.ejabberdlab.status.LabStatuses;
import dev.ejabberdlab.status.Transition;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jboss.logging.Logger;

/** One reconcile of a lab that is being deleted. */
final class LabDeletion {

  private static final Logger LOG = Logger.getLogger(LabDeletion.class);

  /** How soon to look again while something outside is missing. */
  private static final Duration WAIT = Duration.ofSeconds(10);

  private final Leadership leadership;
  private final Attendance attendance;
  private final StatusWriter statuses;
  private final EventRecorder events;
  private final Clock clock;

  LabDeletion(
      Leadership leadership,
      Attendance attendance,
      StatusWriter statuses,
      EventRecorder events,
      Clock clock) {
    this.leadership = leadership;
    this.attendance = attendance;
    this.statuses = statuses;
    this.events = events;
    this.clock = clock;
  }

  /**
   * Takes a lab down. Nothing is thrown: the framework would tell nobody but the log.
   *
   * @return when to come again; empty when the lab is gone, and its finalizer can go
   */
  Optional<Duration> reconcile(EjabberdLab lab, LabResources resources) {
    try {
      return takeDown(lab, resources);
    } catch (RuntimeException | Error e) {
      return Optional.of(failed(lab, e, resources));
    } finally {
      attendance.ended(lab);
    }
  }

  private Optional<Duration> takeDown(EjabberdLab lab, LabResources resources) {
    Optional<LibvirtHost> host = resources.host();
    // A status can be lost; without one, the Secrets that come before everything else tell.
    boolean nothingMade = Supervision.isNew(lab) && !resources.hasSecrets();
    if (host.isEmpty() && nothingMade) {
      return gone(lab, Deleting.nothingMade(), resources);
    }
    if (lab.paused()) {
      return wait(lab, Deleting.paused(), resources);
    }
    if (host.isEmpty()) {
      String name = lab.hostInUse();
      return lab.abandoned()
          ? gone(lab, Deleting.abandonedWithoutHost(uid(lab), name), resources)
          : wait(lab, Deleting.withoutHost(name), resources);
    }
    Round round = round(lab, resources.runtime(host.get()), nothingMade, clock.instant());
    if (round.end().isPresent()) {
      return gone(lab, round.end().get(), resources);
    }
    round.finding().ifPresent(finding -> write(lab, finding, resources));
    return Optional.of(round.again());
  }

  /**
   * @param how what is told of its end
   */
  private Optional<Duration> gone(EjabberdLab lab, Transition how, LabResources resources) {
    if (!leadership.isHeld()) {
      return Optional.of(WAIT);
    }
    resources.release();
    events.publish(lab, List.of(how));
    attendance.forget(lab.getMetadata().getUid());
    return Optional.empty();
  }

  private Optional<Duration> wait(EjabberdLab lab, Finding finding, LabResources resources) {
    write(lab, finding, resources);
    return Optional.of(WAIT);
  }

  private void write(EjabberdLab lab, Finding finding, LabResources resources) {
    statuses.write(
        lab,
        LabStatuses.deleting(
            lab.getStatus(),
            lab.getMetadata().getGeneration(),
            lab.hostInUse(),
            finding,
            clock.instant()),
        resources);
  }

  private Duration failed(EjabberdLab lab, Throwable e, LabResources resources) {
    Refusal refusal = Refusal.of(e);
    Attendance.Failed failed = attendance.failed(lab, refusal, e);
    if (!refusal.isTolerable(failed.failures())) {
      if (failed.news()) {
        events.warn(lab, refusal.reason(), refusal.message());
      }
      try {
        write(lab, Finding.unknown(refusal.reason(), refusal.message()), resources);
      } catch (RuntimeException again) {
        LOG.warnf(
            "%s: its status could not be written: %s",
            lab.qualifiedName(), Refusal.of(again).message());
      }
    }
    return Backoff.ACTION.after(failed.failures());
  }

  /**
   * How far the deletion is.
   *
   * @param end what is told of the lab's end; empty while it is not over
   * @param finding what the status tells meanwhile; empty when nothing new
   * @param again when to look again even if nothing happens
   */
  private record Round(Optional<Transition> end, Optional<Finding> finding, Duration again) {

    private static Round over(Transition how) {
      return new Round(Optional.of(how), Optional.empty(), Duration.ZERO);
    }

    private static Round waiting(Finding finding) {
      return new Round(Optional.empty(), Optional.of(finding), WAIT);
    }
  }

  /**
   * One round. When it returns, everything that can be removed now is being removed.
   *
   * @param nothingMade whether nothing tells that anything was ever made for the lab
   */
  private static Round round(
      EjabberdLab lab, LabRuntime runtime, boolean nothingMade, Instant now) {
    UUID uid = uid(lab);
    Progress progress = runtime.actor().progress();
    String name = runtime.hostName();
    RemainsWatch.Snapshot snapshot = runtime.remains().follow(LabTopology.recordedDisks(lab));
    HostSnapshot seen = runtime.seenBy(lab);
    if (seen.other().isPresent()) {
      if (nothingMade) {
        return Round.over(Deleting.nothingMade());
      }
      return lab.abandoned() && isAwayForLong(lab, now)
          ? Round.over(Deleting.abandonedUnseen(uid, name, runtime.pool(), seen.facts().why()))
          : Round.waiting(Deleting.otherHost(name, seen.facts().why(), lab.abandoned()));
    }
    // It must be known which host answers: what another host lacks says nothing.
    if (!seen.reachable() && snapshot.remains().isPresent()) {
      return Round.waiting(Deleting.searching(name));
    }
    if (!snapshot.remains().isPresent()) {
      if (snapshot.silentSince().isEmpty()) {
        return Round.waiting(Deleting.searching(name));
      }
      if (nothingMade) {
        return Round.over(Deleting.nothingMade());
      }
      String why = snapshot.remains().why();
      return lab.abandoned() && Teardown.isGone(snapshot.silentSince(), now)
          ? Round.over(Deleting.abandonedUnseen(uid, name, runtime.pool(), why))
          : Round.waiting(Deleting.unseen(name, why, lab.abandoned()));
    }
    boolean settled =
        progress.inFlight().isEmpty() && !snapshot.since().isBefore(runtime.actor().lastEnd());
    Remains remains = snapshot.remains().value();
    boolean poolMissing = seen.pool().isMissing() && (nothingMade || !mayHaveDisks(lab));
    if (remains.isEmpty()
        || poolMissing && remains.domains().isEmpty() && remains.networks().isEmpty()) {
      if (settled) {
        return Round.over(Deleting.deleted(strangers(lab, remains)));
      }
      runtime.remains().refresh();
      return new Round(Optional.empty(), Optional.empty(), WAIT);
    }
    if (settled && lab.abandoned() && Deleting.mayBeLeft(remains)) {
      return Round.over(Deleting.abandonedWith(remains, uid, name, runtime.pool()));
    }
    Plan plan =
        Teardown.plan(
            remains,
            runtime.pool(),
            progress,
            Instant.parse(lab.getMetadata().getDeletionTimestamp()),
            now);
    runtime.actor().submit(plan.actions());
    Duration wake = plan.wakeAt().map(at -> Duration.between(now, at)).orElse(WAIT);
    Duration least = Duration.ofMillis(1);
    return new Round(
        Optional.empty(),
        Optional.of(Deleting.remaining(remains, plan.failures())),
        wake.compareTo(least) < 0 ? least : wake);
  }

  private static UUID uid(EjabberdLab lab) {
    return UUID.fromString(lab.getMetadata().getUid());
  }

  /** An image was found once, so disks may have been made on it. */
  private static boolean mayHaveDisks(EjabberdLab lab) {
    return lab.getStatus() == null || lab.getStatus().image() != null;
  }

  private static boolean isAwayForLong(EjabberdLab lab, Instant now) {
    Instant deleted = Instant.parse(lab.getMetadata().getDeletionTimestamp());
    return Teardown.isGone(Optional.of(deleted), now);
  }

  /**
   * Files that the operator did not make, and that the lab has used or that are named like its
   * disks.
   */
  private static Set<String> strangers(EjabberdLab lab, Remains remains) {
    Set<String> strangers = new TreeSet<>();
    remains.strangers().forEach(v -> strangers.add("volume " + v));
    if (lab.getStatus() != null && lab.getStatus().nodes() != null) {
      lab.getStatus().nodes().stream()
          .map(NodeStatus::foreignDisk)
          .filter(
              disk ->
                  disk != null
                      && remains.strangers().stream().noneMatch(v -> disk.endsWith("/" + v)))
          .forEach(disk -> strangers.add("file " + disk));
    }
    return strangers;
  }
}
