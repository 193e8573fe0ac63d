package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.GuestReport.Term;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Who is primary, by what the record, the guests and the instances themselves say. The record may
 * be old, lost or edited: a guest that has obeyed a later decision knows better, and so does an
 * instance that accepts writes while the one that is recorded does not.
 *
 * @param target node whose instance is to accept writes
 * @param term number of the decision that says so
 * @param record what may be relied upon of the record: all of it, or little when it was not right;
 *     null when there was nothing
 * @param adopted whether the record was not right
 * @param doubt why it is not known, one sentence; empty when it is
 */
record Standing(
    String target, long term, PostgresqlStatus record, boolean adopted, Optional<String> doubt) {

  /** What is to be done with that by somebody who may change something. */
  static Standing of(PrimacyInput input) {
    return new Judge(input).judge();
  }

  /** The record as it is: nothing is changed now. */
  static Standing recorded(PrimacyInput input) {
    String target =
        input
            .record()
            .map(PostgresqlStatus::targetPrimary)
            .filter(input.lab().postgresql().instances()::contains)
            .orElse(input.lab().postgresql().initialPrimary());
    return new Standing(
        target, Primacy.termOf(input.recorded()), input.recorded(), false, Optional.empty());
  }

  private static final class Judge {

    private final LabTopology.Postgresql database;
    private final PostgresqlStatus recorded;
    private final SeenInstances instances;
    private final MachineWork work;
    private final Optional<String> named;
    private final List<String> primaries;

    Judge(PrimacyInput input) {
      this.database = input.lab().postgresql();
      this.recorded = input.recorded();
      this.instances = input.instances();
      this.work = input.work();
      this.named =
          Optional.ofNullable(recorded)
              .map(PostgresqlStatus::targetPrimary)
              .filter(database.instances()::contains);
      this.primaries = database.instances().stream().filter(instances::isPrimary).toList();
    }

    Standing judge() {
      long term = Primacy.termOf(recorded);
      List<Term> terms = terms().toList();
      long top = terms.stream().mapToLong(Term::number).max().orElse(0);
      List<String> names =
          terms.stream()
              .filter(t -> t.number() == top)
              .map(Term::primary)
              .distinct()
              .sorted()
              .toList();
      boolean guestsKnowBetter =
          top > 0 && top >= term && (top > term || named.filter(names::contains).isEmpty());
      if (guestsKnowBetter && names.size() > 1) {
        return doubtful(
            Math.max(term, top),
            "The guests name different primaries in term %d: %s."
                .formatted(top, String.join(", ", names)));
      }
      if (guestsKnowBetter && !database.instances().contains(names.get(0))) {
        return doubtful(
            Math.max(term, top),
            "The guests name %s as primary in term %d, which is no instance of the spec."
                .formatted(names.get(0), top));
      }
      Optional<String> unasked = unasked();
      if (named.isEmpty() && primaries.isEmpty() && unasked.isPresent()) {
        return doubtful(
            Math.max(term, top),
            "There is no record of who is primary, and %s could not be asked."
                .formatted(unasked.get()));
      }
      Optional<String> promoted = promoted();
      if (named.isEmpty() && promoted.isPresent()) {
        return doubtful(
            Math.max(term, top),
            "There is no record of who is primary, and a step on %s has not ended."
                .formatted(promoted.get()));
      }
      if (guestsKnowBetter) {
        return bySight(names.get(0), top, adopting(names.get(0)), true);
      }
      if (top == term && names.size() > 1 && named.filter(primaries::contains).isPresent()) {
        // A lost record has left a decision with the number of the recorded one. Whoever obeyed it
        // obeys no other of that number.
        return bySight(named.get(), term + 1, recorded, false);
      }
      if (named.isPresent()) {
        return bySight(named.get(), term, recorded, false);
      }
      return byElimination(term);
    }

    /** One that may have the data and know of a later decision. */
    private Optional<String> unasked() {
      return database.instances().stream()
          .filter(i -> !instances.machine(i).guest().isPresent())
          .filter(instances::mayHoldData)
          .findFirst();
    }

    /**
     * One with data with which something is done at this moment: it may be told to accept writes,
     * also while its server is down.
     */
    private Optional<String> promoted() {
      return database.instances().stream()
          .filter(work::isUnderWay)
          .filter(i -> instances.postgresql(i).filter(p -> !p.isPrimary()).isPresent())
          .findFirst();
    }

    /** Nobody says who was decided upon: it is who accepts writes, or may. */
    private Standing byElimination(long term) {
      if (primaries.size() > 1) {
        return doubtful(
            term,
            "%s accept writes, and nothing says which of them should."
                .formatted(String.join(", ", primaries)));
      }
      String target =
          Stream.concat(
                  primaries.stream(),
                  Stream.concat(Stream.of(database.initialPrimary()), database.instances().stream())
                      .filter(
                          i -> instances.postgresql(i).filter(Postgresql::inRecovery).isEmpty()))
              .findFirst()
              .orElse(database.initialPrimary());
      return bySight(target, term, adopting(target), true);
    }

    /** The one that accepts writes is the primary when the one that was named does not. */
    private Standing bySight(String target, long term, PostgresqlStatus record, boolean adopted) {
      Optional<PrimaryChange> underWay =
          Optional.ofNullable(record)
              .map(PostgresqlStatus::lastPrimaryChange)
              .filter(PrimaryChange::goesOn);
      Optional<String> other = otherDatabase();
      if (other.isPresent()) {
        return new Standing(target, term, record, adopted, other);
      }
      if (primaries.contains(target)
          || primaries.isEmpty()
          || underWay.filter(change -> !isOvertaken(change)).isPresent()) {
        return standing(target, term, record, adopted);
      }
      if (instances.mayBePrimary(target) || !isAskedSince(record, target)) {
        // It could not be asked; whoever else accepts writes is held responsible for that.
        return standing(target, term, record, adopted);
      }
      if (primaries.size() > 1) {
        return doubtful(
            term,
            "%s accept writes, and %s, which should, does not."
                .formatted(String.join(", ", primaries), target));
      }
      String seen = primaries.get(0);
      return isAskedSince(record, seen)
          ? standing(seen, term + 1, adopting(seen), true)
          : standing(target, term, record, adopted);
    }

    /**
     * Whether a third instance accepts writes, so that a change between two others, neither of
     * which does, cannot come to its end.
     */
    private boolean isOvertaken(PrimaryChange change) {
      List<String> both = List.of(change.from(), change.to());
      return primaries.stream().noneMatch(both::contains)
          && both.stream().noneMatch(i -> instances.contains(i) && instances.mayBePrimary(i))
          && !instances.isBeingPromoted(change.to());
    }

    /**
     * What was seen before the last change of the primary, as by an operator that is slow, says
     * nothing of the time after it. A change that is yet to come is none.
     */
    private boolean isAskedSince(PostgresqlStatus record, String instance) {
      Optional<Instant> changed =
          Optional.ofNullable(record)
              .map(PostgresqlStatus::lastPrimaryChange)
              .map(c -> Instant.parse(c.finished() == null ? c.started() : c.finished()))
              .filter(at -> !at.isAfter(instances.now()));
      Instant askedAt = instances.machine(instance).reportedAt();
      return changed.isEmpty() || (askedAt != null && askedAt.isAfter(changed.get()));
    }

    private Standing standing(String target, long term, PostgresqlStatus record, boolean adopted) {
      boolean asBegun =
          target.equals(database.initialPrimary())
              && term == Primacy.FIRST_TERM
              && recorded == null;
      return new Standing(target, term, record, adopted && !asBegun, Optional.empty());
    }

    private Standing doubtful(long term, String why) {
      String target = named.orElse(database.initialPrimary());
      return new Standing(target, term, adopting(target), false, Optional.of(why));
    }

    /** Somebody has put another database in the place of the lab's. */
    private Optional<String> otherDatabase() {
      Optional<String> system =
          Optional.ofNullable(recorded).map(PostgresqlStatus::systemIdentifier);
      return primaries.stream()
          .filter(
              i ->
                  system
                      .filter(s -> !s.equals(instances.postgresql(i).get().systemIdentifier()))
                      .isPresent())
          .findFirst()
          .map(
              i ->
                  "%s accepts writes with another database (system identifier %s) than the lab's (%s)."
                      .formatted(
                          i, instances.postgresql(i).get().systemIdentifier(), system.get()));
    }

    /**
     * What of the record does not depend on who is primary. How far standbys were, and for whom
     * commits waited, was said of another one.
     */
    private PostgresqlStatus adopting(String target) {
      return PostgresqlStatus.of(
          target,
          Optional.ofNullable(recorded)
              .map(PostgresqlStatus::systemIdentifier)
              .or(this::seenSystem)
              .orElse(null),
          Optional.ofNullable(recorded)
              .map(PostgresqlStatus::lastPrimaryChange)
              .filter(c -> !c.goesOn())
              .orElse(null));
    }

    /** Of a server that runs: a data directory that never ran is that of the image. */
    private Optional<String> seenSystem() {
      return Stream.concat(primaries.stream(), database.instances().stream())
          .flatMap(i -> instances.postgresql(i).stream())
          .filter(Postgresql::up)
          .map(Postgresql::systemIdentifier)
          .filter(s -> !s.isEmpty())
          .findFirst();
    }

    private Stream<Term> terms() {
      return database.instances().stream()
          .flatMap(i -> instances.machine(i).guest().known().stream())
          .map(GuestReport::term)
          .filter(Objects::nonNull)
          .filter(t -> t.number() > 0);
    }
  }
}
