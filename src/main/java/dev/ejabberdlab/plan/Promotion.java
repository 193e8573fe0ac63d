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
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

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

  /** How often a promotion is tried before the old primary is brought back. */
  static final int PROMOTIONS = 3;

  /**
   * How long a change may take whose promotion has failed or could not be begun: by then a standby
   * that can be asked is given up, and the old primary brought back.
   */
  static final Duration PROMOTION_LIMIT = Duration.ofMinutes(5);

  /** How soon to look again at who could not take over: how far a standby is makes no event. */
  static final Duration AGAIN = Duration.ofSeconds(5);

  private final Input input;
  private final LabTopology.Database database;
  private final Standing standing;

  /** What may be relied upon of it. */
  private final Optional<PostgresqlStatus> recorded;

  private final LabSnapshot snapshot;
  private final Instant now;

  private Promotion(Input asked) {
    this.standing = asked.decides() ? Standing.of(asked) : Standing.recorded(asked);
    this.input =
        new Input(
            asked.lab(),
            standing.record(),
            asked.decides(),
            asked.snapshot(),
            asked.progress(),
            asked.now());
    this.database = input.lab().database();
    this.recorded = Optional.ofNullable(standing.record());
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
    String target = standing.target();
    Optional<Failover> last = recorded.map(PostgresqlStatus::lastFailover);
    Optional<Failover> underWay =
        last.filter(c -> c.finished() == null)
            // One that is turned off for good may have left the spec meanwhile.
            .filter(c -> c.state() == FailoverState.Reverting || isInstance(c.to()));
    if (!input.decides()) {
      return new Primacy(
          target,
          underWay.isPresent() ? Optional.empty() : failingMeanwhile(target),
          last,
          recorded.map(PostgresqlStatus::synchronous),
          held(target, underWay),
          recorded.map(PostgresqlStatus::systemIdentifier).isPresent(),
          Optional.empty(),
          Optional.empty(),
          standing.term(),
          false,
          Optional.empty());
    }
    if (standing.doubt().isPresent()) {
      return new Primacy(
          target,
          Optional.empty(),
          last.filter(c -> c.finished() != null),
          recorded.map(PostgresqlStatus::synchronous),
          standing.doubt(),
          false,
          Optional.empty(),
          Optional.of(now.plus(AGAIN)),
          standing.term(),
          standing.adopted(),
          standing.doubt());
    }
    return underWay
        .map(this::proceed)
        .orElseGet(() -> new Judgement(target, last, new PrimaryHealth(input, target)).judge());
  }

  /**
   * Since when the primary fails while nobody may do anything about it, because the lab is paused
   * or the host does not answer: who streamed when it began to fail is judged by that later. What
   * is not known ends it not.
   */
  private Optional<Instant> failingMeanwhile(String target) {
    PrimaryHealth health = new PrimaryHealth(input, target);
    if (!input.lab().running()
        || recorded.map(PostgresqlStatus::systemIdentifier).isEmpty()
        || health.serves()) {
      return Optional.empty();
    }
    return recorded
        .map(PostgresqlStatus::failingSince)
        .map(Instant::parse)
        .filter(at -> !at.isAfter(now))
        .or(() -> health.failing().map(f -> health.since().orElse(now)))
        .map(at -> at.truncatedTo(ChronoUnit.MILLIS));
  }

  /** A change that was begun is brought to its end. */
  private Primacy proceed(Failover change) {
    return switch (change.state()) {
      case Fencing -> {
        if (isDataLost(change.to())) {
          yield ended(change, FailoverState.Aborted);
        }
        if (hasTakenOver(change)) {
          yield ended(change, FailoverState.Completed);
        }
        yield isOff(change.from()) ? going(in(change, FailoverState.Promoting)) : going(change);
      }
      case Demoting ->
          hasTakenOver(change) ? ended(change, FailoverState.Completed) : demoting(change);
      case Promoting -> {
        if (isDataLost(change.to())) {
          yield ended(change, FailoverState.Aborted);
        }
        if (change.reason() == FailoverReason.Switchover && hasGoneSilent(change.from())) {
          // It was stopped in order, but it may have come back since.
          yield going(
              new Failover(
                  change.from(),
                  change.to(),
                  FailoverReason.PrimarySilent,
                  FailoverState.Fencing,
                  change.lagBytes(),
                  change.started(),
                  null));
        }
        yield postgresql(change.to()).filter(p -> p.isPrimary() && p.readWriteAddress()).isPresent()
            ? ended(change, FailoverState.Completed)
            : hasPromotionFailed(change)
                ? begins(in(change, FailoverState.Reverting))
                : going(change, Optional.of(now.plus(AGAIN)));
      }
      case Reverting ->
          // Off, it has lost the permission, whatever would have promoted it late, and nobody has
          // written to it: the address was not there.
          isOff(change.to()) ? ended(change, FailoverState.Aborted) : going(change);
      case Completed, Aborted -> ended(change, change.state());
    };
  }

  /**
   * Whether the change is over although the record says that it has hardly begun: the record is an
   * older one. Nobody is promoted before that is recorded.
   */
  private boolean hasTakenOver(Failover change) {
    return postgresql(change.to()).filter(p -> p.isPrimary() && p.readWriteAddress()).isPresent()
        && !Standing.mayBePrimary(snapshot, change.from());
  }

  private boolean hasGoneSilent(String instance) {
    Instant since = snapshot.machine(instance).silentSince();
    return Standing.mayBePrimary(snapshot, instance)
        && since != null
        && !since.plus(PrimaryHealth.SILENCE).isAfter(now);
  }

  /**
   * Whether the new primary cannot be made one, and is seen never to have accepted a write at the
   * read-write address, so that the old one, whose data is there, can come back. What could not be
   * asked may have been promoted.
   */
  private boolean hasPromotionFailed(Failover change) {
    Machine next = snapshot.machine(change.to());
    boolean returns =
        isInstance(change.from())
            && !isDataLost(change.from())
            && snapshot.machine(change.from()).volume().isPresent();
    int attempts = attempts(next, Steps.PROMOTION);
    boolean late = !now.isBefore(Instant.parse(change.started()).plus(PROMOTION_LIMIT));
    boolean failed =
        attempts > 0
            || attempts(next, Steps.BASE) > 0
            || input.progress().failures().containsKey(new Key.Machine(change.to()));
    return isUntouched(change.to()) && returns && (attempts >= PROMOTIONS || (late && failed));
  }

  /**
   * It is seen to be a standby that has accepted no write, and nothing goes on that could promote
   * it.
   */
  private boolean isUntouched(String instance) {
    return isHeard(instance)
        && !input.progress().inFlight().contains(new Key.Machine(instance))
        && snapshot.machine(instance).guest().value().steps().values().stream()
            .noneMatch(s -> s.status() == StepState.Status.RUNNING)
        && postgresql(instance).filter(p -> p.inRecovery() && !p.readWriteAddress()).isPresent();
  }

  private boolean isHeard(String instance) {
    return PrimaryHealth.isHeard(snapshot.machine(instance), now);
  }

  private static int attempts(Machine machine, String step) {
    return machine.step(step).map(StepState::attempts).orElse(0);
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
        && next.filter(n -> n.timeline() == old.get().timeline())
            .filter(n -> n.lsn() > old.get().lsn())
            .isPresent()) {
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
    return going(change, wakeAt, standing.term());
  }

  private Primacy going(Failover change, Optional<Instant> wakeAt, long term) {
    Optional<Failover> underWay = Optional.of(change);
    String target = change.state() == FailoverState.Reverting ? change.from() : change.to();
    return primacy(target, underWay, held(target, underWay), wakeAt, term);
  }

  /** A new decision, by which everybody can tell it from the last one. */
  private Primacy begins(Failover change) {
    return going(change, Optional.empty(), standing.term() + 1);
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
    // That the old one stays is a decision too: the new one may have heard of the other.
    return primacy(
        target,
        Optional.of(ended),
        held(target, Optional.empty()),
        Optional.empty(),
        state == FailoverState.Aborted ? standing.term() + 1 : standing.term());
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
      String target,
      Optional<Failover> change,
      Optional<String> held,
      Optional<Instant> wakeAt,
      long term) {
    return new Primacy(
        target,
        Optional.empty(),
        change,
        synchrony(target, change),
        held,
        false,
        Optional.empty(),
        wakeAt,
        term,
        standing.adopted(),
        Optional.empty());
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
                  case Reverting -> Optional.of("%s must be turned off first.".formatted(c.to()));
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
                    : Optional.empty())
        .or(() -> underWay.isPresent() ? unfenced(underWay.get()) : unsure(target));
  }

  /** The old primary was off, or stopped, when that was recorded; it must be so still. */
  private Optional<String> unfenced(Failover change) {
    boolean may =
        change.reason() == FailoverReason.Switchover && isInstance(change.from())
            ? Standing.mayBePrimary(snapshot, change.from())
            : !isOff(change.from());
    return change.state() == FailoverState.Promoting
            && may
            && postgresql(change.to()).filter(Postgresql::isPrimary).isEmpty()
        ? Optional.of("%s may accept writes and must be off first.".formatted(change.from()))
        : Optional.empty();
  }

  /**
   * Without a change, who was primary may be so again, but nobody else; and not beside one that may
   * have become it meanwhile, whatever the record says: that may be an old one.
   */
  private Optional<String> unsure(String target) {
    Machine machine = snapshot.machine(target);
    Optional<Postgresql> there = postgresql(target);
    if (there.filter(Postgresql::isPrimary).isPresent()) {
      return Optional.empty();
    }
    if (!machine.guest().isPresent()) {
      return Optional.empty();
    }
    if (!snapshot.isAsked(input.lab())) {
      return Optional.of("Not every instance has been asked yet who is primary.");
    }
    if (there.filter(Postgresql::inRecovery).isPresent()) {
      return Optional.of(
          "%s is a standby, and becomes primary only in the place of another one."
              .formatted(target));
    }
    boolean isEmpty = there.isEmpty();
    return others(target)
        .filter(
            i ->
                Standing.mayBePrimary(snapshot, i)
                    || (isEmpty
                        && !snapshot.machine(i).guest().isPresent()
                        && Standing.mayHoldData(snapshot, i)))
        .findFirst()
        .map(i -> "%s could not be asked, and may be the primary or hold its data.".formatted(i));
  }

  private Stream<String> others(String instance) {
    return database.instances().stream().filter(i -> !i.equals(instance));
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
      // Whoever was set up as a standby has a database of somebody.
      return machine.guest().isPresent()
          && postgresql(instance).isEmpty()
          && others(instance).anyMatch(i -> postgresql(i).isPresent());
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
    return Standing.isOff(snapshot.machine(instance));
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
      Optional<Primacy> instead =
          inPlaceOfTheSilent().or(this::inPlaceOfAStandby).or(this::amongStandbys);
      if (instead.isPresent()) {
        return instead.get();
      }
      Optional<PrimaryHealth.Failing> failing = health.failing();
      return failing.isPresent() ? failing(failing.get()) : working();
    }

    /**
     * The target has its data and could go on as primary, but for one that may be it and does not
     * answer: after a while that one is turned off, as any other primary that fails.
     */
    private Optional<Primacy> inPlaceOfTheSilent() {
      boolean waits =
          postgresql(target).filter(p -> !p.up() && !p.inRecovery()).isPresent()
              && !isDataLost(target);
      List<String> silent = others(target).filter(i -> Standing.mayBePrimary(snapshot, i)).toList();
      if (!waits || silent.size() != 1 || !database.failover().automatic()) {
        return Optional.empty();
      }
      Instant since = snapshot.machine(silent.get(0)).silentSince();
      return since == null || since.plus(Planner.SILENCE).isAfter(now)
          ? Optional.empty()
          : Optional.of(
              begins(
                  new Failover(
                      silent.get(0),
                      target,
                      FailoverReason.PrimarySilent,
                      FailoverState.Fencing,
                      0L,
                      stamp(now),
                      null)));
    }

    /**
     * The target is a standby, by a decision whose change nobody remembers, as when the status was
     * lost in the middle of it; and who was primary before is down, with its data. It comes back,
     * as after a promotion that has failed.
     */
    private Optional<Primacy> inPlaceOfAStandby() {
      if (!isUntouched(target)
          || !database.instances().stream().allMatch(Promotion.this::isHeard)) {
        return Optional.empty();
      }
      Postgresql standby = postgresql(target).orElseThrow();
      List<String> before =
          others(target)
              .filter(
                  i ->
                      postgresql(i)
                          .filter(p -> !p.up() && !p.inRecovery())
                          .filter(p -> p.timeline() >= standby.timeline())
                          .filter(p -> p.systemIdentifier().equals(standby.systemIdentifier()))
                          .isPresent())
              .toList();
      boolean accepted =
          others(target).anyMatch(i -> postgresql(i).filter(Postgresql::isPrimary).isPresent());
      if (before.size() != 1 || accepted) {
        return Optional.empty();
      }
      Instant since = since();
      Instant due = since.plus(database.failover().delay());
      return Optional.of(
          now.isBefore(due)
              ? stays(Optional.of(since), Optional.empty(), Optional.of(due))
              : begins(
                  new Failover(
                      before.get(0),
                      target,
                      FailoverReason.NoPrimary,
                      FailoverState.Reverting,
                      0L,
                      stamp(now),
                      null)));
    }

    /**
     * Every instance is a standby: none accepts writes, and the one that has most of the WAL has
     * every commit.
     */
    private Optional<Primacy> amongStandbys() {
      List<Postgresql> all =
          database.instances().stream()
              .flatMap(i -> postgresql(i).stream())
              .filter(Postgresql::isStandby)
              .toList();
      boolean known =
          all.size() > 1
              && all.size() == database.instances().size()
              && all.stream().map(Postgresql::timeline).distinct().count() == 1
              && all.stream().map(Postgresql::systemIdentifier).distinct().count() == 1;
      if (!known || !database.failover().automatic()) {
        return Optional.empty();
      }
      Instant since = since();
      Instant due = since.plus(database.failover().delay());
      if (now.isBefore(due)) {
        return Optional.of(stays(Optional.of(since), Optional.empty(), Optional.of(due)));
      }
      String best =
          database.instances().stream()
              .max(
                  Comparator.<String>comparingLong(i -> postgresql(i).get().lsn())
                      .thenComparing(target::equals))
              .orElseThrow();
      String other = best.equals(target) ? others(best).findFirst().orElseThrow() : target;
      return Optional.of(
          begins(
              new Failover(
                  other,
                  best,
                  FailoverReason.NoPrimary,
                  FailoverState.Fencing,
                  0L,
                  stamp(now),
                  null)));
    }

    private Instant since() {
      return recorded
          .map(PostgresqlStatus::failingSince)
          .map(Instant::parse)
          .filter(at -> !at.isAfter(now))
          .or(health::since)
          .orElse(now)
          .truncatedTo(ChronoUnit.MILLIS);
    }

    private Primacy failing(PrimaryHealth.Failing failing) {
      Instant since = since();
      Candidates candidates = new Candidates(input, target, since, isDataLost(target));
      boolean asked = database.primary().filter(p -> !p.equals(target)).isPresent();
      Instant due = since.plus(failing.patience());
      if (now.isBefore(due)) {
        return stays(Optional.of(since), Optional.empty(), Optional.of(due));
      }
      if (!database.failover().automatic() && !asked) {
        return stays(
            Optional.of(since),
            Optional.of(
                "Failover is manual: to let another instance take over, name it in"
                    + " spec.database.primary."),
            Optional.empty());
      }
      Optional<Candidates.Candidate> candidate =
          database.failover().automatic()
              ? candidates.best()
              : candidates.named(database.primary().orElseThrow());
      return candidate
          .map(
              c ->
                  begins(
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
                      Optional.of(now.plus(AGAIN)),
                      standing.term(),
                      standing.adopted(),
                      Optional.empty()));
    }

    private Primacy working() {
      Optional<String> wanted = database.primary().filter(p -> !p.equals(target));
      if (wanted.isEmpty() || !health.serves()) {
        return stays(
            stillFailing(),
            Optional.empty(),
            Stream.of(again(), health.restartLimit())
                .flatMap(Optional::stream)
                .min(Comparator.naturalOrder()));
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
      Candidates candidates = new Candidates(input, target, now, false);
      return candidates
          .streaming(wanted.get())
          .map(
              c ->
                  begins(
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

    /** What cannot be asked, or is on its way, has not come back yet. */
    private Optional<Instant> stillFailing() {
      return health.works()
          ? Optional.empty()
          : recorded
              .map(PostgresqlStatus::failingSince)
              .map(Instant::parse)
              .filter(at -> !at.isAfter(now));
    }

    /** How far standbys are makes no event; whether one has what another one has alone matters. */
    private Optional<Instant> again() {
      boolean alone =
          recorded.map(PostgresqlStatus::instances).stream()
              .flatMap(List::stream)
              .anyMatch(i -> i.synchronousUpTo() != null);
      return alone && database.instances().size() > 2
          ? Optional.of(now.plus(AGAIN))
          : Optional.empty();
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
          wakeAt,
          standing.term(),
          standing.adopted(),
          Optional.empty());
    }
  }
}
