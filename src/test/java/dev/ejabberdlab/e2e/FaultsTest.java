package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
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

  @Test
  void theTableHasAPlaceInTheDocumentation() {
    FaultTable table = new FaultTable();
    table.add(
        new FaultTable.Row(
            Faults.SHORT.get(0),
            true,
            Duration.ofMillis(1500),
            Duration.ofSeconds(8),
            Duration.ofMillis(71_240),
            300,
            0,
            70,
            1,
            0));
    table.compared(new FaultTable.Comparison(Duration.ofSeconds(4), Duration.ofSeconds(8)));
    String page = "# Reliability\n" + FaultTable.BEGIN + "\nold\n" + FaultTable.END + "\nrest\n";

    assertThat(table.in(page, "A machine:"))
        .isEqualTo(
            """
            # Reliability
            %s
            A machine:

            %s
            | primary: domain destroyed | another | 1.5 s | 8.0 s | 71.2 s | 0 of 300 | 1 of 70 | no |

            %s

            %s
            rest
            """
                .formatted(
                    FaultTable.BEGIN,
                    FaultTable.heading(),
                    new FaultTable.Comparison(Duration.ofSeconds(4), Duration.ofSeconds(8)),
                    FaultTable.END));
    assertThat(FaultTable.REPORT).content().contains(FaultTable.BEGIN, FaultTable.END);
    assertThat(new FaultTable.Comparison(Duration.ofSeconds(4), Duration.ofSeconds(6)))
        .asString()
        .contains("**0.50**");
  }
}
