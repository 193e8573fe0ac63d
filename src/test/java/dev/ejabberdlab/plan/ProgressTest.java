package dev.ejabberdlab.plan;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static dev.ejabberdlab.plan.Scene.machineKey;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.plan.Action.DestroyDomain;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressTest {

  private static final String E1 = "e1server";

  private final Scene scene = Scene.up().power(E1, Power.SHUT_OFF);
  private final Action start = scene.actions(machineKey(E1)).get(0);
  private final Action other =
      new DestroyDomain(E1, scene.node(E1).uuid(), scene.node(E1).domain());

  @Test
  void oneThingAtATime() {
    assertThat(scene.inFlight(machineKey(E1)).actions(machineKey(E1))).isEmpty();
  }

  @ParameterizedTest(name = "{0} failures, the last {1} s ago: in {2} s")
  @CsvSource({
    "1, 0, 2",
    "1, 2, 0",
    "2, 0, 4",
    "3, 0, 8",
    "5, 0, 32",
    "6, 0, 60",
    "60, 0, 60",
    "60, 60, 0",
  })
  void aFailedActionIsTriedAgainLater(int count, long ago, long in) {
    assertIn(scene.failed(start, count, Duration.ofSeconds(ago)), in);
  }

  @ParameterizedTest(name = "done {0} s ago and wanted again: in {1} s")
  @CsvSource({"0, 10", "9, 1", "10, 0"})
  void whatWasJustDoneIsNotRepeatedInALoop(long ago, long in) {
    assertIn(scene.ended(start, Duration.ofSeconds(ago)), in);
  }

  @Test
  void theLaterOfBothCounts() {
    assertIn(scene.failed(start, 6, Duration.ofSeconds(58)).ended(start, Duration.ofSeconds(4)), 6);
  }

  @Test
  void anotherActionOfTheSameKeyIsNotHeldUp() {
    assertIn(scene.failed(other, 9, Duration.ZERO).ended(other, Duration.ZERO), 0);
  }

  @Test
  void aClockThatWasSetBackHoldsNothingUp() {
    assertIn(scene.failed(start, 1, Duration.ofHours(-1)).ended(start, Duration.ofHours(-1)), 0);
  }

  private void assertIn(Scene scene, long seconds) {
    if (seconds == 0) {
      assertThat(scene.actions(machineKey(E1))).containsExactly(start);
    } else {
      assertThat(scene.actions(machineKey(E1))).isEmpty();
      assertThat(scene.plan().wakeAt()).contains(NOW.plusSeconds(seconds));
    }
  }
}
