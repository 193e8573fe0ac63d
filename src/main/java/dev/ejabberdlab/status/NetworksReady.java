package dev.ejabberdlab.status;

import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Key;
import dev.ejabberdlab.topology.LabTopology;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Whether the lab's networks are there, and no others. */
final class NetworksReady implements LabCondition {

  private static final Declaration DECLARATION =
      Declaration.part("NetworksReady", "every network is started")
          .whenTrue(Reason.NetworksActive)
          .whenFalse(
              Reason.NetworksPending, Reason.Removing, Reason.NameConflict, Reason.HypervisorError);

  @Override
  public Declaration declaration() {
    return DECLARATION;
  }

  @Override
  public Optional<Finding> finding(StatusInput input) {
    return input
        .heldUp(f -> f.key() instanceof Key.Network)
        .or(() -> waiting(input))
        .or(() -> new SurplusFindings(input).networks())
        .or(
            () ->
                Optional.of(
                    Finding.yes(
                        Reason.NetworksActive,
                        "All %d networks are active.".formatted(input.lab().networks().size()))));
  }

  private static Optional<Finding> waiting(StatusInput input) {
    List<String> unknown = new ArrayList<>();
    List<String> waiting = new ArrayList<>();
    for (LabTopology.Network network : input.lab().networks()) {
      Seen<NetworkState> seen = input.snapshot().network(network.name());
      if (seen.isUnknown()) {
        unknown.add(network.name());
      } else if (!seen.is(NetworkState::active)) {
        waiting.add(network.name());
      }
    }
    if (!waiting.isEmpty()) {
      return Optional.of(
          Finding.no(
              Reason.NetworksPending, "Not active yet: %s.".formatted(String.join(", ", waiting))));
    }
    return unknown.isEmpty() ? Optional.empty() : Optional.of(Finding.notAsked(unknown));
  }
}
