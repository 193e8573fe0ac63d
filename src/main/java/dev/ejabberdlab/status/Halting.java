package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.DomainState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.status.Conditions.Finding;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** What is said of a lab that shall not run. */
record Halting(View view, List<NodeStatus> nodes) {

  Finding finding() {
    List<NodeStatus> on = nodes.stream().filter(n -> !isOff(n)).toList();
    List<NodeStatus> unknown = on.stream().filter(n -> n.state() == DomainState.Unknown).toList();
    Optional<Finding> failure =
        view.plan().failures().stream()
            .findFirst()
            .map(
                f ->
                    Finding.no(
                        f.conflict() ? Reason.NameConflict : Reason.HypervisorError, f.message()));
    if (failure.isPresent()) {
      return failure.get();
    }
    if (on.isEmpty()) {
      SurplusFindings surplus = new SurplusFindings(view);
      return surplus
          .machines()
          .or(surplus::networks)
          .orElseGet(
              () ->
                  Finding.no(
                      Reason.Halted,
                      "The lab is shut down, as spec.running says; its disks are kept."));
    }
    List<NodeStatus> foreign = on.stream().filter(this::isForeign).toList();
    if (!on.isEmpty() && foreign.size() == on.size()) {
      return Finding.no(
          Reason.NameConflict,
          "Left on: %s. Their domains have not this lab's mark, so nobody shuts them down."
              .formatted(names(foreign)));
    }
    return unknown.size() == on.size()
        ? Finding.unknown(Reason.NotObserved, "Could not be asked: %s.".formatted(names(unknown)))
        : Finding.no(Reason.Halting, "Shutting down, still on: %s.".formatted(names(on)));
  }

  /** One that somebody has taken the mark from, or made in its place. */
  private boolean isForeign(NodeStatus node) {
    return view.snapshot()
        .machine(node.name())
        .domain()
        .is(d -> d.owner().filter(o -> o.uid().equals(view.lab().uid())).isEmpty());
  }

  private static boolean isOff(NodeStatus node) {
    return node.state() == DomainState.ShutOff || node.state() == DomainState.Missing;
  }

  private static String names(List<NodeStatus> nodes) {
    return nodes.stream().map(NodeStatus::name).collect(Collectors.joining(", "));
  }
}
