package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.InstanceRole;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Instance;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.observe.LagBucket;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.status.Conditions.Finding;
import dev.ejabberdlab.topology.LabTopology;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What is said of PostgreSQL. */
final class PostgresqlStatuses {

  /** PostgreSQL's words for the states of a walsender, as in pg_stat_replication. */
  private static final String CATCHING_UP = "catchup";

  /** A standby's state that no walsender has: it streams and could not take over. */
  private static final String REPLAY_PAUSED = "paused";

  private final View view;
  private final LabTopology.Postgresql database;
  private final List<String> primaries;
  private final Optional<Postgresql> primary;

  PostgresqlStatuses(View view) {
    this.view = view;
    this.database = view.lab().postgresql();
    this.primaries =
        database.instances().stream()
            .filter(name -> instance(name).filter(Postgresql::isPrimary).isPresent())
            .toList();
    this.primary = primaries.size() == 1 ? instance(primaries.get(0)) : Optional.empty();
  }

  /** Null until an instance could be asked. */
  PostgresqlStatus status() {
    boolean seenBefore =
        (view.previous() != null && view.previous().postgresql() != null)
            || view.primacy().adopted();
    if (!seenBefore && database.instances().stream().noneMatch(n -> instance(n).isPresent())) {
      return null;
    }
    return new PostgresqlStatus(
        primary.isPresent() ? primaries.get(0) : null,
        // What is not known is not recorded.
        view.primacy().doubt().isPresent()
            ? before(PostgresqlStatus::targetPrimary).orElse(null)
            : view.targetPrimary(),
        database.readWriteAddress(),
        primary.map(Postgresql::timeline).or(() -> before(PostgresqlStatus::timeline)).orElse(null),
        before(PostgresqlStatus::systemIdentifier).or(this::seenSystem).orElse(null),
        replication(),
        primary
            .flatMap(p -> standbys().stream().flatMap(s -> lag(s).stream()).max(Long::compare))
            .map(lag -> LagBucket.of(lag).label())
            .orElse(null),
        database.instances().stream().map(this::instanceStatus).toList(),
        database.name(),
        database.owner(),
        primaries.size() > 1,
        view.primacy().failingSince().map(Object::toString).orElse(null),
        view.primacy().fenced(),
        view.primacy().change().orElse(null),
        view.primacy().synchrony().orElse(null),
        view.primacy().doubt().isPresent()
            ? before(PostgresqlStatus::term).orElse(null)
            : (Long) view.primacy().term());
  }

  /**
   * It is the lab's from then on: another one in its place is not taken for it. Of a server that
   * runs: a data directory that never ran is that of the image.
   */
  private Optional<String> seenSystem() {
    return Stream.concat(
            primary.stream(), database.instances().stream().flatMap(n -> instance(n).stream()))
        .filter(Postgresql::up)
        .map(Postgresql::systemIdentifier)
        .filter(s -> !s.isEmpty())
        .findFirst();
  }

  private <T> Optional<T> before(Function<PostgresqlStatus, T> what) {
    return Optional.ofNullable(view.previous()).map(EjabberdLabStatus::postgresql).map(what);
  }

