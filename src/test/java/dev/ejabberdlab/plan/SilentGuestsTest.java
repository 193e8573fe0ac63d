package dev.ejabberdlab.plan;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static dev.ejabberdlab.plan.Scene.NOTHING;
import static dev.ejabberdlab.plan.Scene.machineKey;
import static dev.ejabberdlab.plan.Scene.next;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class SilentGuestsTest {

  private static final String E2 = "e2server";
  private static final String PSQL1 = "psql1server";
  private static final String E1 = "e1server";

  private static final Duration LONG = LabSnapshot.GUEST_SILENCE;
  private static final Duration SHORT = LabSnapshot.GUEST_SILENCE.minusSeconds(1);

  @Test
  void aBootingGuestIsGivenItsTimeAndThenLookedAtAgain() {
    Plan plan = Scene.up().silent(E1, SHORT).plan();

    assertThat(plan.actions()).noneMatch(a -> a.key().equals(machineKey(E1)));
    assertThat(plan.wakeAt()).contains(NOW.plusSeconds(1));
  }

  @Test
  void aGuestThatHangsIsLeftAlone() {
    Plan plan = Scene.ready().silent(E1, LONG).plan();

    assertThat(plan.actions()).isEmpty();
    assertThat(plan.wakeAt()).isEmpty();
  }

  @Test
  void aGuestThatHangsIsRestartedWhenThoseWhoNeedItHaveLostItToo() {
    Scene lost = Scene.ready().silenced(E1, LONG).ejabberd(E2, LabFixture.ejabberd("e2server"));

    assertThat(next(lost, machineKey(E1))).isEqualTo("DestroyDomain");
    assertThat(next(Scene.ready().silenced(E1, LONG), machineKey(E1)))
        .as("the other member still sees it")
        .isEqualTo(NOTHING);
    assertThat(next(lost.silenced(E1, SHORT), machineKey(E1))).isEqualTo(NOTHING);
  }

  @Test
  void aGuestWhoseAgentIsThereAndNeverAnsweredIsRestartedTheSameWay() {
    Scene lost =
        Scene.ready()
            .mute(E1, "not available due to an error", LONG)
            .ejabberd(E2, LabFixture.ejabberd("e2server"));

    assertThat(next(lost, machineKey(E1))).isEqualTo("DestroyDomain");
    assertThat(next(lost.silent(E1, LONG), machineKey(E1)))
        .as("it never came up")
        .isEqualTo(NOTHING);
  }

  @Test
  void aStandbyThatHangsIsRestartedWhenItsPrimaryHasLostIt() {
    Scene lost =
        Scene.ready().silenced("psql2server", LONG).postgresql(PSQL1, LabFixture.primary());

    assertThat(next(lost, machineKey("psql2server"))).isEqualTo("DestroyDomain");
    assertThat(next(Scene.ready().silenced("psql2server", LONG), machineKey("psql2server")))
        .isEqualTo(NOTHING);
  }

  @Test
  void aGatewayThatIsSilentIsLeftAlone() {
    assertThat(next(Scene.ready().silenced("gw1server", LONG), machineKey("gw1server")))
        .isEqualTo(NOTHING);
  }

  @Test
  void aGuestThatHangsInAnAcceleratorTheHostHasLeftIsMadeToLeaveItToo() {
    assertThat(
            next(Scene.ready().silent(E1, LONG).virtualization(Virtualization.kvm), machineKey(E1)))
        .isEqualTo("DestroyDomain");
    assertThat(
            next(
                Scene.ready().silent(E1, SHORT).virtualization(Virtualization.kvm), machineKey(E1)))
        .isEqualTo(NOTHING);
  }
}
