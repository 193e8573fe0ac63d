package dev.ejabberdlab.status;

import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.topology.LabTopology;
import java.util.List;
import java.util.Optional;

/**
 * What was seen of PostgreSQL.
 *
 * @param input what it was seen in
 * @param primaries nodes whose instances accept writes, in the order of the spec
 * @param primary the instance that accepts writes; empty when none or more than one does
 */
record SeenPostgresql(StatusInput input, List<String> primaries, Optional<Postgresql> primary) {

  static SeenPostgresql of(StatusInput input) {
    List<String> primaries =
        input.lab().postgresql().instances().stream()
            .filter(name -> instance(input, name).filter(Postgresql::isPrimary).isPresent())
            .toList();
    return new SeenPostgresql(
        input,
        primaries,
        primaries.size() == 1 ? instance(input, primaries.get(0)) : Optional.empty());
  }

  LabTopology.Postgresql wanted() {
    return input.lab().postgresql();
  }

  /** Node of the primary; to be asked only when there is one. */
  String primaryName() {
    return primaries.get(0);
  }

  /** Every instance but the primary, or but the one that is to be primary while there is none. */
  List<String> standbys() {
    String writer = primary.isPresent() ? primaryName() : input.targetPrimary();
    return wanted().instances().stream().filter(n -> !n.equals(writer)).toList();
  }

  /** What an instance said last; empty when it could not be asked. */
  Optional<Postgresql> instance(String name) {
    return instance(input, name);
  }

  /** What a node's guest said last. */
  Seen<GuestReport> report(String name) {
    return input.snapshot().machine(name).guest();
  }

  /** What the primary says of that standby; empty when it does not stream from it. */
  Optional<Standby> walsender(String name) {
    return primary.flatMap(
        p -> p.standbys().stream().filter(s -> s.name().equals(name)).findFirst());
  }

  /** Whether it is a standby that does not replay what it receives. */
  boolean isReplayStopped(String name) {
    return instance(name)
        .filter(Postgresql::isStandby)
        .filter(Postgresql::isReplayStopped)
        .isPresent();
  }

  /** None is seen to accept writes, and the one that should could not be asked. */
  boolean isPrimaryUnseen() {
    return primaries.isEmpty() && report(input.targetPrimary()).isUnknown();
  }

  private static Optional<Postgresql> instance(StatusInput input, String name) {
    return input.snapshot().machine(name).guest().known().flatMap(GuestReport::postgresql);
  }
}
