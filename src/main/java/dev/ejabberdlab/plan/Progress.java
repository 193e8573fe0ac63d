package dev.ejabberdlab.plan;

import dev.ejabberdlab.failover.MachineWork;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What is under way, and how the last tries ended.
 *
 * @param inFlight keys of the actions that run now
 * @param failures last failure by key
 * @param ends by key, the last action that was done
 * @param cutOffs by key, the last try of which nobody knows whether it was done, if nothing with
 *     that key has come to an end since
 */
public record Progress(
    Set<Key> inFlight, Map<Key, Failure> failures, Map<Key, End> ends, Map<Key, CutOff> cutOffs)
    implements MachineWork {

  /** Nothing was cut off. */
  public Progress(Set<Key> inFlight, Map<Key, Failure> failures, Map<Key, End> ends) {
    this(inFlight, failures, ends, Map.of());
  }

  /** Nothing runs, nothing ended. */
  public static final Progress NONE = new Progress(Set.of(), Map.of(), Map.of());

  /**
   * An action that was done or cut off and is wanted again waits this long, lest it be repeated in
   * a loop.
   */
  static final Duration PACE = Duration.ofSeconds(10);

  /**
   * How long a guest has whose disk stays. The slowest thing in it is ejabberd, which its unit
   * gives two minutes.
   */
  static final Duration SHUTDOWN_GRACE = Duration.ofMinutes(3);

  /**
   * How long a planned restart may keep a machine off: the shutdown's grace, and the start. Within
   * it a standby that lost its primary then is still one that streamed recently.
   */
  public static final Duration RESTART = SHUTDOWN_GRACE.plusMinutes(1);

  /**
   * An action was done.
   *
   * @param action what ended
   * @param began time of its beginning
   * @param at time of its end
   */
  public record End(Action action, Instant began, Instant at) {}

  /**
   * An action was cut off: the host went away while it was asked, or the operator ends. It may have
   * been done or not; only a look at the world tells.
   *
   * @param action what was cut off
   * @param first time of the first try in a row that was cut off
   * @param at time of the last one
   */
  public record CutOff(Action action, Instant first, Instant at) {}

  /** How the action failed the last time, if it did and nothing has succeeded since. */
  Optional<Failure> failure(Action action) {
    return Optional.ofNullable(failures.get(action.key())).filter(f -> f.isOf(action));
  }

  /** Whether the action must wait for one that is under way. */
  boolean isBusy(Action action) {
    return inFlight.contains(action.key()) || inFlight.contains(action.key().power());
  }

  /** When exactly this action was done, if it was the last with its key. */
  Optional<Instant> endOf(Action action) {
    return end(action).filter(e -> e.action().equals(action)).map(End::at);
  }

  /** Whether exactly this action was done, as the last with its key. */
  boolean ended(Action action) {
    return endOf(action).isPresent();
  }

  /** Exactly this action, if it was the last with its key and was cut off. */
  Optional<CutOff> cutOff(Action action) {
    return Optional.ofNullable(cutOffs.get(action.key())).filter(c -> c.action().equals(action));
  }

  /**
   * Whether something was begun with a machine, or may have been, other than turning it off, after
   * that time. A step that runs while its guest is asked to shut down may end after that.
   */
  boolean workedSince(String node, Instant time) {
    Key key = new Key.Machine(node);
    return Stream.concat(
            Optional.ofNullable(ends.get(key)).map(End::began).stream(),
            Optional.ofNullable(cutOffs.get(key)).map(CutOff::at).stream())
        .anyMatch(at -> at.isAfter(time));
  }

  @Override
  public boolean isUnderWay(String node) {
    return inFlight.contains(new Key.Machine(node));
  }

  @Override
  public boolean hasFailed(String node) {
    return failures.containsKey(new Key.Machine(node));
  }

  @Override
  public boolean isRestarting(String node) {
    if (inFlight.contains(new Key.Power(node))) {
      return true;
    }
    End off = ends.get(new Key.Power(node));
    End work = ends.get(new Key.Machine(node));
    CutOff start = cutOffs.get(new Key.Machine(node));
    if (off != null
        && start != null
        && start.at().isAfter(off.at())
        && start.action() instanceof Action.StartDomain) {
      return false;
    }
    return off != null
        && off.action() instanceof Action.ShutdownDomain
        && !(work != null
            && work.began().isAfter(off.at())
            && (work.action() instanceof Action.StartDomain
                || work.action() instanceof Action.RunStep));
  }

  @Override
  public Optional<Instant> turnedOffAt(String node) {
    return Optional.ofNullable(ends.get(new Key.Power(node))).map(End::at);
  }

  @Override
  public Optional<Instant> restartLimit(String node) {
    return turnedOffAt(node).map(at -> at.plus(RESTART));
  }

  @Override
  public boolean hasFailedSinceTurnedOff(String node) {
    Optional<Failure> failure = Optional.ofNullable(failures.get(new Key.Machine(node)));
    return turnedOffAt(node)
        .flatMap(off -> failure.filter(f -> !f.at().isBefore(off)))
        // Not one of a step that went down with the guest.
        .filter(
            f ->
                f.action() instanceof Action.StartDomain
                    || f.action() instanceof Action.DefineDomain)
        .isPresent();
  }

  /** When the action may start: empty means at once. Not to be asked for one that is in flight. */
  Optional<Instant> notBefore(Action action, Instant now) {
    // A clock that was set back must hold nothing up: what lies in the future does not count.
    Stream<Instant> failed =
        failure(action).stream()
            .filter(f -> !f.at().isAfter(now))
            .map(f -> f.at().plus(Backoff.ACTION.after(f.count())));
    Stream<Instant> ended =
        end(action).stream().filter(e -> !e.at().isAfter(now)).map(e -> e.at().plus(PACE));
    Stream<Instant> cutOff =
        Optional.ofNullable(cutOffs.get(action.key()))
            .filter(c -> c.action().description().equals(action.description()))
            .filter(c -> !c.at().isAfter(now))
            .map(c -> c.at().plus(PACE))
            .stream();
    return Stream.of(failed, ended, cutOff)
        .flatMap(Function.identity())
        .filter(due -> due.isAfter(now))
        .max(Instant::compareTo);
  }

  private Optional<End> end(Action action) {
    return Optional.ofNullable(ends.get(action.key()))
        .filter(e -> e.action().description().equals(action.description()));
  }
}
