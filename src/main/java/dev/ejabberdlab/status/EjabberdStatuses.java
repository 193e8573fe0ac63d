package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.EjabberdStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.EjabberdStatus.Member;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.EjabberdStatus.VirtualAddress;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Ejabberd;
import dev.ejabberdlab.status.Conditions.Finding;
import dev.ejabberdlab.status.Conditions.Truth;
import dev.ejabberdlab.topology.LabTopology;
import java.util.List;
import java.util.Optional;

/** What is said of the ejabberd cluster. */
final class EjabberdStatuses {

  private final View view;
  private final List<String> members;
  private final List<String> erlangNodes;

  EjabberdStatuses(View view) {
    this.view = view;
    this.members = view.lab().ejabberd().members();
    this.erlangNodes = members.stream().map(EjabberdStatuses::erlangNode).sorted().toList();
  }

  /** Erlang's name of a member. */
  static String erlangNode(String node) {
    return "ejabberd@" + node;
  }

  /** Null until a member could be asked. */
  EjabberdStatus status() {
    boolean seenBefore = view.previous() != null && view.previous().ejabberd() != null;
    if (!seenBefore && members.stream().noneMatch(m -> ejabberd(m).isPresent())) {
      return null;
    }
    int running = running();
    return new EjabberdStatus(
        members.size(),
        running,
        running + "/" + members.size(),
        consistent(),
        members.stream().map(this::member).toList(),
        view.lab().ejabberd().domain(),
        view.lab().ejabberd().virtualAddress().map(this::virtualAddress).orElse(null));
  }

  private VirtualAddress virtualAddress(LabTopology.VirtualAddress wanted) {
    List<String> holders =
        members.stream()
            .filter(m -> ejabberd(m).filter(Ejabberd::virtualAddress).isPresent())
            .toList();
    return new VirtualAddress(wanted.address(), holders.size() == 1 ? holders.get(0) : null);
  }

  Finding formed() {
    if (consistent()) {
      return Finding.yes(
          Reason.ClusterComplete,
          members.size() == 1
              ? members.get(0) + " is the only member, and runs."
              : "%s see each other.".formatted(String.join(", ", members)));
    }
    List<String> unasked =
        members.stream().filter(m -> view.snapshot().machine(m).guest().isUnknown()).toList();
    List<String> incomplete =
        members.stream()
            .filter(m -> !unasked.contains(m))
            .filter(m -> !complete(m))
            .map(this::describe)
            .toList();
    return incomplete.isEmpty()
        ? Finding.unknown(
            Reason.NotObserved, "%s could not be asked.".formatted(String.join(", ", unasked)))
        : Finding.no(Reason.ClusterIncomplete, String.join("; ", incomplete) + ".");
  }

  /**
   * Whether the database is of use to ejabberd.
   *
   * @param serving whether it accepts writes
   */
  Finding reaching(Finding serving) {
    List<String> apart =
        members.stream()
            .filter(m -> ejabberd(m).filter(e -> e.up() && !e.database()).isPresent())
            .toList();
    return serving.truth() != Truth.True || apart.isEmpty()
        ? serving
        : Finding.no(
            Reason.DatabaseUnreachable,
            "ejabberd on %s has no connection to the database at %s."
                .formatted(String.join(", ", apart), view.lab().postgresql().readWriteAddress()));
  }

  private String describe(String member) {
    List<String> sees = ejabberd(member).filter(Ejabberd::up).map(Ejabberd::members).orElse(null);
    if (sees == null) {
      return "ejabberd on %s is not running".formatted(member);
    }
    return sees.isEmpty()
        ? "%s does not tell whom it sees".formatted(member)
        : "%s sees %s".formatted(member, String.join(", ", sees));
  }

  private boolean consistent() {
    return members.stream().allMatch(this::complete);
  }

  private boolean complete(String member) {
    return ejabberd(member)
        .filter(e -> e.up() && e.members().stream().sorted().toList().equals(erlangNodes))
        .isPresent();
  }

  /**
   * Erlang lists a member that died for up to a minute: what is known to be down does not count.
   */
  private int running() {
    List<Ejabberd> answering =
        members.stream().flatMap(m -> ejabberd(m).filter(Ejabberd::up).stream()).toList();
    return answering.isEmpty()
        ? 0
        : (int)
            members.stream()
                .filter(m -> !isDown(m))
                .map(EjabberdStatuses::erlangNode)
                .filter(node -> answering.stream().allMatch(e -> e.members().contains(node)))
                .count();
  }

  private boolean isDown(String member) {
    return view.snapshot().machine(member).guest().isPresent()
        && ejabberd(member).filter(Ejabberd::up).isEmpty();
  }

  private Member member(String name) {
    Optional<Ejabberd> seen = ejabberd(name);
    boolean asked = view.snapshot().machine(name).guest().isPresent();
    return new Member(
        name,
        asked ? seen.filter(Ejabberd::up).isPresent() : null,
        seen.map(Ejabberd::version).filter(v -> !v.isEmpty()).orElse(null),
        seen.filter(Ejabberd::up).map(e -> e.members().stream().sorted().toList()).orElse(null));
  }

  private Optional<Ejabberd> ejabberd(String name) {
    return view.snapshot().machine(name).guest().known().flatMap(GuestReport::ejabberd);
  }
}
