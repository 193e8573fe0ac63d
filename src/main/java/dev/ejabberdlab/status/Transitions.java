package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.AgentState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.DomainState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The Events that tell how a lab came from one status to the next. */
public final class Transitions {

  /** Worth a warning even while a lab is on its way up. */
  private static final Set<Reason> TROUBLE =
      Set.of(
          Reason.RequestRefused,
          Reason.RequestFailed,
          Reason.ReconcileFailed,
          Reason.HypervisorError,
          Reason.AgentSilent,
          Reason.SplitBrain,
          Reason.PrimaryFailing,
          Reason.FailingOver,
          Reason.SwitchoverRefused,
          Reason.PromotionHeld,
          Reason.OtherDatabase,
          Reason.StaleTerm,
          Reason.CommitsBlocked,
          Reason.CommitsUnprotected,
          Reason.ReplayPaused,
          Reason.HostUnreachable,
          Reason.OtherHost,
          Reason.ReferenceMissing);

  /** What somebody has asked for: no trouble, though something is not ready meanwhile. */
  private static final Set<Reason> ASKED_FOR =
      Set.of(
          Reason.Removing, Reason.Restarting, Reason.Halting, Reason.Halted, Reason.SwitchingOver);

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
    boolean halts = after.phase() == Phase.Halting || after.phase() == Phase.Halted;
    for (NodeStatus node : after.nodes() == null ? List.<NodeStatus>of() : after.nodes()) {
      node(old.get(node.name()), node, halts || restarting.contains(node.name()), found);
    }
    removed(old, after, found);
    paused(before, after).ifPresent(found::add);
    boolean stalled = Conditions.isTrue(after.conditions(), Conditions.STALLED);
    for (Condition is : after.conditions()) {
      Condition was =
          Conditions.find(before == null ? null : before.conditions(), is.getType()).orElse(null);
      condition(was, is, stalled, after.phase() == Phase.Deleting)
          .map(t -> restarting.isEmpty() ? t : withoutAlarm(t))
          .ifPresent(found::add);
    }
    primary(before, after, found);
    return found;
  }

  /** What follows from a restart that somebody has asked for is news, unless it is trouble. */
  private static Transition withoutAlarm(Transition transition) {
    return new Transition(
        transition.warning() && TROUBLE.contains(transition.reason()),
        transition.reason(),
        transition.message());
  }

  private static void removed(
      Map<String, NodeStatus> old, EjabberdLabStatus after, List<Transition> found) {
    Map<String, NodeStatus> now = nodes(after);
    old.values().stream()
        .filter(node -> !now.containsKey(node.name()))
        .forEach(
            node ->
                found.add(
                    normal(
                        Reason.Removing,
                        "%s: not in the spec any more; its machine is shut down and removed."
                            .formatted(node.name()))));
  }

  private static Optional<Transition> paused(EjabberdLabStatus before, EjabberdLabStatus after) {
    boolean was = before != null && Conditions.isTrue(before.conditions(), Conditions.PAUSED);
    return was && !Conditions.isTrue(after.conditions(), Conditions.PAUSED)
        ? Optional.of(normal(Reason.Resumed, "The lab is no longer paused."))
        : Optional.empty();
  }

  /**
   * @param askedFor somebody wants it to stop
   */
  private static void node(
      NodeStatus before, NodeStatus after, boolean askedFor, List<Transition> found) {
    DomainState was = before == null ? DomainState.Missing : before.state();
    if (was != after.state()) {
      machine(was, after, askedFor).ifPresent(found::add);
    }
    AgentState agent = before == null ? AgentState.Disconnected : before.agent();
    if (agent == AgentState.Disconnected && after.agent() == AgentState.Connected) {
      found.add(normal(Reason.AgentConnected, after.name() + ": the guest agent answers."));
    }
    if (after.drift() != null && (before == null || !after.drift().equals(before.drift()))) {
      found.add(
          warning(
              Reason.Drifted,
              "%s: %s; step %s is applied again."
                  .formatted(after.name(), String.join(", ", after.drift()), after.step())));
    }
    clock(before == null ? null : before.clockOffSeconds(), after).ifPresent(found::add);
    if (hasFailedAgain(before, after)) {
      found.add(
          warning(
              NodeStatuses.isStaleTerm(after) ? Reason.StaleTerm : Reason.StepRetrying,
              "%s: step %s failed (attempt %d): %s"
                  .formatted(
                      after.name(),
                      after.step(),
                      after.attempts(),
                      Objects.requireNonNullElse(after.lastError(), "it said nothing"))));
    } else if (before != null
        && before.step() != null
        && !before.step().equals(after.step())
        && done(after) > done(before)) {
      found.add(
          normal(Reason.StepDone, "%s: step %s is done.".formatted(after.name(), before.step())));
    }
  }

  private static Optional<Transition> clock(Integer was, NodeStatus after) {
    Integer is = after.clockOffSeconds();
    if ((was == null) == (is == null)) {
      return Optional.empty();
    }
    return Optional.of(
        is == null
            ? normal(Reason.ClockSet, after.name() + ": its clock is right again.")
            : warning(
                Reason.ClockOff,
                "%s: its clock is %s; it is set right.".formatted(after.name(), clockWords(is))));
  }

  /** By how much a clock is off. */
  static String clockWords(int seconds) {
    return "%d s %s".formatted(Math.abs(seconds), seconds < 0 ? "behind" : "ahead");
  }

  private static Optional<Transition> machine(DomainState was, NodeStatus after, boolean askedFor) {
    if (was == DomainState.Missing && after.state() == DomainState.ShutOff) {
      return Optional.of(
          normal(
              Reason.MachineCreated,
              "%s: domain %s is defined.".formatted(after.name(), after.domain())));
    }
    if (was != DomainState.Unknown && after.state() == DomainState.Running) {
      return Optional.of(
          normal(
              Reason.MachineStarted,
              "%s: domain %s is running.".formatted(after.name(), after.domain())));
    }
    if (was == DomainState.Running && after.state() != DomainState.Unknown) {
      return Optional.of(
          new Transition(
              !askedFor,
              Reason.MachineStopped,
              shorten(
                  "%s: domain %s is %s, no longer running."
                      .formatted(after.name(), after.domain(), words(after.state())))));
    }
    return Optional.empty();
  }

  private static String words(DomainState state) {
    return switch (state) {
      case Missing -> "gone";
      case Running -> "running";
      case Paused -> "paused";
      case ShuttingDown -> "shutting down";
      case ShutOff -> "shut off";
      case Crashed -> "crashed";
      case Unknown -> "unknown";
    };
  }

  private static boolean hasFailedAgain(NodeStatus before, NodeStatus after) {
    return after.attempts() != null
        && (before == null
            || !Objects.equals(before.attempts(), after.attempts())
            || !Objects.equals(before.step(), after.step()));
  }

  /** The first number of, for example, 3/4. */
  private static int done(NodeStatus node) {
    return node.steps() == null
        ? 0
        : Integer.parseInt(node.steps().substring(0, node.steps().indexOf('/')));
  }

  private static Optional<Transition> condition(
      Condition was, Condition is, boolean stalled, boolean deleting) {
    boolean same =
        was != null
            && was.getStatus().equals(is.getStatus())
            && was.getReason().equals(is.getReason());
    if (same) {
      return Optional.empty();
    }
    Reason reason = Reason.valueOf(is.getReason());
    boolean wasTrue = was != null && isTrue(was);
    return switch (is.getType()) {
      // Each node tells of its clock itself.
      case Conditions.RECONCILING, Conditions.CLOCK_OFF -> Optional.empty();
      case Conditions.STALLED -> Optional.of(warning(reason, is.getMessage()));
      case Conditions.PAUSED -> Optional.of(normal(reason, is.getMessage()));
      case Conditions.FOREIGN_DISK -> Optional.of(warning(reason, is.getMessage()));
      // While a lab is taken down nothing else tells of trouble.
      case Conditions.READY ->
          deleting && TROUBLE.contains(reason)
              ? Optional.of(warning(reason, is.getMessage()))
              : ready(wasTrue, is, reason, stalled);
      default -> part(was, wasTrue, is, reason);
    };
  }

  private static Optional<Transition> ready(
      boolean wasTrue, Condition is, Reason reason, boolean stalled) {
    if (reason == Reason.Deleting
        || (!isTrue(is) && ASKED_FOR.contains(reason))
        || (isTrue(is) && !wasTrue)) {
      return Optional.of(normal(reason, is.getMessage()));
    }
    return wasTrue && !isTrue(is) && !stalled
        ? Optional.of(warning(reason, "No longer ready: " + is.getMessage()))
        : Optional.empty();
  }

  private static Optional<Transition> part(
      Condition was, boolean wasTrue, Condition is, Reason reason) {
    String message = is.getType() + ": " + is.getMessage();
    if (isTrue(is)) {
      return wasTrue || isSaidOfTheHost(was)
          ? Optional.empty()
          : Optional.of(normal(reason, message));
    }
    // Each node tells of its drift itself; that the lab is not ready as somebody asked has been
    // said.
    return !isSaidOfTheHost(is)
            && reason != Reason.Drifted
            && !ASKED_FOR.contains(reason)
            && (wasTrue || TROUBLE.contains(reason))
        ? Optional.of(warning(reason, message))
        : Optional.empty();
  }

  /** A host that does not answer is one piece of news, not one for each thing on it. */
  private static boolean isSaidOfTheHost(Condition condition) {
    return condition != null
        && !condition.getType().equals(Conditions.HOST_REACHABLE)
        && (condition.getReason().equals(Reason.HostUnreachable.name())
            || condition.getReason().equals(Reason.OtherHost.name()));
  }

  private static void primary(
      EjabberdLabStatus before, EjabberdLabStatus after, List<Transition> found) {
    adopted(before == null ? null : before.postgresql(), after.postgresql()).ifPresent(found::add);
    if (before == null || before.postgresql() == null || after.postgresql() == null) {
      return;
    }
    String was = before.postgresql().currentPrimary();
    String is = after.postgresql().currentPrimary();
    if (was != null && is != null && !was.equals(is)) {
      found.add(
          warning(Reason.PrimaryChanged, "The primary is now %s; it was %s.".formatted(is, was)));
    }
    failover(
        before.postgresql().lastPrimaryChange(), after.postgresql().lastPrimaryChange(), found);
  }

  /** A decision that nobody has made since the last status was found in the guests. */
  private static Optional<Transition> adopted(PostgresqlStatus before, PostgresqlStatus after) {
    if (after == null || after.term() == null) {
      return Optional.empty();
    }
    long term = before == null || before.term() == null ? 1 : before.term();
    boolean another =
        after.term() > term
            || (before != null
                && before.targetPrimary() != null
                && !before.targetPrimary().equals(after.targetPrimary()));
    boolean decided =
        after.lastPrimaryChange() != null
            && (before == null || !after.lastPrimaryChange().equals(before.lastPrimaryChange()));
    return another && !decided
        ? Optional.of(
            warning(
                Reason.RecordAdopted,
                "The record of who is primary was old, lost or edited: it is %s by decision %d, as was found."
                    .formatted(after.targetPrimary(), after.term())))
        : Optional.empty();
  }

  /** Each stage of a change of the primary is told: conditions may hold two of them at once. */
  private static void failover(PrimaryChange was, PrimaryChange is, List<Transition> found) {
    if (is == null || is.equals(was)) {
      return;
    }
    boolean asked = is.reason() == PrimaryChangeReason.Switchover;
    Reason reason =
        is.state() == PrimaryChangeState.Aborted
            ? Reason.FailoverAborted
            : asked ? Reason.SwitchingOver : Reason.FailingOver;
    String message =
        switch (is.state()) {
          case Fencing ->
              "%s (%s) is turned off; %s is to take over."
                  .formatted(is.from(), is.reason(), is.to());
          case Demoting ->
              "%s is stopped in order; %s is to take over.".formatted(is.from(), is.to());
          case Promoting ->
              "%s is %s; %s is promoted.".formatted(is.from(), asked ? "stopped" : "off", is.to());
          case Reverting ->
              "%s could not be promoted and is turned off; %s is to come back."
                  .formatted(is.to(), is.from());
          case Completed -> "%s has taken over from %s.".formatted(is.to(), is.from());
          case Aborted ->
              "%s does not take over from %s; that one stays primary."
                  .formatted(is.to(), is.from());
        };
    found.add(
        asked
                && is.state() != PrimaryChangeState.Aborted
                && is.state() != PrimaryChangeState.Reverting
            ? normal(reason, message)
            : warning(reason, message));
  }

  private static Transition normal(Reason reason, String message) {
    return new Transition(false, reason, shorten(message));
  }

  static Transition warning(Reason reason, String message) {
    return new Transition(true, reason, shorten(message));
  }

  private static boolean isTrue(Condition condition) {
    return Conditions.Truth.True.name().equals(condition.getStatus());
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
