package dev.ejabberdlab.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BackoffTest {

  @ParameterizedTest(name = "{0} failures: {1} s")
  @CsvSource({"1, 3", "2, 6", "3, 12", "4, 20", "5, 20", "1000000, 20"})
  void doublesUpToItsLimit(int failures, long seconds) {
    Backoff backoff = new Backoff(Duration.ofSeconds(3), Duration.ofSeconds(20));

    assertThat(backoff.after(failures)).isEqualTo(Duration.ofSeconds(seconds));
  }
}
