package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import dev.ejabberdlab.guest.GuestReport.Standby;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Whether the standbys could take over. */
final class ReplicationHealthy implements LabCondition {

  private static final Declaration DECLARATION =
      Declaration.part("ReplicationHealthy", "every standby streams, and could take over")
          .whenTrue(Reason.Streaming, Reason.NoStandby)
          .whenFalse(
              Reason.NotStreaming,
              Reason.ReplayPaused,
              Reason.SplitBrain,
              Reason.CommitsUnprotected);

  @Override
  public Declaration declaration() {
    return DECLARATION;
  }

  @Override
  public Optional<Finding> finding(StatusInput input) {
    return Optional.of(of(SeenPostgresql.of(input)));
  }

  private static Finding of(SeenPostgresql seen) {
    if (seen.standbys().isEmpty()) {
      return Finding.yes(Reason.NoStandby, "The lab has no standby.");
    }
    if (seen.primaries().size() > 1) {
      return Finding.no(
          Reason.SplitBrain,
          "It is not clear from whom to stream: %s all accept writes."
              .formatted(String.join(", ", seen.primaries())));
    }
    if (seen.primary().isEmpty()) {
      return seen.isPrimaryUnseen()
          ? Finding.unknown(
              Reason.NotObserved, "%s could not be asked.".formatted(seen.input().targetPrimary()))
          : Finding.no(Reason.NotStreaming, "There is no primary to stream from.");
    }
    return ofStandbys(seen);
  }

  private static Finding ofStandbys(SeenPostgresql seen) {
    List<String> missing =
        seen.standbys().stream()
            .filter(name -> seen.walsender(name).filter(Standby::isStreaming).isEmpty())
            .toList();
    if (!missing.isEmpty()) {
      return seen.input().primacy().synchrony().filter(Synchrony.Degraded::equals).isPresent()
          ? Finding.no(
              Reason.CommitsUnprotected,
              "%s not stream from %s; commits do not wait for a standby until one does."
                  .formatted(verb(missing, "does", "do"), seen.primaryName()))
          : Finding.no(
              Reason.NotStreaming,
              "%s not stream from %s.".formatted(verb(missing, "does", "do"), seen.primaryName()));
    }
    List<String> stopped = seen.standbys().stream().filter(seen::isReplayStopped).toList();
    return stopped.isEmpty()
        ? Finding.yes(
            Reason.Streaming,
            "%s from %s.".formatted(verb(seen.standbys(), "streams", "stream"), seen.primaryName()))
        : Finding.no(
            Reason.ReplayPaused,
            "%s could not take over: %s."
                .formatted(
                    String.join(", ", stopped),
                    stopped.stream()
                        .map(name -> stopped(name, seen))
                        .collect(Collectors.joining("; "))));
  }

  private static String stopped(String name, SeenPostgresql seen) {
    return "replay on %s stands still: %s"
        .formatted(name, seen.instance(name).orElseThrow().replay());
  }

  private static String verb(List<String> names, String singular, String plural) {
    return String.join(", ", names) + " " + (names.size() == 1 ? singular : plural);
  }
}
