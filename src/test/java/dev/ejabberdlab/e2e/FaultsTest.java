package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.LocalDate;
import org.junit.jupiter.api.Test;

/** The list of faults and the place of its table; the faults themselves need a lab. */
class FaultsTest {

  @Test
  void everyFaultHasANameOfItsOwn() {
    assertThat(Faults.ALL).extracting(Fault::name).doesNotHaveDuplicates().hasSizeGreaterThan(25);
    assertThat(Faults.ALL).extracting(Fault::what).doesNotHaveDuplicates();
    assertThat(Faults.ALL).containsAll(Faults.SHORT);
  }

  @Test
  void someCanBeChosen() {
    assertThat(Faults.named("")).isEqualTo(Faults.ALL);
    assertThat(Faults.named("switchover,gateway-destroyed"))
        .extracting(Fault::name)
        .containsExactly("switchover", "gateway-destroyed");
    assertThatThrownBy(() -> Faults.named("flood"))
        .hasMessageContaining("There is no fault 'flood'; there are: [primary-destroyed");
  }

  private static FaultTable.Row row(Fault fault, long lostRows) {
    return new FaultTable.Row(
        fault,
        true,
        Duration.ofMillis(1500),
        Duration.ofSeconds(8),
        Duration.ofMillis(71_240),
        300,
        lostRows,
        70,
        1,
        0,
        LocalDate.of(2026, 11, 28));
  }

  @Test
  void theTableHasAPlaceInTheDocumentation() {
    FaultTable first = new FaultTable();
    first.add(row(Faults.ALL.get(0), 7));
    first.add(row(Faults.ALL.get(1), 8));
    first.add(row(Faults.ALL.get(2), 9));
    first.compared(new FaultTable.Comparison(Duration.ofSeconds(4), Duration.ofSeconds(8)));
    FaultTable second = new FaultTable();
    second.add(row(Faults.ALL.get(1), 0));
    second.failed(Faults.ALL.get(2));
    String empty = "# Reliability\n" + FaultTable.BEGIN + "\nold\n" + FaultTable.END + "\nrest\n";

    assertThat(second.in(first.in(empty, "First:"), "Second:"))
        .as("what was not measured again stays, what has failed goes")
        .isEqualTo(
            """
            # Reliability
            %s
            Second:

            %s
            | %s | another | 1.5 s | 8.0 s | 71.2 s | 7 of 300 | 1 of 70 | no | 2026-11-28 |
            | %s | another | 1.5 s | 8.0 s | 71.2 s | 0 of 300 | 1 of 70 | no | 2026-11-28 |

            Not recovered: %s

            %s

            %s
            rest
            """
                .formatted(
                    FaultTable.BEGIN,
                    FaultTable.heading(),
                    Faults.ALL.get(0).what(),
                    Faults.ALL.get(1).what(),
                    Faults.ALL.get(2).name(),
                    new FaultTable.Comparison(Duration.ofSeconds(4), Duration.ofSeconds(8)),
                    FaultTable.END));
    assertThat(FaultTable.REPORT).content().contains(FaultTable.BEGIN, FaultTable.END);
    assertThat(new FaultTable.Comparison(Duration.ofSeconds(4), Duration.ofSeconds(6)))
        .asString()
        .contains("**0.50**");
  }
}
