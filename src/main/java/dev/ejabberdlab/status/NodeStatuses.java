package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.AgentState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.DomainState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.NodeSteps;
import dev.ejabberdlab.topology.LabTopology;
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

  static List<NodeStatus> of(View view) {
    return view.lab().nodes().stream().map(node -> node(view, node)).toList();
  }

  private static NodeStatus node(View view, LabTopology.Node node) {
    Machine machine = view.snapshot().machine(node.name());
    NodeSteps steps = NodeSteps.of(node.name(), view.steps(), view.snapshot());
    boolean reported = machine.guest().isPresent();
    Optional<StepState> failed =
        steps.state().filter(s -> s.attempts() > 0 && s.status() != StepState.Status.DONE);
    Optional<NodeStatus> before = previous(view, node.name());
    AgentState agent = agent(machine);
    return new NodeStatus(
        node.name(),
        node.role(),
        agent == AgentState.Connected && reported && steps.complete(),
        node.domain(),
        node.uuid().toString(),
        state(machine.domain()),
        agent,
        addresses(node),
        reported
            ? steps.done() + "/" + steps.total()
            : before.map(NodeStatus::steps).orElse("0/" + steps.total()),
        reported
            ? steps.current().map(Step::name).orElse(null)
            : before.map(NodeStatus::step).orElse(null),
        failed.map(StepState::attempts).orElse(null),
        failed.map(s -> shorten(s.output())).filter(o -> !o.isBlank()).orElse(null),
        steps.drift().isEmpty() ? null : steps.drift(),
        machine.domain().isUnknown()
            ? before.map(NodeStatus::foreignDisk).orElse(null)
            : machine.foreignDisk(node).orElse(null),
        clockOff(machine, before.map(NodeStatus::clockOffSeconds)));
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

  private static Optional<NodeStatus> previous(View view, String node) {
    return view.previous() == null || view.previous().nodes() == null
        ? Optional.empty()
        : view.previous().nodes().stream().filter(n -> n.name().equals(node)).findFirst();
  }

  private static Map<String, String> addresses(LabTopology.Node node) {
    return node.interfaces().stream()
        .collect(
            Collectors.toMap(
                LabTopology.Interface::network,
                LabTopology.Interface::address,
                (a, b) -> a,
                TreeMap::new));
  }

  static DomainState state(Seen<dev.ejabberdlab.hypervisor.DomainState> domain) {
    return switch (domain.state()) {
      case UNKNOWN -> DomainState.Unknown;
      case MISSING -> DomainState.Missing;
      case PRESENT ->
          switch (domain.value().power()) {
            case RUNNING -> DomainState.Running;
            case PAUSED -> DomainState.Paused;
            case SHUTTING_DOWN -> DomainState.ShuttingDown;
            case SHUT_OFF -> DomainState.ShutOff;
            case CRASHED -> DomainState.Crashed;
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
