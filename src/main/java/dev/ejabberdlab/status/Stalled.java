package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.MachineState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.guest.Step.Obstacle;
import dev.ejabberdlab.plan.Failure;
import dev.ejabberdlab.plan.Plan;
import dev.ejabberdlab.plan.Plan.StalledStep;
import dev.ejabberdlab.status.Declaration.Telling;
import java.util.Optional;

/** Whether the lab cannot go on until somebody changes something. */
final class Stalled implements LabCondition {

  static final Declaration DECLARATION =
      Declaration.notice(
              Conditions.STALLED,
              "it cannot go on until somebody changes something",
              Telling.WARNING)
          .whenTrue(
              Reason.InvalidSpec,
              Reason.RequestRefused,
              Reason.NameConflict,
              Reason.ReferenceUnusable,
              Reason.ReferenceMissing,
              Reason.StepFailed);

  @Override
  public Declaration declaration() {
    return DECLARATION;
  }

  @Override
  public Optional<Finding> finding(StatusInput input) {
    return withoutImage(input)
        .or(
            () ->
                input
                    .failure(Failure::conflict)
                    .map(f -> Finding.yes(Reason.NameConflict, f.message())))
        .or(
            () ->
                input
                    .obstacle(Obstacle.Kind.UNUSABLE)
                    .map(o -> Finding.yes(Reason.ReferenceUnusable, o.sentence())))
        .or(() -> input.plan().stalled().stream().findFirst().map(Stalled::failed));
  }

  private static Optional<Finding> withoutImage(StatusInput input) {
    return input.lab().running()
            && input.snapshot().image().isMissing()
            && input.nodes().stream().anyMatch(n -> needsImage(n, input))
        ? Optional.of(Finding.yes(Reason.InvalidSpec, input.snapshot().image().why()))
        : Optional.empty();
  }

  private static boolean needsImage(NodeStatus node, StatusInput input) {
    return node.state() == MachineState.Missing
        || (node.state() == MachineState.ShutOff
            && input.snapshot().machine(node.name()).volume().isMissing());
  }

  private static Finding failed(StalledStep step) {
    return Finding.yes(
        Reason.StepFailed,
        "Step %s on %s failed %d times or more and is tried every %d minutes now, and at once when the spec, the image or the annotation ejabberdlab.dev/retry changes; it last said: %s"
            .formatted(
                step.step(),
                step.node(),
                Plan.MAX_ATTEMPTS,
                Plan.STALLED_RETRY.toMinutes(),
                StepOutput.lastLine(step.output())));
  }
}
