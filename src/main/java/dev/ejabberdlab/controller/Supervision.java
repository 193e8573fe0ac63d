package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.TlsStatus;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.failover.PrimacyInput;
import dev.ejabberdlab.failover.Promotion;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.ImageVolumes;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.plan.Plan;
import dev.ejabberdlab.plan.PlanInput;
import dev.ejabberdlab.plan.Planner;
import dev.ejabberdlab.plan.Progress;
import dev.ejabberdlab.provision.Inputs;
import dev.ejabberdlab.provision.Instances;
import dev.ejabberdlab.status.LabStatuses;
import dev.ejabberdlab.status.StatusInput;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Supervises labs: decides from what was seen, writes that into the status, and only then has it
 * done.
 */
final class Supervision {

  /**
   * How soon to look again when somebody else has written the lab; the newer version comes by
   * itself.
   */
  private static final Duration AGAIN = Duration.ofMillis(200);

  /**
   * Least time between two reconciles of a lab that no event asks for, so that they never become a
   * busy loop.
   */
  private static final Duration MIN_DELAY = Duration.ofMillis(20);

  private final Checkpoints checkpoints;
  private final Provisioner provisioner;

  /** Writes a lab's status. */
  @FunctionalInterface
  interface Record {

    /**
     * @param restarting names of nodes that are restarted for a change of the spec
     * @return false when somebody else has changed the lab meanwhile: what was decided may be about
     *     an old record, and is decided anew
     */
    boolean write(EjabberdLabStatus status, Set<String> restarting);
  }

  Supervision(Checkpoints checkpoints, Provisioner provisioner) {
    this.checkpoints = checkpoints;
    this.provisioner = provisioner;
  }

  /**
   * One round.
   *
   * @param refusal why the lab is not supervised by what its resources say now; empty when it is
   * @return when to come again even if nothing happens; empty when only an event can change
   *     anything
   */
  Optional<Duration> round(
      EjabberdLab lab,
      Supervised supervised,
      LabRuntime runtime,
      Optional<Refusal> refusal,
      Instant now,
      Record record) {
    LabTopology topology = supervised.topology();
    checkpoints.reach(Checkpoint.WATCH, lab);
    runtime.watch().follow(topology, runtime.pool(), LabTopology.recordedDisks(lab));
    // Read before the snapshot: the effect of what has ended by now can be seen in the snapshot,
    // so it is not done again.
    Progress progress = runtime.actor().progress();
    HostSnapshot seen = runtime.seenBy(lab);
    // What another host lacks says nothing.
    LabSnapshot snapshot =
        seen.other().isPresent() ? LabSnapshot.NOTHING : runtime.watch().snapshot();
    checkpoints.reach(Checkpoint.PRIMACY, lab);
    Primacy primacy =
        Promotion.decide(
            new PrimacyInput(
                topology,
                isNew(lab) ? null : lab.getStatus().postgresql(),
                seen.reachable()
                    && topology.running()
                    && !lab.paused()
                    && snapshot.isAsked(topology),
                snapshot,
                progress,
                now));
    checkpoints.reach(Checkpoint.STEPS, lab);
    List<Step> steps =
        runtime.steps().of(topology, supervised.inputs(), Instances.of(primacy), provisioner);
    Virtualization virtualization = supervised.host().getSpec().virtualization();
    checkpoints.reach(Checkpoint.PLAN, lab);
    Plan wanted =
        Planner.plan(
            PlanInput.builder()
                .lab(topology)
                .primacy(primacy)
                .clustered(lab.getStatus() != null && lab.getStatus().ejabberd() != null)
                .steps(steps)
                .pool(runtime.pool())
                .virtualization(virtualization)
                .host(seen)
                .snapshot(snapshot)
                .progress(progress)
                .epoch(epoch(lab, snapshot))
                .now(now)
                .build());
    // Nothing is done before the status tells what belongs to the lab and who is to be primary.
    Plan plan =
        !isNew(lab) && primacy.isRecordedIn(lab.getStatus().postgresql())
            ? wanted
            : wanted.withoutActions(now);
    boolean autoKvm =
        virtualization == Virtualization.auto
            && seen.facts().is(f -> PlanInput.accelerator(virtualization, f) == Accelerator.kvm);
    boolean stale = false;
    try {
      EjabberdLabStatus status;
      try {
        checkpoints.reach(Checkpoint.STATUS, lab);
        status =
            LabStatuses.of(
                StatusInput.builder()
                    .generation(generation(lab))
                    .previous(lab.getStatus())
                    .lab(topology)
                    .primacy(primacy)
                    .steps(steps)
                    .host(seen)
                    .autoKvm(autoKvm)
                    .snapshot(snapshot)
                    .plan(plan)
                    .tls(tls(lab, supervised.inputs()))
                    .now(now)
                    .build());
      } catch (RuntimeException | Error e) {
        throw new UndescribedException(LabStatuses.decided(lab.getStatus(), primacy), e);
      }
      stale =
          !record.write(
              refusal
                  .map(
                      r ->
                          r.in(
                              lab.getStatus(),
                              status,
                              generation(lab),
                              supervised.generation(),
                              now))
                  .orElse(status),
              plan.restarts().stream()
                  .filter(Plan.Restart::isGoing)
                  .map(Plan.Restart::node)
                  .collect(Collectors.toSet()));
    } finally {
      // If somebody else has changed the record meanwhile, nothing is done.
      if (!stale && !lab.paused()) {
        checkpoints.reach(Checkpoint.ACTIONS, lab);
        runtime.actor().submit(plan.actions());
      }
    }
    if (stale) {
      return Optional.of(AGAIN);
    }
    return plan.wakeAt()
        .map(at -> Duration.between(now, at))
        .map(wait -> wait.compareTo(MIN_DELAY) < 0 ? MIN_DELAY : wait);
  }

  /** Nothing of it exists: its status does not tell of any network yet. */
  static boolean isNew(EjabberdLab lab) {
    return lab.getStatus() == null || lab.getStatus().networks() == null;
  }

  private static Optional<TlsStatus> tls(EjabberdLab lab, Inputs inputs) {
    return inputs
        .certificates()
        .issued()
        .map(c -> new TlsStatus(LabCertificates.authorityName(lab), c.notAfter().toString()));
  }

  /** Failed steps are tried anew when the spec, the image or the annotation for it changes. */
  private static String epoch(EjabberdLab lab, LabSnapshot snapshot) {
    return generation(lab)
        + lab.annotation(EjabberdLab.RETRY)
            .map(value -> "." + Integer.toHexString(value.hashCode()))
            .orElse("")
        + "-"
        + snapshot.image().known().map(ImageVolumes::disk).orElse("");
  }

  private static long generation(EjabberdLab lab) {
    return lab.getMetadata().getGeneration();
  }
}
