package dev.ejabberdlab.act;

import dev.ejabberdlab.guest.GuestChannel.GuestTimeoutException;
import dev.ejabberdlab.guest.StepLaunchException;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.NameConflict;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import dev.ejabberdlab.plan.Action;
import dev.ejabberdlab.plan.Failure;
import dev.ejabberdlab.plan.Progress;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jboss.logging.Logger;

/** Runs one lab's actions in the background. */
public final class Actor {

  private static final Logger LOG = Logger.getLogger(Actor.class);

  private final String lab;
  private final Hands hands;
  private final Executor io;
  private final Clock clock;
  private final Function<Action, CompletableFuture<Void>> observe;
  private final Runnable changed;

  private final Set<String> inFlight = new HashSet<>();
  private final Map<String, Failure> failures = new HashMap<>();
  private final Map<String, Progress.Success> successes = new HashMap<>();
  private Instant lastEnd = Instant.EPOCH;

  /**
   * @param lab namespace and name, for the log
   * @param hands what carries the actions out
   * @param observe looks again at what an action has changed; the action's key stays taken until
   *     that is done, so that nobody plans on an old view
   * @param changed called after each action; must return at once
   */
  public Actor(
      String lab,
      Hands hands,
      Executor io,
      Clock clock,
      Function<Action, CompletableFuture<Void>> observe,
      Runnable changed) {
    this.lab = lab;
    this.hands = hands;
    this.io = io;
    this.clock = clock;
    this.observe = observe;
    this.changed = changed;
  }

  /** Starts the actions whose keys are free; the others are left for the next plan. */
  public void submit(List<Action> actions) {
    for (Action action : actions) {
      if (take(action)) {
        io.execute(() -> run(action));
      }
    }
  }

  /** What is under way, and how the last tries ended. */
  public synchronized Progress progress() {
    return new Progress(Set.copyOf(inFlight), Map.copyOf(failures), Map.copyOf(successes));
  }

  /** When the last action ended; an observation that began before it may not show its effect. */
  public synchronized Instant lastEnd() {
    return lastEnd;
  }

  private synchronized boolean take(Action action) {
    return inFlight.add(action.key());
  }

  private void run(Action action) {
    LOG.infof("%s: %s", lab, action.description());
    RuntimeException failure = null;
    try {
      hands.perform(action);
    } catch (RuntimeException e) {
      failure = e;
    }
    ended(action, failure);
    observe
        .apply(action)
        .whenComplete(
            (nothing, ignored) -> {
              synchronized (this) {
                inFlight.remove(action.key());
              }
              changed.run();
            });
  }

  private synchronized void ended(Action action, RuntimeException failure) {
    lastEnd = clock.instant();
    if (failure == null) {
      failures.remove(action.key());
      successes.put(action.key(), new Progress.Success(action.description(), lastEnd));
      return;
    }
    if (!expected(failure)) {
      LOG.errorf(failure, "%s: could not %s.", lab, action.description());
    } else {
      LOG.warnf("%s: could not %s: %s", lab, action.description(), failure.getMessage());
    }
    successes.remove(action.key());
    if (failure instanceof Unreachable) {
      return;
    }
    Failure before = failures.get(action.key());
    failures.put(
        action.key(),
        new Failure(
            action.key(),
            action.description(),
            sentence(failure),
            failure instanceof NameConflict,
            before == null ? 1 : before.count() + 1,
            lastEnd));
  }

  private static boolean expected(RuntimeException e) {
    return e instanceof HypervisorException
        || e instanceof GuestTimeoutException
        || e instanceof StepLaunchException;
  }

  private static String sentence(RuntimeException e) {
    return expected(e) ? e.getMessage() : "an internal error; see the operator's log.";
  }
}
