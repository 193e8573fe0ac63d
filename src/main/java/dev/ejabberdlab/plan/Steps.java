package dev.ejabberdlab.plan;

import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.plan.Plan.StalledStep;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Runs the steps in the guests, each node's one after the other. */
final class Steps {

  /** Makes an instance the primary; what it is called in {@code provision.Provisioning}. */
  static final String PROMOTION = "postgresql-promotion";

  /** What every other step of a node needs, named as there. */
  static final String BASE = "base";

  private final List<Step> all;
  private final LabSnapshot snapshot;
  private final String epoch;
  private final Agenda agenda;
  private final List<StalledStep> stalled = new ArrayList<>();

  Steps(Planner.Input input, Agenda agenda) {
    this.all = input.steps();
    this.snapshot = input.snapshot();
    this.epoch = input.epoch();
    this.agenda = agenda;
  }

  /** Those that have failed too often. */
  List<StalledStep> stalled() {
    return stalled;
  }

  /**
   * Runs a node's next step: one at a time. A step that waits or is given up holds up only those
   * that require it.
   */
  void proceed(LabTopology.Node node, Machine machine) {
    if (machine.guest().isPresent()) {
      for (Step step : NodeSteps.of(node.name(), all, snapshot).runnable()) {
        if (isStarted(node, machine, step)) {
          return;
        }
      }
    }
  }

  /** Whether the step is what the node does now. */
  private boolean isStarted(LabTopology.Node node, Machine machine, Step step) {
    Optional<StepState> tried =
        NodeSteps.state(step, snapshot)
            .filter(s -> s.status() != StepState.Status.RUNNING && s.epoch().equals(epoch))
            .filter(s -> s.attempts() > 0);
    if (tried.isPresent()) {
      StepState state = tried.get();
      if (state.attempts() >= Planner.MAX_ATTEMPTS) {
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
        if (due.isAfter(agenda.now())) {
          agenda.wake(due);
          return false;
        }
      }
    }
    agenda.want(new Action.RunStep(node.name(), node.uuid(), step, epoch));
    return true;
  }
}
