package dev.ejabberdlab.status;

import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Ejabberd;
import java.util.List;
import java.util.Optional;

/**
 * What was seen of the ejabberd cluster.
 *
 * @param input what it was seen in
 * @param members names of the nodes that are to be members
 */
record SeenEjabberd(StatusInput input, List<String> members) {

  static SeenEjabberd of(StatusInput input) {
    return new SeenEjabberd(input, input.lab().ejabberd().members());
  }

  /** Erlang's name of a member. */
  static String erlangNode(String node) {
    return "ejabberd@" + node;
  }

  /** Whether every member sees all of them. */
  boolean isConsistent() {
    return members.stream().allMatch(this::isComplete);
  }

  /** Whether a member runs and sees all of them. */
  boolean isComplete(String member) {
    List<String> all = members.stream().map(SeenEjabberd::erlangNode).sorted().toList();
    return member(member)
        .filter(e -> e.up() && e.members().stream().sorted().toList().equals(all))
        .isPresent();
  }

  /** What a member said last; empty when it could not be asked. */
  Optional<Ejabberd> member(String name) {
    return input.snapshot().machine(name).guest().known().flatMap(GuestReport::ejabberd);
  }
}
