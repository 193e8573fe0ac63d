package dev.ejabberdlab.status;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Builds a list of conditions, carrying transition times forward from the previous one. */
public final class Conditions {

  public static final String READY = "Ready";
  public static final String RECONCILING = "Reconciling";
  public static final String STALLED = "Stalled";
  public static final String PAUSED = "Paused";
  public static final String FOREIGN_DISK = "ForeignDisk";
  public static final String HOST_REACHABLE = "HostReachable";
  public static final String NETWORKS_READY = "NetworksReady";
  public static final String MACHINES_READY = "MachinesReady";
  public static final String PROVISIONED = "Provisioned";
  public static final String DATABASE_READY = "DatabaseReady";
  public static final String REPLICATION_HEALTHY = "ReplicationHealthy";
  public static final String CLUSTER_FORMED = "ClusterFormed";

  /** Only there while it is True; says nothing of Ready. */
  public static final String CLOCK_OFF = "ClockOff";

  /** Kubernetes' limit is 32768; a reader's is lower. */
  private static final int MAX_MESSAGE = 1024;

  private final List<Condition> previous;
  private final long generation;
  private final Instant now;
  private final List<Condition> list = new ArrayList<>();

  /**
   * @param previous conditions of the last status; null when there was none
   */
  public Conditions(List<Condition> previous, long generation, Instant now) {
    this.previous = previous == null ? List.of() : previous;
    this.generation = generation;
    this.now = now;
  }

  /** What a condition says. */
  public record Finding(Truth truth, Reason reason, String message) {

    public static Finding yes(Reason reason, String message) {
      return new Finding(Truth.True, reason, message);
    }

    public static Finding no(Reason reason, String message) {
      return new Finding(Truth.False, reason, message);
    }

    public static Finding unknown(Reason reason, String message) {
      return new Finding(Truth.Unknown, reason, message);
    }
  }

  /** A condition's status. */
  public enum Truth {
    True,
    False,
    Unknown
  }

  /** Adds a condition. */
  public Conditions add(String type, Finding finding) {
    String status = finding.truth().name();
    String since =
        find(previous, type)
            .filter(c -> c.getStatus().equals(status))
            .map(Condition::getLastTransitionTime)
            .orElseGet(() -> now.truncatedTo(ChronoUnit.SECONDS).toString());
    list.add(
        new ConditionBuilder()
            .withType(type)
            .withStatus(status)
            .withReason(finding.reason().name())
            .withMessage(shorten(finding.message()))
            .withObservedGeneration(generation)
            .withLastTransitionTime(since)
            .build());
    return this;
  }

  /** Adds previous conditions as they were: each says which generation it speaks of. */
  public Conditions keep(List<String> types) {
    types.forEach(type -> find(previous, type).ifPresent(list::add));
    return this;
  }

  public List<Condition> build() {
    return List.copyOf(list);
  }

  /** A condition by type. */
  public static Optional<Condition> find(List<Condition> conditions, String type) {
    return conditions == null
        ? Optional.empty()
        : conditions.stream().filter(c -> type.equals(c.getType())).findFirst();
  }

  /** Whether the condition is there and True. */
  public static boolean isTrue(List<Condition> conditions, String type) {
    return find(conditions, type).filter(c -> Truth.True.name().equals(c.getStatus())).isPresent();
  }

  private static String shorten(String message) {
    return message.length() <= MAX_MESSAGE ? message : message.substring(0, MAX_MESSAGE - 1) + "…";
  }
}
