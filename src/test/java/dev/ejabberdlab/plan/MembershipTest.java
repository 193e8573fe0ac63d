package dev.ejabberdlab.plan;

import static dev.ejabberdlab.observe.LabFixture.done;
import static dev.ejabberdlab.observe.LabFixture.drifted;
import static dev.ejabberdlab.observe.LabFixture.ejabberdDown;
import static dev.ejabberdlab.observe.LabFixture.failed;
import static dev.ejabberdlab.observe.LabFixture.running;
import static dev.ejabberdlab.observe.LabFixture.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.plan.Action.RunStep;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Two members that have lost the one that they joined: at most one of them restarts at a time. */
class MembershipTest {

  private static final String CLUSTER = "ejabberd-cluster";
  private static final String A = "e1server";
  private static final String B = "e2server";

  private static final StepState LOST = drifted(CLUSTER, "it does not see the other");

  private static StepState older() {
    return new StepState(CLUSTER, "older", StepState.Status.DONE, 0, "1-x", 9, "");
  }

  static Stream<Arguments> table() {
    return Stream.of(
        arguments("both lost it", same(), LOST, LOST, List.of(A)),
        arguments("one restarts", same(), running(CLUSTER), LOST, List.of(A)),
        arguments("the later one restarts", same(), LOST, running(CLUSTER), List.of(B)),
        arguments("one is done", same(), done(CLUSTER), LOST, List.of(B)),
        arguments("one waits to be tried again", same(), failed(CLUSTER, 3, 0), LOST, List.of(B)),
        arguments(
            "both failed", same(), failed(CLUSTER, 1, 3600), failed(CLUSTER, 1, 3600), List.of(A)),
        arguments(
            "one was just told",
            (UnaryOperator<Scene>) s -> s.inFlight(new Key.Machine(B)),
            LOST,
            LOST,
            List.of()),
        arguments(
            "something else is done on one that is a member",
            (UnaryOperator<Scene>) s -> s.inFlight(new Key.Machine(B)),
            LOST,
            done(CLUSTER),
            List.of(A)),
        arguments("after an upgrade", same(), older(), older(), List.of(A)),
        arguments("for the first time", same(), null, null, List.of(A, B)),
        arguments("one for the first time", same(), LOST, null, List.of(A, B)));
  }

  private static UnaryOperator<Scene> same() {
    return s -> s;
  }

  @ParameterizedTest(name = "{0}: {4}")
  @MethodSource("table")
  void atMostOneAtATime(
      String name, UnaryOperator<Scene> also, StepState a, StepState b, List<String> told) {
    Scene scene = Scene.ready().clustered().wants(List.of(step(A, CLUSTER), step(B, CLUSTER)));
    scene.steps(A, a == null ? new StepState[0] : new StepState[] {a});
    scene.steps(B, b == null ? new StepState[0] : new StepState[] {b});

    assertThat(
            also.apply(scene).plan().actions().stream()
                .filter(RunStep.class::isInstance)
                .map(action -> ((RunStep) action).node()))
        .containsExactlyElementsOf(told);
  }

  @ParameterizedTest
  @MethodSource("settings")
  void oneThatRestartsForItsSettingsCountsToo(boolean up, List<String> told) {
    Scene scene =
        Scene.ready()
            .clustered()
            .wants(List.of(step(A, "ejabberd"), step(A, CLUSTER), step(B, CLUSTER)));
    scene.steps(A, running("ejabberd"), done(CLUSTER));
    scene.steps(B, LOST);
    if (!up) {
      scene.ejabberd(A, ejabberdDown());
    }

    assertThat(scene.plan().actions())
        .filteredOn(action -> action.description().contains(CLUSTER))
        .hasSize(told.size());
  }

  static Stream<Arguments> settings() {
    return Stream.of(arguments(true, List.of(B)), arguments(false, List.of()));
  }
}
