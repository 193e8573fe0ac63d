package dev.ejabberdlab.e2e;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The lab survives what labs are for. {@code -Dfaults=NAME,...} chooses; a run of all of them
 * writes its table into docs/reliability.md.
 */
@ExtendWith(SharedLab.Extension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("faults")
class FaultsE2E {

  private static final String CHOSEN = System.getProperty("faults");

  private final SharedLab lab;
  private FaultRun run;

  FaultsE2E(SharedLab lab) {
    this.lab = lab;
  }

  @BeforeAll
  void start() {
    run = FaultRun.start(lab);
  }

  @TestFactory
  Stream<DynamicTest> faults() {
    List<Fault> faults = Faults.named(CHOSEN);
    Stream<DynamicTest> tests =
        faults.stream().map(f -> DynamicTest.dynamicTest(f.name(), () -> run.inject(f)));
    // Last: it leaves nothing that could be used.
    DynamicTest byHand =
        DynamicTest.dynamicTest(
            "by hand",
            () ->
                run.table.compared(
                    new FaultTable.Comparison(run.byHand(), run.table.failover().orElseThrow())));
    return faults.stream().anyMatch(f -> f.name().equals("primary-destroyed"))
        ? Stream.concat(tests, Stream.of(byHand))
        : tests;
  }

  @AfterAll
  void report() {
    if (run == null) {
      return;
    }
    System.out.println(run.table);
    if (CHOSEN == null || CHOSEN.isBlank() || Boolean.getBoolean("faults.report")) {
      run.table.write();
    }
    run.close();
  }
}
