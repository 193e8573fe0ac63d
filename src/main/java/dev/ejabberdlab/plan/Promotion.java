package dev.ejabberdlab.plan;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Synchronous;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Failover;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.FailoverReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.FailoverState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * Decides which PostgreSQL instance is to accept writes. A standby takes over from a primary that
 * has failed only when the hypervisor confirms that the primary's domain is off, or when the
 * primary was stopped in order and the standby has all of its WAL.
 */
public final class Promotion {

  /** How long a switchover may take to stop the old primary; then the old one stays. */
  static final Duration DEMOTION_LIMIT = Duration.ofMinutes(3);

  /**
   * How long a switchover that was given up is not tried again: each try stops the database for a
   * while.
   */
  static final Duration SWITCHOVER_PAUSE = Duration.ofMinutes(15);

  /** How soon to look again at who could not take over: how far a standby is makes no event. */
  static final Duration AGAIN = Duration.ofSeconds(5);

  private final Input input;
  private final LabTopology.Database database;
  private final Optional<PostgresqlStatus> recorded;
  private final LabSnapshot snapshot;
  private final Instant now;

  private Promotion(Input input) {
    this.input = input;
    this.database = input.lab().database();
    this.recorded = Optional.ofNullable(input.recorded());
    this.snapshot = input.snapshot();
    this.now = input.now();
  }

  /**
   * What the decision depends on.
   *
   * @param lab what shall exist
   * @param recorded what was decided and seen before; null when there was nothing
   * @param decides whether anything may change: the host has answered every question, and the lab
   *     runs and is not paused
   * @param snapshot last view of the lab
   * @param progress what is under way
   * @param now the time
   */
  public record Input(
      LabTopology lab,
      PostgresqlStatus recorded,
      boolean decides,
      LabSnapshot snapshot,
      Progress progress,
      Instant now) {}

  public static Primacy decide(Input input) {
    return new Promotion(input).decide();
  }

  private Primacy decide() {
    String target =
        recorded
            .map(PostgresqlStatus::targetPrimary)
            .filter(database.instances()::contains)
            .orElse(database.initialPrimary());
    Optional<Failover> last = recorded.map(PostgresqlStatus::lastFailover);
    Optional<Failover> underWay =
        last.filter(c -> c.finished() == null).filter(c -> database.instances().contains(c.to()));
    if (!input.decides()) {
      return new Primacy(
          target,
          Optional.empty(),
          last,
          recorded.map(PostgresqlStatus::synchronous),
          held(target, underWay),
          recorded.map(PostgresqlStatus::systemIdentifier).isPresent(),
          Optional.empty(),
          Optional.empty());
    }
    return underWay
        .map(this::proceed)
        .orElseGet(() -> new Judgement(target, last, new PrimaryHealth(input, target)).judge());
  }

  /** A change that was begun is brought to its end. */
  private Primacy proceed(Failover change) {
    return switch (change.state()) {
      case Fencing -> {
        if (isDataLost(change.to())) {
          yield ended(change, FailoverState.Aborted);
        }
        yield isOff(change.from()) ? going(in(change, FailoverState.Promoting)) : going(change);
      }
      case Demoting -> demoting(change);
      case Promoting -> {
        if (isDataLost(change.to())) {
          yield ended(change, FailoverState.Aborted);
        }
        yield postgresql(change.to()).filter(p -> p.isPrimary() && p.readWriteAddress()).isPresent()
            ? ended(change, FailoverState.Completed)
            : going(change);
      }
      case Completed, Aborted -> ended(change, change.state());
    };
  }

  /**
   * The old primary can be taken back until the new one has been told to accept writes, and it is
   * when it cannot be stopped in order with everything that it wrote on the new one.
   */
  private Primacy demoting(Failover change) {
    Optional<Postgresql> old = postgresql(change.from());
    Optional<Postgresql> next = postgresql(change.to()).filter(Postgresql::isStandby);
    if (old.filter(Postgresql::stopped).isPresent()
        && !isBeingPromoted(change.from())
        && next.filter(n -> n.lsn() > old.get().lsn()).isPresent()) {
      return going(in(change, FailoverState.Promoting));
    }
    Instant limit = Instant.parse(change.started()).plus(DEMOTION_LIMIT);
    if (!isInstance(change.from()) && isOff(change.from())) {
      return going(in(change, FailoverState.Promoting));
    }
    boolean down = snapshot.machine(change.from()).domain().is(d -> d.power() == Power.SHUT_OFF);
    if (down || isOff(change.from()) || isDataLost(change.to()) || !now.isBefore(limit)) {
      return ended(change, FailoverState.Aborted);
    }
    Instant again = now.plus(AGAIN);
    return going(change, Optional.of(again.isBefore(limit) ? again : limit));
  }

