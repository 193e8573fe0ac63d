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
import java.time.Duration;
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

  /**
   * How long a running domain may be without an answer from its agent before it counts as silent.
   * The slowest boot seen, five emulated guests on two cores, is under 3 minutes.
   */
  public static final Duration SILENCE = Duration.ofMinutes(6);

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
  private final List<Failure> failures = new ArrayList<>();
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
        List.copyOf(planner.stalled),
        List.copyOf(planner.failures));
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
    for (LabTopology.Network network : lab.networks()) {
      Seen<NetworkState> seen = snapshot.network(network.name());
      NetworkDefinition wanted = Desired.network(lab, network);
      Action define = new Action.DefineNetwork(network.name(), wanted);
      if (seen.isMissing() ? mayCreate() : differs(seen, wanted) && !isJustDone(define)) {
        start(define);
      } else if (seen.is(n -> !n.active())) {
        start(new Action.StartNetwork(network.name(), network.uuid(), network.libvirtName()));
      }
    }
  }

  /**
   * What libvirt does not give back as it was told would differ for ever: that must neither keep a
   * network or machine off nor be repeated without end.
   */
  private boolean isJustDone(Action define) {
    return progress.ended(define);
  }

  private static boolean differs(Seen<NetworkState> seen, NetworkDefinition wanted) {
    return seen.is(n -> !n.definition().equals(Optional.of(wanted)));
  }

  /** Nothing is created for a lab whose image does not exist; what exists is kept up. */
  private boolean mayCreate() {
    return snapshot.image().isPresent()
        || lab.nodes().stream().allMatch(n -> snapshot.machine(n.name()).volume().isPresent());
  }

  private void machines() {
    for (LabTopology.Node node : lab.nodes()) {
      Machine machine = snapshot.machine(node.name());
      if (machine.domain().isMissing()) {
        create(node, machine);
      } else if (machine.domain().isPresent()) {
        DomainState domain = machine.domain().value();
        if (!isOurs(domain)) {
          // The hypervisor refuses, and says what stands in the way.
          definition(node, Optional.empty()).ifPresent(wanted -> define(node, wanted));
        } else if (domain.power() == Power.SHUT_OFF) {
          bringUp(node, machine, domain);
        } else {
          keepUp(node, machine, domain);
        }
      }
    }
  }

  private boolean isOurs(DomainState domain) {
    return domain.owner().filter(o -> o.uid().equals(lab.uid())).isPresent();
  }

  private void create(LabTopology.Node node, Machine machine) {
    if (machine.volume().isMissing()) {
      snapshot
          .image()
          .known()
          .ifPresent(
              image ->
                  start(
                      new Action.CreateVolume(
                          node.name(), pool, node.volume(), image.disk(), node.diskBytes())));
    } else if (machine.volume().isPresent()) {
      definition(node, Optional.empty()).ifPresent(wanted -> define(node, wanted));
    }
  }

  private void bringUp(LabTopology.Node node, Machine machine, DomainState domain) {
    if (machine.volume().isUnknown()) {
      return;
    }
    if (isDiskGone(machine, domain)) {
      // Made anew as a whole: the old domain boots the kernel of the image that the disk came from.
      if (snapshot.image().isPresent()) {
        start(new Action.UndefineDomain(node.name(), node.uuid(), node.domain()));
      }
      return;
    }
    Optional<Action> define =
        definition(node, domain.definition())
            .filter(wanted -> !domain.definition().equals(Optional.of(wanted)))
            .map(wanted -> new Action.DefineDomain(node.name(), wanted));
    if (define.isPresent() && !isJustDone(define.get())) {
      start(define.get());
    } else if (networksActive(node)) {
      start(new Action.StartDomain(node.name(), node.uuid(), node.domain()));
    }
  }

  /** Says nothing of a disk in another pool than the one that was searched. */
  private boolean isDiskGone(Machine machine, DomainState domain) {
    return machine.volume().isMissing()
        && domain.definition().filter(d -> d.pool().equals(pool)).isPresent();
  }

  /** A domain that runs holds its disk open: whether the volume can be seen does not matter. */
  private void keepUp(LabTopology.Node node, Machine machine, DomainState domain) {
    switch (domain.power()) {
      case PAUSED -> start(new Action.StartDomain(node.name(), node.uuid(), node.domain()));
      case CRASHED -> destroy(node);
      case RUNNING -> {
        if (machine.silentSince() == null) {
          step(node, machine);
        } else {
          await(node, domain, machine.silentSince().plus(SILENCE));
        }
      }
      case SHUTTING_DOWN, SHUT_OFF -> {
        // its end is an event
      }
    }
  }

  /**
   * Waits for an agent, and looks again when its silence has become long. A guest that hangs in an
   * accelerator which the host's spec has left since is then made to leave it too.
   */
  private void await(LabTopology.Node node, DomainState domain, Instant deadline) {
    if (deadline.isAfter(now)) {
      wake(deadline);
    } else if (domain.definition().filter(d -> d.accelerator() != accelerator()).isPresent()) {
      destroy(node);
    }
  }

  private Accelerator accelerator() {
    return accelerator(virtualization, host.facts().value());
  }

  /**
   * The domain as it should be; empty while its image is not known.
   *
   * @param present the domain as it is: its disk and the kernel that goes with it stay
   */
  private Optional<DomainDefinition> definition(
      LabTopology.Node node, Optional<DomainDefinition> present) {
    return present
        .map(d -> Desired.domain(lab, node, d.pool(), accelerator(), d.directBoot()))
        .or(
            () ->
                snapshot
                    .image()
                    .known()
                    .map(i -> Desired.domain(lab, node, pool, accelerator(), i.directBoot())));
  }

  private void define(LabTopology.Node node, DomainDefinition wanted) {
    start(new Action.DefineDomain(node.name(), wanted));
  }

  private void destroy(LabTopology.Node node) {
    start(new Action.DestroyDomain(node.name(), node.uuid(), node.domain()));
  }

  private boolean networksActive(LabTopology.Node node) {
    return node.interfaces().stream()
        .allMatch(i -> snapshot.network(i.network()).is(NetworkState::active));
  }

  private void step(LabTopology.Node node, Machine machine) {
    if (!machine.guest().isPresent()) {
      return;
    }
    // One at a time on a node. A step that waits or is given up holds up only those that require
    // it.
    for (Step step : NodeSteps.of(node.name(), steps, snapshot).runnable()) {
      if (step(node, machine, step)) {
        return;
      }
    }
  }

  /** Whether the step is what the node does now. */
  private boolean step(LabTopology.Node node, Machine machine, Step step) {
    Action run = new Action.RunStep(node.name(), node.uuid(), step, epoch);
    Optional<StepState> tried =
        NodeSteps.state(step, snapshot)
            .filter(s -> s.status() != StepState.Status.RUNNING && s.epoch().equals(epoch))
            .filter(s -> s.attempts() > 0);
    if (tried.isPresent()) {
      StepState state = tried.get();
      if (state.attempts() >= MAX_ATTEMPTS) {
        stalled.add(new StalledStep(node.name(), step.name(), state.attempts(), state.output()));
        return false;
      }
      // One that was interrupted has cost a reboot already, and its end is not known.
      if (state.status() == StepState.Status.FAILED) {
        Instant due =
            machine
                .reportedAt()
                .minusSeconds(state.secondsAgo())
                .plus(Backoff.STEP.after(state.attempts()));
        if (due.isAfter(now)) {
          wake(due);
          return false;
        }
      }
    }
    start(run);
    return true;
  }

  private void start(Action action) {
    progress.failure(action).ifPresent(failures::add);
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