  Finding serving() {
    if (primaries.size() > 1) {
      return Finding.no(
          Reason.SplitBrain,
          "More than one instance accepts writes: %s.".formatted(String.join(", ", primaries)));
    }
    if (view.primacy().doubt().isPresent()) {
      return Finding.no(
          isOtherDatabase() ? Reason.OtherDatabase : Reason.PromotionHeld,
          view.primacy().doubt().get());
    }
    Optional<Finding> change = changing();
    if (change.isPresent()) {
      return change.get();
    }
    if (view.primacy().failingSince().isPresent()) {
      return Finding.no(
          Reason.PrimaryFailing,
          "%s fails since %s. %s"
              .formatted(
                  view.targetPrimary(),
                  view.primacy().failingSince().get().truncatedTo(ChronoUnit.SECONDS),
                  view.primacy().obstacle().orElse("It may come back by itself.")));
    }
    if (primary.isPresent() && primary.get().readWriteAddress()) {
      return view.primacy()
          .obstacle()
          .map(
              why ->
                  Finding.no(
                      Reason.SwitchoverRefused,
                      "%s accepts writes; spec.postgresql.primary names %s. %s"
                          .formatted(primaries.get(0), database.primary().orElse("another"), why)))
          .or(this::blocked)
          .orElseGet(
              () ->
                  Finding.yes(
                      Reason.PrimaryServing,
                      "%s accepts writes at %s."
                          .formatted(primaries.get(0), database.readWriteAddress())));
    }
    if (view.primacy().held().isPresent()) {
      return Finding.no(Reason.PromotionHeld, view.primacy().held().get());
    }
    if (primary.isPresent()) {
      return Finding.no(
          Reason.NoPrimary,
          "%s accepts writes, but does not hold the read-write address %s."
              .formatted(primaries.get(0), database.readWriteAddress()));
    }
    return isPrimaryUnseen()
        ? Finding.unknown(
            Reason.NotObserved, "%s could not be asked.".formatted(view.targetPrimary()))
        : Finding.no(Reason.NoPrimary, "No instance accepts writes.");
  }

  private boolean isOtherDatabase() {
    Optional<String> system = before(PostgresqlStatus::systemIdentifier);
    return primaries.stream()
        .flatMap(n -> instance(n).stream())
        .anyMatch(p -> system.filter(s -> !s.equals(p.systemIdentifier())).isPresent());
  }

  private Optional<Finding> changing() {
    return view.primacy()
        .underWay()
        .map(
            c ->
                c.reason() == PrimaryChangeReason.Switchover
                    ? Finding.no(
                        Reason.SwitchingOver,
                        "%s takes over from %s, as spec.postgresql.primary says: %s."
                            .formatted(c.to(), c.from(), doing(c)))
                    : Finding.no(
                        Reason.FailingOver,
                        "%s takes over from %s, which %s: %s."
                            .formatted(c.to(), c.from(), failed(c), doing(c))));
  }

  private static String failed(PrimaryChange change) {
    return switch (change.reason()) {
      case PrimaryStopped -> "is off";
      case PrimaryDown -> "runs without its PostgreSQL";
      case PrimarySilent -> "does not answer and has lost its standby";
      case NoPrimary -> "is a standby like all others";
      case Switchover -> "works";
    };
  }

  private static String doing(PrimaryChange change) {
    return switch (change.state()) {
      case Fencing -> change.from() + " is turned off";
      case Demoting -> change.from() + " is stopped in order";
      case Promoting -> change.to() + " is promoted";
      case Reverting ->
          "%s could not be promoted and is turned off, so that %s can come back"
              .formatted(change.to(), change.from());
      case Completed, Aborted -> "it has ended";
    };
  }

  private Optional<Finding> blocked() {
    return view.primacy()
        .synchrony()
        .filter(Synchrony.Blocked::equals)
        .map(
            s ->
                Finding.no(
                    Reason.CommitsBlocked,
                    "No standby streams, and spec.postgresql.synchronous makes commits wait for"
                        + " one."));
  }