  /** A step that an operator has left behind would start the server again. */
  private boolean isBeingPromoted(String instance) {
    return snapshot
        .machine(instance)
        .step(Steps.PROMOTION)
        .filter(s -> s.status() == StepState.Status.RUNNING)
        .isPresent();
  }

  private Primacy going(Failover change) {
    return going(change, Optional.empty());
  }

  /** Told before anything of it is done. */
  private Primacy going(Failover change, Optional<Instant> wakeAt) {
    Optional<Failover> underWay = Optional.of(change);
    return primacy(change.to(), underWay, held(change.to(), underWay), wakeAt);
  }

  private Primacy ended(Failover change, FailoverState state) {
    Failover ended =
        new Failover(
            change.from(),
            change.to(),
            change.reason(),
            state,
            change.lagBytes(),
            change.started(),
            change.finished() == null ? stamp(now) : change.finished());
    String target =
        state == FailoverState.Completed || !isInstance(change.from())
            ? change.to()
            : change.from();
    return primacy(target, Optional.of(ended), held(target, Optional.empty()), Optional.empty());
  }

  private static Failover in(Failover change, FailoverState state) {
    return new Failover(
        change.from(),
        change.to(),
        change.reason(),
        state,
        change.lagBytes(),
        change.started(),
        null);
  }

  private Primacy primacy(
      String target, Optional<Failover> change, Optional<String> held, Optional<Instant> wakeAt) {
    return new Primacy(
        target,
        Optional.empty(),
        change,
        synchrony(target, change),
        held,
        false,
        Optional.empty(),
        wakeAt);
  }

  /** Why the target may not accept writes yet. */
  private Optional<String> held(String target, Optional<Failover> underWay) {
    Optional<String> change =
        underWay.flatMap(
            c ->
                switch (c.state()) {
                  case Fencing -> Optional.of("%s must be turned off first.".formatted(c.from()));
                  case Demoting ->
                      Optional.of("%s must be stopped in order first.".formatted(c.from()));
                  case Promoting, Completed, Aborted -> Optional.empty();
                });
    return change
        .or(() -> otherPrimary(target))
        .or(
            () ->
                isDataLost(target)
                    ? Optional.of(
                        "%s has lost its data: its disk is new, and no standby can take over."
                            .formatted(target))
                    : Optional.empty());
  }

  private Optional<String> otherPrimary(String target) {
    return database.instances().stream()
        .filter(i -> !i.equals(target) && postgresql(i).filter(Postgresql::isPrimary).isPresent())
        .findFirst()
        .map(i -> "%s accepts writes.".formatted(i));
  }

  /**
   * There was a database, and the instance does not have it: to make it a primary would be to begin
   * with an empty one.
   */
  private boolean isDataLost(String instance) {
    Optional<String> system = recorded.map(PostgresqlStatus::systemIdentifier);
    Machine machine = snapshot.machine(instance);
    if (system.isEmpty()) {
      return false;
    }
    if (machine.guest().isPresent()) {
      return postgresql(instance)
          .filter(p -> p.systemIdentifier().isEmpty() || p.systemIdentifier().equals(system.get()))
          .isEmpty();
    }
    return machine.volume().isMissing() && !machine.domain().is(d -> d.power() == Power.RUNNING);
  }

  /**
   * Off for good: what libvirt keeps of its memory would go on as a primary. One that the spec no
   * longer has is off when nothing of it is left on the host.
   */
  private boolean isOff(String instance) {
    if (!isInstance(instance)) {
      String domain = LabTopology.namePrefix(input.lab().uid()) + instance;
      return snapshot
          .surplus()
          .is(r -> r.domains().stream().noneMatch(d -> d.name().equals(domain)));
    }
    return snapshot.machine(instance).domain().isMissing()
        || snapshot.machine(instance).domain().is(DomainState::isOffForGood);
  }

  private Optional<Synchrony> synchrony(String target, Optional<Failover> change) {
    Optional<Synchrony> before = recorded.map(PostgresqlStatus::synchronous);
    Optional<Synchronous> wanted = database.synchronous();
    if (wanted.isEmpty()) {
      return Optional.empty();
    }
    boolean began = before.filter(s -> s != Synchrony.Pending).isPresent();
    boolean changing = change.filter(c -> c.finished() == null).isPresent();
    Optional<Postgresql> primary = postgresql(target).filter(Postgresql::isPrimary);
    boolean streams =
        primary
            .filter(
                p -> p.standbys().stream().anyMatch(s -> isInstance(s.name()) && s.isStreaming()))
            .isPresent();
    if (streams) {
      return Optional.of(Synchrony.Active);
    }
    if (!began) {
      return Optional.of(Synchrony.Pending);
    }
    if (primary.isEmpty() && !changing) {
      return before;
    }
    if (changing && change.get().state() != FailoverState.Promoting) {
      // It can still be taken back, as it was.
      return before;
    }
    return Optional.of(
        wanted.get() == Synchronous.required ? Synchrony.Blocked : Synchrony.Degraded);
  }

