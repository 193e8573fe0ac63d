package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.AgentState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.DomainState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Endpoint;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NetworkStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.observe.ImageVolumes;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.plan.Failure;
import dev.ejabberdlab.plan.NodeSteps;
import dev.ejabberdlab.plan.Plan.StalledStep;
import dev.ejabberdlab.status.Conditions.Finding;
import dev.ejabberdlab.status.Conditions.Truth;
import dev.ejabberdlab.topology.LabTopology;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Makes a lab's status. */
public final class LabStatuses {

  /**
   * How long a running domain may be without an answer from its agent before the user is told. The
   * slowest boot seen, five emulated guests on two cores, is under 3 minutes.
   */
  public static final Duration SILENCE = Duration.ofMinutes(6);

  private static final int XMPP_PORT = 5222;
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

  /** The status of a lab that can be worked on. */
  public static EjabberdLabStatus of(View view) {
    return new LabStatuses(view).status();
  }

  /**
   * The status of a lab that cannot be worked on as it is. What was known of its parts stays.
   *
   * @param reason why not
   * @param message one sentence for the user
   */
  public static EjabberdLabStatus refused(
      EjabberdLabStatus previous,
      long generation,
      String host,
      Reason reason,
      String message,
      Instant now) {
    Conditions conditions = new Conditions(conditions(previous), generation, now);
    conditions.add(Conditions.READY, Finding.no(reason, message));
    conditions.add(Conditions.STALLED, Finding.yes(reason, message));
    return withConditions(previous, generation, host, Phase.Stalled, conditions.build());
  }

  /**
   * The status of a lab that waits for something outside of it.
   *
   * @param host host of the lab
   * @param finding why it waits
   */
  public static EjabberdLabStatus waiting(
      EjabberdLabStatus previous, long generation, String host, Finding finding, Instant now) {
    Conditions conditions = new Conditions(conditions(previous), generation, now);
    conditions.add(Conditions.READY, finding);
    conditions.add(Conditions.RECONCILING, Finding.yes(finding.reason(), finding.message()));
    Phase phase = finding.truth() == Truth.Unknown ? Phase.Unknown : Phase.Pending;
    return withConditions(previous, generation, host, phase, conditions.build());
  }

