package dev.ejabberdlab.observe;

import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.guest.StepState;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;

/** Tells a change that matters from the ticking of clocks and counters. */
final class GuestDiff {

  private GuestDiff() {}

  /**
   * The report without ages and WAL positions, with lag in the buckets that users see and a clock
   * that is off in whole seconds.
   */
  static Seen<GuestReport> settled(Seen<GuestReport> seen) {
    return seen.map(
        report ->
            new GuestReport(
                report.bootId(),
                report.steps().entrySet().stream()
                    .collect(Collectors.toMap(Map.Entry::getKey, e -> ageless(e.getValue()))),
                report
                    .postgresql()
                    .map(
                        p ->
                            p.toBuilder()
                                .standbys(
                                    p.standbys().stream()
                                        .map(
                                            s ->
                                                new Standby(
                                                    s.name(),
                                                    s.state(),
                                                    LagBucket.of(s.lagBytes()).floorBytes(),
                                                    s.synchronous()))
                                        .toList())
                                .lsn(0)
                                .build()),
                report.ejabberd(),
                report.term(),
                report.clockOff().map(off -> Duration.ofSeconds(off.toSeconds()))));
  }

  private static StepState ageless(StepState s) {
    return new StepState(
        s.name(), s.digest(), s.status(), s.attempts(), s.epoch(), 0, s.output(), s.drift());
  }
}
