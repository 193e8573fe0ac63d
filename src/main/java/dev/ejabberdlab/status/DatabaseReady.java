package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/** Whether ejabberd has a database that it can write to. */
final class DatabaseReady implements LabCondition {

  private static final Declaration DECLARATION =
      Declaration.part(
              "DatabaseReady",
              "one instance accepts writes and holds the read-write address, and every ejabberd"
                  + " node that runs has a connection to it")
          .whenTrue(Reason.PrimaryServing)
          .whenFalse(
              Reason.DatabaseUnreachable,
              Reason.NoPrimary,
              Reason.SplitBrain,
              Reason.PrimaryFailing,
              Reason.FailingOver,
              Reason.SwitchingOver,
              Reason.SwitchoverRefused,
              Reason.PromotionHeld,
              Reason.OtherDatabase,
              Reason.CommitsBlocked);

  @Override
  public Declaration declaration() {
    return DECLARATION;
  }

  @Override
  public Optional<Finding> finding(StatusInput input) {
    SeenPostgresql seen = SeenPostgresql.of(input);
    return writers(seen)
        .or(() -> changing(input.primacy()))
        .or(() -> failing(input.primacy()))
        .or(() -> serving(seen))
        .or(() -> Optional.of(notServing(seen)));
  }

  /** What is wrong with who accepts writes. */
  private static Optional<Finding> writers(SeenPostgresql seen) {
    if (seen.primaries().size() > 1) {
      return Optional.of(
          Finding.no(
              Reason.SplitBrain,
              "More than one instance accepts writes: %s."
                  .formatted(String.join(", ", seen.primaries()))));
    }
    return seen.input()
        .primacy()
        .doubt()
        .map(
            doubt ->
                Finding.no(
                    isOtherDatabase(seen) ? Reason.OtherDatabase : Reason.PromotionHeld, doubt));
  }

  private static boolean isOtherDatabase(SeenPostgresql seen) {
    Optional<String> system =
        seen.input().previousPostgresql().map(PostgresqlStatus::systemIdentifier);
    return seen.primaries().stream()
        .flatMap(n -> seen.instance(n).stream())
        .anyMatch(p -> system.filter(s -> !s.equals(p.systemIdentifier())).isPresent());
  }

  private static Optional<Finding> changing(Primacy primacy) {
    return primacy
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

  private static Optional<Finding> failing(Primacy primacy) {
    return primacy
        .failingSince()
        .map(
            since ->
                Finding.no(
                    Reason.PrimaryFailing,
                    "%s fails since %s. %s"
                        .formatted(
                            primacy.target(),
                            since.truncatedTo(ChronoUnit.SECONDS),
                            primacy.obstacle().orElse("It may come back by itself."))));
  }

  /** Empty when nobody accepts writes at the read-write address. */
  private static Optional<Finding> serving(SeenPostgresql seen) {
    return seen.primary()
        .filter(Postgresql::readWriteAddress)
        .map(
            p ->
                refused(seen)
                    .or(() -> blocked(seen))
                    .or(() -> unreachable(seen))
                    .orElseGet(
                        () ->
                            Finding.yes(
                                Reason.PrimaryServing,
                                "%s accepts writes at %s."
                                    .formatted(
                                        seen.primaryName(), seen.wanted().readWriteAddress()))));
  }

  private static Optional<Finding> refused(SeenPostgresql seen) {
    return seen.input()
        .primacy()
        .obstacle()
        .map(
            why ->
                Finding.no(
                    Reason.SwitchoverRefused,
                    "%s accepts writes; spec.postgresql.primary names %s. %s"
                        .formatted(
                            seen.primaryName(), seen.wanted().primary().orElse("another"), why)));
  }

  private static Optional<Finding> blocked(SeenPostgresql seen) {
    return seen.input()
        .primacy()
        .synchrony()
        .filter(Synchrony.Blocked::equals)
        .map(
            s ->
                Finding.no(
                    Reason.CommitsBlocked,
                    "No standby streams, and spec.postgresql.synchronous makes commits wait for"
                        + " one."));
  }

  /** A database that ejabberd cannot reach is of no use. */
  private static Optional<Finding> unreachable(SeenPostgresql seen) {
    SeenEjabberd ejabberd = SeenEjabberd.of(seen.input());
    List<String> apart =
        ejabberd.members().stream()
            .filter(m -> ejabberd.member(m).filter(e -> e.up() && !e.database()).isPresent())
            .toList();
    return apart.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Finding.no(
                Reason.DatabaseUnreachable,
                "ejabberd on %s has no connection to the database at %s."
                    .formatted(String.join(", ", apart), seen.wanted().readWriteAddress())));
  }

  private static Finding notServing(SeenPostgresql seen) {
    StatusInput input = seen.input();
    if (input.primacy().held().isPresent()) {
      return Finding.no(Reason.PromotionHeld, input.primacy().held().get());
    }
    if (seen.primary().isPresent()) {
      return Finding.no(
          Reason.NoPrimary,
          "%s accepts writes, but does not hold the read-write address %s."
              .formatted(seen.primaryName(), seen.wanted().readWriteAddress()));
    }
    return seen.isPrimaryUnseen()
        ? Finding.unknown(
            Reason.NotObserved, "%s could not be asked.".formatted(input.targetPrimary()))
        : Finding.no(Reason.NoPrimary, "No instance accepts writes.");
  }
}
