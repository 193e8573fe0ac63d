package dev.ejabberdlab.plan;

import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.guest.StepState.Status;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.plan.Plan.StalledStep;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Runs the steps in the guests, each node's one after the other. */
final class Steps {

  /** Makes a node a member, or restarts it to be one again; {@code provision.Provisioning} too. */
  static final String MEMBERSHIP = "ejabberd-cluster";

  /** Runs a node, and restarts it when its settings ask for it. */
  private static final String EJABBERD = "ejabberd";

  /** Makes an instance the primary; what it is called in {@code provision.Provisioning}. */
  static final String PROMOTION = "postgresql-promotion";

  /** What every other step of a node needs, named as there. */
  static final String BASE = "base";

  private final List<Step> all;
  private final LabSnapshot snapshot;
  private final Progress progress;
  private final String epoch;
  private final Agenda agenda;
  private final List<StalledStep> stalled = new ArrayList<>();

  /** Nodes that this plan lets join. */
  private final Set<String> joining = new HashSet<>();

  Steps(Planner.Input input, Agenda agenda) {
    this.all = input.steps();
    this.snapshot = input.snapshot();
    this.progress = input.progress();
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
            .filter(s -> s.epoch().equals(epoch))
            .filter(s -> s.attempts() > 0);
    if (tried.isPresent()) {
      StepState state = tried.get();
      boolean isStalled = state.attempts() >= Planner.MAX_ATTEMPTS;
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
                .plus(isStalled ? Planner.STALLED_RETRY : Backoff.STEP.after(state.attempts()));
        if (due.isAfter(agenda.now())) {
          agenda.wake(due);
          return false;
        }
      }
    }
    if (mayRestartAMember(step) && isAnotherBusy(step)) {
      // What ends there is seen here.
      return false;
    }
    if (step.name().equals(MEMBERSHIP)) {
      joining.add(node.name());
    }
    agenda.want(new Action.RunStep(node.name(), node.uuid(), step, epoch));
    return true;
  }

  /** Not one that joins for the first time: nobody is logged in there. */
  private boolean mayRestartAMember(Step step) {
    return step.name().equals(MEMBERSHIP)
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
        .filter(s -> s.name().equals(MEMBERSHIP) && !s.node().equals(step.node()))
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
        || (open && progress.inFlight().contains(new Key.Machine(node)))
        || restartsForItsSettings(node);
  }

  /** As opposed to one whose step only waits for its turn. */
  private boolean restartsForItsSettings(String node) {
    Machine machine = snapshot.machine(node);
    return machine.step(EJABBERD).filter(s -> s.status() == Status.RUNNING).isPresent()
        && machine.guest().is(g -> g.ejabberd().filter(GuestReport.Ejabberd::up).isEmpty());
  }
}
