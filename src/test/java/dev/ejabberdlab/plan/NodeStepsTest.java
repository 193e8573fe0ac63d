package dev.ejabberdlab.plan;

import static dev.ejabberdlab.observe.LabFixture.done;
import static dev.ejabberdlab.observe.LabFixture.drifted;
import static dev.ejabberdlab.observe.LabFixture.failed;
import static dev.ejabberdlab.observe.LabFixture.running;
import static dev.ejabberdlab.observe.LabFixture.step;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepState;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class NodeStepsTest {

  private static final String E2 = "e2server";

  private static NodeSteps of(Scene scene) {
    return NodeSteps.of(E2, scene.steps(), scene.snapshot());
  }

  @Test
  void allDone() {
    NodeSteps steps = of(Scene.ready());

    assertThat(steps.complete()).isTrue();
    assertThat(steps.done()).isEqualTo(3);
    assertThat(steps.total()).isEqualTo(3);
    assertThat(steps.state()).isEmpty();
    assertThat(steps.waitingFor()).isEmpty();
  }

  @Test
  void theFirstThatIsNotDoneIsTheCurrentOne() {
    NodeSteps steps = of(Scene.ready().steps(E2, done("base"), running("ejabberd")));

    assertThat(steps.done()).isEqualTo(1);
    assertThat(steps.current()).map(Step::name).contains("ejabberd");
    assertThat(steps.state()).map(StepState::status).contains(StepState.Status.RUNNING);
  }

  @Test
  void aLaterStepThatIsDoneCounts() {
    NodeSteps steps =
        of(
            Scene.ready()
                .steps(E2, failed("base", 1, 0), done("ejabberd"), done("ejabberd-cluster")));

    assertThat(steps.done()).isEqualTo(2);
    assertThat(steps.current()).map(Step::name).contains("base");
  }

  @Test
  void whatWasDoneWithOtherInputsIsNotDone() {
    StepState older = new StepState("base", "older", StepState.Status.DONE, 0, "1-x", 9, "");

    NodeSteps steps =
        of(Scene.ready().steps(E2, older, done("ejabberd"), done("ejabberd-cluster")));

    assertThat(steps.complete()).isFalse();
    assertThat(steps.state()).isEmpty();
  }

  @Test
  void namesWhatTheCurrentStepWaitsForElsewhere() {
    Scene scene =
        Scene.ready().steps(E2, done("base"), done("ejabberd")).steps("e1server", done("base"));

    assertThat(of(scene).waitingFor()).containsExactly(new Step.Ref("e1server", "ejabberd"));
  }

  @Test
  void aGuestThatCannotBeAskedHasNothingDoneAsFarAsIsKnown() {
    NodeSteps steps = of(Scene.ready().silent(E2, Duration.ZERO));

    assertThat(steps.done()).isZero();
    assertThat(steps.total()).isEqualTo(3);
    assertThat(steps.current()).map(Step::name).contains("base");
  }

  @Test
  void aNodeWithoutStepsIsComplete() {
    assertThat(NodeSteps.of("elsewhere", Scene.ready().steps(), Scene.ready().snapshot()))
        .satisfies(s -> assertThat(s.complete()).isTrue())
        .satisfies(s -> assertThat(s.total()).isZero());
  }

  /** Steps of one node: b and c need a, d needs nothing. */
  private static final List<Step> STEPS =
      List.of(step(E2, "a"), step(E2, "b", E2 + "/a"), step(E2, "c", E2 + "/a"), step(E2, "d"));

  private static NodeSteps of(List<Step> steps, StepState... states) {
    return NodeSteps.of(E2, steps, Scene.ready().steps(E2, states).snapshot());
  }

  private static List<String> names(List<Step> steps) {
    return steps.stream().map(Step::name).toList();
  }

  @Test
  void whatFailedHoldsUpOnlyWhatRequiresIt() {
    assertThat(names(of(STEPS, failed("a", 1, 0)).runnable())).containsExactly("d", "a");
    assertThat(names(of(STEPS, done("a"), failed("b", 1, 0), done("d")).runnable()))
        .containsExactly("c", "b");
    assertThat(names(of(STEPS, failed("a", 1, 0), running("d")).runnable()))
        .containsExactly("d", "a");
  }

  @Test
  void aStepThatLacksSomethingIsNeitherRunNorDone() {
    Step whole = step(E2, "d");
    Step lacking = whole.lacking(List.of(Step.Obstacle.missing("Secret x does not exist.")));

    NodeSteps steps = of(List.of(step(E2, "a"), lacking), done("a"), done("d"));

    assertThat(steps.complete()).isFalse();
    assertThat(steps.runnable()).isEmpty();
    assertThat(steps.current()).contains(lacking);
    assertThat(steps.obstacles()).isEqualTo(lacking.obstacles());
  }

  @Test
  void whatWasChangedSinceIsNotDone() {
    NodeSteps steps =
        of(
            Scene.ready()
                .steps(
                    E2,
                    drifted("base", "/etc/hosts was changed"),
                    done("ejabberd"),
                    done("ejabberd-cluster")));

    assertThat(steps.done()).isEqualTo(2);
    assertThat(steps.current()).map(Step::name).contains("base");
    assertThat(steps.drift()).containsExactly("/etc/hosts was changed");
  }
}
