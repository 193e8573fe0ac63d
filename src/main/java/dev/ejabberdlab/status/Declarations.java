package dev.ejabberdlab.status;

import java.util.List;
import java.util.stream.Stream;

/** Which conditions a lab can have. */
final class Declarations {

  private Declarations() {}

  /** Every one, in the order of the page. */
  static List<Declaration> all() {
    return Stream.concat(
            Stream.of(
                Ready.DECLARATION,
                Reconciling.DECLARATION,
                Stalled.DECLARATION,
                Paused.DECLARATION),
            LabConditions.declarations().stream())
        .toList();
  }

  /** What a condition of that type is. */
  static Declaration of(String type) {
    return all().stream().filter(d -> d.type().equals(type)).findFirst().orElseThrow();
  }
}
