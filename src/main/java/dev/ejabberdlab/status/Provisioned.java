package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.AgentState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.MachineState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.guest.Step.Obstacle;
import dev.ejabberdlab.plan.Failure;
import dev.ejabberdlab.plan.Key;
import dev.ejabberdlab.plan.NodeSteps;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Whether every step is done in every guest. */
final class Provisioned implements LabCondition {

  private static final Declaration DECLARATION =
      Declaration.part("Provisioned", "every step is done on every node")
          .whenTrue(Reason.StepsDone)
          .whenFalse(
              Reason.StepsPending,
              Reason.StepRetrying,
              Reason.StepFailed,
              Reason.StaleTerm,
              Reason.Drifted,
              Reason.ReferenceMissing,
              Reason.ReferenceUnusable);

  /** What keeps a node from being ready. */
  private enum Matter {
    /** It could not be asked. */
    UNSEEN,
    /** Something is still to be done. */
    PENDING,
    /** Somebody else has changed something. */
    DRIFTED,
    /** A step failed and is tried again. */
    RETRYING,
    /** A step was refused by a guest that knows of a later decision who is primary. */
    STALE,
    /** A step failed too often. */
    GIVEN_UP
  }

  /**
   * What is said of a node that is not ready.
   *
   * @param words for the message
   * @param lacks what its steps lack, one sentence each
   */
  private record Unready(Matter matter, String words, List<String> lacks) {}

  @Override
  public Declaration declaration() {
    return DECLARATION;
  }

  @Override
  public Optional<Finding> finding(StatusInput input) {
    int all = input.nodes().size();
    List<Unready> unready =
        input.nodes().stream().filter(n -> !n.ready()).map(n -> unready(n, input)).toList();
    if (unready.isEmpty()) {
      return Optional.of(
          Finding.yes(Reason.StepsDone, "Every step is done on all %d nodes.".formatted(all)));
    }
    List<Unready> pending = unready.stream().filter(u -> u.matter() != Matter.UNSEEN).toList();
    List<Unready> unseen = unready.stream().filter(u -> u.matter() == Matter.UNSEEN).toList();
    String message =
        "%d of %d nodes are ready; %s."
            .formatted(
                all - unready.size(),
                all,
                Stream.concat(pending.stream(), unseen.stream())
                    .map(u -> withoutFullStop(u.words()))
                    .collect(Collectors.joining("; ")));
    return Optional.of(
        pending.isEmpty()
            ? Finding.unknown(Reason.NotObserved, message)
            : behind(unready, message, input));
  }

  private static Finding behind(List<Unready> unready, String message, StatusInput input) {
    if (is(unready, Matter.GIVEN_UP)) {
      return Finding.no(Reason.StepFailed, message);
    }
    List<String> lacks = unready.stream().flatMap(u -> u.lacks().stream()).distinct().toList();
    if (!lacks.isEmpty()) {
      return Finding.no(
          input.obstacle(Obstacle.Kind.UNUSABLE).isPresent()
              ? Reason.ReferenceUnusable
              : Reason.ReferenceMissing,
          String.join(" ", lacks) + " " + message);
    }
    if (is(unready, Matter.STALE)) {
      return Finding.no(Reason.StaleTerm, message);
    }
    if (is(unready, Matter.RETRYING)) {
      return Finding.no(Reason.StepRetrying, message);
    }
    return Finding.no(is(unready, Matter.DRIFTED) ? Reason.Drifted : Reason.StepsPending, message);
  }

  private static boolean is(List<Unready> unready, Matter matter) {
    return unready.stream().anyMatch(u -> u.matter() == matter);
  }

  private static Unready unready(NodeStatus node, StatusInput input) {
    NodeSteps steps = NodeSteps.of(node.name(), input.steps(), input.snapshot());
    List<String> lacks =
        steps.obstacles().stream().filter(Provisioned::isLack).map(Obstacle::sentence).toList();
    Optional<Failure> failure = input.failure(f -> f.key().equals(new Key.Machine(node.name())));
    if (node.state() == MachineState.Missing) {
      return new Unready(Matter.PENDING, node.name() + " does not exist yet", lacks);
    }
    if (!input.snapshot().machine(node.name()).guest().isPresent()) {
      return new Unready(Matter.UNSEEN, node.name() + " " + unseen(node), lacks);
    }
    if (failure.isPresent()) {
      return new Unready(
          Matter.RETRYING,
          "%s cannot run %s: %s".formatted(node.name(), node.step(), failure.get().message()),
          lacks);
    }
    if (node.attempts() != null) {
      return failed(node, lacks, input);
    }
    return node.drift() == null
        ? new Unready(Matter.PENDING, "%s %s".formatted(node.name(), doing(node, steps)), lacks)
        : new Unready(
            Matter.DRIFTED,
            "%s is mended: %s".formatted(node.name(), String.join(", ", node.drift())),
            lacks);
  }

  private static Unready failed(NodeStatus node, List<String> lacks, StatusInput input) {
    boolean givenUp = input.plan().stalled().stream().anyMatch(s -> s.node().equals(node.name()));
    return new Unready(
        givenUp ? Matter.GIVEN_UP : NodeStatuses.isStaleTerm(node) ? Matter.STALE : Matter.RETRYING,
        "%s %s %s, which failed %s: %s"
            .formatted(
                node.name(),
                givenUp ? "seldom retries" : "retries",
                node.step(),
                node.attempts() == 1 ? "once" : node.attempts() + " times",
                StepOutput.lastLine(node.lastError())),
        lacks);
  }

  private static String doing(NodeStatus node, NodeSteps steps) {
    if (!steps.obstacles().isEmpty() && steps.runnable().isEmpty()) {
      return "waits with " + node.step();
    }
    if (steps.waitingFor().isEmpty()) {
      return "runs " + node.step();
    }
    return "waits with %s for %s"
        .formatted(
            node.step(),
            steps.waitingFor().stream()
                .map(ref -> ref.name() + " on " + ref.node())
                .collect(Collectors.joining(", ")));
  }

  /** What a step lacks, as opposed to one that must not run now. */
  private static boolean isLack(Obstacle obstacle) {
    return obstacle.kind() != Obstacle.Kind.HELD;
  }

  private static String unseen(NodeStatus node) {
    if (node.state() != MachineState.Running) {
      return "is not running";
    }
    return node.agent() == AgentState.Connected ? "has not answered" : "boots";
  }

  private static String withoutFullStop(String words) {
    return words.endsWith(".") ? words.substring(0, words.length() - 1) : words;
  }
}
