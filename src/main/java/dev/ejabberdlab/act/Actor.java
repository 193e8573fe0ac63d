package dev.ejabberdlab.act;

import dev.ejabberdlab.guest.GuestChannel.GuestTimeoutException;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.StepLaunchException;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.NameConflict;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import dev.ejabberdlab.log.LogContext;
import dev.ejabberdlab.plan.Action;
import dev.ejabberdlab.plan.Failure;
import dev.ejabberdlab.plan.Key;
import dev.ejabberdlab.plan.Progress;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import org.jboss.logging.Logger;

/** Runs one lab's actions in the background. */
public final class Actor {

  private static final Logger LOG = Logger.getLogger(Actor.class);

  private final String lab;
  private final ActionRunner runner;
  private final Executor io;
  private final Clock clock;
  private final BiFunction<Action, Optional<GuestReport>, CompletableFuture<Void>> observe;
  private final Runnable changed;
  private final BooleanSupplier leads;

  private final Set<Key> inFlight = new HashSet<>();
  private final Map<Key, Failure> failures = new HashMap<>();
  private final Map<Key, Progress.End> ends = new HashMap<>();
  private final Map<Key, Progress.CutOff> cutOffs = new HashMap<>();
  private Instant lastEnd = Instant.EPOCH;

  /**
   * @param lab namespace and name, for the log
   * @param runner what carries the actions out
   * @param observe looks again at what an action has changed, or takes over what the guest said at
   *     its end; the action's key stays taken until that is done, so that nobody plans on an old
   *     view
   * @param changed called after each action; must return at once
   * @param leads whether this process may act at this moment; asked before each action, on the
   *     action's own thread
   */
  public Actor(
      String lab,
      ActionRunner runner,
      Executor io,
      Clock clock,
      BiFunction<Action, Optional<GuestReport>, CompletableFuture<Void>> observe,
      Runnable changed,
      BooleanSupplier leads) {
    this.lab = lab;
    this.runner = runner;
    this.io = io;
    this.clock = clock;
    this.observe = observe;
    this.changed = changed;
    this.leads = leads;
  }

  /** Starts the actions whose keys are free; the others are left for the next plan. */
  public void submit(List<Action> actions) {
    for (Action action : actions) {
      if (take(action)) {
        io.execute(about(action).around(() -> run(action)));
      }
    }
  }

  /** What is under way, and how the last tries ended. */
  public synchronized Progress progress() {
    return new Progress(
        Set.copyOf(inFlight), Map.copyOf(failures), Map.copyOf(ends), Map.copyOf(cutOffs));
  }

  /** When the last action ended; an observation that began before it may not show its effect. */
  public synchronized Instant lastEnd() {
    return lastEnd;
  }

  private synchronized boolean take(Action action) {
    return inFlight.add(action.key());
  }

  /** What the log lines of an action are about. */
  private LogContext about(Action action) {
    LogContext about = LogContext.current().lab(lab);
    return action.key().nodeName().map(about::node).orElse(about);
  }

  private void run(Action action) {
    // It may end in another thread.
    LogContext about = LogContext.current();
    Instant began = clock.instant();
    LOG.infof("%s: %s", lab, action.description());
    try {
      if (!leads.getAsBoolean()) {
        throw new CancellationException("another operator may be the active one now");
      }
      runner
          .begin(action)
          .handle(
              (report, failure) -> {
                about.run(
                    () ->
                        ended(
                            action,
                            began,
                            failure == null ? report : Optional.empty(),
                            cause(failure)));
                return report;
              })
          .exceptionally(
              e -> {
                // A stage keeps what is thrown in it to itself.
                about.run(
                    () ->
                        LOG.errorf(
                            e, "%s: the end of %s was not noted.", lab, action.description()));
                return Optional.empty();
              });
    } catch (RuntimeException | Error e) {
      ended(action, began, Optional.empty(), e);
    }
  }

  /** The exception by which a stage failed: the stage after it wraps that. */
  private static Throwable cause(Throwable failure) {
    return failure instanceof CompletionException e ? e.getCause() : failure;
  }

  /**
   * Notes how the action ended, after its effect was looked at. Otherwise a machine that was
   * started and is still seen as before would count as one that has gone off.
   */
  private void ended(
      Action action, Instant began, Optional<GuestReport> report, Throwable failure) {
    Instant at = clock.instant();
    synchronized (this) {
      lastEnd = at;
    }
    log(action, failure);
    observation(action, report)
        .whenComplete(
            (nothing, ignored) -> {
              synchronized (this) {
                note(action, failure, began, at);
                inFlight.remove(action.key());
              }
              changed.run();
            });
  }

  /** Whatever goes wrong in it: the action's key must become free again. */
  private CompletableFuture<Void> observation(Action action, Optional<GuestReport> report) {
    try {
      return observe.apply(action, report);
    } catch (RuntimeException | Error e) {
      LOG.errorf(e, "%s: what came of %s could not be looked at.", lab, action.description());
      return CompletableFuture.completedFuture(null);
    }
  }

  private void log(Action action, Throwable failure) {
    if (failure == null) {
      return;
    }
    if (isExpected(failure)) {
      LOG.warnf("%s: could not %s: %s", lab, action.description(), failure.getMessage());
    } else {
      LOG.errorf(failure, "%s: could not %s.", lab, action.description());
    }
  }

  private void note(Action action, Throwable failure, Instant began, Instant at) {
    if (failure != null && isCutOff(failure)) {
      cutOffs.merge(action.key(), new Progress.CutOff(action, at, at), Actor::cutOffAgain);
      // Nobody knows whether the earlier end still holds.
      ends.computeIfPresent(action.key(), (key, end) -> end.action().equals(action) ? null : end);
      return;
    }
    cutOffs.remove(action.key());
    if (failure != null) {
      ends.remove(action.key());
      failures.merge(action.key(), failure(action, failure, at), Actor::again);
      return;
    }
    failures.remove(action.key());
    ends.put(action.key(), new Progress.End(action, began, at));
  }

  private static Progress.CutOff cutOffAgain(Progress.CutOff before, Progress.CutOff now) {
    return before.action().equals(now.action())
        ? new Progress.CutOff(now.action(), before.first(), now.at())
        : now;
  }

  private Failure failure(Action action, Throwable failure, Instant at) {
    return new Failure(
        action,
        sentence(
            isExpected(failure)
                ? failure.getMessage()
                : "could not %s because of an internal error; see the operator's log"
                    .formatted(action.description())),
        failure instanceof NameConflict,
        1,
        at);
  }

  private static String sentence(String words) {
    return words.substring(0, 1).toUpperCase(Locale.ROOT)
        + words.substring(1)
        + (words.endsWith(".") ? "" : ".");
  }

  private static Failure again(Failure before, Failure now) {
    return before.isOf(now.action()) ? now.withCount(before.count() + 1) : now;
  }

  /**
   * Whether the action itself is not at fault: the host could not be asked, or the operator ends.
   */
  private static boolean isCutOff(Throwable e) {
    return e instanceof Unreachable || e instanceof CancellationException;
  }

  private static boolean isExpected(Throwable e) {
    return e instanceof HypervisorException
        || e instanceof GuestTimeoutException
        || e instanceof StepLaunchException
        || e instanceof CancellationException;
  }
}
