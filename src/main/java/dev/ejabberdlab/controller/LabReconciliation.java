package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.plan.Backoff;
import dev.ejabberdlab.status.Finding;
import dev.ejabberdlab.status.LabStatuses;
import dev.ejabberdlab.status.Reason;
import dev.ejabberdlab.topology.InvalidSpecException;
import dev.ejabberdlab.topology.SpecValidation;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * One reconcile of a lab that shall exist. It knows neither the framework nor the API server, so
 * the simulator runs it too.
 */
final class LabReconciliation {

  private static final Logger LOG = Logger.getLogger(LabReconciliation.class);

  /** How soon to look again while something outside is missing. */
  static final Duration WAIT = Duration.ofSeconds(10);

  private final Checkpoints checkpoints;
  private final Leadership leadership;
  private final Attendance attendance;
  private final Supervision supervision;
  private final StatusWriter statuses;
  private final EventRecorder events;
  private final Clock clock;

  LabReconciliation(
      Checkpoints checkpoints,
      Leadership leadership,
      Attendance attendance,
      Supervision supervision,
      StatusWriter statuses,
      EventRecorder events,
      Clock clock) {
    this.checkpoints = checkpoints;
    this.leadership = leadership;
    this.attendance = attendance;
    this.supervision = supervision;
    this.statuses = statuses;
    this.events = events;
    this.clock = clock;
  }

  /**
   * Attends to a lab. Nothing is thrown: an exception that got past here would leave the last
   * status standing as if it were true.
   *
   * @return when to come again even if nothing happens; empty when only an event can change
   *     anything
   */
  Optional<Duration> reconcile(EjabberdLab lab, LabResources resources) {
    if (!leadership.isHeld()) {
      LOG.warnf(
          "%s: nothing is done: another operator may be the active one now.", lab.qualifiedName());
      return Optional.of(WAIT);
    }
    try {
      return attend(lab, resources);
    } catch (RuntimeException | Error e) {
      return Optional.of(failed(lab, e, resources));
    } finally {
      attendance.ended(lab);
    }
  }

  private Optional<Duration> attend(EjabberdLab lab, LabResources resources) {
    Instant now = clock.instant();
    Supervised wanted;
    try {
      checkpoints.reach(Checkpoint.VALIDATION, lab);
      resources.validate();
      checkpoints.reach(Checkpoint.HOST, lab);
      LibvirtHost host = host(lab, resources);
      checkpoints.reach(Checkpoint.CONNECTION, lab);
      HostSnapshot seen = resources.runtime(host).seenBy(lab);
      if (!seen.reachable() && Supervision.isNew(lab)) {
        return wait(lab, host, seen, now, resources);
      }
      wanted = resources.wanted(host, seen, now);
      SpecValidation.keepsInstances(
          lab,
          () -> resources.lastValid().map(Supervised::instances).orElse(List.of()),
          wanted.instances());
      checkpoints.reach(Checkpoint.RECORD, lab);
      resources.keep(wanted);
    } catch (RuntimeException | Error e) {
      return Optional.of(superviseOn(lab, e, now, resources));
    }
    Optional<Duration> again = supervise(lab, wanted, Optional.empty(), now, resources);
    attendance.succeeded(lab);
    return again;
  }

  /** The host that the lab lives on, or is to. */
  private static LibvirtHost host(EjabberdLab lab, LabResources resources) {
    LibvirtHost host =
        resources
            .host()
            .orElseThrow(
                () ->
                    new InvalidSpecException(
                        List.of(
                            "spec.host: there is no LibvirtHost named %s; create it or name one that exists."
                                .formatted(lab.hostInUse()))));
    if (Supervision.isNew(lab) && host.isMarkedForDeletion()) {
      throw new InvalidSpecException(
          List.of(
              "spec.host: LibvirtHost %s is being deleted; name another one."
                  .formatted(lab.hostInUse())));
    }
    return host;
  }

