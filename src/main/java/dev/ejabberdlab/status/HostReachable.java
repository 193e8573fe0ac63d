package dev.ejabberdlab.status;

import dev.ejabberdlab.hypervisor.HostFacts;
import java.util.Optional;

/** Whether the lab's host answers. While it does not, every other part says the same. */
final class HostReachable implements LabCondition {

  static final Declaration DECLARATION =
      Declaration.firstPart("HostReachable", "libvirt answers")
          .whenTrue(Reason.HostConnected)
          .and(SilentHost.REASONS);

  @Override
  public Declaration declaration() {
    return DECLARATION;
  }

  @Override
  public Optional<Finding> finding(StatusInput input) {
    return Optional.of(of(input));
  }

  static Finding of(StatusInput input) {
    return input
        .host()
        .facts()
        .known()
        .map(HostReachable::answers)
        .orElseGet(() -> SilentHost.finding(input));
  }

  private static Finding answers(HostFacts facts) {
    return Finding.yes(
        Reason.HostConnected,
        "%s answers (libvirt %s).".formatted(facts.hostname(), facts.libvirtVersion()));
  }
}
