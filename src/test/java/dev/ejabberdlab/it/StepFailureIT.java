package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.Changes;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.api.v1alpha1.Specs;
import dev.ejabberdlab.plan.Plan;
import dev.ejabberdlab.status.Conditions;
import dev.ejabberdlab.status.LabHistory;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Steps that fail in a guest. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
class StepFailureIT {

  @TempDir static Path directory;

  @Test
  void aStepThatKeepsFailingStallsTheLabUntilItsSpecChanges() {
    try (ApiStand stand = ApiStand.open(directory)) {
      stand.host.agents(false);
      EjabberdLab lab = stand.create("demo");
      SimulatedGuest primary = stand.guest(lab, "psql1server");
      SimulatedGuest server = stand.guest(lab, "e1server");
      primary.fail("postgresql-primary", "much to say\nthe disk is full\n");
      server.fail("base", "the network was not there yet\n", 2);
      // One that says nothing: an empty text is no text to the API server.
      SimulatedGuest other = stand.guest(lab, "e2server");
      other.fail("base", "", 2);

      EjabberdLab retrying;
      try (LabHistory history = new LabHistory(stand.resource(lab))) {
        stand.host.agents(true);
        retrying = history.await("retries", ApiStand.PATIENCE, l -> attempts(l, "e1server") == 2);
        history.await(
            "retries without a word", ApiStand.PATIENCE, l -> attempts(l, "e2server") == 2);
      }
      assertThat(ApiStand.condition(retrying, Conditions.READY).orElseThrow().getStatus())
          .isEqualTo("False");
      assertThat(ApiStand.condition(retrying, "Provisioned").orElseThrow().getMessage())
          .contains("e1server", "base", "the network was not there yet");

      EjabberdLab stalled = stand.awaitStalled(lab, "StepFailed");
      assertThat(stalled.getStatus().phase()).isEqualTo(Phase.Stalled);
      assertThat(ApiStand.condition(stalled, Conditions.STALLED).orElseThrow().getMessage())
          .contains("postgresql-primary", "psql1server", "the disk is full");
      assertThat(node(stalled, "psql1server").lastError())
          .isEqualTo("much to say\nthe disk is full\n");
      assertThat(attempts(stalled, "psql1server")).isEqualTo(Plan.MAX_ATTEMPTS);
      assertThat(primary.launched())
          .filteredOn("postgresql-primary"::equals)
          .hasSize(Plan.MAX_ATTEMPTS);
      stand.until(lab, "goes on at e1server", l -> attempts(l, "e1server") == 0);
      assertThat(stand.awaitEvent(lab, "StepFailed").getType()).isEqualTo("Warning");

      primary.mend("postgresql-primary");
      Changes.edit(
          stand.resource(lab),
          l -> {
            l.setSpec(withSysctl(l.getSpec()));
            return l;
          });
      EjabberdLab ready = stand.awaitReady(lab, true);
      assertThat(ready.getMetadata().getGeneration()).isEqualTo(2);
      assertThat(ready.getStatus().nodes()).allSatisfy(n -> assertThat(n.lastError()).isNull());
    }
  }

  private static EjabberdLabSpec withSysctl(EjabberdLabSpec spec) {
    return Specs.with(spec, "sysctls", Map.of("vm.swappiness", "10"));
  }

  private static int attempts(EjabberdLab lab, String node) {
    if (lab.getStatus() == null || lab.getStatus().nodes() == null) {
      return 0;
    }
    Integer attempts = node(lab, node).attempts();
    return attempts == null ? 0 : attempts;
  }

  private static NodeStatus node(EjabberdLab lab, String name) {
    return lab.getStatus().nodes().stream()
        .filter(n -> n.name().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
