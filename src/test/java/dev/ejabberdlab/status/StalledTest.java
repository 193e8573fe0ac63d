package dev.ejabberdlab.status;

import static dev.ejabberdlab.observe.LabFixture.failed;
import static dev.ejabberdlab.status.Story.condition;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.guest.Step.Obstacle;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Action;
import dev.ejabberdlab.plan.Key;
import dev.ejabberdlab.plan.Scene;
import org.junit.jupiter.api.Test;

class StalledTest {

  private static final String E1 = "e1server";
  private static final String NO_IMAGE = "spec.image.volume: there is no such image; publish it.";

  private static Scene withConflict() {
    Scene scene = Scene.untouched();
    return scene.conflict(scene.actions(new Key.Machine(E1)).get(0));
  }

  @Test
  void byAStepThatFailedTooOften() {
    assertStalled(
        Scene.up().steps(E1, failed("base", 5, 0)),
        "StepFailed: Step base on e1server failed 5 times or more and is tried every 5 minutes now, and at once when the spec,"
            + " the image or the annotation ejabberdlab.dev/retry changes; it last said: no space left on device");
  }

  @Test
  void byWhatCannotBeUsed() {
    assertStalled(
        Scene.ready().lacking(E1, "ejabberd", Obstacle.unusable("It has a line break.")),
        "ReferenceUnusable: It has a line break.");
  }

  @Test
  void notByWhatIsMissing() {
    EjabberdLabStatus status =
        Story.afterReady(
            Scene.ready().lacking(E1, "ejabberd", Obstacle.missing("Secret x does not exist.")));

    assertThat(condition(status, "Stalled")).isEqualTo("absent");
    assertThat(condition(status, "Ready"))
        .isEqualTo(
            "False ReferenceMissing: Secret x does not exist. 4 of 5 nodes are ready; e1server waits"
                + " with ejabberd.");
    assertThat(status.phase()).isEqualTo(Phase.Degraded);
    assertThat(status.endpoints()).isNotEmpty();
  }

  @Test
  void byAnImageThatDoesNotExist() {
    assertStalled(Scene.untouched().image(Seen.missing(NO_IMAGE)), "InvalidSpec: " + NO_IMAGE);
  }

  @Test
  void byAnImageThatIsNeededAgain() {
    Scene scene =
        Scene.ready()
            .power(E1, Power.SHUT_OFF)
            .volume(E1, Seen.missing(""))
            .image(Seen.missing(NO_IMAGE));

    assertStalled(scene, "InvalidSpec: " + NO_IMAGE);
  }

  @Test
  void notByAnImageThatIsNoLongerNeeded() {
    Scene scene = Scene.ready().image(Seen.missing(NO_IMAGE));

    assertThat(Story.first(scene).phase()).isEqualTo(Phase.Ready);
    assertThat(Story.first(scene.power(E1, Power.SHUT_OFF)).phase()).isEqualTo(Phase.Provisioning);
  }

  @Test
  void bySomethingOfThatNameThatIsNotOurs() {
    assertStalled(withConflict(), "NameConflict: It belongs to somebody else.");
  }

  @Test
  void noLongerWhenTheSpecDoesWithoutIt() {
    Scene scene = Scene.ready();
    Action define = withConflict().actions(new Key.Machine("e2server")).get(0);

    assertThat(Story.first(scene.conflict(define)).phase()).isEqualTo(Phase.Ready);
  }

  @Test
  void notWhileNobodyCanSayWhetherItIsStillSo() {
    assertThat(Story.afterReady(withConflict().unreachable()).phase()).isEqualTo(Phase.Unknown);
  }

  private void assertStalled(Scene scene, String expected) {
    EjabberdLabStatus status = Story.first(scene);

    assertThat(condition(status, "Stalled")).isEqualTo("True " + expected);
    assertThat(condition(status, "Ready")).isEqualTo("False " + expected);
    assertThat(condition(status, "Reconciling")).isEqualTo("absent");
  }
}
