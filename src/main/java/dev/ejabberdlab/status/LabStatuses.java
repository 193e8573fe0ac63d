package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.AgentState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.DomainState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Endpoint;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.LibvirtStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NetworkStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.guest.Step.Obstacle;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.PoolState;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.ImageVolumes;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Failure;
import dev.ejabberdlab.plan.Key;
import dev.ejabberdlab.plan.NodeSteps;
import dev.ejabberdlab.plan.Plan.Restart;
import dev.ejabberdlab.plan.Plan.StalledStep;
import dev.ejabberdlab.plan.Planner;
import dev.ejabberdlab.status.Conditions.Finding;
import dev.ejabberdlab.status.Conditions.Truth;
import dev.ejabberdlab.topology.LabTopology;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Makes a lab's status. */
public final class LabStatuses {

  /** What there is beside Ready, Reconciling and Stalled, in the order of bringing up. */
  private static final List<String> PARTS =
      List.of(
          Conditions.HOST_REACHABLE,
          Conditions.NETWORKS_READY,
          Conditions.MACHINES_READY,
          Conditions.PROVISIONED,
          Conditions.DATABASE_READY,
          Conditions.REPLICATION_HEALTHY,
          Conditions.CLUSTER_FORMED);

  /** Conditions that tell what was seen of a lab, the ones of its parts and those besides. */
  private static final List<String> SEEN =
      Stream.concat(PARTS.stream(), Stream.of(Conditions.FOREIGN_DISK, Conditions.CLOCK_OFF))
          .toList();

  /** With what run.sh ends the output of a step. */
  private static final Set<String> PHASE_FAILED = Set.of("apply failed", "verify failed");

  private static final int XMPP_PORT = 5222;
  private static final int XMPPS_PORT = 5223;
  private static final int POSTGRESQL_PORT = 5432;

  private final View view;
  private final EjabberdLabStatus previous;
  private final List<NodeStatus> nodes;
  private final PostgresqlStatuses postgresql;
  private final EjabberdStatuses ejabberd;

  private LabStatuses(View view) {
    this.view = view;
    this.previous = view.previous();
    this.nodes = NodeStatuses.of(view);
    this.postgresql = new PostgresqlStatuses(view);
    this.ejabberd = new EjabberdStatuses(view);
  }

  /**
   * The status of a lab that can be worked on. While an operator that has just started has not yet
   * asked everything, what its predecessor wrote stands: its start is no change of the lab.
   */
  public static EjabberdLabStatus of(View view) {
    EjabberdLabStatus previous = view.previous();
    boolean speaksOfThisSpec =
        previous != null
            && previous.networks() != null
            && Objects.equals(previous.observedGeneration(), view.generation());
    return speaksOfThisSpec && !isAsked(view) ? previous : new LabStatuses(view).status();
  }

  private static boolean isAsked(View view) {
    return view.host().reachable()
        ? view.snapshot().isAsked(view.lab())
        : !view.host().equals(HostSnapshot.NOT_ASKED);
  }

  /**
   * The status of a lab that cannot be worked on as it is. What was known of its parts stays.
   *
   * @param reason why not
   * @param message one sentence for the user
   * @param passing whether it is tried again, as opposed to one where somebody must change
   *     something
   */
  public static EjabberdLabStatus refused(
      EjabberdLabStatus previous,
      long generation,
      String host,
      Reason reason,
      String message,
      boolean passing,
      Instant now) {
    Conditions conditions = new Conditions(conditions(previous), generation, now);
    // What was seen before may not be so any more, and nobody has looked.
    conditions.add(
        Conditions.READY, passing ? Finding.unknown(reason, message) : Finding.no(reason, message));
    conditions.add(
        passing ? Conditions.RECONCILING : Conditions.STALLED, Finding.yes(reason, message));
    conditions.keep(SEEN);
    return withConditions(
        previous, generation, host, passing ? Phase.Unknown : Phase.Stalled, conditions.build());
  }

  /**
   * The last status with what was decided since. Where the rest of a status cannot be made, this
   * can: nothing is done about a primary before it is on record.
   */
  public static EjabberdLabStatus decided(EjabberdLabStatus previous, Primacy primacy) {
    if (previous == null || previous.postgresql() == null || primacy.doubt().isPresent()) {
      return previous;
    }
    return previous.with(
        previous
            .postgresql()
            .decided(
                primacy.target(),
                primacy.failingSince().map(Object::toString).orElse(null),
                primacy.fenced(),
                primacy.change().orElse(null),
                primacy.synchrony().orElse(null),
                primacy.term()));
  }

