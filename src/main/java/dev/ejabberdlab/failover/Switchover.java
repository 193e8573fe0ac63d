package dev.ejabberdlab.failover;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/** Whether the instance that the user names takes over from a primary that works. */
record Switchover(PrimacyInput input, Outcomes outcomes) {

  /**
   * @param wanted instance that the user names; another one than the primary
   */
  Primacy judge(String wanted) {
    Optional<Instant> pause = pause(wanted);
    if (pause.isPresent()) {
      return outcomes
          .stays()
          .obstacle(
              "The last switchover to %s was given up; it is tried again after %s."
                  .formatted(wanted, pause.get().truncatedTo(ChronoUnit.SECONDS)))
          .wakeAt(pause)
          .build();
    }
    String target = outcomes.standing().target();
    Instant now = input.now();
    Candidates candidates = new Candidates(input, target, now, false);
    return candidates
        .streaming(wanted)
        .map(
            c ->
                outcomes.begins(
                    PrimaryChange.begun(PrimaryChangeReason.Switchover, target, c.name(), now)
                        .lacking(c.lagBytes())))
        .orElseGet(
            () ->
                outcomes
                    .stays()
                    .obstacle("Nobody can take over: " + candidates.why())
                    .wakeAt(now.plus(PrimacyInput.AGAIN))
                    .build());
  }

  /** Until when a switchover to an instance is not tried again. */
  private Optional<Instant> pause(String to) {
    return input
        .lastChange()
        .filter(c -> c.state() == PrimaryChangeState.Aborted && c.to().equals(to))
        .filter(c -> c.reason() == PrimaryChangeReason.Switchover)
        .map(c -> Instant.parse(c.finished()).plus(Candidates.PAUSE))
        .filter(until -> until.isAfter(input.now()));
  }
}
