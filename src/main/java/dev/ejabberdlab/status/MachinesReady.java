package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.AgentState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.MachineState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.plan.Key;
import dev.ejabberdlab.plan.Plan.Restart;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Whether the lab's machines run as the spec says and answer, and there are no others. */
final class MachinesReady implements LabCondition {

  private static final Declaration DECLARATION =
      Declaration.part("MachinesReady", "every machine runs and its agent answers")
          .whenTrue(Reason.MachinesRunning)
          .whenFalse(
              Reason.MachinesPending,
              Reason.AgentPending,
              Reason.AgentSilent,
              Reason.Restarting,
              Reason.Removing,
              Reason.NameConflict,
              Reason.HypervisorError);

  @Override
  public Declaration declaration() {
    return DECLARATION;
  }

  @Override
  public Optional<Finding> finding(StatusInput input) {
    return notRunning(input)
        .or(() -> unknown(input))
        .or(() -> longSilence(input))
        .or(() -> restarting(input))
        .or(() -> shortSilence(input))
        .or(() -> new SurplusFindings(input).machines())
        .or(
            () ->
                Optional.of(
                    Finding.yes(
                        Reason.MachinesRunning,
                        "All %d machines run and their agents answer."
                            .formatted(input.nodes().size()))));
  }

  private static Optional<Finding> notRunning(StatusInput input) {
    List<NodeStatus> down =
        input.nodes().stream()
            .filter(n -> n.state() != MachineState.Running && n.state() != MachineState.Unknown)
            .toList();
    if (down.isEmpty()) {
      return Optional.empty();
    }
    Set<Key> keys =
        down.stream()
            .flatMap(n -> Stream.of(new Key.Machine(n.name()), new Key.Power(n.name())))
            .collect(Collectors.toSet());
    return input
        .heldUp(f -> keys.contains(f.key()))
        .or(() -> Optional.of(comingUp(down, input.plan().restarts())));
  }

  private static Finding comingUp(List<NodeStatus> down, List<Restart> restarts) {
    List<String> restarting =
        restarts.stream().filter(Restart::isGoing).map(Restart::node).toList();
    return Finding.no(
        down.stream().map(NodeStatus::name).allMatch(restarting::contains)
            ? Reason.Restarting
            : Reason.MachinesPending,
        "Not running: %s."
            .formatted(
                down.stream()
                    .map(
                        n ->
                            "%s (%s%s)"
                                .formatted(
                                    n.name(),
                                    n.state(),
                                    restarting.contains(n.name()) ? ", restarts" : ""))
                    .collect(Collectors.joining(", "))));
  }

  private static Optional<Finding> unknown(StatusInput input) {
    List<String> unknown = input.names(n -> n.state() == MachineState.Unknown);
    return unknown.isEmpty() ? Optional.empty() : Optional.of(Finding.notAsked(unknown));
  }

  private static Optional<Finding> restarting(StatusInput input) {
    List<Restart> restarts = input.plan().restarts();
    return restarts.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Finding.no(
                Reason.Restarting,
                restarts.stream()
                    .map(MachinesReady::describe)
                    .collect(Collectors.joining("; ", "", "."))));
  }

  private static String describe(Restart restart) {
    String what =
        "%s %s for a change of %s"
            .formatted(
                restart.node(),
                restart.isGoing() ? "restarts" : "must restart",
                String.join(", ", restart.changes()));
    return restart.isGoing()
        ? what
        : what + " and waits for " + String.join(", ", restart.waitsFor());
  }

  private static Optional<Finding> shortSilence(StatusInput input) {
    List<String> disconnected = input.names(n -> n.agent() != AgentState.Connected);
    List<String> unanswered =
        input.names(n -> !input.snapshot().machine(n.name()).guest().isPresent());
    if (!disconnected.isEmpty()) {
      return Optional.of(
          Finding.no(
              Reason.AgentPending,
              "No guest agent yet: %s; a booting guest takes a while."
                  .formatted(String.join(", ", disconnected))));
    }
    return unanswered.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Finding.no(
                Reason.AgentPending,
                "The guest agent is there but has not answered: %s."
                    .formatted(String.join(", ", unanswered))));
  }

  private static Optional<Finding> longSilence(StatusInput input) {
    List<NodeStatus> silent = input.nodes().stream().filter(n -> isSilent(n, input)).toList();
    return silent.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Finding.no(
                Reason.AgentSilent,
                "No answer from the guest agent for more than %d minutes: %s. %s"
                    .formatted(
                        LabSnapshot.GUEST_SILENCE.toMinutes(),
                        silent.stream().map(NodeStatus::name).collect(Collectors.joining(", ")),
                        advice(silent, input))));
  }

  private static boolean isSilent(NodeStatus node, StatusInput input) {
    Instant since = input.snapshot().machine(node.name()).silentSince();
    return since != null && !since.plus(LabSnapshot.GUEST_SILENCE).isAfter(input.now());
  }

  private static String advice(List<NodeStatus> silent, StatusInput input) {
    Optional<String> said =
        silent.stream()
            .filter(n -> n.agent() == AgentState.Connected)
            .map(n -> input.snapshot().machine(n.name()).guest().why())
            .findFirst();
    if (said.isPresent()) {
      return "The last attempt said: " + said.get();
    }
    return input.autoKvm()
        ? "The host took KVM because it offers it, which does not prove that KVM works there: set spec.virtualization to qemu on LibvirtHost %s."
            .formatted(input.lab().host())
        : "Look at the guest's console, and whether the image has qemu-guest-agent.";
  }
}
