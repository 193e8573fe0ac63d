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

  /** Of every resource: whether it is what its spec says. */
  public static final String READY = "Ready";

  /** Of every resource, as kstatus knows it: something is under way. */
  public static final String RECONCILING = "Reconciling";

  /** Of every resource, as kstatus knows it: it cannot go on by itself. */
  public static final String STALLED = "Stalled";

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

  /**
   * Adds a condition.
   *
   * @param finding with a reason that is declared
   */
  public Conditions add(Declaration declaration, Finding finding) {
    // For tests: a reason that the page lacks is better than no status at all.
    assert declaration.allows(finding) : "%s does not declare %s".formatted(declaration, finding);
    String type = declaration.type();
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
  public Conditions keep(List<Declaration> kept) {
    kept.forEach(d -> find(previous, d.type()).ifPresent(list::add));
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
