package dev.ejabberdlab.plan;

import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.observe.LabSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * How far a node is with its steps.
 *
 * @param done number of steps that are done as wanted
 * @param total number of wanted steps
 * @param runnable steps that are not done and need nothing else to be done first, in the order in
 *     which they are to be tried: the one that runs, those that have not failed, those that have
 * @param current the step to speak of: the first runnable one, else the first that is not done;
 *     empty when all are
 * @param state what the guest remembers of it under its present digest; empty when it never ran
 * @param waitingFor steps that the current one needs and that are not done
 * @param obstacles what any of the node's steps lacks, each once
 */
public record NodeSteps(
    int done,
    int total,
    List<Step> runnable,
    Optional<Step> current,
    Optional<StepState> state,
    List<Step.Ref> waitingFor,
    List<Step.Obstacle> obstacles) {

  /** Judges a node's steps, in their order, against what the guests remember. */
  public static NodeSteps of(String node, List<Step> all, LabSnapshot snapshot) {
    List<Step> own = all.stream().filter(s -> s.node().equals(node)).toList();
    List<Step> open = own.stream().filter(s -> !isDone(s, snapshot)).toList();
    List<Step> fresh = new ArrayList<>();
    List<Step> tried = new ArrayList<>();
    for (Step step : open) {
      if (step.obstacles().isEmpty() && missing(step, all, snapshot).isEmpty()) {
        (hasFailed(step, snapshot) ? tried : fresh).add(step);
      }
    }
    List<Step> runnable =
        Stream.of(open.stream().filter(s -> isRunning(s, snapshot)), fresh.stream(), tried.stream())
            .flatMap(Function.identity())
            .distinct()
            .toList();
    Optional<Step> current = Stream.concat(runnable.stream(), open.stream()).findFirst();
    return new NodeSteps(
        own.size() - open.size(),
        own.size(),
        runnable,
        current,
        current.flatMap(s -> state(s, snapshot)),
        current.map(s -> missing(s, all, snapshot)).orElse(List.of()),
        open.stream().flatMap(s -> s.obstacles().stream()).distinct().toList());
  }

  /** What was changed in the guest since the current step was done, a sentence each. */
  public List<String> drift() {
    return state.map(StepState::drift).orElse(List.of());
  }

  public boolean complete() {
    return current.isEmpty();
  }

  /** What a guest remembers of a step under its present digest; empty when it never ran. */
  static Optional<StepState> state(Step step, LabSnapshot snapshot) {
    return snapshot
        .machine(step.node())
        .step(step.name())
        .filter(s -> s.digest().equals(step.digest()));
  }

  /**
   * Never what lacks something: nobody knows whether the guest has it as it should be. What was
   * changed under a step is not done any more: it is applied again.
   */
  private static boolean isDone(Step step, LabSnapshot snapshot) {
    return step.obstacles().isEmpty()
        && is(step, StepState.Status.DONE, snapshot)
        && state(step, snapshot).filter(s -> s.drift().isEmpty()).isPresent();
  }

  private static boolean isRunning(Step step, LabSnapshot snapshot) {
    return is(step, StepState.Status.RUNNING, snapshot);
  }

  private static boolean hasFailed(Step step, LabSnapshot snapshot) {
    return state(step, snapshot).filter(s -> s.attempts() > 0).isPresent();
  }

  private static boolean is(Step step, StepState.Status status, LabSnapshot snapshot) {
    return state(step, snapshot).filter(s -> s.status() == status).isPresent();
  }

  private static List<Step.Ref> missing(Step step, List<Step> all, LabSnapshot snapshot) {
    return all.stream()
        .filter(s -> step.requires().contains(s.ref()))
        .filter(s -> !isDone(s, snapshot))
        .map(Step::ref)
        .toList();
  }
}
