package dev.ejabberdlab.plan;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import java.util.List;

/**
 * Shuts a lab down, group by group: first those who use a service, then those who give it. The
 * member that the others join is the last of its cluster, because it is the first to start again:
 * Mnesia waits for the member that was stopped last.
 */
record Halt(LabTopology lab, LabSnapshot snapshot, String primary, PlanBuilder plan) {

  /** Turns off the first group that is not off. */
  void proceed() {
    Shutdown shutdown = new Shutdown(plan, Progress.SHUTDOWN_GRACE);
    for (List<String> group : groups(lab, primary)) {
      List<String> on = group.stream().filter(n -> !isOff(n)).toList();
      on.forEach(node -> domain(node).known().ifPresent(d -> shutdown.turnOff(node, d)));
      if (!on.isEmpty()) {
        return;
      }
    }
  }

  /** Names of the nodes, group after group in the order in which they go down. */
  static List<List<String>> groups(LabTopology lab, String primary) {
    List<String> members = lab.ejabberd().members();
    List<String> standbys =
        lab.postgresql().instances().stream().filter(i -> !i.equals(primary)).toList();
    return List.of(
        members.subList(1, members.size()),
        members.subList(0, 1),
        standbys,
        List.of(primary),
        names(lab, Role.plain),
        names(lab, Role.gateway));
  }

  private static List<String> names(LabTopology lab, Role role) {
    return lab.nodes(role).stream().map(Node::name).toList();
  }

  private boolean isOff(String node) {
    Seen<DomainState> domain = domain(node);
    return domain.isMissing()
        || domain.is(d -> d.power() == Power.SHUT_OFF || !d.belongsTo(lab.uid()));
  }

  private Seen<DomainState> domain(String node) {
    return snapshot.machine(node).domain();
  }
}
