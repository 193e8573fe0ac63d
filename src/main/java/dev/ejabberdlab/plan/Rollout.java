package dev.ejabberdlab.plan;

import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.plan.Plan.Restart;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Says which machines must be restarted because their hardware has changed in the spec, and which
 * one may be now: one at a time, standbys before the primary, and only while everything else works
 * or the machine's own service is down anyway.
 */
final class Rollout {

  private final LabTopology lab;
  private final List<Step> steps;
  private final LabSnapshot snapshot;
  private final Progress progress;
  private final String primary;
  private final Instant now;
  private final Services services;

  Rollout(PlanInput input) {
    this.lab = input.lab();
    this.steps = input.steps();
    this.snapshot = input.snapshot();
    this.progress = input.progress();
    this.primary = input.primary();
    this.now = input.now();
    this.services = new Services(lab, snapshot, now);
  }

  /** What must be restarted, in order; at most one of them now, unless more are on it already. */
  List<Restart> restarts() {
    List<Node> changed =
        lab.nodes().stream()
            .filter(n -> !changes(n).isEmpty())
            .sorted(Comparator.comparingInt(this::rank))
            .toList();
    if (changed.isEmpty()) {
      return List.of();
    }
    List<String> going =
        new ArrayList<>(changed.stream().filter(this::isGoing).map(Node::name).toList());
    Set<String> blocked = blocked(changed);
    List<Restart> restarts = new ArrayList<>();
    for (Node node : changed) {
      List<String> waitsFor = List.of();
      if (!going.contains(node.name())) {
        waitsFor = going.isEmpty() ? waitsFor(node, blocked) : List.copyOf(going);
        if (waitsFor.isEmpty()) {
          going.add(node.name());
        }
      }
      restarts.add(new Restart(node.name(), changes(node), waitsFor));
    }
    return restarts;
  }

  /** What of a machine's hardware differs from the spec; empty when nothing does. */
  private List<String> changes(Node node) {
    Machine machine = snapshot.machine(node.name());
    Optional<DomainDefinition> definition =
        machine
            .domain()
            .known()
            .filter(d -> d.belongsTo(lab.uid()))
            // It could not be defined anew, so a restart would change nothing.
            .filter(d -> machine.foreignDisk(node).isEmpty())
            .flatMap(DomainState::definition);
    if (definition.isEmpty()) {
      return List.of();
    }
    DomainDefinition is = definition.get();
    DomainDefinition wanted =
        Desired.domain(lab, node, is.pool(), is.accelerator(), is.directBoot());
    List<String> changes = new ArrayList<>();
    if (is.memoryBytes() != wanted.memoryBytes()) {
      changes.add("memory");
    }
    if (is.vcpus() != wanted.vcpus()) {
      changes.add("cpus");
    }
    if (!is.interfaces().equals(wanted.interfaces())) {
      changes.add(Restart.INTERFACES);
    }
    return List.copyOf(changes);
  }

  private int rank(Node node) {
    List<String> members = lab.ejabberd().members();
    return switch (node.role()) {
      case plain -> 0;
      case gateway -> 1;
      case postgresql -> node.name().equals(primary) ? 3 : 2;
      // The one that the others join comes last.
      case ejabberd -> members.indexOf(node.name()) == 0 ? 5 : 4;
    };
  }

  /** On its way down already, or down and about to be started. */
  private boolean isGoing(Node node) {
    DomainState domain = snapshot.machine(node.name()).domain().value();
    return switch (domain.power()) {
      case SHUTTING_DOWN, SHUT_OFF -> true;
      case RUNNING ->
          Shutdown.mayHaveBeenAsked(progress, node.name(), domain, Progress.SHUTDOWN_GRACE, now);
      case PAUSED, CRASHED -> false;
    };
  }

  /** Names of the nodes that must be complete first. */
  private List<String> waitsFor(Node node, Set<String> blocked) {
    if (services.isDown(node)) {
      return List.of();
    }
    return lab.nodes().stream()
        .filter(other -> !other.name().equals(node.name()))
        .filter(other -> !isComplete(other, node.name(), blocked))
        .map(Node::name)
        .toList();
  }

  private boolean isComplete(Node other, String without, Set<String> blocked) {
    return services.works(other, without).equals(Optional.of(true))
        && (blocked.contains(other.name())
            || NodeSteps.of(other.name(), steps, snapshot).complete());
  }

  /** Nodes whose steps cannot be done before a restart: to wait for them would be for ever. */
  private Set<String> blocked(List<Node> changed) {
    Set<String> blocked = new HashSet<>();
    changed.forEach(n -> blocked.add(n.name()));
    boolean more = true;
    while (more) {
      more = false;
      for (Node node : lab.nodes()) {
        boolean waits =
            NodeSteps.of(node.name(), steps, snapshot).waitingFor().stream()
                .map(Step.Ref::node)
                .anyMatch(blocked::contains);
        more |= waits && blocked.add(node.name());
      }
    }
    return blocked;
  }
}
