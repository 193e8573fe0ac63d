package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.plan.Failure;
import dev.ejabberdlab.plan.Key;
import java.util.Optional;
import java.util.stream.Collectors;

/** Whether clocks of guests are off. They are set right, so this is advice. */
final class ClockOff implements LabCondition {

  private static final Declaration DECLARATION =
      Declaration.advice(
              "ClockOff",
              "clocks of guests are off by more than a second and are set right, see"
                  + " `nodes[].clockOffSeconds`")
          .whenTrue(Reason.ClockOff)
          .toldByNodes();

  @Override
  public Declaration declaration() {
    return DECLARATION;
  }

  @Override
  public Optional<Finding> finding(StatusInput input) {
    String off =
        input.nodes().stream()
            .filter(n -> n.clockOffSeconds() != null)
            .map(ClockOff::words)
            .collect(Collectors.joining(", "));
    Optional<Failure> failure = input.failure(f -> f.key() instanceof Key.Clock);
    return off.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Finding.yes(
                Reason.ClockOff,
                "Clocks that are off and are set right: %s.%s"
                    .formatted(off, failure.map(f -> " " + f.message()).orElse(""))));
  }

  private static String words(NodeStatus node) {
    return "%s (%s)".formatted(node.name(), words(node.clockOffSeconds()));
  }

  /** By how much a clock is off. */
  static String words(int seconds) {
    return "%d s %s".formatted(Math.abs(seconds), seconds < 0 ? "behind" : "ahead");
  }
}