  Finding replicating() {
    List<String> standbys = standbys();
    if (standbys.isEmpty()) {
      return Finding.yes(Reason.NoStandby, "The lab has no standby.");
    }
    if (primaries.size() > 1) {
      return Finding.no(
          Reason.SplitBrain,
          "It is not clear from whom to stream: %s all accept writes."
              .formatted(String.join(", ", primaries)));
    }
    if (primary.isEmpty()) {
      return isPrimaryUnseen()
          ? Finding.unknown(
              Reason.NotObserved, "%s could not be asked.".formatted(view.targetPrimary()))
          : Finding.no(Reason.NotStreaming, "There is no primary to stream from.");
    }
    List<String> missing =
        standbys.stream()
            .filter(name -> walsender(name).filter(Standby::isStreaming).isEmpty())
            .toList();
    if (!missing.isEmpty()
        && view.primacy().synchrony().filter(Synchrony.Degraded::equals).isPresent()) {
      return Finding.no(
          Reason.CommitsUnprotected,
          "%s not stream from %s; commits do not wait for a standby until one does."
              .formatted(verb(missing, "does", "do"), primaries.get(0)));
    }
    List<String> stopped = standbys.stream().filter(this::isReplayStopped).toList();
    if (missing.isEmpty() && !stopped.isEmpty()) {
      return Finding.no(
          Reason.ReplayPaused,
          "%s could not take over: %s."
              .formatted(
                  String.join(", ", stopped),
                  stopped.stream()
                      .map(
                          name ->
                              "replay on %s stands still: %s"
                                  .formatted(name, instance(name).orElseThrow().replay()))
                      .collect(Collectors.joining("; "))));
    }
    return missing.isEmpty()
        ? Finding.yes(
            Reason.Streaming,
            "%s from %s.".formatted(verb(standbys, "streams", "stream"), primaries.get(0)))
        : Finding.no(
            Reason.NotStreaming,
            "%s not stream from %s.".formatted(verb(missing, "does", "do"), primaries.get(0)));
  }

  private boolean isReplayStopped(String name) {
    return instance(name)
        .filter(Postgresql::isStandby)
        .filter(Postgresql::isReplayStopped)
        .isPresent();
  }

  private String replication() {
    List<String> standbys = standbys();
    if (standbys.isEmpty()) {
      return "None";
    }
    if (primary.isEmpty()) {
      return isPrimaryUnseen() ? "Unknown" : "Down";
    }
    List<Optional<Standby>> senders = standbys.stream().map(this::walsender).toList();
    if (senders.stream().anyMatch(Optional::isEmpty)) {
      return "Down";
    }
    if (!senders.stream().allMatch(s -> s.get().isStreaming())) {
      return "CatchingUp";
    }
    return standbys.stream().anyMatch(this::isReplayStopped) ? "ReplayPaused" : "Streaming";
  }

  private Instance instanceStatus(String name) {
    Optional<Postgresql> seen = instance(name);
    boolean up = seen.filter(Postgresql::up).isPresent();
    Optional<Standby> sender = walsender(name);
    InstanceRole role =
        !up
            ? InstanceRole.unknown
            : seen.get().inRecovery() ? InstanceRole.standby : InstanceRole.primary;
    String state;
    if (report(name).isUnknown()) {
      state = "unknown";
    } else if (!up) {
      state = "down";
    } else if (role == InstanceRole.primary) {
      state = "running";
    } else if (seen.get().isReplayStopped()) {
      state = REPLAY_PAUSED;
    } else {
      state = sender.map(Standby::state).orElse(isPrimaryUnseen() ? "unknown" : "disconnected");
    }
    boolean standby = role == InstanceRole.standby;
    // What is decided on when the primary is gone: how it was when it was last seen.
    Optional<Instance> last = primary.isPresent() ? Optional.empty() : last(name);
    Optional<Instance> waitedFor = waitedFor(name);
    boolean streams = sender.filter(Standby::isStreaming).isPresent();
    return new Instance(
        name,
        role,
        state,
        lag(name)
            .map(lag -> LagBucket.of(lag).floorBytes())
            .or(() -> last.map(Instance::lagBytes))
            .orElse(null),
        standby ? primary.flatMap(p -> slot(p, name)).orElse(null) : null,
        up ? seen.get().timeline() : null,
        streams || role == InstanceRole.primary ? null : disconnectedSince(name),
        waitedFor.map(Instance::synchronous).orElse(null),
        waitedFor.map(Instance::synchronousUpTo).orElse(null));
  }

