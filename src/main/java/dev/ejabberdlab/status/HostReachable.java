package dev.ejabberdlab.status;

import dev.ejabberdlab.hypervisor.HostFacts;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/** Whether the lab's host answers. While it does not, every other part says the same. */
final class HostReachable implements LabCondition {

  static final Declaration DECLARATION =
      Declaration.firstPart("HostReachable", "libvirt answers")
          .whenTrue(Reason.HostConnected)
          .whenUnknown(Reason.Pending, Reason.HostUnreachable, Reason.OtherHost);

  @Override
  public Declaration declaration() {
    return DECLARATION;
  }

  @Override
  public Optional<Finding> finding(StatusInput input) {
    return Optional.of(of(input));
  }

  static Finding of(StatusInput input) {
    return input.host().facts().known().map(HostReachable::answers).orElseGet(() -> silent(input));
  }

  private static Finding answers(HostFacts facts) {
    return Finding.yes(
        Reason.HostConnected,
        "%s answers (libvirt %s).".formatted(facts.hostname(), facts.libvirtVersion()));
  }

  private static Finding silent(StatusInput input) {
    String host = input.lab().host();
    String why = input.host().facts().why();
    if (input.host().other().isPresent()) {
      return Finding.unknown(
          Reason.OtherHost,
          "LibvirtHost %s: %s Nothing is done until the right one answers.".formatted(host, why));
    }
    return input.host().lastContact() == null
        ? Finding.unknown(
            Reason.Pending, "LibvirtHost %s has not answered yet: %s".formatted(host, why))
        : Finding.unknown(
            Reason.HostUnreachable,
            "LibvirtHost %s does not answer; last contact %s. Nothing is done until it does."
                .formatted(host, input.host().lastContact().truncatedTo(ChronoUnit.SECONDS)));
  }
}
