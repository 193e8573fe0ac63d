package dev.ejabberdlab.e2e;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** A few of the faults of {@link FaultsE2E}, after what expects the lab's first primary. */
@ExtendWith(SharedLab.Extension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Order(Integer.MAX_VALUE - 2)
class FailoverE2E {

  private final SharedLab lab;
  private FaultRun run;

  FailoverE2E(SharedLab lab) {
    this.lab = lab;
  }

  @BeforeAll
  void start() {
    run = FaultRun.start(lab);
  }

  @TestFactory
  Stream<DynamicTest> faults() {
    return Faults.SHORT.stream().map(f -> DynamicTest.dynamicTest(f.name(), () -> run.inject(f)));
  }

  @AfterAll
  void restore() {
    if (run == null) {
      return;
    }
    run.close();
  }
}
