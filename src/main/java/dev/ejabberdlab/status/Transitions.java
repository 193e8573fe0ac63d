package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.AgentState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.DomainState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The Events that tell how a lab came from one status to the next. */
public final class Transitions {

  /** Conditions that mean trouble when True. */
  private static final Set<String> ABNORMAL = Set.of(Conditions.STALLED, Conditions.RECONCILING);

  /** Kubernetes' limit of an Event's message. */
  private static final int MAX_MESSAGE = 1024;

  private Transitions() {}

  /**
   * An Event to be.
   *
   * @param warning type Warning rather than Normal
   */
  public record Transition(boolean warning, Reason reason, String message) {}

  /**
   * @param before null for a lab without a status
   */
  public static List<Transition> between(EjabberdLabStatus before, EjabberdLabStatus after) {
    List<Transition> found = new ArrayList<>();
    Map<String, NodeStatus> old = nodes(before);
    for (NodeStatus node : after.nodes() == null ? List.<NodeStatus>of() : after.nodes()) {
      node(old.get(node.name()), node, found);
    }
    for (Condition condition : after.conditions()) {
      condition(before == null ? null : before.conditions(), condition, found);
    }
    primary(before, after, found);
    return found;
  }

  private static void node(NodeStatus before, NodeStatus after, List<Transition> found) {
    DomainState was = before == null ? DomainState.Missing : before.state();
    if (was != after.state()) {
      if (was == DomainState.Missing && after.state() == DomainState.ShutOff) {
        found.add(
            new Transition(
                false,
                Reason.MachineCreated,
                "%s: domain %s is defined.".formatted(after.name(), after.domain())));
      } else if (after.state() == DomainState.Running && was != DomainState.Unknown) {
        found.add(
            new Transition(
                false,
                Reason.MachineStarted,
                "%s: domain %s is running.".formatted(after.name(), after.domain())));
      } else if (was == DomainState.Running && after.state() != DomainState.Unknown) {
        found.add(
            new Transition(
                true,
                Reason.MachineStopped,
                "%s: domain %s is no longer running but %s."
                    .formatted(after.name(), after.domain(), after.state())));
      }
    }
    AgentState agent = before == null ? AgentState.Disconnected : before.agent();
    if (agent == AgentState.Disconnected && after.agent() == AgentState.Connected) {
      found.add(
          new Transition(
              false, Reason.AgentConnected, after.name() + ": the guest agent answers."));
    }
    boolean failedAgain =
        after.attempts() != null
            && (before == null || !Objects.equals(before.attempts(), after.attempts()));
    if (failedAgain) {
      found.add(
          new Transition(
              true,
              Reason.StepRetrying,
              shorten(
                  "%s: step %s failed (attempt %d): %s"
                      .formatted(
                          after.name(), after.step(), after.attempts(), after.lastError()))));
    } else if (before != null
        && before.step() != null
        && !before.step().equals(after.step())
        && !Objects.equals(before.steps(), after.steps())) {
      found.add(
          new Transition(
              false,
              Reason.StepDone,
              "%s: step %s is done.".formatted(after.name(), before.step())));
    }
  }

  private static void condition(List<Condition> before, Condition after, List<Transition> found) {
    if (after.getType().equals(Conditions.RECONCILING)) {
      return;
    }
    Condition was = Conditions.find(before, after.getType()).orElse(null);
    boolean same =
        was != null
            && was.getStatus().equals(after.getStatus())
            && (was.getReason().equals(after.getReason()) || isTrue(after) && !isAbnormal(after));
    boolean firstAndPending = was == null && !isTrue(after);
    if (same || firstAndPending) {
      return;
    }
    boolean good = isTrue(after) != isAbnormal(after);
    boolean waiting = !good && (was == null || !isTrue(was)) && !isAbnormal(after);
    if (!waiting) {
      found.add(
          new Transition(
              !good,
              Reason.valueOf(after.getReason()),
              shorten(after.getType() + ": " + after.getMessage())));
    }
  }

  private static void primary(
      EjabberdLabStatus before, EjabberdLabStatus after, List<Transition> found) {
    if (before == null || before.postgresql() == null || after.postgresql() == null) {
      return;
    }
    String was = before.postgresql().currentPrimary();
    String is = after.postgresql().currentPrimary();
    if (was != null && is != null && !was.equals(is)) {
      found.add(
          new Transition(
              true, Reason.PrimaryChanged, "The primary is now %s; it was %s.".formatted(is, was)));
    }
  }

  private static boolean isTrue(Condition condition) {
    return Conditions.Truth.True.name().equals(condition.getStatus());
  }

  private static boolean isAbnormal(Condition condition) {
    return ABNORMAL.contains(condition.getType());
  }

  private static Map<String, NodeStatus> nodes(EjabberdLabStatus status) {
    return status == null || status.nodes() == null
        ? Map.of()
        : status.nodes().stream().collect(Collectors.toMap(NodeStatus::name, Function.identity()));
  }

  private static String shorten(String message) {
    return message.length() <= MAX_MESSAGE ? message : message.substring(0, MAX_MESSAGE);
  }
}
