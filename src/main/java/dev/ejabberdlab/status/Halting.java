package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.MachineState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** What every part says of a lab that shall not run, but the one about its host. */
final class Halting {

  /** What {@link #finding} can say. */
  static final Reasons REASONS =
      new Reasons(
          List.of(),
          List.of(
              Reason.Halting,
              Reason.Halted,
              Reason.Removing,
              Reason.NameConflict,
              Reason.HypervisorError),
          List.of(Reason.NotObserved));

  private Halting() {}

  /** Empty of a lab that shall run. */
  static Optional<Finding> finding(StatusInput input) {
    return input.lab().running()
        ? Optional.empty()
        : Optional.of(input.heldUp(f -> true).orElseGet(() -> goingDown(input)));
  }

  private static Finding goingDown(StatusInput input) {
    List<NodeStatus> on = input.nodes().stream().filter(n -> !isOff(n)).toList();
    if (on.isEmpty()) {
      SurplusFindings surplus = new SurplusFindings(input);
      return surplus
          .machines()
          .or(surplus::networks)
          .orElseGet(
              () ->
                  Finding.no(
                      Reason.Halted,
                      "The lab is shut down, as spec.running says; its disks are kept."));
    }
    if (on.stream().allMatch(n -> isForeign(n, input))) {
      return Finding.no(
          Reason.NameConflict,
          "Left on: %s. Their domains have not this lab's mark, so nobody shuts them down."
              .formatted(names(on)));
    }
    return on.stream().allMatch(n -> n.state() == MachineState.Unknown)
        ? Finding.notAsked(on.stream().map(NodeStatus::name).toList())
        : Finding.no(Reason.Halting, "Shutting down, still on: %s.".formatted(names(on)));
  }

  /** One that somebody has taken the mark from, or made in its place. */
  private static boolean isForeign(NodeStatus node, StatusInput input) {
    return input
        .snapshot()
        .machine(node.name())
        .domain()
        .is(d -> d.owner().filter(o -> o.uid().equals(input.lab().uid())).isEmpty());
  }

  private static boolean isOff(NodeStatus node) {
    return node.state() == MachineState.ShutOff || node.state() == MachineState.Missing;
  }

  private static String names(List<NodeStatus> nodes) {
    return nodes.stream().map(NodeStatus::name).collect(Collectors.joining(", "));
  }
}
