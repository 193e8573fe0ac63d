package dev.ejabberdlab.status;

import java.util.Optional;
import java.util.stream.Collectors;

/** Whether a machine runs on a disk that the operator did not make. It works, so this is advice. */
final class ForeignDisk implements LabCondition {

  private static final Declaration DECLARATION =
      Declaration.advice(
              "ForeignDisk",
              "a machine runs on a disk that the operator did not make, see `nodes[].foreignDisk`")
          .whenTrue(Reason.ForeignDisk);

  @Override
  public Declaration declaration() {
    return DECLARATION;
  }

  @Override
  public Optional<Finding> finding(StatusInput input) {
    String foreign =
        input.nodes().stream()
            .filter(n -> n.foreignDisk() != null)
            .map(n -> "%s has %s".formatted(n.name(), n.foreignDisk()))
            .collect(Collectors.joining("; "));
    return foreign.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Finding.yes(
                Reason.ForeignDisk,
                "Somebody has put a machine on a disk that the operator did not make: %s. It is left on it, and its definition is not changed meanwhile. To go back without loss, merge the file into the machine's own disk with virsh blockcommit --active --pivot."
                    .formatted(foreign)));
  }
}
