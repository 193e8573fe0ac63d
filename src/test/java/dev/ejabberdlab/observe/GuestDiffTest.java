package dev.ejabberdlab.observe;

import static dev.ejabberdlab.observe.LabFixture.done;
import static dev.ejabberdlab.observe.LabFixture.ejabberd;
import static dev.ejabberdlab.observe.LabFixture.failed;
import static dev.ejabberdlab.observe.LabFixture.primary;
import static dev.ejabberdlab.observe.LabFixture.report;
import static dev.ejabberdlab.observe.LabFixture.sender;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.GuestReport.Slot;
import dev.ejabberdlab.guest.GuestReport.Standby;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GuestDiffTest {

  private static final GuestReport BASE = report(done("base"));

  private static Seen<GuestReport> database(Postgresql postgresql) {
    return Seen.of(LabFixture.with(BASE, postgresql));
  }

  private static Postgresql slot(boolean active, String walStatus) {
    return LabFixture.primary().toBuilder().slots(new Slot("s", active, walStatus)).build();
  }

  /** A standby that has so much WAL, and whether it receives more. */
  private static Postgresql standby(long lsn, boolean receiving) {
    return LabFixture.instance().standby().lsn(lsn).receiving(receiving).build();
  }

  /** A server that does not run, and whether it was stopped in order. */
  private static Postgresql down(boolean stopped) {
    return LabFixture.instance().stopped(stopped).build();
  }

  static Stream<Arguments> table() {
    return Stream.of(
        arguments(
            "a step that ages",
            Seen.of(report(failed("base", 1, 5))),
            Seen.of(report(failed("base", 1, 10))),
            false),
        arguments(
            "a step that fails again",
            Seen.of(report(failed("base", 1, 5))),
            Seen.of(report(failed("base", 2, 5))),
            true),
        arguments(
            "a step that is done",
            Seen.of(report(failed("base", 1, 5))),
            Seen.of(report(done("base"))),
            true),
        arguments(
            "a new boot",
            Seen.of(BASE),
            Seen.of(new GuestReport("boot-2", BASE.steps(), Optional.empty(), Optional.empty())),
            true),
        arguments(
            "another step is forgotten",
            Seen.of(BASE),
            Seen.of(new GuestReport("boot-1", Map.of(), Optional.empty(), Optional.empty())),
            true),
        arguments(
            "lag inside its bucket",
            database(primary(sender("streaming", 0))),
            database(primary(sender("streaming", 1000))),
            false),
        arguments(
            "lag that leaves its bucket",
            database(primary(sender("streaming", 0))),
            database(primary(sender("streaming", 1 << 20))),
            true),
        arguments(
            "a standby that falls behind",
            database(primary(sender("streaming", 0))),
            database(primary(sender("catchup", 0))),
            true),
        arguments(
            "a slot in use",
            database(slot(false, "reserved")),
            database(slot(true, "reserved")),
            true),
        arguments(
            "a slot that is lost",
            database(slot(false, "reserved")),
            database(slot(false, "lost")),
            true),
        arguments(
            "a standby that commits wait for",
            database(primary(sender("streaming", 0))),
            database(primary(new Standby("psql2server", "streaming", 0, true))),
            true),
        arguments(
            "a standby that receives more",
            database(standby(1, true)),
            database(standby(2, true)),
            false),
        arguments(
            "a standby that receives no more",
            database(standby(1, true)),
            database(standby(1, false)),
            true),
        arguments(
            "a standby that replays no more",
            database(standby(1, true)),
            database(standby(1, true).toBuilder().replay("it is paused").build()),
            true),
        arguments(
            "a server that has come to rest", database(down(false)), database(down(true)), true),
        arguments("a database that appears", Seen.of(BASE), database(primary()), true),
        arguments(
            "a member that joins",
            Seen.of(LabFixture.with(BASE, ejabberd("e1server"))),
            Seen.of(LabFixture.with(BASE, ejabberd("e1server", "e2server"))),
            true),
        arguments("no answer", Seen.of(BASE), Seen.unknown("timed out"), true),
        arguments("again no answer", Seen.unknown("timed out"), Seen.unknown("timed out"), false));
  }

  @ParameterizedTest(name = "{0}: {3}")
  @MethodSource("table")
  void matters(String name, Seen<GuestReport> before, Seen<GuestReport> after, boolean matters) {
    assertThat(!GuestDiff.settled(before).equals(GuestDiff.settled(after))).isEqualTo(matters);
  }
}
