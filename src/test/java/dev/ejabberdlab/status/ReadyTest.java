package dev.ejabberdlab.status;

import static dev.ejabberdlab.status.Story.condition;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Scene;
import io.fabric8.kubernetes.api.model.Condition;
import org.junit.jupiter.api.Test;

class ReadyTest {

  private static final String E1 = "e1server";

  @Test
  void aReadyLab() {
    Story story = new Story().then(Scene.ready());

    assertThat(condition(story.status(), "Ready"))
        .isEqualTo("True Ready: The lab is what its spec says.");
    assertThat(condition(story.status(), "Reconciling")).isEqualTo("absent");
    assertThat(condition(story.status(), "Stalled")).isEqualTo("absent");
    assertThat(story.status().phase()).isEqualTo(Phase.Ready);
    assertThat(story.status().readyNodes()).isEqualTo("5/5");
    assertThat(story.status().image()).isEqualTo(Scene.IMAGE_VOLUMES.disk());
    assertThat(story.kstatus()).isEqualTo(Kstatus.Current);
    assertThat(story.status().conditions())
        .extracting(Condition::getType)
        .containsExactly(
            "Ready",
            "HostReachable",
            "NetworksReady",
            "MachinesReady",
            "Provisioned",
            "DatabaseReady",
            "ReplicationHealthy",
            "ClusterFormed");
  }

  @Test
  void saysTheFirstThingThatIsWrongInTheOrderOfBringingUp() {
    Scene scene =
        Scene.ready()
            .ejabberd(E1, LabFixture.ejabberdDown())
            .postgresql("psql1server", LabFixture.down());
    assertReadyIsAs(scene, "DatabaseReady");
    assertReadyIsAs(scene.steps("gw1server"), "Provisioned");
    assertReadyIsAs(scene.power("e2server", Power.CRASHED), "MachinesReady");
    assertReadyIsAs(scene.network("dmz", Seen.missing("")), "NetworksReady");
    assertReadyIsAs(scene.unreachable(), "HostReachable");
  }

  @Test
  void whatIsKnownToBeWrongComesBeforeWhatIsUnknown() {
    assertReadyIsAs(
        Scene.ready().domain("gw1server", Seen.unknown("")).ejabberd(E1, LabFixture.ejabberdDown()),
        "ClusterFormed");
  }

  private void assertReadyIsAs(Scene scene, String type) {
    EjabberdLabStatus status = Story.first(scene);

    assertThat(condition(status, "Ready")).isEqualTo(condition(status, type));
    assertThat(condition(status, "Reconciling"))
        .as("the same in other words")
        .startsWith("True ")
        .endsWith(condition(status, type).replaceFirst("^\\w+ ", ""));
  }
}
