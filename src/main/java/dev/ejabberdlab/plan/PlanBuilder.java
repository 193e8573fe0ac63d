package dev.ejabberdlab.plan;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Collects what is wanted next, in the order in which it is wanted, and sorts out what has to wait.
 */
final class PlanBuilder {

  private final Progress progress;
  private final Instant now;
  private final List<Action> actions = new ArrayList<>();
  private final List<Failure> failures = new ArrayList<>();
  private Instant wakeAt;

  PlanBuilder(Progress progress, Instant now) {
    this.progress = progress;
    this.now = now;
  }

  Progress progress() {
    return progress;
  }

  Instant now() {
    return now;
  }

  /** Starts the action, at once or when the last try is long enough ago. */
  void want(Action action) {
    progress.failure(action).ifPresent(failures::add);
    if (progress.isBusy(action)) {
      return;
    }
    Optional<Instant> due = progress.notBefore(action, now);
    if (due.isPresent()) {
      wake(due.get());
    } else {
      actions.add(action);
    }
  }

  /** Looks again at that time. */
  void wake(Instant at) {
    if (wakeAt == null || at.isBefore(wakeAt)) {
      wakeAt = at;
    }
  }

  Plan build(List<Plan.StalledStep> stalled, List<Plan.Restart> restarts) {
    return new Plan(
        List.copyOf(actions),
        Optional.ofNullable(wakeAt),
        List.copyOf(stalled),
        List.copyOf(failures),
        List.copyOf(restarts));
  }
}