  /**
   * What is recorded of commits that waited for a standby; empty when none has. One that has gone
   * is not forgotten before another one, for which commits wait, has all that this one may have
   * alone: until the end of the primary's WAL at the time when it was seen to be gone.
   */
  private Optional<Instance> waitedFor(String name) {
    Optional<Instance> before = last(name).filter(i -> Boolean.TRUE.equals(i.synchronous()));
    if (primary.isEmpty()) {
      return before;
    }
    if (primaries.get(0).equals(name) || !view.primacy().waitsForStandby()) {
      return Optional.empty();
    }
    if (walsender(name).filter(Standby::synchronous).isPresent()) {
      return Optional.of(waitedFor(name, null));
    }
    // On another timeline somebody else was primary, and who took over from it had every commit.
    boolean ofThisPrimary =
        before(PostgresqlStatus::timeline).filter(t -> t == primary.get().timeline()).isPresent();
    if (before.isEmpty() || !ofThisPrimary) {
      return Optional.empty();
    }
    Long upTo = before.get().synchronousUpTo();
    return upTo != null && hasAnotherOne(name, upTo)
        ? Optional.empty()
        : Optional.of(waitedFor(name, upTo == null ? (Long) primary.get().lsn() : upTo));
  }

  private boolean hasAnotherOne(String name, long upTo) {
    return database.instances().stream()
        .filter(n -> !n.equals(name))
        .filter(n -> walsender(n).filter(Standby::synchronous).isPresent())
        .flatMap(n -> instance(n).stream())
        .anyMatch(
            p -> p.isStandby() && p.timeline() == primary.get().timeline() && p.lsn() >= upTo);
  }

  private static Instance waitedFor(String name, Long upTo) {
    return new Instance(name, InstanceRole.standby, "", null, null, null, null, true, upTo);
  }

  private Optional<Instance> last(String name) {
    return before(PostgresqlStatus::instances).stream()
        .flatMap(List::stream)
        .filter(i -> i.name().equals(name))
        .findFirst();
  }

  /** Null when it never streamed. */
  private String disconnectedSince(String name) {
    return last(name)
        .map(
            i ->
                i.state().equals(Standby.STREAMING) || i.state().equals(REPLAY_PAUSED)
                    ? view.now().truncatedTo(ChronoUnit.SECONDS).toString()
                    : i.disconnectedSince())
        .orElse(null);
  }

  private static Optional<String> slot(Postgresql primary, String standby) {
    String wanted = standby.replace('-', '_');
    return primary.slots().stream().map(GuestReport.Slot::name).filter(wanted::equals).findFirst();
  }

  /** Every instance but the primary, or but the one that is to be primary while there is none. */
  private List<String> standbys() {
    String writer = primary.isPresent() ? primaries.get(0) : view.targetPrimary();
    return database.instances().stream().filter(n -> !n.equals(writer)).toList();
  }

  /** Empty for a standby that is only being made or started: it has replayed nothing yet. */
  private Optional<Long> lag(String standby) {
    return walsender(standby)
        .filter(s -> s.isStreaming() || s.state().equals(CATCHING_UP))
        .map(Standby::lagBytes);
  }

  /** None is seen to accept writes, and the one that should could not be asked. */
  private boolean isPrimaryUnseen() {
    return primaries.isEmpty() && report(view.targetPrimary()).isUnknown();
  }

  private Optional<Standby> walsender(String name) {
    return primary.flatMap(
        p -> p.standbys().stream().filter(s -> s.name().equals(name)).findFirst());
  }

  private Optional<Postgresql> instance(String name) {
    return report(name).known().flatMap(GuestReport::postgresql);
  }

  private Seen<GuestReport> report(String name) {
    return view.snapshot().machine(name).guest();
  }

  private static String verb(List<String> names, String singular, String plural) {
    return String.join(", ", names) + " " + (names.size() == 1 ? singular : plural);
  }
}
