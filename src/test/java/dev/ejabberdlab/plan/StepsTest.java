package dev.ejabberdlab.plan;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static dev.ejabberdlab.observe.LabFixture.done;
import static dev.ejabberdlab.observe.LabFixture.failed;
import static dev.ejabberdlab.observe.LabFixture.interrupted;
import static dev.ejabberdlab.observe.LabFixture.report;
import static dev.ejabberdlab.observe.LabFixture.running;
import static dev.ejabberdlab.plan.Scene.NOTHING;
import static dev.ejabberdlab.plan.Scene.machineKey;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.plan.Action.RunStep;
import dev.ejabberdlab.plan.Plan.StalledStep;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class StepsTest {

  private static final String E2 = "e2server";
  private static final String PSQL1 = "psql1server";
  private static final String E1 = "e1server";

  /** The step that is run next on a node, or nothing. */
  private static String step(Scene scene, String node) {
    return scene.actions(machineKey(node)).stream()
        .map(a -> ((RunStep) a).step().name())
        .findFirst()
        .orElse(NOTHING);
  }

  @Test
  void everyNodeBeginsWithItsFirst() {
    assertThat(Scene.up().plan().actions())
        .hasSize(5)
        .allSatisfy(
            a ->
                assertThat(a)
                    .isInstanceOfSatisfying(
                        RunStep.class, r -> assertThat(r.step().name()).isEqualTo("base")));
  }

  static Stream<Arguments> across() {
    StepState base = done("base");
    StepState primary = done("postgresql-primary");
    StepState promotion = done("postgresql-promotion");
    StepState ejabberd = done("ejabberd");
    return Stream.of(
        arguments(
            "a standby and members wait for the primary",
            Scene.up()
                .steps(PSQL1, base)
                .steps("psql2server", base)
                .steps(E1, base)
                .steps(E2, base),
            List.of("postgresql-promotion", NOTHING, NOTHING, NOTHING)),
        arguments(
            "they wait for all of it",
            Scene.up()
                .steps(PSQL1, base, promotion)
                .steps("psql2server", base)
                .steps(E1, base)
                .steps(E2, base),
            List.of("postgresql-primary", NOTHING, NOTHING, NOTHING)),
        arguments(
            "standby and members begin all at once",
            Scene.up()
                .steps(PSQL1, base, primary, promotion)
                .steps("psql2server", base)
                .steps(E1, base)
                .steps(E2, base),
            List.of(NOTHING, "postgresql-standby", "ejabberd", "ejabberd")),
        arguments(
            "the second joins when the first runs",
            Scene.up()
                .steps(PSQL1, base, primary, promotion)
                .steps("psql2server", base)
                .steps(E1, base, ejabberd)
                .steps(E2, base, ejabberd),
            List.of(NOTHING, "postgresql-standby", NOTHING, "ejabberd-cluster")),
        arguments(
            "what the primary forgets at a reboot is done again; the rest of the lab stays",
            Scene.ready().steps(PSQL1, base, primary),
            List.of("postgresql-promotion", NOTHING, NOTHING, NOTHING)),
        arguments(
            "a step that others need is not taken for done while its guest cannot be asked",
            Scene.up()
                .silent(PSQL1, Duration.ZERO)
                .steps("psql2server", base)
                .steps(E1, base)
                .steps(E2, base),
            List.of(NOTHING, NOTHING, NOTHING, NOTHING)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("across")
  void acrossNodes(String name, Scene scene, List<String> expected) {
    assertThat(Stream.of(PSQL1, "psql2server", E1, E2).map(n -> step(scene, n)))
        .isEqualTo(expected);
  }

  static Stream<Arguments> states() {
    StepState failed = failed("base", 3, 0);
    return Stream.of(
        arguments("one that runs is joined", running("base"), "base"),
        arguments("one that was cut short is run again", interrupted("base"), "base"),
        arguments("one that is done is not", done("base"), "ejabberd"),
        arguments(
            "one that was done otherwise is",
            new StepState("base", "older", StepState.Status.DONE, 0, "1-x", 9, ""),
            "base"),
        arguments(
            "one that failed otherwise has no failures",
            new StepState("base", "older", failed.status(), 5, failed.epoch(), 0, ""),
            "base"),
        arguments("one that just failed waits", failed, NOTHING));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("states")
  void byWhatTheGuestRemembers(String name, StepState base, String expected) {
    assertThat(step(Scene.ready().steps(E1, base), E1)).isEqualTo(expected);
  }

  @ParameterizedTest(name = "{0} failures, the last {1} s before a report {2} s old: in {3} s")
  @CsvSource({
    "1,   0,  0,   5",
    "1,   5,  0,   0",
    "1,   0,  5,   0",
    "1,   2,  2,   1",
    "2,   0,  0,  10",
    "3,   0,  0,  20",
    "4,   0,  0,  40",
    "4,  39,  0,   1",
    "4, 999,  0,   0",
  })
  void aFailedStepIsTriedAgainLater(int attempts, long secondsAgo, long reportAge, long in) {
    Scene scene =
        Scene.ready()
            .reports(
                E1, report(failed("base", attempts, secondsAgo)), Duration.ofSeconds(reportAge));

    if (in == 0) {
      assertThat(step(scene, E1)).isEqualTo("base");
      assertThat(scene.plan().wakeAt()).isEmpty();
    } else {
      assertThat(step(scene, E1)).isEqualTo(NOTHING);
      assertThat(scene.plan().wakeAt()).contains(NOW.plusSeconds(in));
    }
  }

  @Test
  void aStepThatIsInterruptedAgainAndAgainStallsTheLab() {
    StepState cutShort =
        new StepState(
            "base",
            interrupted("base").digest(),
            StepState.Status.INTERRUPTED,
            Plan.MAX_ATTEMPTS,
            interrupted("base").epoch(),
            0,
            "it was interrupted");

    assertThat(Scene.ready().steps(E1, cutShort).plan().stalled())
        .extracting(StalledStep::step)
        .containsExactly("base");
  }

  @Test
  void aStepThatFailsAgainAndAgainStallsTheLabAndIsTriedSeldom() {
    int retry = (int) Plan.STALLED_RETRY.toSeconds();
    Scene scene = Scene.ready().steps(E1, failed("base", Plan.MAX_ATTEMPTS, retry - 1));

    assertThat(scene.plan().actions()).isEmpty();
    assertThat(scene.plan().wakeAt()).contains(NOW.plusSeconds(1));
    assertThat(scene.plan().stalled())
        .containsExactly(new StalledStep(E1, "base", 5, failed("base", 5, 0).output()));

    scene.steps(E1, failed("base", Plan.MAX_ATTEMPTS + 3, retry));
    assertThat(step(scene, E1)).isEqualTo("base");
    assertThat(scene.plan().stalled()).extracting(StalledStep::attempts).containsExactly(8);
  }

  @Test
  void aStalledStepThatRunsAgainIsStalledUntilItIsDone() {
    StepState running =
        new StepState(
            "base",
            failed("base", 1, 0).digest(),
            StepState.Status.RUNNING,
            Plan.MAX_ATTEMPTS,
            failed("base", 1, 0).epoch(),
            0,
            "the mirror is away");

    assertThat(Scene.ready().steps(E1, running).plan().stalled())
        .extracting(StalledStep::output)
        .containsExactly("the mirror is away");
  }

  @Test
  void aNewEpochGivesItAnotherChance() {
    Scene scene = Scene.ready().steps(E1, failed("base", Plan.MAX_ATTEMPTS, 0)).epoch("2-image");

    assertThat(step(scene, E1)).isEqualTo("base");
    assertThat(scene.plan().stalled()).isEmpty();
    assertThat(((RunStep) scene.actions(machineKey(E1)).get(0)).epoch()).isEqualTo("2-image");
  }

  @Test
  void noneIsRunInAGuestThatDoesNotReport() {
    assertThat(step(Scene.ready().mute(E1, "timed out", Duration.ZERO), E1)).isEqualTo(NOTHING);
  }
}
