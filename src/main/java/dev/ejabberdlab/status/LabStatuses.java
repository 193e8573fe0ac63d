package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.ImageVolumes;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Makes a lab's status. */
public final class LabStatuses {

  private LabStatuses() {}

  /**
   * The status of a lab that can be worked on. While an operator that has just started has not yet
   * asked everything, what its predecessor wrote stands: its start is no change of the lab.
   */
  public static EjabberdLabStatus of(StatusInput input) {
    EjabberdLabStatus previous = input.previous();
    boolean speaksOfThisSpec =
        previous != null
            && previous.networks() != null
            && Objects.equals(previous.observedGeneration(), input.generation());
    return speaksOfThisSpec && !isAsked(input) ? previous : status(input);
  }

  private static boolean isAsked(StatusInput input) {
    return input.host().reachable()
        ? input.snapshot().isAsked(input.lab())
        : !input.host().equals(HostSnapshot.NOT_ASKED);
  }

  private static EjabberdLabStatus status(StatusInput input) {
    EjabberdLabStatus previous = input.previous();
    Map<Declaration, Finding> parts = LabConditions.parts(input);
    Optional<Finding> stalled = new Stalled().finding(input);
    Finding ready = Ready.of(parts.values(), stalled);
    Conditions conditions = new Conditions(conditions(previous), input.generation(), input.now());
    conditions.add(Ready.DECLARATION, ready);
    if (stalled.isPresent()) {
      conditions.add(Stalled.DECLARATION, stalled.get());
    } else {
      Reconciling.of(ready).ifPresent(f -> conditions.add(Reconciling.DECLARATION, f));
    }
    parts.forEach(conditions::add);
    LabConditions.advice(input).forEach(conditions::add);
    return EjabberdLabStatus.builder()
        .observedGeneration(input.generation())
        .phase(Phases.of(input, ready, stalled.isPresent()))
        .host(input.lab().host())
        .image(
            input
                .snapshot()
                .image()
                .known()
                .map(ImageVolumes::disk)
                .orElse(previous == null ? null : previous.image()))
        .readyNodes(input.names(NodeStatus::ready).size() + "/" + input.nodes().size())
        .conditions(conditions.build())
        .networks(NetworkStatuses.of(input))
        .nodes(input.nodes())
        .postgresql(PostgresqlStatuses.of(input))
        .ejabberd(EjabberdStatuses.of(input))
        .endpoints(
            ready.truth() == Truth.True || input.wasReady() ? Endpoints.of(input.lab()) : null)
        .tls(input.tls().orElse(null))
        .libvirt(LibvirtStatuses.of(input))
        .build();
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
        Ready.DECLARATION,
        passing ? Finding.unknown(reason, message) : Finding.no(reason, message));
    conditions.add(
        passing ? Reconciling.DECLARATION : Stalled.DECLARATION, Finding.yes(reason, message));
    conditions.keep(LabConditions.declarations());
    return withConditions(
        previous, generation, host, passing ? Phase.Unknown : Phase.Stalled, conditions.build());
  }

  /**
   * The last status with what was decided since. Where the rest of a status cannot be made, this
   * can: nothing is done about a primary before it is on record.
   */
  public static EjabberdLabStatus decided(EjabberdLabStatus previous, Primacy primacy) {
    if (previous == null || !primacy.isDecided()) {
      return previous;
    }
    PostgresqlStatus before =
        Optional.ofNullable(previous.postgresql())
            .orElseGet(() -> PostgresqlStatus.builder().build());
    return previous.toBuilder()
        .postgresql(
            before.toBuilder()
                // Who it is now was not looked at.
                .currentPrimary(null)
                .targetPrimary(primacy.target())
                .failingSince(primacy.failingSince().map(Instant::toString).orElse(null))
                .fenced(primacy.fenced())
                .lastPrimaryChange(primacy.change().orElse(null))
                .synchronous(primacy.synchrony().orElse(null))
                .term(primacy.term())
                .build())
        .build();
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
    conditions.add(Ready.DECLARATION, Finding.no(reason, whole));
    conditions.add(
        passing ? Reconciling.DECLARATION : Stalled.DECLARATION, Finding.yes(reason, whole));
    List<String> seen = LabConditions.declarations().stream().map(Declaration::type).toList();
    List<Condition> all = new ArrayList<>(conditions.build());
    status.conditions().stream().filter(c -> seen.contains(c.getType())).forEach(all::add);
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
    conditions.add(Ready.DECLARATION, finding);
    conditions.add(Reconciling.DECLARATION, Finding.yes(finding.reason(), finding.message()));
    return withConditions(previous, generation, host, Phase.Pending, conditions.build());
  }

  /** The status of a lab that is being taken down. */
  public static EjabberdLabStatus deleting(
      EjabberdLabStatus previous, long generation, String host, Finding finding, Instant now) {
    Conditions conditions = new Conditions(conditions(previous), generation, now);
    conditions.add(Ready.DECLARATION, finding);
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
    List<Condition> conditions = new ArrayList<>(status.conditions());
    conditions.removeIf(
        c ->
            c.getType().equals(Reconciling.DECLARATION.type())
                || c.getType().equals(Paused.DECLARATION.type()));
    // Behind Ready, which is always the first.
    conditions.addAll(
        1,
        new Conditions(conditions(previous), status.observedGeneration(), now)
            .add(Paused.DECLARATION, Paused.finding())
            .build());
    return status.toBuilder().conditions(List.copyOf(conditions)).build();
  }

  private static EjabberdLabStatus withConditions(
      EjabberdLabStatus previous,
      long generation,
      String host,
      Phase phase,
      List<Condition> conditions) {
    boolean fresh = previous == null || previous.networks() == null || previous.host() == null;
    return (previous == null ? EjabberdLabStatus.builder() : previous.toBuilder())
        .observedGeneration(generation)
        .phase(phase)
        // Where the lab is does not change because its spec names another host.
        .host(fresh ? host : previous.host())
        .conditions(conditions)
        .build();
  }

  private static List<Condition> conditions(EjabberdLabStatus status) {
    return status == null ? List.of() : status.conditions();
  }
}