  /**
   * The status of a lab whose resources say something that cannot be followed, and that is
   * supervised by what they last validly said: its parts are told as they are, and the lab is not
   * what its resources say.
   *
   * @param status of the lab as it is supervised
   * @param generation of the resource as it is now
   * @param reason why it cannot be followed
   * @param message one sentence for the user
   * @param passing whether it is tried again, as opposed to one where somebody must change
   *     something
   * @param supervised generation of the spec that the lab is supervised by; 0 when not known
   */
  public static EjabberdLabStatus supervised(
      EjabberdLabStatus previous,
      EjabberdLabStatus status,
      long generation,
      Reason reason,
      String message,
      boolean passing,
      long supervised,
      Instant now) {
    String whole =
        message
            + (supervised > 0 && supervised != generation
                ? " The lab is supervised by generation %d of its spec meanwhile."
                    .formatted(supervised)
                : " The lab is supervised by what was valid before meanwhile.");
    Conditions conditions = new Conditions(conditions(previous), generation, now);
    conditions.add(Conditions.READY, Finding.no(reason, whole));
    conditions.add(
        passing ? Conditions.RECONCILING : Conditions.STALLED, Finding.yes(reason, whole));
    List<Condition> all = new ArrayList<>(conditions.build());
    status.conditions().stream().filter(c -> SEEN.contains(c.getType())).forEach(all::add);
    return withConditions(
        status,
        generation,
        status.host(),
        passing ? Phase.Degraded : Phase.Stalled,
        List.copyOf(all));
  }

  /**
   * The status of a lab that has not begun, because something outside of it is awaited.
   *
   * @param host host of the lab
   * @param finding why it waits
   */
  public static EjabberdLabStatus waiting(
      EjabberdLabStatus previous, long generation, String host, Finding finding, Instant now) {
    Conditions conditions = new Conditions(conditions(previous), generation, now);
    conditions.add(Conditions.READY, finding);
    conditions.add(Conditions.RECONCILING, Finding.yes(finding.reason(), finding.message()));
    return withConditions(previous, generation, host, Phase.Pending, conditions.build());
  }

  /** The status of a lab that is being taken down. */
  public static EjabberdLabStatus deleting(
      EjabberdLabStatus previous, long generation, String host, Finding finding, Instant now) {
    Conditions conditions = new Conditions(conditions(previous), generation, now);
    conditions.add(Conditions.READY, finding);
    return withConditions(previous, generation, host, Phase.Deleting, conditions.build());
  }

  /**
   * What becomes of a status while the lab is paused: a condition says so, and nothing is under
   * way.
   *
   * @param status of the lab as it is
   */
  public static EjabberdLabStatus paused(
      EjabberdLabStatus previous, EjabberdLabStatus status, Instant now) {
    List<Condition> marked =
        new Conditions(conditions(previous), status.observedGeneration(), now)
            .add(
                Conditions.PAUSED,
                Finding.yes(
                    Reason.Paused,
                    "Nothing is done while the annotation %s is true; remove it to go on."
                        .formatted(EjabberdLab.PAUSED)))
            .build();
    List<Condition> conditions = new ArrayList<>(status.conditions());
    conditions.removeIf(
        c -> c.getType().equals(Conditions.RECONCILING) || c.getType().equals(Conditions.PAUSED));
    // Behind Ready, which is always the first.
    conditions.addAll(1, marked);
    return new EjabberdLabStatus(
        status.observedGeneration(),
        status.phase(),
        status.host(),
        status.image(),
        status.readyNodes(),
        List.copyOf(conditions),
        status.networks(),
        status.nodes(),
        status.postgresql(),
        status.ejabberd(),
        status.endpoints(),
        status.tls(),
        status.libvirt());
  }

  /** What is still on the host, for people. */
  public static String remains(Remains remains) {
    return Stream.of(
            remains.domains().stream().map(d -> "domain " + d.name()),
            remains.volumes().stream().map(v -> "volume " + v),
            remains.networks().stream().map(n -> "network " + n.name()))
        .flatMap(Function.identity())
        .collect(Collectors.joining(", "));
  }

