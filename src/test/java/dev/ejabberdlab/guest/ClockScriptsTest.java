package dev.ejabberdlab.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** clock.sh and report.sh for real; this machine's clock is not touched. */
class ClockScriptsTest {

  @TempDir Path root;

  @ParameterizedTest
  @ValueSource(longs = {0, 30, -3600})
  void aReportTellsByHowMuchAClockIsOff(long ahead) throws Exception {
    Clock operator = Clock.offset(Clock.systemUTC(), Duration.ofSeconds(-ahead));

    GuestReport report = new TransientStepRunner(operator).report(new LocalGuest(root));

    Duration off = report.clockOff().orElseThrow();
    // Less than it is, by no more than the question took.
    assertThat(off.abs()).isLessThanOrEqualTo(Duration.ofSeconds(Math.abs(ahead)));
    assertThat(report.isClockOff()).isEqualTo(ahead != 0);
    assertThat(off.isNegative()).isEqualTo(ahead < 0);
  }

  @ParameterizedTest
  @ValueSource(longs = {30, -3600})
  void aClockIsSetToTheOperators(long ahead) throws Exception {
    LocalGuest guest = new LocalGuest(root);
    guest.program("date", "#!/bin/sh\nprintf '%s\\n' \"$*\" >\"$GUEST/date\"\n");
    guest.program("hwclock", "#!/bin/sh\nprintf '%s\\n' \"$*\" >\"$GUEST/hwclock\"\n");
    Clock operator = Clock.offset(Clock.systemUTC(), Duration.ofSeconds(-ahead));

    Instant before = operator.instant();
    new TransientStepRunner(operator).setClock(guest);

    String set = Files.readString(root.resolve("date")).strip();
    assertThat(set).matches("--utc --set=@\\d+\\.\\d{3}");
    double seconds = Double.parseDouble(set.substring(set.indexOf('@') + 1));
    assertThat(seconds)
        .isBetween(
            before.toEpochMilli() / 1000.0 - 1, operator.instant().toEpochMilli() / 1000.0 + 1);
    assertThat(root.resolve("hwclock")).content().contains("--systohc");
  }

  @Test
  void aClockThatIsRightIsLeftAlone() throws Exception {
    LocalGuest guest = new LocalGuest(root);
    guest.program("date", "#!/bin/sh\ntouch \"$GUEST/date\"\n");

    new TransientStepRunner(Clock.systemUTC()).setClock(guest);

    assertThat(root.resolve("date")).doesNotExist();
  }

  /** Millis: told by the guest, its work; the question took 2000 and ended at 100000. */
  @ParameterizedTest
  @CsvSource({
    "100000, 0, 0",
    "98000, 0, 0",
    "97999, 0, -1",
    "70000, 0, -28000",
    "103000, 0, 3000",
    "98500, 1500, -1000",
    "100000, 2001,",
    "100000, -1,"
  })
  void whatTheQuestionTookIsNobodysFault(long told, long work, Long off) {
    RoundTrip.Times times =
        new RoundTrip.Times(
            Clock.fixed(Instant.ofEpochMilli(100_000), ZoneOffset.UTC).instant(),
            Duration.ofSeconds(2));

    assertThat(times.offset(Instant.ofEpochMilli(told), Duration.ofMillis(work)))
        .isEqualTo(Optional.ofNullable(off).map(Duration::ofMillis));
  }
}
