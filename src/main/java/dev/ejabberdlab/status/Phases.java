package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;

/** Which phase a lab is in. */
final class Phases {

  private Phases() {}

  /**
   * @param stalled whether there is a condition Stalled
   */
  static Phase of(StatusInput input, Finding ready, boolean stalled) {
    if (stalled) {
      return Phase.Stalled;
    }
    if (!input.host().reachable()) {
      return input.host().lastContact() == null && !input.wasReady()
          ? Phase.Pending
          : Phase.Unknown;
    }
    if (!input.lab().running()) {
      return ready.reason() == Reason.Halted ? Phase.Halted : Phase.Halting;
    }
    if (!input.wasReady()) {
      return ready.truth() == Truth.True ? Phase.Ready : Phase.Provisioning;
    }
    return switch (ready.truth()) {
      case True -> Phase.Ready;
      case False -> Phase.Degraded;
      case Unknown -> Phase.Unknown;
    };
  }
}