  private static EjabberdLabStatus withConditions(
      EjabberdLabStatus previous,
      long generation,
      String host,
      Phase phase,
      List<Condition> conditions) {
    boolean fresh = previous == null;
    return new EjabberdLabStatus(
        generation,
        phase,
        // Where the lab is does not change because its spec names another host.
        fresh || previous.networks() == null || previous.host() == null ? host : previous.host(),
        fresh ? null : previous.image(),
        fresh ? null : previous.readyNodes(),
        conditions,
        fresh ? null : previous.networks(),
        fresh ? null : previous.nodes(),
        fresh ? null : previous.postgresql(),
        fresh ? null : previous.ejabberd(),
        fresh ? null : previous.endpoints(),
        fresh ? null : previous.tls(),
        fresh ? null : previous.libvirt());
  }

  private static List<Condition> conditions(EjabberdLabStatus status) {
    return status == null ? List.of() : status.conditions();
  }

  private EjabberdLabStatus status() {
    Map<String, Finding> parts = new LinkedHashMap<>();
    parts.put(Conditions.HOST_REACHABLE, hostReachable());
    if (view.host().reachable() && !view.lab().running()) {
      Finding halted = new Halting(view, nodes).finding();
      PARTS.forEach(type -> parts.putIfAbsent(type, halted));
    } else if (view.host().reachable()) {
      parts.put(Conditions.NETWORKS_READY, networksReady());
      parts.put(Conditions.MACHINES_READY, machinesReady());
      parts.put(Conditions.PROVISIONED, provisioned());
      parts.put(Conditions.DATABASE_READY, ejabberd.reaching(postgresql.serving()));
      parts.put(Conditions.REPLICATION_HEALTHY, postgresql.replicating());
      parts.put(Conditions.CLUSTER_FORMED, ejabberd.formed());
    } else {
      Finding unknown =
          Finding.unknown(parts.get(Conditions.HOST_REACHABLE).reason(), unreachable());
      PARTS.forEach(type -> parts.putIfAbsent(type, unknown));
    }
    Optional<Finding> stalled = stalled();
    Finding ready = ready(parts, stalled);
    boolean isReady = ready.truth() == Truth.True;

    Conditions conditions = new Conditions(conditions(previous), view.generation(), view.now());
    conditions.add(Conditions.READY, ready);
    if (stalled.isPresent()) {
      conditions.add(Conditions.STALLED, stalled.get());
    } else if (!isReady && ready.reason() != Reason.Halted) {
      conditions.add(Conditions.RECONCILING, Finding.yes(ready.reason(), ready.message()));
    }
    parts.forEach(conditions::add);
    foreignDisks().ifPresent(f -> conditions.add(Conditions.FOREIGN_DISK, f));
    clockOff().ifPresent(finding -> conditions.add(Conditions.CLOCK_OFF, finding));

    boolean wasReady = previous != null && previous.endpoints() != null;
    return new EjabberdLabStatus(
        view.generation(),
        phase(ready, stalled.isPresent(), wasReady),
        view.lab().host(),
        view.snapshot().image().known().map(ImageVolumes::disk).orElse(previousImage()),
        names(NodeStatus::ready).size() + "/" + nodes.size(),
        conditions.build(),
        networks(),
        nodes,
        postgresql.status(),
        ejabberd.status(),
        isReady || wasReady ? endpoints() : null,
        view.tls().orElse(null),
        libvirt());
  }

  /** What is recorded once stays, but for the disks that are known to be gone. */
  private LibvirtStatus libvirt() {
    LibvirtStatus before = previous == null ? null : previous.libvirt();
    if (!view.host().reachable()) {
      return before;
    }
    Set<String> volumes = new TreeSet<>();
    if (before != null && before.volumes() != null) {
      volumes.addAll(before.volumes());
    }
    Seen<Remains> surplus = view.snapshot().surplus();
    if (surplus.is(r -> r.unseen().isEmpty())) {
      volumes.retainAll(surplus.value().volumes());
      surplus.value().domains().forEach(d -> volumes.add(d.name() + ".qcow2"));
    }
    view.lab().nodes().forEach(n -> volumes.add(n.volume()));
    String pool = view.host().pool().known().map(PoolState::name).orElse(null);
    return new LibvirtStatus(
        view.host().uuid().map(Object::toString).orElse(before == null ? null : before.uuid()),
        before != null && before.pool() != null ? before.pool() : pool,
        List.copyOf(volumes));
  }

