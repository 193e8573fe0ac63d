package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.AgentState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.MachineState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** The Events that tell how a node came from one status to the next. */
final class NodeTransitions {

  private NodeTransitions() {}

  /**
   * @param before null for a node that was not there
   * @param askedFor somebody wants it to stop
   */
  static List<Transition> between(NodeStatus before, NodeStatus after, boolean askedFor) {
    List<Transition> found = new ArrayList<>();
    MachineState was = before == null ? MachineState.Missing : before.state();
    if (was != after.state()) {
      machine(was, after, askedFor).ifPresent(found::add);
    }
    AgentState agent = before == null ? AgentState.Disconnected : before.agent();
    if (agent == AgentState.Disconnected && after.agent() == AgentState.Connected) {
      found.add(
          Transition.normal(Reason.AgentConnected, after.name() + ": the guest agent answers."));
    }
    if (after.drift() != null && (before == null || !after.drift().equals(before.drift()))) {
      found.add(
          Transition.warning(
              Reason.Drifted,
              "%s: %s; step %s is applied again."
                  .formatted(after.name(), String.join(", ", after.drift()), after.step())));
    }
    clock(before == null ? null : before.clockOffSeconds(), after).ifPresent(found::add);
    if (hasFailedAgain(before, after)) {
      found.add(
          Transition.warning(
              NodeStatuses.isStaleTerm(after) ? Reason.StaleTerm : Reason.StepRetrying,
              "%s: step %s failed (attempt %d): %s"
                  .formatted(
                      after.name(),
                      after.step(),
                      after.attempts(),
                      Objects.requireNonNullElse(after.lastError(), "it said nothing"))));
    } else if (before != null
        && before.step() != null
        && !before.step().equals(after.step())
        && done(after) > done(before)) {
      found.add(
          Transition.normal(
              Reason.StepDone, "%s: step %s is done.".formatted(after.name(), before.step())));
    }
    return found;
  }

  /** Of one that the spec no longer has. */
  static Transition removed(NodeStatus node) {
    return Transition.normal(
        Reason.Removing,
        "%s: not in the spec any more; its machine is shut down and removed."
            .formatted(node.name()));
  }

  private static Optional<Transition> clock(Integer was, NodeStatus after) {
    Integer is = after.clockOffSeconds();
    if ((was == null) == (is == null)) {
      return Optional.empty();
    }
    return Optional.of(
        is == null
            ? Transition.normal(Reason.ClockSet, after.name() + ": its clock is right again.")
            : Transition.warning(
                Reason.ClockOff,
                "%s: its clock is %s; it is set right."
                    .formatted(after.name(), ClockOff.words(is))));
  }

  private static Optional<Transition> machine(
      MachineState was, NodeStatus after, boolean askedFor) {
    if (was == MachineState.Missing && after.state() == MachineState.ShutOff) {
      return Optional.of(
          Transition.normal(
              Reason.MachineCreated,
              "%s: domain %s is defined.".formatted(after.name(), after.domain())));
    }
    if (was != MachineState.Unknown && after.state() == MachineState.Running) {
      return Optional.of(
          Transition.normal(
              Reason.MachineStarted,
              "%s: domain %s is running.".formatted(after.name(), after.domain())));
    }
    if (was == MachineState.Running && after.state() != MachineState.Unknown) {
      return Optional.of(
          new Transition(
              !askedFor,
              Reason.MachineStopped,
              "%s: domain %s is %s, no longer running."
                  .formatted(after.name(), after.domain(), words(after.state()))));
    }
    return Optional.empty();
  }

  private static String words(MachineState state) {
    return switch (state) {
      case Missing -> "gone";
      case Running -> "running";
      case Paused -> "paused";
      case ShuttingDown -> "shutting down";
      case ShutOff -> "shut off";
      case Crashed -> "crashed";
      case Unknown -> "unknown";
    };
  }

  private static boolean hasFailedAgain(NodeStatus before, NodeStatus after) {
    return after.attempts() != null
        && (before == null
            || !Objects.equals(before.attempts(), after.attempts())
            || !Objects.equals(before.step(), after.step()));
  }

  /** The first number of, for example, 3/4. */
  private static int done(NodeStatus node) {
    return node.steps() == null
        ? 0
        : Integer.parseInt(node.steps().substring(0, node.steps().indexOf('/')));
  }
}
