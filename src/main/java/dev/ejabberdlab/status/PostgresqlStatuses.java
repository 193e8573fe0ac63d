package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.InstanceRole;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Instance;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.observe.LagBucket;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What is said of PostgreSQL, beside its conditions. */
final class PostgresqlStatuses {

  /** PostgreSQL's words for the states of a walsender, as in pg_stat_replication. */
  private static final String CATCHING_UP = "catchup";

  /** A standby's state that no walsender has: it streams and could not take over. */
  private static final String REPLAY_PAUSED = "paused";

  private final StatusInput input;
  private final SeenPostgresql seen;
  private final WaitedFor waitedFor;

  private PostgresqlStatuses(StatusInput input) {
    this.input = input;
    this.seen = SeenPostgresql.of(input);
    this.waitedFor = new WaitedFor(seen);
  }

  /** Null until it was decided who is to be primary, or an instance could be asked. */
  static PostgresqlStatus of(StatusInput input) {
    boolean isRecorded = input.previousPostgresql().isPresent() || input.primacy().isDecided();
    PostgresqlStatuses statuses = new PostgresqlStatuses(input);
    return isRecorded || statuses.isSetUp() ? statuses.status() : null;
  }

  private PostgresqlStatus status() {
    Primacy primacy = input.primacy();
    Optional<PostgresqlStatus> before = input.previousPostgresql();
    // What is not known is not recorded.
    boolean known = primacy.isDecided();
    return PostgresqlStatus.builder()
        .currentPrimary(seen.primary().isPresent() ? seen.primaryName() : null)
        .targetPrimary(
            known
                ? input.targetPrimary()
                : before.map(PostgresqlStatus::targetPrimary).orElse(null))
        .readWriteAddress(seen.wanted().readWriteAddress())
        .timeline(
            seen.primary()
                .map(Postgresql::timeline)
                .or(() -> before.map(PostgresqlStatus::timeline))
                .orElse(null))
        .systemIdentifier(
            before.map(PostgresqlStatus::systemIdentifier).or(this::seenSystem).orElse(null))
        .replication(isSetUp() ? replication() : null)
        .lag(
            seen.primary()
                .flatMap(
                    p -> seen.standbys().stream().flatMap(s -> lag(s).stream()).max(Long::compare))
                .map(lag -> LagBucket.of(lag).label())
                .orElse(null))
        .instances(seen.wanted().instances().stream().map(this::instanceStatus).toList())
        .database(isSetUp() ? seen.wanted().database().name() : null)
        .owner(isSetUp() ? seen.wanted().database().owner() : null)
        .splitBrain(seen.primaries().size() > 1)
        .failingSince(primacy.failingSince().map(Instant::toString).orElse(null))
        .fenced(primacy.fenced())
        .lastPrimaryChange(primacy.change().orElse(null))
        .synchronous(primacy.synchrony().orElse(null))
        .term(known ? (Long) primacy.term() : before.map(PostgresqlStatus::term).orElse(null))
        .build();
  }

  /** Whether PostgreSQL is, or was once, seen on an instance. */
  private boolean isSetUp() {
    return input.previousPostgresql().map(PostgresqlStatus::database).isPresent()
        || seen.wanted().instances().stream().anyMatch(n -> seen.instance(n).isPresent());
  }

  /**
   * It is the lab's from then on: another one in its place is not taken for it. Of a server that
   * runs: a data directory that never ran is that of the image.
   */
  private Optional<String> seenSystem() {
    return Stream.concat(
            seen.primary().stream(),
            seen.wanted().instances().stream().flatMap(n -> seen.instance(n).stream()))
        .filter(Postgresql::up)
        .map(Postgresql::systemIdentifier)
        .filter(s -> !s.isEmpty())
        .findFirst();
  }

  private String replication() {
    List<String> standbys = seen.standbys();
    if (standbys.isEmpty()) {
      return "None";
    }
    if (seen.primary().isEmpty()) {
      return seen.isPrimaryUnseen() ? "Unknown" : "Down";
    }
    List<Optional<Standby>> senders = standbys.stream().map(seen::walsender).toList();
    if (senders.stream().anyMatch(Optional::isEmpty)) {
      return "Down";
    }
    if (!senders.stream().allMatch(s -> s.get().isStreaming())) {
      return "CatchingUp";
    }
    return standbys.stream().anyMatch(seen::isReplayStopped) ? "ReplayPaused" : "Streaming";
  }

  private Instance instanceStatus(String name) {
    Optional<Postgresql> running = seen.instance(name).filter(Postgresql::up);
    InstanceRole role =
        running
            .map(p -> p.inRecovery() ? InstanceRole.standby : InstanceRole.primary)
            .orElse(InstanceRole.unknown);
    // What is decided on when the primary is gone: how it was when it was last seen.
    Optional<Instance> last =
        seen.primary().isPresent() ? Optional.empty() : input.previousInstance(name);
    boolean streams = seen.walsender(name).filter(Standby::isStreaming).isPresent();
    Optional<WaitedFor.Entry> entry = waitedFor.entry(name);
    return Instance.builder()
        .name(name)
        .role(role)
        .state(state(name, running))
        .lagBytes(
            lag(name)
                .map(lag -> LagBucket.of(lag).floorBytes())
                .or(() -> last.map(Instance::lagBytes))
                .orElse(null))
        .slot(
            role == InstanceRole.standby
                ? seen.primary().flatMap(p -> slot(p, name)).orElse(null)
                : null)
        .timeline(running.map(Postgresql::timeline).orElse(null))
        .disconnectedSince(streams || role == InstanceRole.primary ? null : disconnectedSince(name))
        .synchronous(entry.isPresent() ? true : null)
        .synchronousUpTo(entry.flatMap(WaitedFor.Entry::upTo).orElse(null))
        .build();
  }

  /**
   * @param running what it says; empty when its server does not answer
   */
  private String state(String name, Optional<Postgresql> running) {
    if (seen.report(name).isUnknown()) {
      return "unknown";
    }
    if (running.isEmpty()) {
      return "down";
    }
    if (!running.get().inRecovery()) {
      return "running";
    }
    if (running.get().isReplayStopped()) {
      return REPLAY_PAUSED;
    }
    return seen.walsender(name)
        .map(Standby::state)
        .orElse(seen.isPrimaryUnseen() ? "unknown" : "disconnected");
  }

  /** Null when it never streamed. */
  private String disconnectedSince(String name) {
    return input
        .previousInstance(name)
        .map(
            i ->
                i.state().equals(Standby.STREAMING) || i.state().equals(REPLAY_PAUSED)
                    ? input.now().truncatedTo(ChronoUnit.SECONDS).toString()
                    : i.disconnectedSince())
        .orElse(null);
  }

  private static Optional<String> slot(Postgresql primary, String standby) {
    String wanted = standby.replace('-', '_');
    return primary.slots().stream().map(GuestReport.Slot::name).filter(wanted::equals).findFirst();
  }

  /** Empty for a standby that is only being made or started: it has replayed nothing yet. */
  private Optional<Long> lag(String standby) {
    return seen.walsender(standby)
        .filter(s -> s.isStreaming() || s.state().equals(CATCHING_UP))
        .map(Standby::lagBytes);
  }
}