  /** It works, so this is advice. */
  private Optional<Finding> foreignDisks() {
    List<String> foreign =
        nodes.stream()
            .filter(n -> n.foreignDisk() != null)
            .map(n -> "%s has %s".formatted(n.name(), n.foreignDisk()))
            .toList();
    return foreign.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Finding.yes(
                Reason.ForeignDisk,
                "Somebody has put a machine on a disk that the operator did not make: %s. It is left on it, and its definition is not changed meanwhile. To go back without loss, merge the file into the machine's own disk with virsh blockcommit --active --pivot."
                    .formatted(String.join("; ", foreign))));
  }

  private Optional<Finding> clockOff() {
    String off =
        nodes.stream()
            .filter(n -> n.clockOffSeconds() != null)
            .map(n -> n.name() + " (" + Transitions.clockWords(n.clockOffSeconds()) + ")")
            .collect(Collectors.joining(", "));
    Optional<String> failure =
        view.plan().failures().stream()
            .filter(f -> f.key() instanceof Key.Clock)
            .map(Failure::message)
            .findFirst();
    return off.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Finding.yes(
                Reason.ClockOff,
                "Clocks that are off and are set right: %s.%s"
                    .formatted(off, failure.map(" "::concat).orElse(""))));
  }

  private String previousImage() {
    return previous == null ? null : previous.image();
  }

  private Phase phase(Finding ready, boolean stalled, boolean wasReady) {
    if (stalled) {
      return Phase.Stalled;
    }
    if (view.host().reachable() && !view.lab().running()) {
      return ready.reason() == Reason.Halted ? Phase.Halted : Phase.Halting;
    }
    if (!view.host().reachable()) {
      return view.host().lastContact() == null && !wasReady ? Phase.Pending : Phase.Unknown;
    }
    if (!wasReady) {
      return ready.truth() == Truth.True ? Phase.Ready : Phase.Provisioning;
    }
    return switch (ready.truth()) {
      case True -> Phase.Ready;
      case False -> Phase.Degraded;
      case Unknown -> Phase.Unknown;
    };
  }

  private static Finding ready(Map<String, Finding> parts, Optional<Finding> stalled) {
    if (stalled.isPresent()) {
      return Finding.no(stalled.get().reason(), stalled.get().message());
    }
    return parts.values().stream()
        .filter(f -> f.truth() == Truth.False)
        .findFirst()
        .or(() -> parts.values().stream().filter(f -> f.truth() == Truth.Unknown).findFirst())
        .orElseGet(() -> Finding.yes(Reason.Ready, "The lab is what its spec says."));
  }

  private Optional<Finding> stalled() {
    if (view.lab().running()
        && view.snapshot().image().isMissing()
        && nodes.stream().anyMatch(this::needsImage)) {
      return Optional.of(Finding.yes(Reason.InvalidSpec, view.snapshot().image().why()));
    }
    Optional<Failure> conflict =
        view.plan().failures().stream().filter(Failure::conflict).findFirst();
    if (conflict.isPresent()) {
      return Optional.of(Finding.yes(Reason.NameConflict, conflict.get().message()));
    }
    Optional<Obstacle> unusable = obstacle(Obstacle.Kind.UNUSABLE);
    if (unusable.isPresent()) {
      return Optional.of(Finding.yes(Reason.ReferenceUnusable, unusable.get().sentence()));
    }
    if (view.plan().stalled().isEmpty()) {
      return Optional.empty();
    }
    StalledStep step = view.plan().stalled().get(0);
    return Optional.of(
        Finding.yes(
            Reason.StepFailed,
            "Step %s on %s failed %d times or more and is tried every %d minutes now, and at once when the spec, the image or the annotation ejabberdlab.dev/retry changes; it last said: %s"
                .formatted(
                    step.step(),
                    step.node(),
                    Planner.MAX_ATTEMPTS,
                    Planner.STALLED_RETRY.toMinutes(),
                    lastLine(step.output()))));
  }

  /** What a step lacks, as opposed to one that must not run now. */
  private static boolean isLack(Obstacle obstacle) {
    return obstacle.kind() != Obstacle.Kind.HELD;
  }

  private Optional<Obstacle> obstacle(Obstacle.Kind kind) {
    return view.steps().stream()
        .flatMap(s -> s.obstacles().stream())
        .filter(o -> o.kind() == kind)
        .findFirst();
  }

  private boolean needsImage(NodeStatus node) {
    return node.state() == DomainState.Missing
        || (node.state() == DomainState.ShutOff
            && view.snapshot().machine(node.name()).volume().isMissing());
  }

  private Finding hostReachable() {
    return view.host()
        .facts()
        .known()
        .map(
            facts ->
                Finding.yes(
                    Reason.HostConnected,
                    "%s answers (libvirt %s).".formatted(facts.hostname(), facts.libvirtVersion())))
        .orElseGet(
            () ->
                view.host().other().isPresent()
                    ? Finding.unknown(Reason.OtherHost, unreachable())
                    : view.host().lastContact() == null
                        ? Finding.unknown(Reason.Pending, unreachable())
                        : Finding.unknown(Reason.HostUnreachable, unreachable()));
  }

  private String unreachable() {
    if (view.host().other().isPresent()) {
      return "LibvirtHost %s: %s Nothing is done until the right one answers."
          .formatted(view.lab().host(), view.host().facts().why());
    }
    return view.host().lastContact() == null
        ? "LibvirtHost %s has not answered yet: %s"
            .formatted(view.lab().host(), view.host().facts().why())
        : "LibvirtHost %s does not answer; last contact %s. Nothing is done until it does."
            .formatted(
                view.lab().host(), view.host().lastContact().truncatedTo(ChronoUnit.SECONDS));
  }

  private Finding networksReady() {
    List<String> unknown = new ArrayList<>();
    List<String> waiting = new ArrayList<>();
    for (LabTopology.Network network : view.lab().networks()) {
      Seen<NetworkState> seen = view.snapshot().network(network.name());
      if (seen.isUnknown()) {
        unknown.add(network.name());
      } else if (!seen.is(NetworkState::active)) {
        waiting.add(network.name());
      }
    }
    return failure(f -> f.key() instanceof Key.Network)
        .orElseGet(
            () -> {
              if (!waiting.isEmpty()) {
                return Finding.no(
                    Reason.NetworksPending, "Not active yet: %s.".formatted(list(waiting)));
              }
              if (!unknown.isEmpty()) {
                return Finding.unknown(Reason.NotObserved, notAsked(unknown));
              }
              return new SurplusFindings(view)
                  .networks()
                  .orElseGet(
                      () ->
                          Finding.yes(
                              Reason.NetworksActive,
                              "All %d networks are active."
                                  .formatted(view.lab().networks().size())));
            });
  }

  private Finding machinesReady() {
    List<String> unknown = names(n -> n.state() == DomainState.Unknown);
    List<NodeStatus> down =
        nodes.stream()
            .filter(n -> n.state() != DomainState.Running && n.state() != DomainState.Unknown)
            .toList();
    if (!down.isEmpty()) {
      Set<Key> keys =
          down.stream()
              .flatMap(n -> Stream.of(new Key.Machine(n.name()), new Key.Power(n.name())))
              .collect(Collectors.toSet());
      return failure(f -> keys.contains(f.key())).orElseGet(() -> notRunning(down));
    }
    if (!unknown.isEmpty()) {
      return Finding.unknown(Reason.NotObserved, notAsked(unknown));
    }
    return longSilence()
        .or(this::restarting)
        .or(this::shortSilence)
        .or(() -> new SurplusFindings(view).machines())
        .orElseGet(
            () ->
                Finding.yes(
                    Reason.MachinesRunning,
                    "All %d machines run and their agents answer.".formatted(nodes.size())));
  }

  private Finding notRunning(List<NodeStatus> down) {
    List<String> restarting =
        view.plan().restarts().stream().filter(Restart::isGoing).map(Restart::node).toList();
    return Finding.no(
        down.stream().map(NodeStatus::name).allMatch(restarting::contains)
            ? Reason.Restarting
            : Reason.MachinesPending,
        "Not running: %s."
            .formatted(
                down.stream()
                    .map(
                        n ->
                            "%s (%s%s)"
                                .formatted(
                                    n.name(),
                                    n.state(),
                                    restarting.contains(n.name()) ? ", restarts" : ""))
                    .collect(Collectors.joining(", "))));
  }

  private Optional<Finding> restarting() {
    return view.plan().restarts().isEmpty()
        ? Optional.empty()
        : Optional.of(
            Finding.no(
                Reason.Restarting,
                view.plan().restarts().stream()
                        .map(LabStatuses::describe)
                        .collect(Collectors.joining("; "))
                    + "."));
  }

  private static String describe(Restart restart) {
    String what =
        "%s %s for a change of %s"
            .formatted(
                restart.node(),
                restart.isGoing() ? "restarts" : "must restart",
                list(restart.changes()));
    return restart.isGoing() ? what : what + " and waits for " + list(restart.waitsFor());
  }

  private Optional<Finding> shortSilence() {
    List<String> disconnected = names(n -> n.agent() != AgentState.Connected);
    List<String> unanswered = names(n -> !view.snapshot().machine(n.name()).guest().isPresent());
    if (!disconnected.isEmpty()) {
      return Optional.of(
          Finding.no(
              Reason.AgentPending,
              "No guest agent yet: %s; a booting guest takes a while."
                  .formatted(list(disconnected))));
    }
    return unanswered.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Finding.no(
                Reason.AgentPending,
                "The guest agent is there but has not answered: %s.".formatted(list(unanswered))));
  }

  private Optional<Finding> longSilence() {
    List<NodeStatus> silent =
        nodes.stream()
            .filter(
                n -> {
                  Instant since = view.snapshot().machine(n.name()).silentSince();
                  return since != null
                      && !since.plus(LabSnapshot.GUEST_SILENCE).isAfter(view.now());
                })
            .toList();
    if (silent.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        Finding.no(
            Reason.AgentSilent,
            "No answer from the guest agent for more than %d minutes: %s. %s"
                .formatted(
                    LabSnapshot.GUEST_SILENCE.toMinutes(),
                    silent.stream().map(NodeStatus::name).collect(Collectors.joining(", ")),
                    advice(silent))));
  }

  private String advice(List<NodeStatus> silent) {
    Optional<String> said =
        silent.stream()
            .filter(n -> n.agent() == AgentState.Connected)
            .map(n -> view.snapshot().machine(n.name()).guest().why())
            .findFirst();
    if (said.isPresent()) {
      return "The last attempt said: " + said.get();
    }
    return view.autoKvm()
        ? "The host took KVM because it offers it, which does not prove that KVM works there: set spec.virtualization to qemu on LibvirtHost %s."
            .formatted(view.lab().host())
        : "Look at the guest's console, and whether the image has qemu-guest-agent.";
  }

  private Finding provisioned() {
    List<String> unseen = new ArrayList<>();
    List<String> pending = new ArrayList<>();
    Set<String> obstacles = new LinkedHashSet<>();
    boolean retrying = false;
    boolean stale = false;
    boolean givenUp = false;
    boolean drifted = false;
    for (NodeStatus node : nodes) {
      if (node.ready()) {
        continue;
      }
      NodeSteps steps = NodeSteps.of(node.name(), view.steps(), view.snapshot());
      steps.obstacles().stream()
          .filter(LabStatuses::isLack)
          .forEach(o -> obstacles.add(o.sentence()));
      Optional<Failure> failure = machineFailure(node);
      if (node.state() == DomainState.Missing) {
        pending.add(node.name() + " does not exist yet");
      } else if (!view.snapshot().machine(node.name()).guest().isPresent()) {
        unseen.add(node.name() + " " + unseen(node));
      } else if (failure.isPresent()) {
        retrying = true;
        pending.add(
            "%s cannot run %s: %s".formatted(node.name(), node.step(), failure.get().message()));
      } else if (node.attempts() != null) {
        boolean isGivenUp = view.plan().stalled().stream().anyMatch(s -> isOf(s, node));
        givenUp |= isGivenUp;
        retrying = true;
        stale |= NodeStatuses.isStaleTerm(node);
        pending.add(
            "%s %s %s, which failed %s: %s"
                .formatted(
                    node.name(),
                    isGivenUp ? "seldom retries" : "retries",
                    node.step(),
                    times(node.attempts()),
                    lastLine(node.lastError())));
      } else if (node.drift() != null) {
        drifted = true;
        pending.add("%s is mended: %s".formatted(node.name(), list(node.drift())));
      } else if (!steps.obstacles().isEmpty() && steps.runnable().isEmpty()) {
        pending.add("%s waits with %s".formatted(node.name(), node.step()));
      } else if (!steps.waitingFor().isEmpty()) {
        pending.add(
            "%s waits with %s for %s"
                .formatted(
                    node.name(),
                    node.step(),
                    steps.waitingFor().stream()
                        .map(ref -> ref.name() + " on " + ref.node())
                        .collect(Collectors.joining(", "))));
      } else {
        pending.add("%s runs %s".formatted(node.name(), node.step()));
      }
    }
    if (pending.isEmpty() && unseen.isEmpty()) {
      return Finding.yes(
          Reason.StepsDone, "Every step is done on all %d nodes.".formatted(nodes.size()));
    }
    int ready = nodes.size() - pending.size() - unseen.size();
    String message =
        "%d of %d nodes are ready; %s."
            .formatted(
                ready,
                nodes.size(),
                Stream.concat(pending.stream(), unseen.stream())
                    .map(LabStatuses::withoutFullStop)
                    .collect(Collectors.joining("; ")));
    if (pending.isEmpty()) {
      return Finding.unknown(Reason.NotObserved, message);
    }
    if (givenUp) {
      return Finding.no(Reason.StepFailed, message);
    }
    if (!obstacles.isEmpty()) {
      return Finding.no(
          obstacle(Obstacle.Kind.UNUSABLE).isPresent()
              ? Reason.ReferenceUnusable
              : Reason.ReferenceMissing,
          String.join(" ", obstacles) + " " + message);
    }
    if (retrying) {
      return Finding.no(stale ? Reason.StaleTerm : Reason.StepRetrying, message);
    }
    return Finding.no(drifted ? Reason.Drifted : Reason.StepsPending, message);
  }

  private static boolean isOf(StalledStep step, NodeStatus node) {
    return step.node().equals(node.name());
  }

  private static String unseen(NodeStatus node) {
    if (node.state() != DomainState.Running) {
      return "is not running";
    }
    return node.agent() == AgentState.Connected ? "has not answered" : "boots";
  }

  private Optional<Failure> machineFailure(NodeStatus node) {
    return view.plan().failures().stream()
        .filter(f -> f.key().equals(new Key.Machine(node.name())))
        .findFirst();
  }

  private Optional<Finding> failure(Predicate<Failure> about) {
    return view.plan().failures().stream()
        .filter(about)
        .findFirst()
        .map(
            f ->
                Finding.no(
                    f.conflict() ? Reason.NameConflict : Reason.HypervisorError, f.message()));
  }

  private List<String> names(Predicate<NodeStatus> which) {
    return nodes.stream().filter(which).map(NodeStatus::name).toList();
  }

  private static String notAsked(List<String> names) {
    return "Could not be asked: %s.".formatted(list(names));
  }

  private static String list(List<String> names) {
    return String.join(", ", names);
  }

  private static String withoutFullStop(String words) {
    return words.endsWith(".") ? words.substring(0, words.length() - 1) : words;
  }

  private static String times(int count) {
    return count == 1 ? "once" : count + " times";
  }

  private List<NetworkStatus> networks() {
    return view.lab().networks().stream()
        .map(
            n ->
                new NetworkStatus(
                    n.name(),
                    n.mode(),
                    n.cidr(),
                    n.libvirtName(),
                    view.snapshot().network(n.name()).isUnknown()
                        ? null
                        : view.snapshot().network(n.name()).is(NetworkState::active)))
        .toList();
  }

  private List<Endpoint> endpoints() {
    LabTopology lab = view.lab();
    List<Endpoint> endpoints = new ArrayList<>();
    for (String member : lab.ejabberd().members()) {
      lab.node(member)
          .addressIn(lab.management().name())
          .ifPresent(
              address -> {
                endpoints.add(new Endpoint("xmpp", member, address, XMPP_PORT));
                endpoints.add(new Endpoint("xmpps", member, address, XMPPS_PORT));
              });
    }
    lab.ejabberd()
        .virtualAddress()
        .ifPresent(
            virtual -> endpoints.add(new Endpoint("xmpp", null, virtual.address(), XMPP_PORT)));
    endpoints.add(
        new Endpoint("postgresql", null, lab.postgresql().readWriteAddress(), POSTGRESQL_PORT));
    return endpoints;
  }

  /** The last that says something: which phase has failed only when nobody said more. */
  private static String lastLine(String output) {
    List<String> all =
        output == null ? List.of() : output.lines().filter(l -> !l.isBlank()).toList();
    List<String> told = all.stream().filter(l -> !PHASE_FAILED.contains(l)).toList();
    List<String> lines = told.isEmpty() ? all : told;
    return lines.isEmpty() ? "nothing" : lines.get(lines.size() - 1).strip();
  }
}
