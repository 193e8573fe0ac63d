package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Which PostgreSQL instance is to accept writes, and how it comes to that. Nothing of it is acted
 * upon before the status has it.
 *
 * @param target node whose instance is to accept writes
 * @param failingSince since when the target has been failing; empty while it works or could not be
 *     asked
 * @param change the last change of the primary, or the one under way; empty when there was none
 * @param synchrony whether commits wait for a standby; empty when the spec does not want it
 * @param held why the target may not accept writes yet, one sentence; empty when it may
 * @param open whether somebody may take over from the target who could not be asked yet: until then
 *     the target's domain is not started
 * @param obstacle why nobody takes over although somebody should, one sentence; empty when nothing
 *     is in the way
 * @param wakeAt when to decide again even if nothing happens
 * @param term number of the decision that says so; grows with every decision
 * @param adopted whether this is what the guests say, against a record that is old, lost or edited
 * @param doubt why no instance may be touched, one sentence: it is not known who is primary; empty
 *     when they may
 * @param assumed whether there is no record of a decision, and nobody may decide now
 * @param located whether it is known that the lab's database is on an instance of the spec, and on
 *     no machine that the spec does not have any more
 */
public record Primacy(
    String target,
    Optional<Instant> failingSince,
    Optional<PrimaryChange> change,
    Optional<Synchrony> synchrony,
    Optional<String> held,
    boolean open,
    Optional<String> obstacle,
    Optional<Instant> wakeAt,
    long term,
    boolean adopted,
    Optional<String> doubt,
    boolean assumed,
    boolean located) {

  /** Number of the decision that a new lab begins with. */
  public static final long FIRST_TERM = 1;

  /** A primary that nobody doubts, by the first decision. */
  public static Primacy of(String target) {
    return builder(target).build();
  }

  /** Begins with a primary that nobody doubts, by the first decision. */
  public static Builder builder(String target) {
    return new Builder(target);
  }

  /** The change under way. */
  public Optional<PrimaryChange> underWay() {
    return change.filter(PrimaryChange::goesOn);
  }

  /** Nodes whose domains are kept off: another one takes over from them, or again. */
  public List<String> fenced() {
    return underWay()
        .map(
            c ->
                Stream.of(
                        c.reason() == PrimaryChangeReason.Switchover ? null : c.from(),
                        c.state() == PrimaryChangeState.Reverting ? c.to() : null)
                    .filter(Objects::nonNull)
                    .toList())
        .orElse(List.of());
  }

  /** Whether a node's domain, if it is off, stays so until it is known who takes over. */
  public boolean keepsOff(String node) {
    return open && node.equals(target);
  }

  /** The instance that is stopped in order, for another one to take over. */
  public Optional<String> demoted() {
    return underWay()
        .filter(c -> c.reason() == PrimaryChangeReason.Switchover)
        .filter(c -> c.state() != PrimaryChangeState.Reverting)
        .map(PrimaryChange::from);
  }

  /** Whether the change under way needs a node's machine off, or its instance stopped. */
  public boolean goesDown(String node) {
    return fenced().contains(node) || demoted().filter(node::equals).isPresent();
  }

  /** Whether a node's instance is being stopped in order: until that is done it accepts writes. */
  public boolean isBeingDemoted(String node) {
    return underWay()
        .filter(c -> c.state() == PrimaryChangeState.Demoting && c.from().equals(node))
        .isPresent();
  }

  /** Whether the last change of the primary was away from a node, and was carried out. */
  public boolean hasTakenOverFrom(String node) {
    return change
        .filter(c -> c.state() == PrimaryChangeState.Completed && c.from().equals(node))
        .isPresent();
  }

  /** Whether commits shall wait for a standby. */
  public boolean waitsForStandby() {
    return synchrony.filter(s -> s == Synchrony.Active || s == Synchrony.Blocked).isPresent();
  }

  /** Number of the decision that a status tells of; the first one where it tells none. */
  static long termOf(PostgresqlStatus status) {
    return status == null || status.term() == null ? FIRST_TERM : status.term();
  }

  /** Whether this is a decision: what is doubted or assumed is none, and is not recorded. */
  public boolean isDecided() {
    return doubt.isEmpty() && !assumed;
  }

  /** Whether a status tells what this decides, so that it may be acted upon. */
  public boolean isRecordedIn(PostgresqlStatus status) {
    if (!isDecided()) {
      // No instance is touched, but machines may come up, and tell.
      return underWay().isEmpty();
    }
    return status != null
        && target.equals(status.targetPrimary())
        && term == termOf(status)
        && Objects.equals(change.orElse(null), status.lastPrimaryChange())
        && Objects.equals(synchrony.orElse(null), status.synchronous());
  }

  /** Says of a primacy what there is to say beside who is to be primary. */
  public static final class Builder {

    private final String target;
    private Optional<Instant> failingSince = Optional.empty();
    private Optional<PrimaryChange> change = Optional.empty();
    private Optional<Synchrony> synchrony = Optional.empty();
    private Optional<String> held = Optional.empty();
    private boolean open;
    private Optional<String> obstacle = Optional.empty();
    private Optional<Instant> wakeAt = Optional.empty();
    private long term = FIRST_TERM;
    private boolean adopted;
    private Optional<String> doubt = Optional.empty();
    private boolean assumed;
    private boolean located = true;

    private Builder(String target) {
      this.target = target;
    }

    public Builder failingSince(Optional<Instant> since) {
      failingSince = since;
      return this;
    }

    public Builder failingSince(Instant since) {
      return failingSince(Optional.of(since));
    }

    public Builder change(Optional<PrimaryChange> last) {
      change = last;
      return this;
    }

    public Builder change(PrimaryChange last) {
      return change(Optional.of(last));
    }

    public Builder synchrony(Optional<Synchrony> of) {
      synchrony = of;
      return this;
    }

    public Builder synchrony(Synchrony of) {
      return synchrony(Optional.of(of));
    }

    public Builder held(Optional<String> why) {
      held = why;
      return this;
    }

    public Builder held(String why) {
      return held(Optional.of(why));
    }

    public Builder open(boolean may) {
      open = may;
      return this;
    }

    public Builder obstacle(Optional<String> why) {
      obstacle = why;
      return this;
    }

    public Builder obstacle(String why) {
      return obstacle(Optional.of(why));
    }

    public Builder wakeAt(Optional<Instant> at) {
      wakeAt = at;
      return this;
    }

    public Builder wakeAt(Instant at) {
      return wakeAt(Optional.of(at));
    }

    public Builder term(long number) {
      term = number;
      return this;
    }

    public Builder adopted(boolean is) {
      adopted = is;
      return this;
    }

    public Builder doubt(Optional<String> why) {
      doubt = why;
      return this;
    }

    public Builder assumed(boolean is) {
      assumed = is;
      return this;
    }

    public Builder located(boolean is) {
      located = is;
      return this;
    }

    public Primacy build() {
      return new Primacy(
          target,
          failingSince,
          change,
          synchrony,
          held,
          open,
          obstacle,
          wakeAt,
          term,
          adopted,
          doubt,
          assumed,
          located);
    }
  }
}
