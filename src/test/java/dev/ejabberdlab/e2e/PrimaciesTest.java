package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whether the fault suite would notice two primaries. */
class PrimaciesTest {

  @ParameterizedTest(name = "{0}: {2}")
  @CsvSource({
    "nobody said anything, '', 0",
    "one and a standby, 0a+ 0b- 1a+ 1b- 2a+, 0",
    "a takeover, 0a+ 0b- 1a+ 4b+ 5b+ 9a- 9b+, 0",
    "back again, 0a+ 1a+ 3b+ 4b+ 5a- 8b- 9a+, 0",
    "both at one moment, 0a+ 1b+ 2a+, 1",
    "the old one was only paused, 0a+ 9b+ 10b+ 11a+ 12b+, 1",
    "the last word of the old one, 0a+ 2b+ 2a+, 1",
    "away and back without a takeover, 0a+ 20a+ 21b-, 0",
    "each before the other, 0a+ 20b+ 40a+ 60b+, 0",
  })
  void countsThem(String why, String samples, int expected) {
    assertThat(Primacies.conflicts(samples(samples))).as(why).isEqualTo(expected);
  }

  private static List<Load.Sample> samples(String text) {
    return Arrays.stream(text.split(" "))
        .filter(s -> !s.isEmpty())
        .map(
            s ->
                new Load.Sample(
                    Instant.ofEpochSecond(Long.parseLong(s.replaceFirst("[ab][+-]$", ""))),
                    s.substring(s.length() - 2, s.length() - 1),
                    s.endsWith("+")))
        .toList();
  }
}