  /** Nothing is made before the host has answered. */
  private Optional<Duration> wait(
      EjabberdLab lab, LibvirtHost host, HostSnapshot seen, Instant now, LabResources resources) {
    String name = host.getMetadata().getName();
    statuses.write(
        lab,
        LabStatuses.waiting(
            lab.getStatus(),
            generation(lab),
            name,
            Finding.unknown(
                Reason.Pending,
                "LibvirtHost %s has not answered yet: %s".formatted(name, seen.facts().why())),
            now),
        resources);
    return Optional.of(WAIT);
  }

  /**
   * Supervises a lab by what it was last validly supervised by, and says why it is not what its
   * resources say. Where nothing was valid yet, nothing is made.
   */
  private Duration superviseOn(EjabberdLab lab, Throwable e, Instant now, LabResources resources) {
    Refusal refusal = Refusal.of(e);
    Attendance.Failed failed = attendance.failed(lab, refusal, e);
    Optional<Supervised> before = resources.lastValid();
    if (before.isEmpty()) {
      statuses.write(
          lab,
          LabStatuses.refused(
              lab.getStatus(),
              generation(lab),
              lab.hostInUse(),
              refusal.reason(),
              refusal.message(),
              refusal.passing(),
              now),
          resources);
      tell(lab, refusal, failed);
      return WAIT;
    }
    boolean quiet =
        refusal.isTolerable(failed.failures()) && before.get().generation() == generation(lab);
    Optional<Duration> again =
        supervise(
            lab, before.get(), quiet ? Optional.empty() : Optional.of(refusal), now, resources);
    if (!quiet) {
      tell(lab, refusal, failed);
    }
    return soon(again, refusal, failed);
  }

  private Optional<Duration> supervise(
      EjabberdLab lab,
      Supervised supervised,
      Optional<Refusal> refusal,
      Instant now,
      LabResources resources) {
    return supervision.round(
        lab,
        supervised,
        resources.runtime(supervised.host()),
        refusal,
        now,
        (status, restarting) -> statuses.write(lab, status, restarting, resources));
  }

  /** A reconcile failed where nothing could take its place: it is told, and tried again. */
  private Duration failed(EjabberdLab lab, Throwable e, LabResources resources) {
    Optional<UndescribedException> undescribed =
        e instanceof UndescribedException u ? Optional.of(u) : Optional.empty();
    Throwable cause = undescribed.isPresent() ? e.getCause() : e;
    Refusal refusal = Refusal.of(cause);
    Attendance.Failed failed = attendance.failed(lab, refusal, cause);
    if (undescribed.isPresent() || !refusal.isTolerable(failed.failures())) {
      tell(lab, refusal, failed);
      try {
        statuses.write(
            lab,
            LabStatuses.refused(
                undescribed.map(UndescribedException::decided).orElse(lab.getStatus()),
                generation(lab),
                lab.hostInUse(),
                refusal.reason(),
                refusal.message(),
                true,
                clock.instant()),
            resources);
      } catch (RuntimeException again) {
        LOG.warnf(
            "%s: its status could not be written: %s",
            lab.qualifiedName(), Refusal.of(again).message());
      }
    }
    return soon(Optional.empty(), refusal, failed);
  }

  /** Tries again before long, and less and less often; sooner if the plan says so. */
  private static Duration soon(
      Optional<Duration> planned, Refusal refusal, Attendance.Failed failed) {
    Duration retry = refusal.passing() ? Backoff.ACTION.after(failed.failures()) : WAIT;
    return planned.filter(again -> again.compareTo(retry) < 0).orElse(retry);
  }

  /** What somebody must change is told with the condition Stalled. */
  private void tell(EjabberdLab lab, Refusal refusal, Attendance.Failed failed) {
    if (refusal.passing() && failed.news()) {
      events.warn(lab, refusal.reason(), refusal.message());
    }
  }

  private static long generation(EjabberdLab lab) {
    return lab.getMetadata().getGeneration();
  }
}
