package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Instance;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.observe.LabSnapshot.Past;
import dev.ejabberdlab.observe.LagBucket;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Which standbys can take over from a primary, and why the others cannot. */
final class Candidates {

  /**
   * How long before the primary's failure was seen a standby may have lost it: it notices a primary
   * that hangs sooner than the operator does.
   */
  static final Duration RECENT = Duration.ofMinutes(2);

  /**
   * How long a standby to which a change was given up is left alone: each try stops the database
   * for a while.
   */
  static final Duration PAUSE = Duration.ofMinutes(15);

  private final PrimacyInput input;
  private final LabTopology.Postgresql database;
  private final SeenInstances instances;
  private final PostgresqlStatus recorded;
  private final String primary;
  private final Instant failingSince;
  private final boolean isPrimaryLost;
  private final List<String> reasons = new ArrayList<>();
  private boolean isNewsDue;

  /**
   * @param failingSince since when the primary has been failing
   * @param isPrimaryLost whether its data is gone, so that nobody can wait for it
   */
  Candidates(PrimacyInput input, String primary, Instant failingSince, boolean isPrimaryLost) {
    this.input = input;
    this.database = input.lab().postgresql();
    this.instances = input.instances();
    this.recorded = input.recorded();
    this.primary = primary;
    this.failingSince = failingSince;
    this.isPrimaryLost = isPrimaryLost;
  }

  /** The one with most of the primary's WAL. */
  Optional<Candidate> best() {
    Optional<Candidate> best =
        instances
            .others(primary)
            .flatMap(name -> candidate(name).stream())
            .max(
                Comparator.comparingLong(Candidate::lsn)
                    .thenComparing(c -> database.primary().filter(c.name()::equals).isPresent()));
    return best.filter(this::hasEveryCommit);
  }

  /** The one that the user names. */
  Optional<Candidate> named(String name) {
    return candidate(name).filter(this::hasEveryCommit);
  }

  /** The one that the user names, while the primary works. */
  Optional<Candidate> streaming(String name) {
    Optional<Postgresql> standby = instances.postgresql(name).filter(Postgresql::isStandby);
    Optional<Standby> sender =
        instances.postgresql(primary).stream()
            .flatMap(p -> p.standbys().stream())
            .filter(s -> s.name().equals(name) && s.isStreaming())
            .findFirst();
    if (standby.isEmpty() || sender.isEmpty()) {
      reasons.add("%s does not stream from %s".formatted(name, primary));
      return Optional.empty();
    }
    if (isReplayStopped(name, standby.get()) || hasFailed(name)) {
      return Optional.empty();
    }
    return within(
        new Candidate(
            name, standby.get().timeline(), standby.get().lsn(), sender.get().lagBytes()));
  }

  /** It receives, and would not accept writes when it is promoted, or nobody knows when. */
  private boolean isReplayStopped(String name, Postgresql standby) {
    if (standby.isReplayStopped()) {
      reasons.add("replay on %s stands still: %s".formatted(name, standby.replay()));
    }
    return standby.isReplayStopped();
  }

  /**
   * It could not be promoted the last time, and has not streamed since, nor has enough time passed:
   * the primary that was kept for it must be able to come back.
   */
  private boolean hasFailed(String name) {
    Optional<Instant> gaveUp =
        input
            .lastChange()
            .filter(c -> c.state() == PrimaryChangeState.Aborted && c.to().equals(name))
            .filter(c -> c.reason() != PrimaryChangeReason.Switchover)
            .map(c -> Instant.parse(c.finished()))
            .filter(at -> input.now().isBefore(at.plus(PAUSE)));
    Instant streamed = instances.machine(name).past().streamedAt();
    if (gaveUp.isEmpty() || (streamed != null && streamed.isAfter(gaveUp.get()))) {
      return false;
    }
    reasons.add("%s was not promoted at %s".formatted(name, gaveUp.get()));
    return true;
  }

  /**
   * Whether one that runs has not answered yet, as when libvirt was away a moment ago, or has not
   * told since the primary failed how far it is: it will in some seconds.
   */
  boolean isOneUnasked() {
    return isNewsDue
        || instances
            .others(primary)
            .map(instances::machine)
            .anyMatch(m -> m.guest().isUnknown() && m.domain().is(DomainState::agentConnected));
  }

  /** Why nobody can, one sentence. */
  String why() {
    return reasons.isEmpty() ? "there is no standby." : String.join("; ", reasons) + ".";
  }

