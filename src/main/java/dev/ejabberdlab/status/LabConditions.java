package dev.ejabberdlab.status;

import dev.ejabberdlab.status.Declaration.Kind;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Which conditions a lab has. */
public final class LabConditions {

  /**
   * What is told of what was seen, in the order of the status. The parts of Ready are in the order
   * of bringing up, because the first that is False gives Ready its reason; advice comes last.
   */
  private static final List<LabCondition> SEEN =
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

  /** Every condition that a lab can have, in the order of the page. */
  public static List<Declaration> all() {
    return Stream.concat(
            Stream.of(
                Ready.DECLARATION,
                Reconciling.DECLARATION,
                Stalled.DECLARATION,
                Paused.DECLARATION),
            seen().stream())
        .toList();
  }

  /** Those that are made of what was seen. */
  static List<Declaration> seen() {
    return SEEN.stream().map(LabCondition::declaration).toList();
  }

  /** What a condition of that type is. */
  static Declaration declaration(String type) {
    return all().stream().filter(d -> d.type().equals(type)).findFirst().orElseThrow();
  }

  /** What each part of Ready says, in order. A host that is silent answers for all of them. */
  static Map<Declaration, Finding> parts(StatusInput input) {
    Finding host = HostReachable.of(input);
    Optional<Finding> instead =
        input.host().reachable() ? Halting.finding(input) : Optional.of(host);
    Map<Declaration, Finding> parts = new LinkedHashMap<>();
    parts.put(HostReachable.DECLARATION, host);
    SEEN.stream()
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
    SEEN.stream()
        .filter(c -> c.declaration().kind() == Kind.ADVICE)
        .forEach(c -> c.finding(input).ifPresent(f -> advice.put(c.declaration(), f)));
    return advice;
  }
}
