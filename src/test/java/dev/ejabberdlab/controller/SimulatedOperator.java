package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.HostWatch;
import dev.ejabberdlab.plan.Backoff;
import dev.ejabberdlab.provision.Inputs;
import dev.ejabberdlab.provision.Instances;
import dev.ejabberdlab.status.Conditions.Finding;
import dev.ejabberdlab.status.Decisions;
import dev.ejabberdlab.status.LabStatuses;
import dev.ejabberdlab.status.Reason;
import dev.ejabberdlab.status.Transitions;
import dev.ejabberdlab.topology.LabTopology;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;

/**
 * An operator of one lab without the framework: what the reconciler does with what the framework
 * gives it, over surroundings that are simulated.
 */
public final class SimulatedOperator {

  private static final Duration WAIT = Duration.ofSeconds(10);

  /** How often the framework lets a lab be reconciled by itself. */
  private static final Duration INTERVAL = Duration.ofMinutes(5);

  /** How long after the last sign of an operator another one becomes the active one. */
  public static final Duration LEASE = Implementations.LEASE;

  /** What an operator asks of the API server, and of time. */
  public interface Surroundings {

    /** The lab as the informer has it; null when there is none. */
    EjabberdLab cached();

    /** Writes a status, and has its version in the cache at once. */
    void write(EjabberdLab lab, EjabberdLabStatus status);

    /** The spec as a topology; throws when it cannot be followed. */
    LabTopology topology(EjabberdLab lab);

    /** What lies in the lab's Secrets, made when it is not there. */
    Inputs inputs();

    List<Step> steps(LabTopology lab, Inputs inputs, Instances instances);

    /** What was last valid, as an earlier operator has kept it. */
    Optional<Object> lastValid();

    void keep(Object valid);

    boolean hasSecrets();

    /** Whether the lease of the active operator is this one's. */
    boolean hasLease();

    /** The lab is taken down: its finalizer goes. */
    void remove();

    void later(Duration wait, Runnable work);

    /** A reconcile has failed by what the operator does not expect. */
    void bug(Throwable e);
  }

  private final Surroundings surroundings;
  private final Clock clock;
  private final HostWatch host;
  private final LabRuntime runtime;
  private final LibvirtHost resource;
  private final Attendance attendance;
  private final Supervision supervision;
  private final Lease lease;
  private Optional<Supervised> remembered = Optional.empty();
  private boolean pending;
  private long wakes;

  /**
   * @param expected UUID of the lab's host
   * @param lab the lab as it is at first
   */
  public SimulatedOperator(
      Surroundings surroundings,
      Hypervisor hypervisor,
      StepRunner steps,
      Executor io,
      Clock clock,
      String pool,
      UUID expected,
      EjabberdLab lab) {
    this.surroundings = surroundings;
    this.clock = clock;
    this.lease =
        new Lease(
            clock,
            Implementations.LEASE.minus(Implementations.RENEW_DEADLINE),
            surroundings::hasLease);
    lease.win();
    UUID uid = UUID.fromString(lab.getMetadata().getUid());
    this.resource = new LibvirtHost();
    resource.setMetadata(new ObjectMetaBuilder().withName("default").build());
    resource.setSpec(
        new LibvirtHostSpec("qemu:///system", pool, LibvirtHostSpec.Virtualization.qemu, null));
    this.attendance = new Attendance(() -> clock.millis() * 1_000_000);
    this.host =
        new HostWatch(
            hypervisor, pool, expected, () -> Optional.of(Set.of(uid)), io, clock, this::changed);
    this.runtime =
        new LabRuntime(
            host,
            "default",
            new Owner(uid, lab.getMetadata().getNamespace(), lab.getMetadata().getName()),
            pool,
            LabTopology.namePrefix(uid),
            steps,
            io,
            clock,
            this::changed,
            lease::isHeld);
    this.supervision =
        new Supervision(
            new Checkpoints(),
            (topology, inputs, instances) -> surroundings.steps(topology, inputs, instances));
    host.tick();
    changed();
  }

  /** The lab is worth a reconcile. */
  public void changed() {
    if (!pending) {
      pending = true;
      surroundings.later(Duration.ofMillis(5), this::reconcile);
    }
  }

  /** What the pulse does. */
  public void beat() {
    lease.beat();
    host.tick();
    if (surroundings.cached() != null) {
      runtime.tick();
    }
  }

  private void reconcile() {
    pending = false;
    EjabberdLab lab = surroundings.cached();
    if (lab == null) {
      return;
    }
    Optional<Duration> again;
    try {
      again = lab.isMarkedForDeletion() ? takeDown(lab) : attend(lab);
    } catch (RuntimeException | Error e) {
      again = Optional.of(failed(lab, e));
    } finally {
      attendance.ended(lab);
    }
    long number = ++wakes;
    Duration wait = again.filter(w -> w.compareTo(INTERVAL) < 0).orElse(INTERVAL);
    surroundings.later(
        wait,
        () -> {
          if (number == wakes) {
            changed();
          }
        });
  }

