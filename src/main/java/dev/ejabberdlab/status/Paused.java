package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.status.Declaration.Telling;

/** Whether nothing is done, as an annotation says. */
final class Paused {

  static final Declaration DECLARATION =
      Declaration.notice("Paused", "nothing is done, because an annotation says so", Telling.NEWS)
          .whenTrue(Reason.Paused);

  private Paused() {}

  static Finding finding() {
    return Finding.yes(
        Reason.Paused,
        "Nothing is done while the annotation %s is true; remove it to go on."
            .formatted(EjabberdLab.PAUSED));
  }
}
