package dev.ejabberdlab.plan;

import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Defines and starts a lab's networks. One that runs is never restarted for another definition,
 * which would cut its guests off: what changes in one are reservations, and guests have their
 * addresses without them.
 */
record Networks(LabTopology lab, LabSnapshot snapshot, PlanBuilder plan) {

  void bringUp() {
    for (LabTopology.Network network : lab.networks()) {
      Seen<NetworkState> seen = snapshot.network(network.name());
      if (seen.isMissing() ? mayCreate() : isOutdated(network)) {
        plan.want(define(network));
      } else if (seen.is(n -> !n.active())) {
        plan.want(
            new Action.StartNetwork(
                network.name(), network.uuid(), network.libvirtName(), guests(network)));
      }
    }
  }

  /** Domains that run with an interface in the network. */
  private Set<UUID> guests(LabTopology.Network network) {
    return lab.nodes().stream()
        .filter(n -> n.addressIn(network.name()).isPresent())
        .filter(n -> snapshot.machine(n.name()).domain().is(d -> d.power() != Power.SHUT_OFF))
        .map(Node::uuid)
        .collect(Collectors.toSet());
  }

  /** Changes the definitions of those that are there, and starts nothing. */
  void keepDefined() {
    for (LabTopology.Network network : lab.networks()) {
      if (isOutdated(network)) {
        plan.want(define(network));
      }
    }
  }

  private Action define(LabTopology.Network network) {
    return new Action.DefineNetwork(network.name(), Desired.network(lab, network));
  }

  /**
   * What libvirt does not give back as it was told would differ for ever: that must neither keep a
   * network off nor be repeated without end.
   */
  private boolean isOutdated(LabTopology.Network network) {
    NetworkDefinition wanted = Desired.network(lab, network);
    return snapshot.network(network.name()).is(n -> !n.definition().equals(Optional.of(wanted)))
        && !plan.progress().ended(define(network));
  }

  /** Nothing is created for a lab whose image does not exist; what exists is kept up. */
  private boolean mayCreate() {
    return snapshot.image().isPresent()
        || lab.nodes().stream().allMatch(n -> snapshot.machine(n.name()).volume().isPresent());
  }
}
