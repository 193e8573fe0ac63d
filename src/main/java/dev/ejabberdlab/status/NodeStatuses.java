package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.AgentState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.MachineState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.NodeSteps;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What is said of each node. */
final class NodeStatuses {

  private static final int MAX_ERROR = 1024;

  /** A clock is said to be off by something else when it is by more seconds than this. */
  private static final int MIN_CLOCK_STEP = 2;

  /** Or by more than this part. */
  private static final int CLOCK_SHARE = 10;

  private NodeStatuses() {}

  /**
   * @param previous last status; null when there is none
   */
  static List<NodeStatus> of(
      LabTopology lab, List<Step> steps, LabSnapshot snapshot, EjabberdLabStatus previous) {
    return lab.nodes().stream()
        .map(
            node ->
                node(
                    node,
                    snapshot.machine(node.name()),
                    NodeSteps.of(node.name(), steps, snapshot),
                    find(previous, node.name())))
        .toList();
  }

  /**
   * What a status says of a node; empty when it says nothing.
   *
   * @param status null when there is none
   */
  static Optional<NodeStatus> find(EjabberdLabStatus status, String node) {
    return status == null || status.nodes() == null
        ? Optional.empty()
        : status.nodes().stream().filter(n -> n.name().equals(node)).findFirst();
  }

  private static NodeStatus node(
      Node node, Machine machine, NodeSteps steps, Optional<NodeStatus> before) {
    boolean reported = machine.guest().isPresent();
    Optional<StepState> failed =
        steps.state().filter(s -> s.attempts() > 0 && s.status() != StepState.Status.DONE);
    AgentState agent = agent(machine);
    return NodeStatus.builder()
        .name(node.name())
        .role(node.role())
        .ready(agent == AgentState.Connected && reported && steps.complete())
        .domain(node.domain())
        .uuid(node.uuid().toString())
        .state(state(machine.domain()))
        .agent(agent)
        .addresses(addresses(node))
        .steps(
            reported
                ? steps.done() + "/" + steps.total()
                : before.map(NodeStatus::steps).orElse("0/" + steps.total()))
        .step(
            reported
                ? steps.current().map(Step::name).orElse(null)
                : before.map(NodeStatus::step).orElse(null))
        .attempts(failed.map(StepState::attempts).orElse(null))
        .lastError(failed.map(s -> shorten(s.output())).filter(o -> !o.isBlank()).orElse(null))
        .drift(steps.drift().isEmpty() ? null : steps.drift())
        .foreignDisk(
            machine.domain().isUnknown()
                ? before.map(NodeStatus::foreignDisk).orElse(null)
                : machine.foreignDisk(node).orElse(null))
        .clockOffSeconds(clockOff(machine, before.map(NodeStatus::clockOffSeconds)))
        .build();
  }

  /** Whether the guest has refused a step because it knows of a later decision who is primary. */
  static boolean isStaleTerm(NodeStatus node) {
    return node.lastError() != null && node.lastError().contains(GuestReport.Term.STALE);
  }

  /**
   * Null while the clock is right. Each answer tells the difference a bit differently: what was
   * said stands while it is still true, so that an answer alone changes no status.
   */
  private static Integer clockOff(Machine machine, Optional<Integer> before) {
    Optional<Duration> off = machine.guest().known().flatMap(GuestReport::clockOff);
    if (off.isEmpty() || off.get().isZero()) {
      return machine.guest().isUnknown() ? before.orElse(null) : null;
    }
    if (before.isEmpty() && !machine.guest().value().isClockOff()) {
      return null;
    }
    int seconds = (int) Math.round(off.get().toMillis() / 1000.0);
    return before
        .filter(b -> Integer.signum(b) == off.get().compareTo(Duration.ZERO))
        .filter(b -> Math.abs(b - seconds) <= Math.max(MIN_CLOCK_STEP, Math.abs(b) / CLOCK_SHARE))
        .orElse(seconds == 0 ? off.get().compareTo(Duration.ZERO) : seconds);
  }

  private static Map<String, String> addresses(Node node) {
    return node.interfaces().stream()
        .collect(
            Collectors.toMap(
                Node.Interface::network, Node.Interface::address, (a, b) -> a, TreeMap::new));
  }

  static MachineState state(Seen<DomainState> domain) {
    return switch (domain.state()) {
      case UNKNOWN -> MachineState.Unknown;
      case MISSING -> MachineState.Missing;
      case PRESENT ->
          switch (domain.value().power()) {
            case RUNNING -> MachineState.Running;
            case PAUSED -> MachineState.Paused;
            case SHUTTING_DOWN -> MachineState.ShuttingDown;
            case SHUT_OFF -> MachineState.ShutOff;
            case CRASHED -> MachineState.Crashed;
          };
    };
  }

  private static AgentState agent(Machine machine) {
    return switch (machine.domain().state()) {
      case UNKNOWN -> AgentState.Unknown;
      case MISSING -> AgentState.Disconnected;
      case PRESENT ->
          machine.domain().value().agentConnected()
              ? AgentState.Connected
              : AgentState.Disconnected;
    };
  }

  private static String shorten(String output) {
    return output.length() <= MAX_ERROR ? output : output.substring(output.length() - MAX_ERROR);
  }
}
