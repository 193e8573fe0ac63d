package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Instance;
import dev.ejabberdlab.guest.GuestReport.Standby;
import java.util.Optional;

/**
 * For which standbys commits have waited. One that has gone is not forgotten before another one,
 * for which commits wait, has all that this one may have alone: until the end of the primary's WAL
 * at the time when it was seen to be gone.
 */
record WaitedFor(SeenPostgresql seen) {

  /**
   * A standby that commits have waited for.
   *
   * @param upTo where in the WAL, in bytes, what it may have alone ends; empty while it is there
   */
  record Entry(Optional<Long> upTo) {}

  /** What is recorded of a standby; empty when no commit has waited for it. */
  Optional<Entry> entry(String name) {
    Optional<Instance> before =
        seen.input().previousInstance(name).filter(i -> Boolean.TRUE.equals(i.synchronous()));
    if (seen.primary().isEmpty()) {
      return before.map(i -> new Entry(Optional.ofNullable(i.synchronousUpTo())));
    }
    if (seen.primaryName().equals(name) || !seen.input().primacy().waitsForStandby()) {
      return Optional.empty();
    }
    if (isSynchronous(name)) {
      return Optional.of(new Entry(Optional.empty()));
    }
    // On another timeline somebody else was primary, and who took over from it had every commit.
    boolean ofThisPrimary =
        seen.input()
            .previousPostgresql()
            .map(PostgresqlStatus::timeline)
            .filter(t -> t == seen.primary().get().timeline())
            .isPresent();
    if (before.isEmpty() || !ofThisPrimary) {
      return Optional.empty();
    }
    Long upTo = before.get().synchronousUpTo();
    return upTo != null && hasAnotherOne(name, upTo)
        ? Optional.empty()
        : Optional.of(new Entry(Optional.of(upTo == null ? seen.primary().get().lsn() : upTo)));
  }

  private boolean isSynchronous(String name) {
    return seen.walsender(name).filter(Standby::synchronous).isPresent();
  }

  private boolean hasAnotherOne(String name, long upTo) {
    int timeline = seen.primary().get().timeline();
    return seen.wanted().instances().stream()
        .filter(n -> !n.equals(name))
        .filter(this::isSynchronous)
        .flatMap(n -> seen.instance(n).stream())
        .anyMatch(p -> p.isStandby() && p.timeline() == timeline && p.lsn() >= upTo);
  }
}
