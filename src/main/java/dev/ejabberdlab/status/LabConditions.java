package dev.ejabberdlab.status;

import dev.ejabberdlab.status.Declaration.Kind;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The conditions of a lab that are made of what was seen: the parts of Ready, and advice. */
final class LabConditions {

  /**
   * In the order of the status. The parts are in the order of bringing up, because the first that
   * is False gives Ready its reason; advice comes last.
   */
  private static final List<LabCondition> ALL =
      List.of(
          new HostReachable(),
          new NetworksReady(),
          new MachinesReady(),
          new Provisioned(),
          new DatabaseReady(),
          new ReplicationHealthy(),
          new ClusterFormed(),
          new ForeignDisk(),
          new ClockOff());

  private LabConditions() {}

  /** What they are, in order. */
  static List<Declaration> declarations() {
    return ALL.stream().map(LabCondition::declaration).toList();
  }

  /** What each part of Ready says, in order. A host that is silent answers for all of them. */
  static Map<Declaration, Finding> parts(StatusInput input) {
    Finding host = HostReachable.of(input);
    Optional<Finding> instead =
        input.host().reachable() ? Halting.finding(input) : Optional.of(host);
    Map<Declaration, Finding> parts = new LinkedHashMap<>();
    parts.put(HostReachable.DECLARATION, host);
    ALL.stream()
        .filter(c -> c.declaration().kind() == Kind.PART)
        .forEach(
            c ->
                parts.computeIfAbsent(
                    c.declaration(), d -> instead.or(() -> c.finding(input)).orElseThrow()));
    return parts;
  }

  /** What there is to advise, in order. */
  static Map<Declaration, Finding> advice(StatusInput input) {
    Map<Declaration, Finding> advice = new LinkedHashMap<>();
    ALL.stream()
        .filter(c -> c.declaration().kind() == Kind.ADVICE)
        .forEach(c -> c.finding(input).ifPresent(f -> advice.put(c.declaration(), f)));
    return advice;
  }
}
