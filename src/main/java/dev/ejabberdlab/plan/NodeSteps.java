package dev.ejabberdlab.plan;

import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.observe.LabSnapshot;
import java.util.List;
import java.util.Optional;

/**
 * How far a node is with its steps.
 *
 * @param done number of steps that are done as wanted
 * @param total number of wanted steps
 * @param current first step that is not done; empty when all are
 * @param state what the guest remembers of it under its present digest; empty when it never ran
 * @param waitingFor steps on other nodes that the current one needs and that are not done
 */
public record NodeSteps(
    int done,
    int total,
    Optional<Step> current,
    Optional<StepState> state,
    List<Step.Ref> waitingFor) {

  /** Judges a node's steps, in their order, against what the guests remember. */
  public static NodeSteps of(String node, List<Step> all, LabSnapshot snapshot) {
    List<Step> own = all.stream().filter(s -> s.node().equals(node)).toList();
    int done = (int) own.stream().filter(s -> isDone(s, snapshot)).count();
    Optional<Step> current = own.stream().filter(s -> !isDone(s, snapshot)).findFirst();
    return new NodeSteps(
        done,
        own.size(),
        current,
        current.flatMap(s -> state(s, snapshot)),
        current.map(s -> missing(s, all, snapshot)).orElse(List.of()));
  }

  public boolean complete() {
    return current.isEmpty();
  }

  private static boolean isDone(Step step, LabSnapshot snapshot) {
    return state(step, snapshot).filter(s -> s.status() == StepState.Status.DONE).isPresent();
  }

  private static Optional<StepState> state(Step step, LabSnapshot snapshot) {
    return snapshot
        .machine(step.node())
        .step(step.name())
        .filter(s -> s.digest().equals(step.digest()));
  }

  private static List<Step.Ref> missing(Step step, List<Step> all, LabSnapshot snapshot) {
    return all.stream()
        .filter(s -> step.requires().contains(s.ref()))
        .filter(s -> !isDone(s, snapshot))
        .map(Step::ref)
        .toList();
  }
}
