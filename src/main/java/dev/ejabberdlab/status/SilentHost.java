package dev.ejabberdlab.status;

import java.time.temporal.ChronoUnit;
import java.util.List;

/** What every part says while the lab's host does not answer. */
final class SilentHost {

  /** What {@link #finding} can say. */
  static final Reasons REASONS =
      Reasons.NONE.andUnknown(List.of(Reason.Pending, Reason.HostUnreachable, Reason.OtherHost));

  private SilentHost() {}

  /** Of a host that does not answer. */
  static Finding finding(StatusInput input) {
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