  /** The status of a lab that is being taken down. */
  public static EjabberdLabStatus deleting(
      EjabberdLabStatus previous, long generation, String host, Finding finding, Instant now) {
    Conditions conditions = new Conditions(conditions(previous), generation, now);
    conditions.add(Conditions.READY, finding);
    return withConditions(previous, generation, host, Phase.Deleting, conditions.build());
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
        host,
        fresh ? null : previous.image(),
        fresh ? null : previous.readyNodes(),
        conditions,
        fresh ? null : previous.networks(),
        fresh ? null : previous.nodes(),
        fresh ? null : previous.postgresql(),
        fresh ? null : previous.ejabberd(),
        fresh ? null : previous.endpoints());
  }

  private static List<Condition> conditions(EjabberdLabStatus status) {
    return status == null ? List.of() : status.conditions();
  }

  private EjabberdLabStatus status() {
    Map<String, Finding> parts = new LinkedHashMap<>();
    parts.put(Conditions.HOST_REACHABLE, hostReachable());
    if (view.host().reachable()) {
      parts.put(Conditions.NETWORKS_READY, networksReady());
      parts.put(Conditions.MACHINES_READY, machinesReady());
      parts.put(Conditions.PROVISIONED, provisioned());
      parts.put(Conditions.DATABASE_READY, postgresql.serving());
      parts.put(Conditions.REPLICATION_HEALTHY, postgresql.replicating());
      parts.put(Conditions.CLUSTER_FORMED, ejabberd.formed());
    } else {
      Finding unknown = Finding.unknown(Reason.HostUnreachable, unreachable());
      List.of(
              Conditions.NETWORKS_READY,
              Conditions.MACHINES_READY,
              Conditions.PROVISIONED,
              Conditions.DATABASE_READY,
              Conditions.REPLICATION_HEALTHY,
              Conditions.CLUSTER_FORMED)
          .forEach(type -> parts.put(type, unknown));
    }
    Optional<Finding> stalled = stalled();
    Finding ready = ready(parts, stalled);
    boolean isReady = ready.truth() == Truth.True;

    Conditions conditions = new Conditions(conditions(previous), view.generation(), view.now());
    conditions.add(Conditions.READY, ready);
    if (stalled.isPresent()) {
      conditions.add(Conditions.STALLED, stalled.get());
    } else if (!isReady) {
      conditions.add(Conditions.RECONCILING, Finding.yes(ready.reason(), ready.message()));
    }
    parts.forEach(conditions::add);

    boolean wasReady = previous != null && previous.endpoints() != null;
    return new EjabberdLabStatus(
        view.generation(),
        phase(isReady, stalled.isPresent(), wasReady),
        view.lab().host(),
        view.snapshot().image().known().map(ImageVolumes::disk).orElse(previousImage()),
        nodes.stream().filter(NodeStatus::ready).count() + "/" + nodes.size(),
        conditions.build(),
        networks(),
        nodes,
        postgresql.status(),
        ejabberd.status(),
        isReady || wasReady ? endpoints() : null);
  }

  private String previousImage() {
    return previous == null ? null : previous.image();
  }

  private Phase phase(boolean ready, boolean stalled, boolean wasReady) {
    if (stalled) {
      return Phase.Stalled;
    }
    if (!view.host().reachable()) {
      return view.host().lastContact() == null ? Phase.Pending : Phase.Unknown;
    }
    if (ready) {
      return Phase.Ready;
    }
    return wasReady ? Phase.Degraded : Phase.Provisioning;
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
    if (view.snapshot().image().isMissing()
        && nodes.stream().anyMatch(n -> n.state() == DomainState.Missing)) {
      return Optional.of(Finding.yes(Reason.InvalidSpec, view.snapshot().image().why()));
    }
    Optional<Failure> conflict =
        view.progress().failures().values().stream().filter(Failure::conflict).findFirst();
    if (conflict.isPresent()) {
      return Optional.of(Finding.yes(Reason.NameConflict, conflict.get().message()));
    }
    if (view.plan().stalled().isEmpty()) {
      return Optional.empty();
    }
    StalledStep step = view.plan().stalled().get(0);
    return Optional.of(
        Finding.yes(
            Reason.StepFailed,
            "Step %s on %s failed %d times and is not tried again until the spec or the image changes; it last said: %s"
                .formatted(step.step(), step.node(), step.attempts(), lastLine(step.output()))));
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
                view.host().lastContact() == null
                    ? Finding.unknown(Reason.Pending, view.host().facts().why())
                    : Finding.unknown(Reason.HostUnreachable, unreachable()));
  }

  private String unreachable() {
    return view.host().lastContact() == null
        ? "LibvirtHost %s has not answered yet: %s"
            .formatted(view.lab().host(), view.host().facts().why())
        : "LibvirtHost %s does not answer; last contact %s. Nothing is done until it does."
            .formatted(view.lab().host(), view.host().lastContact());
  }

  private Finding networksReady() {
    List<String> waiting = new ArrayList<>();
    for (LabTopology.Network network : view.lab().networks()) {
      if (!view.snapshot().network(network.name()).is(NetworkState::active)) {
        waiting.add(network.name());
      }
    }
    return waiting.isEmpty()
        ? Finding.yes(
            Reason.NetworksActive,
            "All %d networks are active.".formatted(view.lab().networks().size()))
        : failure("network/")
            .orElseGet(
                () ->
                    Finding.no(
                        Reason.NetworksPending,
                        "Not active yet: %s.".formatted(String.join(", ", waiting))));
  }

  private Finding machinesReady() {
    Optional<Finding> failure = failure("machine/");
    List<String> down =
        nodes.stream()
            .filter(n -> n.state() != DomainState.Running)
            .map(n -> "%s (%s)".formatted(n.name(), n.state()))
            .toList();
    if (!down.isEmpty()) {
      return failure.orElseGet(
          () ->
              Finding.no(
                  Reason.MachinesPending,
                  "Not running yet: %s.".formatted(String.join(", ", down))));
    }
    List<String> silent =
        nodes.stream()
            .filter(n -> n.agent() != AgentState.Connected)
            .map(NodeStatus::name)
            .toList();
    if (!silent.isEmpty()) {
      return longSilence()
          .orElseGet(
              () ->
                  Finding.no(
                      Reason.AgentPending,
                      "Booting, no answer from the guest agent yet: %s."
                          .formatted(String.join(", ", silent))));
    }
    return Finding.yes(
        Reason.MachinesRunning,
        "All %d machines run and their agents answer.".formatted(nodes.size()));
  }

  private Optional<Finding> longSilence() {
    List<String> names =
        view.lab().nodes().stream()
            .map(LabTopology.Node::name)
            .filter(
                name -> {
                  Instant since = view.snapshot().machine(name).silentSince();
                  return since != null && since.plus(SILENCE).isBefore(view.now());
                })
            .toList();
    if (names.isEmpty()) {
      return Optional.empty();
    }
    String advice =
        view.autoKvm()
            ? " The host took KVM because it offers it, which does not prove that KVM works there: set spec.virtualization to qemu on LibvirtHost %s."
                .formatted(view.lab().host())
            : " Look at the guest's console, and whether the image has qemu-guest-agent.";
    return Optional.of(
        Finding.no(
            Reason.AgentSilent,
            "No answer from the guest agent for more than %d minutes: %s.%s"
                .formatted(SILENCE.toMinutes(), String.join(", ", names), advice)));
  }

  private Finding provisioned() {
    List<String> pending = new ArrayList<>();
    boolean retrying = false;
    boolean unknown = false;
    for (NodeStatus node : nodes) {
      if (Boolean.TRUE.equals(node.ready())) {
        continue;
      }
      NodeSteps steps = NodeSteps.of(node.name(), view.steps(), view.snapshot());
      if (!view.snapshot().machine(node.name()).guest().isPresent()) {
        unknown |= node.agent() == AgentState.Connected;
        pending.add(
            "%s %s"
                .formatted(
                    node.name(),
                    node.state() == DomainState.Running
                        ? node.agent() == AgentState.Connected ? "connects" : "boots"
                        : "is not running"));
      } else if (node.attempts() != null) {
        retrying = true;
        pending.add(
            "%s retries %s after %d failed: %s"
                .formatted(node.name(), node.step(), node.attempts(), lastLine(node.lastError())));
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
    if (pending.isEmpty()) {
      return Finding.yes(
          Reason.StepsDone, "Every step is done on all %d nodes.".formatted(nodes.size()));
    }
    String message =
        "%d of %d nodes are ready: %s."
            .formatted(nodes.size() - pending.size(), nodes.size(), String.join("; ", pending));
    if (retrying) {
      return Finding.no(Reason.StepRetrying, message);
    }
    return unknown
        ? Finding.unknown(Reason.NotObserved, message)
        : Finding.no(Reason.StepsPending, message);
  }

  private Optional<Finding> failure(String keyPrefix) {
    return view.progress().failures().values().stream()
        .filter(f -> f.key().startsWith(keyPrefix))
        .findFirst()
        .map(
            f ->
                Finding.no(
                    f.conflict() ? Reason.NameConflict : Reason.HypervisorError,
                    "Could not %s: %s".formatted(f.description(), f.message())));
  }

  private List<NetworkStatus> networks() {
    return view.lab().networks().stream()
        .map(
            n ->
                new NetworkStatus(
                    n.name(),
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
    for (String member : lab.xmpp().members()) {
      lab.node(member)
          .addressIn(lab.management().name())
          .ifPresent(address -> endpoints.add(new Endpoint("xmpp", member, address, XMPP_PORT)));
    }
    endpoints.add(
        new Endpoint("postgresql", null, lab.database().readWriteAddress(), POSTGRESQL_PORT));
    return endpoints;
  }

  private static String lastLine(String output) {
    List<String> lines = output.lines().filter(l -> !l.isBlank()).toList();
    return lines.isEmpty() ? "nothing" : lines.get(lines.size() - 1).strip();
  }
}
