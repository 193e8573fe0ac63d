package dev.ejabberdlab.plan;

import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Plan.StalledStep;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Brings a lab up and keeps it up: networks, then machines, then steps, each as early as it can be,
 * machines independently of each other. What is unknown is left alone.
 */
public final class Planner {

  /** A step that failed this often is not tried again until spec or image changes. */
  public static final int MAX_ATTEMPTS = 5;

  private final LabTopology lab;
  private final List<Step> steps;
  private final String pool;
  private final Virtualization virtualization;
  private final HostSnapshot host;
  private final LabSnapshot snapshot;
  private final Progress progress;
  private final String epoch;
  private final Instant now;

  private final List<Action> actions = new ArrayList<>();
  private final List<StalledStep> stalled = new ArrayList<>();
  private Instant wakeAt;

  private Planner(Input input) {
    this.lab = input.lab();
    this.steps = input.steps();
    this.pool = input.pool();
    this.virtualization = input.virtualization();
    this.host = input.host();
    this.snapshot = input.snapshot();
    this.progress = input.progress();
    this.epoch = input.epoch();
    this.now = input.now();
  }

  /**
   * Everything that a decision depends on.
   *
   * @param lab what shall exist
   * @param steps what shall be done in the guests
   * @param pool storage pool of the host
   * @param virtualization as the host's spec has it
   * @param host last view of the host
   * @param snapshot last view of the lab
   * @param progress what is under way
   * @param epoch failures of steps are counted anew when it changes
   * @param now the time
   */
  public record Input(
      LabTopology lab,
      List<Step> steps,
      String pool,
      Virtualization virtualization,
      HostSnapshot host,
      LabSnapshot snapshot,
      Progress progress,
      String epoch,
      Instant now) {}

  public static Plan plan(Input input) {
    Planner planner = new Planner(input);
    if (input.host().reachable()) {
      planner.networks();
      planner.machines();
    }
    return new Plan(
        List.copyOf(planner.actions),
        Optional.ofNullable(planner.wakeAt),
        List.copyOf(planner.stalled));
  }

  /** What {@code auto} comes to on a host. */
  public static Accelerator accelerator(Virtualization virtualization, HostFacts facts) {
    return switch (virtualization) {
      case kvm -> Accelerator.kvm;
      case qemu -> Accelerator.qemu;
      case auto -> facts.kvm() ? Accelerator.kvm : Accelerator.qemu;
    };
  }

  private void networks() {
    if (!imageUsable()) {
      return;
    }
    for (LabTopology.Network network : lab.networks()) {
      Seen<NetworkState> seen = snapshot.network(network.name());
      NetworkDefinition wanted = Desired.network(lab, network);
      if (seen.isMissing() || seen.is(n -> !n.definition().equals(Optional.of(wanted)))) {
        start(new Action.DefineNetwork(network.name(), wanted));
      } else if (seen.is(n -> !n.active())) {
        start(new Action.StartNetwork(network.name(), network.uuid(), network.libvirtName()));
      }
    }
  }

  private void machines() {
    for (LabTopology.Node node : lab.nodes()) {
      Machine machine = snapshot.machine(node.name());
      if (machine.volume().isMissing() && machine.domain().is(d -> d.power() == Power.RUNNING)) {
        continue;
      }
      if (machine.volume().isMissing()) {
        createVolume(node);
      } else if (machine.domain().isMissing()) {
        defineDomain(node);
      } else if (machine.volume().isPresent() && machine.domain().isPresent()) {
        run(node, machine.domain().value());
      }
    }
  }

  /** Nothing is created for a lab whose image does not exist; what exists is kept up. */
  private boolean imageUsable() {
    return snapshot.image().isPresent()
        || lab.nodes().stream().allMatch(n -> snapshot.machine(n.name()).volume().isPresent());
  }

  private void createVolume(LabTopology.Node node) {
    snapshot
        .image()
        .known()
        .ifPresent(
            image ->
                start(
                    new Action.CreateVolume(
                        node.name(), pool, node.volume(), image.disk(), node.diskBytes())));
  }

  private void defineDomain(LabTopology.Node node) {
    snapshot
        .image()
        .known()
        .ifPresent(
            image -> {
              DomainDefinition wanted =
                  Desired.domain(
                      lab, node, pool, accelerator(virtualization, host.facts().value()), image);
              start(new Action.DefineDomain(node.name(), wanted));
            });
  }

  private void run(LabTopology.Node node, DomainState domain) {
    switch (domain.power()) {
      case SHUT_OFF, PAUSED -> {
        if (networksActive(node)) {
          start(new Action.StartDomain(node.name(), node.uuid(), node.domain()));
        }
      }
      case CRASHED -> start(new Action.DestroyDomain(node.name(), node.uuid(), node.domain()));
      case RUNNING -> step(node);
      case SHUTTING_DOWN -> {
        // its end is an event
      }
    }
  }

  private boolean networksActive(LabTopology.Node node) {
    return node.interfaces().stream()
        .allMatch(i -> snapshot.network(i.network()).is(NetworkState::active));
  }

  private void step(LabTopology.Node node) {
    if (!snapshot.machine(node.name()).guest().isPresent()) {
      return;
    }
    NodeSteps own = NodeSteps.of(node.name(), steps, snapshot);
    if (own.complete() || !own.waitingFor().isEmpty()) {
      return;
    }
    Step step = own.current().orElseThrow();
    Optional<StepState> failed =
        own.state().filter(s -> s.status() == StepState.Status.FAILED && s.epoch().equals(epoch));
    if (failed.isEmpty()) {
      start(new Action.RunStep(node.name(), node.uuid(), step, epoch));
      return;
    }
    StepState state = failed.get();
    if (state.attempts() >= MAX_ATTEMPTS) {
      stalled.add(new StalledStep(node.name(), step.name(), state.attempts(), state.output()));
      return;
    }
    Instant due = now.minusSeconds(state.secondsAgo()).plus(Backoff.STEP.after(state.attempts()));
    if (due.isAfter(now)) {
      wake(due);
    } else {
      start(new Action.RunStep(node.name(), node.uuid(), step, epoch));
    }
  }

  private void start(Action action) {
    if (progress.inFlight().contains(action.key())) {
      return;
    }
    Optional<Instant> due = progress.notBefore(action, now);
    if (due.isPresent()) {
      wake(due.get());
      return;
    }
    actions.add(action);
  }

  private void wake(Instant at) {
    if (wakeAt == null || at.isBefore(wakeAt)) {
      wakeAt = at;
    }
  }
}
