package dev.ejabberdlab.status;

import dev.ejabberdlab.guest.GuestReport.Ejabberd;
import java.util.List;
import java.util.Optional;

/** Whether ejabberd's nodes are one cluster. */
final class ClusterFormed implements LabCondition {

  private static final Declaration DECLARATION =
      Declaration.part("ClusterFormed", "every ejabberd node sees all of them")
          .whenTrue(Reason.ClusterComplete)
          .whenFalse(Reason.ClusterIncomplete);

  @Override
  public Declaration declaration() {
    return DECLARATION;
  }

  @Override
  public Optional<Finding> finding(StatusInput input) {
    return Optional.of(of(SeenEjabberd.of(input)));
  }

  private static Finding of(SeenEjabberd seen) {
    List<String> members = seen.members();
    if (seen.isConsistent()) {
      return Finding.yes(
          Reason.ClusterComplete,
          members.size() == 1
              ? members.get(0) + " is the only member, and runs."
              : "%s see each other.".formatted(String.join(", ", members)));
    }
    List<String> unasked =
        members.stream()
            .filter(m -> seen.input().snapshot().machine(m).guest().isUnknown())
            .toList();
    List<String> incomplete =
        members.stream()
            .filter(m -> !unasked.contains(m))
            .filter(m -> !seen.isComplete(m))
            .map(m -> describe(m, seen))
            .toList();
    return incomplete.isEmpty()
        ? Finding.unknown(
            Reason.NotObserved, "%s could not be asked.".formatted(String.join(", ", unasked)))
        : Finding.no(Reason.ClusterIncomplete, String.join("; ", incomplete) + ".");
  }

  private static String describe(String member, SeenEjabberd seen) {
    List<String> sees =
        seen.member(member).filter(Ejabberd::up).map(Ejabberd::members).orElse(null);
    if (sees == null) {
      return "ejabberd on %s is not running".formatted(member);
    }
    return sees.isEmpty()
        ? "%s does not tell whom it sees".formatted(member)
        : "%s sees %s".formatted(member, String.join(", ", sees));
  }
}