  private Optional<Candidate> candidate(String name) {
    Machine machine = instances.machine(name);
    Optional<Postgresql> standby = instances.postgresql(name).filter(Postgresql::isStandby);
    if (standby.isEmpty()) {
      reasons.add(
          machine.guest().isPresent()
              ? "%s is no standby that runs".formatted(name)
              : "%s could not be asked".formatted(name));
      return Optional.empty();
    }
    if (!standby.get().systemIdentifier().equals(recorded.systemIdentifier())) {
      reasons.add("%s has another database".formatted(name));
      return Optional.empty();
    }
    // Where the primary's data is gone nobody else has it: promotion ends a pause.
    if (!isPrimaryLost && (isReplayStopped(name, standby.get()) || hasFailed(name))) {
      return Optional.empty();
    }
    Optional<Instance> before =
        Optional.ofNullable(recorded.instances()).orElse(List.of()).stream()
            .filter(i -> i.name().equals(name))
            .findFirst();
    if (!isPrimaryLost && !hasStreamed(machine.past(), before)) {
      reasons.add("%s did not stream when %s failed".formatted(name, primary));
      return Optional.empty();
    }
    Optional<Integer> timeline = timeline();
    if (timeline.isEmpty() || timeline.get() != standby.get().timeline()) {
      // Positions in the WAL of two timelines say nothing of each other.
      reasons.add(
          "%s is on timeline %d, and %s was on %s"
              .formatted(
                  name,
                  standby.get().timeline(),
                  primary,
                  timeline.map(Object::toString).orElse("one that is not known")));
      return Optional.empty();
    }
    Instant late = failingSince.plus(LabSnapshot.GUEST_SILENCE);
    if (machine.past().rebooted() && input.now().isBefore(late)) {
      // Both went down, and the primary may come back with what this one lacks.
      reasons.add("%s has been restarted since it last streamed".formatted(name));
      return Optional.empty();
    }
    return lag(standby.get(), before)
        .or(
            () -> {
              reasons.add("it is not known what %s lacks".formatted(name));
              return Optional.empty();
            })
        .flatMap(
            lag -> within(new Candidate(name, standby.get().timeline(), standby.get().lsn(), lag)));
  }

  private boolean hasStreamed(Past past, Optional<Instance> before) {
    Instant since = failingSince.minus(RECENT);
    return (past.streamedAt() != null && !past.streamedAt().isBefore(since))
        || before
            .filter(
                i ->
                    i.state().equals(Standby.STREAMING)
                        || (i.disconnectedSince() != null
                            && !Instant.parse(i.disconnectedSince()).isBefore(since)))
            .isPresent();
  }

  /** What the primary said of itself when it was last seen as one. */
  private Optional<Postgresql> lastWords() {
    return instances.machine(primary).past().postgresql().filter(Postgresql::isPrimary);
  }

  /** Of the primary, as it was last seen. */
  private Optional<Integer> timeline() {
    return lastWords().map(Postgresql::timeline).or(() -> Optional.ofNullable(recorded.timeline()));
  }

  /**
   * By what the primary last wrote, else by what the status last said: that is a bucket, of which
   * the worst is taken.
   */
  private Optional<Long> lag(Postgresql standby, Optional<Instance> before) {
    return lastWords()
        .map(p -> Math.max(0, p.lsn() - standby.lsn()))
        .or(() -> before.map(Instance::lagBytes).map(b -> LagBucket.of(b).ceilingBytes()));
  }

  private Optional<Candidate> within(Candidate candidate) {
    if (candidate.lagBytes() > database.failover().maxLagBytes()) {
      reasons.add(
          candidate.lagBytes() == Long.MAX_VALUE
              ? "%s may lack 1 GiB or more, which is more than spec.postgresql.failover.maxLag"
                  .formatted(candidate.name())
              : "%s lacks %d bytes, which is more than spec.postgresql.failover.maxLag"
                  .formatted(candidate.name(), candidate.lagBytes()));
      return Optional.empty();
    }
    return Optional.of(candidate);
  }

  private boolean hasEveryCommit(Candidate candidate) {
    Optional<EveryCommit.Doubt> doubt =
        new EveryCommit(input, primary, failingSince, isPrimaryLost).doubt(candidate);
    doubt.ifPresent(d -> reasons.add(d.why()));
    isNewsDue |= doubt.filter(EveryCommit.Doubt::isNewsDue).isPresent();
    return doubt.isEmpty();
  }
}
