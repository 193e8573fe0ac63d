package dev.ejabberdlab.observe;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LagBucketTest {

  @ParameterizedTest(name = "{0} bytes: {1}")
  @CsvSource({
    "-1, <1MiB, 0",
    "0, <1MiB, 0",
    "1048575, <1MiB, 0",
    "1048576, <16MiB, 1048576",
    "16777215, <16MiB, 1048576",
    "16777216, <128MiB, 16777216",
    "134217727, <128MiB, 16777216",
    "134217728, <1GiB, 134217728",
    "1073741823, <1GiB, 134217728",
    "1073741824, >=1GiB, 1073741824",
    "9223372036854775807, >=1GiB, 1073741824",
  })
  void bucket(long bytes, String label, long floor) {
    assertThat(LagBucket.of(bytes).label()).isEqualTo(label);
    assertThat(LagBucket.of(bytes).floorBytes()).isEqualTo(floor);
  }
}
