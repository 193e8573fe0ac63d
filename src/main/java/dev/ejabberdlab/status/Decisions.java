package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** What was decided about the primary from one status to the next, for the operator's log. */
public final class Decisions {

  private Decisions() {}

  /**
   * A sentence for each decision.
   *
   * @param before null when there was no status yet
   */
  public static List<String> between(EjabberdLabStatus before, EjabberdLabStatus after) {
    Optional<PostgresqlStatus> was = postgresql(before);
    Optional<PostgresqlStatus> is = postgresql(after);
    List<String> found = new ArrayList<>();
    is.map(PostgresqlStatus::targetPrimary)
        .filter(target -> !target.equals(was.map(PostgresqlStatus::targetPrimary).orElse(null)))
        .ifPresent(
            target ->
                found.add(
                    "%s is to be primary%s."
                        .formatted(
                            target,
                            was.map(PostgresqlStatus::targetPrimary)
                                .map(old -> ", no longer " + old)
                                .orElse(""))));
    is.map(PostgresqlStatus::lastPrimaryChange)
        .filter(change -> !change.equals(was.map(PostgresqlStatus::lastPrimaryChange).orElse(null)))
        .ifPresent(change -> found.add(describe(change)));
    if (!Objects.equals(
        was.map(PostgresqlStatus::synchronous).orElse(null),
        is.map(PostgresqlStatus::synchronous).orElse(null))) {
      found.add(
          "synchronous replication is %s."
              .formatted(
                  is.map(PostgresqlStatus::synchronous).map(Enum::name).orElse("not wanted")));
    }
    return List.copyOf(found);
  }

  private static Optional<PostgresqlStatus> postgresql(EjabberdLabStatus status) {
    return Optional.ofNullable(status).map(EjabberdLabStatus::postgresql);
  }

  private static String describe(PrimaryChange change) {
    return "change of the primary from %s to %s, reason %s, begun at %s: %s%s."
        .formatted(
            change.from(),
            change.to(),
            change.reason(),
            change.started(),
            change.state(),
            change.lagBytes() == null ? "" : ", %d bytes behind".formatted(change.lagBytes()));
  }
}
