package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Instance;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.TlsStatus;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.Step.Obstacle;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.plan.Failure;
import dev.ejabberdlab.plan.Plan;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Everything that a lab's status is made of.
 *
 * @param generation of the resource
 * @param previous last status; null when there is none
 * @param lab what shall exist
 * @param primacy which PostgreSQL instance is to accept writes
 * @param steps what shall be done in the guests
 * @param host last view of the host
 * @param autoKvm the host's virtualization is {@code auto} and came to KVM
 * @param snapshot last view of the lab
 * @param plan what is done next
 * @param tls certificates of the services; empty while there are none
 * @param now the time
 * @param nodes what is said of each node, in the order of the spec; {@link Builder#build} makes it
 *     of the rest
 */
public record StatusInput(
    long generation,
    EjabberdLabStatus previous,
    LabTopology lab,
    Primacy primacy,
    List<Step> steps,
    HostSnapshot host,
    boolean autoKvm,
    LabSnapshot snapshot,
    Plan plan,
    Optional<TlsStatus> tls,
    Instant now,
    List<NodeStatus> nodes) {

  public static Builder builder() {
    return new Builder();
  }

  /** Node that is to be primary. */
  String targetPrimary() {
    return primacy.target();
  }

  /** Whether the lab was Ready once: its endpoints are told from then on. */
  boolean wasReady() {
    return previous != null && previous.endpoints() != null;
  }

  /** What the last status said of PostgreSQL; empty when it said nothing. */
  Optional<PostgresqlStatus> previousPostgresql() {
    return Optional.ofNullable(previous).map(EjabberdLabStatus::postgresql);
  }

  /** What the last status said of an instance; empty when it said nothing. */
  Optional<Instance> previousInstance(String name) {
    return previousPostgresql().map(PostgresqlStatus::instances).stream()
        .flatMap(List::stream)
        .filter(i -> i.name().equals(name))
        .findFirst();
  }

  /** Names of the nodes of which that is true. */
  List<String> names(Predicate<NodeStatus> which) {
    return nodes.stream().filter(which).map(NodeStatus::name).toList();
  }

  /** The first obstacle of that kind in the way of a step. */
  Optional<Obstacle> obstacle(Obstacle.Kind kind) {
    return steps.stream()
        .flatMap(s -> s.obstacles().stream())
        .filter(o -> o.kind() == kind)
        .findFirst();
  }

  /** The first of these failures of actions that are still wanted. */
  Optional<Failure> failure(Predicate<Failure> which) {
    return plan.failures().stream().filter(which).findFirst();
  }

  /** What a condition says when what it speaks of is held up by one of these failures. */
  Optional<Finding> heldUp(Predicate<Failure> which) {
    return failure(which)
        .map(
            f ->
                Finding.no(
                    f.conflict() ? Reason.NameConflict : Reason.HypervisorError, f.message()));
  }

  /**
   * Makes an input. Each method sets the component of that name; every one must be set but {@code
   * previous}, {@code autoKvm} and {@code tls}.
   */
  public static final class Builder {

    private long generation;
    private EjabberdLabStatus previous;
    private LabTopology lab;
    private Primacy primacy;
    private List<Step> steps;
    private HostSnapshot host;
    private boolean autoKvm;
    private LabSnapshot snapshot;
    private Plan plan;
    private Optional<TlsStatus> tls = Optional.empty();
    private Instant now;

    private Builder() {}

    public Builder generation(long value) {
      generation = value;
      return this;
    }

    public Builder previous(EjabberdLabStatus value) {
      previous = value;
      return this;
    }

    public Builder lab(LabTopology value) {
      lab = value;
      return this;
    }

    public Builder primacy(Primacy value) {
      primacy = value;
      return this;
    }

    public Builder steps(List<Step> value) {
      steps = value;
      return this;
    }

    public Builder host(HostSnapshot value) {
      host = value;
      return this;
    }

    public Builder autoKvm(boolean value) {
      autoKvm = value;
      return this;
    }

    public Builder snapshot(LabSnapshot value) {
      snapshot = value;
      return this;
    }

    public Builder plan(Plan value) {
      plan = value;
      return this;
    }

    public Builder tls(Optional<TlsStatus> value) {
      tls = value;
      return this;
    }

    public Builder now(Instant value) {
      now = value;
      return this;
    }

    public StatusInput build() {
      return new StatusInput(
          generation,
          previous,
          lab,
          primacy,
          steps,
          host,
          autoKvm,
          snapshot,
          plan,
          tls,
          now,
          NodeStatuses.of(lab, steps, snapshot, previous));
    }
  }
}
