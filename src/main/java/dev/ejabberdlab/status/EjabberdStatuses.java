package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.EjabberdStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.EjabberdStatus.Member;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.EjabberdStatus.VirtualAddress;
import dev.ejabberdlab.guest.GuestReport.Ejabberd;
import dev.ejabberdlab.topology.LabTopology;
import java.util.List;
import java.util.Optional;

/** What is said of the ejabberd cluster, beside its condition. */
final class EjabberdStatuses {

  private final StatusInput input;
  private final SeenEjabberd seen;

  private EjabberdStatuses(StatusInput input) {
    this.input = input;
    this.seen = SeenEjabberd.of(input);
  }

  /** Null until a member could be asked. */
  static EjabberdStatus of(StatusInput input) {
    boolean seenBefore = input.previous() != null && input.previous().ejabberd() != null;
    SeenEjabberd seen = SeenEjabberd.of(input);
    return !seenBefore && seen.members().stream().noneMatch(m -> seen.member(m).isPresent())
        ? null
        : new EjabberdStatuses(input).status();
  }

  private EjabberdStatus status() {
    int expected = seen.members().size();
    int running = running();
    return new EjabberdStatus(
        expected,
        running,
        running + "/" + expected,
        seen.isConsistent(),
        seen.members().stream().map(this::member).toList(),
        input.lab().ejabberd().domain(),
        input.lab().ejabberd().virtualAddress().map(this::virtualAddress).orElse(null));
  }

  private VirtualAddress virtualAddress(LabTopology.VirtualAddress wanted) {
    List<String> holders =
        seen.members().stream()
            .filter(m -> seen.member(m).filter(Ejabberd::virtualAddress).isPresent())
            .toList();
    return new VirtualAddress(wanted.address(), holders.size() == 1 ? holders.get(0) : null);
  }

  /**
   * Erlang lists a member that died for up to a minute: what is known to be down does not count.
   */
  private int running() {
    List<Ejabberd> answering =
        seen.members().stream().flatMap(m -> seen.member(m).filter(Ejabberd::up).stream()).toList();
    return answering.isEmpty()
        ? 0
        : (int)
            seen.members().stream()
                .filter(m -> !isDown(m))
                .map(SeenEjabberd::erlangNode)
                .filter(node -> answering.stream().allMatch(e -> e.members().contains(node)))
                .count();
  }

  private boolean isDown(String member) {
    return isAsked(member) && seen.member(member).filter(Ejabberd::up).isEmpty();
  }

  private boolean isAsked(String member) {
    return input.snapshot().machine(member).guest().isPresent();
  }

  private Member member(String name) {
    Optional<Ejabberd> said = seen.member(name);
    return new Member(
        name,
        isAsked(name) ? said.filter(Ejabberd::up).isPresent() : null,
        said.map(Ejabberd::version).filter(v -> !v.isEmpty()).orElse(null),
        said.filter(Ejabberd::up).map(e -> e.members().stream().sorted().toList()).orElse(null));
  }
}
