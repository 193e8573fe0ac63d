package dev.ejabberdlab.status;

import java.util.List;
import java.util.Set;

/** What a step said when it failed. */
final class StepOutput {

  /** With what run.sh ends the output of a step. */
  private static final Set<String> PHASE_FAILED = Set.of("apply failed", "verify failed");

  private StepOutput() {}

  /**
   * The last line that says something: which phase has failed only when nobody said more.
   *
   * @param output null when there is none
   */
  static String lastLine(String output) {
    List<String> all =
        output == null ? List.of() : output.lines().filter(l -> !l.isBlank()).toList();
    List<String> told = all.stream().filter(l -> !PHASE_FAILED.contains(l)).toList();
    List<String> lines = told.isEmpty() ? all : told;
    return lines.isEmpty() ? "nothing" : lines.get(lines.size() - 1).strip();
  }
}
