package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The Events that tell how a lab came from one status to the next. */
public final class Transitions {

  private Transitions() {}

  /**
   * @param before null for a lab without a status
   */
  public static List<Transition> between(EjabberdLabStatus before, EjabberdLabStatus after) {
    return between(before, after, Set.of());
  }

  /**
   * @param before null for a lab without a status
   * @param restarting names of nodes that are restarted for a change of the spec
   */
  public static List<Transition> between(
      EjabberdLabStatus before, EjabberdLabStatus after, Set<String> restarting) {
    List<Transition> found = new ArrayList<>();
    Map<String, NodeStatus> old = nodes(before);
    Map<String, NodeStatus> now = nodes(after);
    boolean halts = after.phase() == Phase.Halting || after.phase() == Phase.Halted;
    for (NodeStatus node : now.values()) {
      boolean askedFor = halts || restarting.contains(node.name());
      found.addAll(NodeTransitions.between(old.get(node.name()), node, askedFor));
    }
    old.values().stream()
        .filter(node -> !now.containsKey(node.name()))
        .map(NodeTransitions::removed)
        .forEach(found::add);
    paused(before, after).ifPresent(found::add);
    for (Condition is : after.conditions()) {
      Condition was =
          Conditions.find(before == null ? null : before.conditions(), is.getType()).orElse(null);
      ConditionTransitions.between(was, is, after)
          .map(t -> restarting.isEmpty() ? t : withoutAlarm(t))
          .ifPresent(found::add);
    }
    found.addAll(
        PrimaryTransitions.between(
            before == null ? null : before.postgresql(), after.postgresql()));
    return found;
  }

  /** What follows from a restart that somebody has asked for is news, unless it is trouble. */
  private static Transition withoutAlarm(Transition transition) {
    return new Transition(
        transition.warning() && transition.reason().isTrouble(),
        transition.reason(),
        transition.message());
  }

  private static Optional<Transition> paused(EjabberdLabStatus before, EjabberdLabStatus after) {
    boolean was =
        before != null && Conditions.isTrue(before.conditions(), Paused.DECLARATION.type());
    return was && !Conditions.isTrue(after.conditions(), Paused.DECLARATION.type())
        ? Optional.of(Transition.normal(Reason.Resumed, "The lab is no longer paused."))
        : Optional.empty();
  }

  /** By name, in the order of the status. */
  private static Map<String, NodeStatus> nodes(EjabberdLabStatus status) {
    Map<String, NodeStatus> nodes = new LinkedHashMap<>();
    if (status != null && status.nodes() != null) {
      status.nodes().forEach(node -> nodes.put(node.name(), node));
    }
    return nodes;
  }
}
