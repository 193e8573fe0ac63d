package dev.ejabberdlab.plan;

import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepNames;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.guest.StepState.Status;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.plan.Plan.StalledStep;
import dev.ejabberdlab.topology.Node;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Runs the steps in the guests, each node's one after the other. */
final class Steps {

  private final List<Step> all;
  private final LabSnapshot snapshot;
  private final Progress progress;
  private final String epoch;
  private final PlanBuilder plan;
  private final List<StalledStep> stalled = new ArrayList<>();

  /** Nodes that this plan lets join. */
  private final Set<String> joining = new HashSet<>();

  Steps(PlanInput input, PlanBuilder plan) {
    this.all = input.steps();
    this.snapshot = input.snapshot();
    this.progress = input.progress();
    this.epoch = input.epoch();
    this.plan = plan;
  }

  /** Those that have failed too often. */
  List<StalledStep> stalled() {
    return stalled;
  }

  /**
   * Runs a node's next step: one at a time. A step that waits or is given up holds up only those
   * that require it.
   */
  void proceed(Node node, Machine machine) {
    if (machine.guest().isPresent()) {
      for (Step step : NodeSteps.of(node.name(), all, snapshot).runnable()) {
        if (isStarted(node, machine, step)) {
          return;
        }
      }
    }
  }

  /** Whether the step is what the node does now. */
  private boolean isStarted(Node node, Machine machine, Step step) {
    Optional<StepState> tried =
        NodeSteps.state(step, snapshot)
            .filter(s -> s.epoch().equals(epoch))
            .filter(s -> s.attempts() > 0);
    if (tried.isPresent()) {
      StepState state = tried.get();
      boolean isStalled = state.attempts() >= Plan.MAX_ATTEMPTS;
      if (isStalled) {
        stalled.add(new StalledStep(node.name(), step.name(), state.attempts(), state.output()));
      }
      // One that was interrupted has cost a reboot already, and its end is not known.
      if (state.status() == StepState.Status.FAILED
          || (isStalled && state.status() == StepState.Status.INTERRUPTED)) {
        Instant due =
            machine
                .reportedAt()
                .minusSeconds(state.secondsAgo())
                .plus(isStalled ? Plan.STALLED_RETRY : Backoff.STEP.after(state.attempts()));
        if (due.isAfter(plan.now())) {
          plan.wake(due);
          return false;
        }
      }
    }
    if (mayRestartAMember(step) && isAnotherBusy(step)) {
      // What ends there is seen here.
      return false;
    }
    if (step.name().equals(StepNames.EJABBERD_CLUSTER)) {
      joining.add(node.name());
    }
    plan.want(new Action.RunStep(node.name(), node.uuid(), step, epoch));
    return true;
  }

  /** Not one that joins for the first time: nobody is logged in there. */
  private boolean mayRestartAMember(Step step) {
    return step.name().equals(StepNames.EJABBERD_CLUSTER)
        && snapshot
            .machine(step.node())
            .step(step.name())
            .filter(s -> s.status() != Status.RUNNING)
            .isPresent();
  }

  /**
   * Whether another member restarts, or may: after the network was cut, each of those that have
   * lost the first one would, and all at once.
   */
  private boolean isAnotherBusy(Step step) {
    return all.stream()
        .filter(s -> s.name().equals(StepNames.EJABBERD_CLUSTER) && !s.node().equals(step.node()))
        .anyMatch(this::isUnderWay);
  }

  private boolean isUnderWay(Step membership) {
    String node = membership.node();
    boolean open =
        NodeSteps.state(membership, snapshot)
            .filter(s -> s.status() == Status.DONE && s.drift().isEmpty())
            .isEmpty();
    return joining.contains(node)
        || NodeSteps.state(membership, snapshot)
            .filter(s -> s.status() == Status.RUNNING)
            .isPresent()
        || (open && progress.isUnderWay(node))
        || restartsForItsSettings(node);
  }

  /** As opposed to one whose step only waits for its turn. */
  private boolean restartsForItsSettings(String node) {
    Machine machine = snapshot.machine(node);
    return machine.isStep(StepNames.EJABBERD, Status.RUNNING)
        && machine.guest().is(g -> g.ejabberd().filter(GuestReport.Ejabberd::up).isEmpty());
  }
}
