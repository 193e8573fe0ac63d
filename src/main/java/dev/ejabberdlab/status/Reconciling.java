package dev.ejabberdlab.status;

import dev.ejabberdlab.status.Declaration.Telling;
import java.util.Optional;

/** Whether something is under way, or is awaited. Events of other conditions tell what. */
final class Reconciling {

  static final Declaration DECLARATION =
      Declaration.notice(
              Conditions.RECONCILING,
              "the operator works on the lab, or waits for something that it watches",
              Telling.NOTHING)
          .borrowing(
              "that of `Ready`", Reasons.NONE.andTrue(Ready.DECLARATION.every().otherwise()));

  private Reconciling() {}

  /** Empty of a lab that is Ready or shut down, as its spec says. */
  static Optional<Finding> of(Finding ready) {
    return ready.truth() == Truth.True || ready.reason() == Reason.Halted
        ? Optional.empty()
        : Optional.of(Finding.yes(ready.reason(), ready.message()));
  }
}
