package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Instance;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Whether a standby has every commit that clients were told of. With synchronous replication a
 * commit is on one at least of those that commits waited for: whoever is as far as each of them has
 * it. One that commits have waited for, and that has gone, counts for as long as it may have some
 * that nobody else has.
 */
final class EveryCommit {

  private final LabTopology.Postgresql database;
  private final SeenInstances instances;
  private final PostgresqlStatus recorded;
  private final String primary;
  private final Instant failingSince;
  private final boolean isPrimaryLost;

  /**
   * @param failingSince since when the primary has been failing
   * @param isPrimaryLost whether its data is gone, so that nobody can wait for it
   */
  EveryCommit(PrimacyInput input, String primary, Instant failingSince, boolean isPrimaryLost) {
    this.database = input.lab().postgresql();
    this.instances = input.instances();
    this.recorded = input.recorded();
    this.primary = primary;
    this.failingSince = failingSince;
    this.isPrimaryLost = isPrimaryLost;
  }

  /**
   * Commits may be missing.
   *
   * @param why a few words
   * @param isNewsDue whether those who know will tell in some seconds
   */
  record Doubt(String why, boolean isNewsDue) {}

  /** Empty when the candidate has every commit, or commits never wait. */
  Optional<Doubt> doubt(Candidate candidate) {
    if (database.synchronous().isEmpty()) {
      return Optional.empty();
    }
    boolean waited = haveCommitsWaited();
    if (!waited && !isPrimaryLost) {
      return Optional.of(
          new Doubt("commits did not wait for %s".formatted(candidate.name()), false));
    }
    List<String> others =
        Stream.concat(waitedFor(waited).stream(), seenAhead(candidate))
            .distinct()
            .filter(name -> !name.equals(candidate.name()))
            .toList();
    // What they said before tells not what was committed between that and the primary's end.
    List<String> unheard =
        others.isEmpty()
            ? List.of()
            : Stream.concat(Stream.of(candidate.name()), others.stream())
                .filter(name -> !hasToldSince(name))
                .toList();
    if (!unheard.isEmpty()) {
      return Optional.of(
          new Doubt(
              "%s has not told how far it is since %s failed"
                  .formatted(String.join(", ", unheard), primary),
              true));
    }
    List<String> ahead = others.stream().filter(name -> mayBeAhead(name, candidate)).toList();
    return ahead.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Doubt(
                "%s may have commits that nobody else has".formatted(String.join(", ", ahead)),
                false));
  }

  private boolean haveCommitsWaited() {
    boolean recordedSo =
        recorded.synchronous() == Synchrony.Active || recorded.synchronous() == Synchrony.Blocked;
    // Where commits wait for whoever comes back, one that has gone has missed none.
    boolean somebodyWasThere =
        recordedSo
            && flagged().stream()
                .anyMatch(
                    i ->
                        i.synchronousUpTo() == null || recorded.synchronous() == Synchrony.Blocked);
    // A record from before they waited, as one that was restored or is new, takes nothing back.
    return somebodyWasThere
        || (recorded.synchronous() != Synchrony.Degraded && !lastWaitedFor().isEmpty());
  }

  /** Nothing will ever tell more where the primary's data is gone: any standby may be the one. */
  private Set<String> waitedFor(boolean waited) {
    return Stream.concat(
            flagged().stream().map(Instance::name),
            waited ? lastWaitedFor().stream() : instances.others(primary))
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  /** Whoever has more, whatever the record says of it: that may be an old one. */
  private Stream<String> seenAhead(Candidate candidate) {
    return instances
        .others(primary)
        .filter(
            name ->
                instances
                    .postgresql(name)
                    .filter(p -> p.isStandby() && p.timeline() == candidate.timeline())
                    .filter(p -> p.lsn() > candidate.lsn())
                    .isPresent());
  }

  /** By the record. */
  private List<Instance> flagged() {
    return Optional.ofNullable(recorded.instances()).orElse(List.of()).stream()
        .filter(i -> Boolean.TRUE.equals(i.synchronous()))
        .filter(i -> instances.contains(i.name()))
        .toList();
  }

  /** By the primary's last words, which may be later than the record. */
  private Set<String> lastWaitedFor() {
    return instances.machine(primary).past().postgresql().filter(Postgresql::isPrimary).stream()
        .flatMap(p -> p.standbys().stream())
        .filter(Standby::synchronous)
        .map(Standby::name)
        .filter(name -> !name.equals(primary) && instances.contains(name))
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  /** One that cannot be asked has told nothing that could be out of date. */
  private boolean hasToldSince(String name) {
    Instant reportedAt = instances.machine(name).reportedAt();
    return reportedAt == null || !reportedAt.isBefore(failingSince);
  }

  private boolean mayBeAhead(String name, Candidate candidate) {
    return instances
        .postgresql(name)
        .filter(p -> p.isStandby() && p.timeline() == candidate.timeline())
        .filter(p -> p.lsn() <= candidate.lsn())
        .isEmpty();
  }
}