  private boolean isInstance(String node) {
    return database.instances().contains(node);
  }

  private Optional<Postgresql> postgresql(String instance) {
    return snapshot.machine(instance).guest().known().flatMap(GuestReport::postgresql);
  }

  static String stamp(Instant time) {
    return time.truncatedTo(ChronoUnit.MILLIS).toString();
  }

  /** Whether the primary is to change. */
  private final class Judgement {

    private final String target;
    private final Optional<Failover> last;
    private final PrimaryHealth health;

    Judgement(String target, Optional<Failover> last, PrimaryHealth health) {
      this.target = target;
      this.last = last;
      this.health = health;
    }

    Primacy judge() {
      // There is nothing to take over from a database that never was.
      if (recorded.map(PostgresqlStatus::systemIdentifier).isEmpty()) {
        return stays(Optional.empty(), Optional.empty(), Optional.empty());
      }
      Optional<PrimaryHealth.Failing> failing = health.failing();
      return failing.isPresent() ? failing(failing.get()) : working();
    }

    private Primacy failing(PrimaryHealth.Failing failing) {
      Instant since =
          recorded
              .map(PostgresqlStatus::failingSince)
              .map(Instant::parse)
              .filter(at -> !at.isAfter(now))
              .orElse(now.truncatedTo(ChronoUnit.MILLIS));
      Candidates candidates = new Candidates(input, target, since);
      boolean asked = database.primary().filter(p -> !p.equals(target)).isPresent();
      Instant due = since.plus(failing.patience());
      if (now.isBefore(due)) {
        return stays(Optional.of(since), Optional.empty(), Optional.of(due));
      }
      if (!database.failover().automatic() && !asked) {
        return stays(
            Optional.of(since),
            Optional.of(
                "Failover is manual: to let another instance take over, name it in spec.database.primary."),
            Optional.empty());
      }
      Optional<Candidates.Candidate> candidate =
          database.failover().automatic()
              ? candidates.best()
              : candidates.named(database.primary().orElseThrow());
      return candidate
          .map(
              c ->
                  going(
                      new Failover(
                          target,
                          c.name(),
                          failing.reason(),
                          FailoverState.Fencing,
                          c.lagBytes(),
                          stamp(now),
                          null)))
          .orElseGet(
              () ->
                  new Primacy(
                      target,
                      Optional.of(since),
                      last,
                      synchrony(target, last),
                      held(target, Optional.empty()),
                      candidates.isOneUnasked() && now.isBefore(since.plus(PrimaryHealth.SILENCE)),
                      Optional.of("Nobody can take over: " + candidates.why()),
                      Optional.of(now.plus(AGAIN))));
    }

    private Primacy working() {
      Optional<String> wanted = database.primary().filter(p -> !p.equals(target));
      if (wanted.isEmpty() || !health.serves()) {
        return stays(Optional.empty(), Optional.empty(), Optional.empty());
      }
      Optional<Instant> pause = pause(wanted.get());
      if (pause.isPresent()) {
        return stays(
            Optional.empty(),
            Optional.of(
                "The last switchover to %s was given up; it is tried again after %s."
                    .formatted(wanted.get(), pause.get().truncatedTo(ChronoUnit.SECONDS))),
            pause);
      }
      Candidates candidates = new Candidates(input, target, now);
      return candidates
          .streaming(wanted.get())
          .map(
              c ->
                  going(
                      new Failover(
                          target,
                          c.name(),
                          FailoverReason.Switchover,
                          FailoverState.Demoting,
                          c.lagBytes(),
                          stamp(now),
                          null)))
          .orElseGet(
              () ->
                  stays(
                      Optional.empty(),
                      Optional.of("Nobody can take over: " + candidates.why()),
                      Optional.of(now.plus(AGAIN))));
    }

    /** Until when a switchover to an instance is not tried again. */
    private Optional<Instant> pause(String to) {
      return last.filter(c -> c.state() == FailoverState.Aborted && c.to().equals(to))
          .filter(c -> c.reason() == FailoverReason.Switchover)
          .map(c -> Instant.parse(c.finished()).plus(SWITCHOVER_PAUSE))
          .filter(until -> until.isAfter(now));
    }

    private Primacy stays(
        Optional<Instant> failingSince, Optional<String> obstacle, Optional<Instant> wakeAt) {
      return new Primacy(
          target,
          failingSince,
          last,
          synchrony(target, last),
          held(target, Optional.empty()),
          false,
          obstacle,
          wakeAt);
    }
  }
}