  private Optional<Duration> attend(EjabberdLab lab) {
    Instant now = clock.instant();
    Supervised wanted;
    try {
      LabTopology topology = surroundings.topology(lab);
      HostSnapshot seen = runtime.seenBy(lab);
      if (!seen.reachable() && Supervision.isNew(lab)) {
        write(
            lab,
            LabStatuses.waiting(
                lab.getStatus(),
                generation(lab),
                "default",
                Finding.unknown(Reason.Pending, seen.facts().why()),
                now),
            Set.of());
        return Optional.of(WAIT);
      }
      wanted = new Supervised(generation(lab), resource, topology, surroundings.inputs());
      remembered = Optional.of(wanted);
      surroundings.keep(wanted);
    } catch (RuntimeException | Error e) {
      return Optional.of(superviseOn(lab, e, now));
    }
    Optional<Duration> again = round(lab, wanted, Optional.empty(), now);
    attendance.succeeded(lab);
    return again;
  }

  private Duration superviseOn(EjabberdLab lab, Throwable e, Instant now) {
    Refusal refusal = Refusal.of(e);
    Attendance.Failed failed = attendance.failed(lab, refusal);
    if (remembered.isEmpty()) {
      remembered = surroundings.lastValid().map(Supervised.class::cast);
    }
    if (remembered.isEmpty()) {
      write(
          lab,
          LabStatuses.refused(
              lab.getStatus(),
              generation(lab),
              lab.hostInUse(),
              refusal.reason(),
              refusal.message(),
              refusal.passing(),
              now),
          Set.of());
      return WAIT;
    }
    Supervised before = remembered.get();
    boolean quiet =
        refusal.isTolerable(failed.failures()) && before.generation() == generation(lab);
    Optional<Duration> again =
        round(lab, before, quiet ? Optional.empty() : Optional.of(refusal), now);
    Duration retry = refusal.passing() ? Backoff.ACTION.after(failed.failures()) : WAIT;
    return again.filter(a -> a.compareTo(retry) < 0).orElse(retry);
  }

  private Optional<Duration> round(
      EjabberdLab lab, Supervised supervised, Optional<Refusal> refusal, Instant now) {
    return supervision.round(
        lab,
        supervised,
        runtime,
        refusal,
        now,
        (status, restarting) -> write(lab, status, restarting));
  }

  private Duration failed(EjabberdLab lab, Throwable e) {
    Refusal refusal = Refusal.of(e);
    if (!refusal.expected()) {
      surroundings.bug(e);
    }
    Attendance.Failed failed = attendance.failed(lab, refusal);
    if (!refusal.isTolerable(failed.failures())) {
      try {
        write(
            lab,
            LabStatuses.refused(
                lab.getStatus(),
                generation(lab),
                lab.hostInUse(),
                refusal.reason(),
                refusal.message(),
                true,
                clock.instant()),
            Set.of());
      } catch (KubernetesClientException again) {
        // It is told another time.
      }
    }
    return Backoff.ACTION.after(failed.failures());
  }

  private Optional<Duration> takeDown(EjabberdLab lab) {
    boolean nothingMade = Supervision.isNew(lab) && !surroundings.hasSecrets();
    Deletion.Round round = Deletion.round(lab, runtime, nothingMade, clock.instant());
    if (round.end().isPresent() && lease.isHeld()) {
      surroundings.remove();
      return Optional.empty();
    }
    round
        .finding()
        .ifPresent(
            finding ->
                write(
                    lab,
                    LabStatuses.deleting(
                        lab.getStatus(),
                        generation(lab),
                        lab.hostInUse(),
                        finding,
                        clock.instant()),
                    Set.of()));
    return Optional.of(round.again());
  }

  private boolean write(EjabberdLab lab, EjabberdLabStatus seen, Set<String> restarting) {
    EjabberdLabStatus status =
        lab.paused() ? LabStatuses.paused(lab.getStatus(), seen, clock.instant()) : seen;
    if (status.equals(lab.getStatus())) {
      return true;
    }
    if (!lease.isHeld()) {
      return false;
    }
    try {
      surroundings.write(lab, status);
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        return false;
      }
      throw e;
    }
    Decisions.between(lab.getStatus(), status);
    Transitions.between(lab.getStatus(), status, restarting);
    return true;
  }

  private static long generation(EjabberdLab lab) {
    return lab.getMetadata().getGeneration();
  }
}
