package dev.ejabberdlab.status;

import static dev.ejabberdlab.observe.LabFixture.failed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Key;
import dev.ejabberdlab.plan.Scene;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PhasesTest {

  private static final String E1 = "e1server";
  private static final String NO_IMAGE = "spec.image.volume: there is no such image; publish it.";

  private static Scene withConflict() {
    Scene scene = Scene.untouched();
    return scene.conflict(scene.actions(new Key.Machine(E1)).get(0));
  }

  static Stream<Arguments> table() {
    return Stream.of(
        arguments("never asked", Scene.untouched().notAsked(), Phase.Pending, Kstatus.InProgress),
        arguments(
            "never reached", Scene.untouched().neverReached(), Phase.Pending, Kstatus.InProgress),
        arguments("nothing there", Scene.untouched(), Phase.Provisioning, Kstatus.InProgress),
        arguments("machines up", Scene.up(), Phase.Provisioning, Kstatus.InProgress),
        arguments(
            "a step fails",
            Scene.up().steps(E1, failed("base", 4, 0)),
            Phase.Provisioning,
            Kstatus.InProgress),
        arguments(
            "a step has failed",
            Scene.up().steps(E1, failed("base", 5, 0)),
            Phase.Stalled,
            Kstatus.Failed),
        arguments(
            "no image",
            Scene.untouched().image(Seen.missing(NO_IMAGE)),
            Phase.Stalled,
            Kstatus.Failed),
        arguments("a conflict", withConflict(), Phase.Stalled, Kstatus.Failed),
        arguments("ready", Scene.ready(), Phase.Ready, Kstatus.Current));
  }

  @ParameterizedTest(name = "{0}: {2}, {3}")
  @MethodSource("table")
  void onTheWayUp(String name, Scene scene, Phase phase, Kstatus kstatus) {
    Story story = new Story().then(scene);

    assertThat(story.status().phase()).isEqualTo(phase);
    assertThat(story.kstatus()).isEqualTo(kstatus);
  }

  static Stream<Arguments> afterReady() {
    return Stream.of(
        arguments("ready", Scene.ready(), Phase.Ready, Kstatus.Current),
        arguments(
            "a machine is off",
            Scene.ready().power(E1, Power.SHUT_OFF),
            Phase.Degraded,
            Kstatus.InProgress),
        arguments(
            "a guest cannot be asked",
            Scene.ready().domain("gw1server", Seen.unknown("")),
            Phase.Unknown,
            Kstatus.InProgress),
        arguments(
            "the host cannot be asked",
            Scene.ready().unreachable(),
            Phase.Unknown,
            Kstatus.InProgress),
        arguments(
            "a new operator cannot reach the host",
            Scene.ready().neverReached(),
            Phase.Unknown,
            Kstatus.InProgress),
        arguments(
            "a step has failed",
            Scene.ready().steps(E1, failed("base", 5, 0)),
            Phase.Stalled,
            Kstatus.Failed));
  }

  @ParameterizedTest(name = "{0}: {2}, {3}")
  @MethodSource("afterReady")
  void ofALabThatWasReady(String name, Scene scene, Phase phase, Kstatus kstatus) {
    Story story = new Story().then(Scene.ready()).then(scene);

    assertThat(story.status().phase()).isEqualTo(phase);
    assertThat(story.kstatus()).isEqualTo(kstatus);
  }

  @Test
  void aChangedSpecIsInProgressUntilTheStatusSpeaksOfItAndIsTrue() {
    Story story = new Story().then(Scene.ready()).specChanges();
    assertThat(story.kstatus()).isEqualTo(Kstatus.InProgress);

    assertThat(story.then(Scene.ready().steps(E1)).kstatus()).isEqualTo(Kstatus.InProgress);
    assertThat(story.then(Scene.ready()).kstatus()).isEqualTo(Kstatus.Current);
  }
}
