package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.MachineState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.status.Conditions;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Labs that are shut down, paused, or told to try again. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
class HaltIT {

  private static final String E1 = "e1server";
  private static final String E2 = "e2server";

  @TempDir static Path directory;

  @Test
  void aLabGoesDownInOrderAndComesBackWithItsDisks() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      Set<String> inventory = stand.host.inventory();
      int up = stand.host.changes().size();

      Edits.set(stand, lab, "running", false);
      EjabberdLab halted =
          stand.until(lab, "is Halted", l -> l.getStatus().phase() == Phase.Halted);

      assertThat(Edits.domainChanges(stand, lab, up))
          .containsExactly(
              "shutdownDomain e2server",
              "shutdownDomain e1server",
              "shutdownDomain psql2server",
              "shutdownDomain psql1server",
              "shutdownDomain gw1server");
      assertThat(ApiStand.condition(halted, Conditions.READY).orElseThrow().getReason())
          .isEqualTo("Halted");
      assertThat(ApiStand.isTrue(halted, Conditions.RECONCILING)).isFalse();
      assertThat(halted.getStatus().nodes())
          .allMatch(n -> n.state() == MachineState.ShutOff && !n.ready());
      assertThat(stand.host.inventory()).isEqualTo(inventory);
      assertThat(stand.events(lab))
          .filteredOn(e -> e.getReason().equals("MachineStopped"))
          .allMatch(e -> e.getType().equals("Normal"));
      int down = stand.host.changes().size();

      Edits.set(stand, lab, "running", true);
      stand.awaitReady(lab);

      List<String> started = Edits.domainChanges(stand, lab, down);
      assertThat(started).hasSize(5).allMatch(c -> c.startsWith("startDomain "));
      assertThat(started.indexOf("startDomain " + E1))
          .isLessThan(started.indexOf("startDomain " + E2));
      assertThat(stand.guest(lab, E2).launched())
          .as("nothing is made anew")
          .containsExactly("base", "ejabberd", "ejabberd-cluster");
    }
  }

  @Test
  void aPausedLabIsLeftAloneAndTellsTheTruth() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      Owner owner = new Owner(ApiStand.uid(lab), stand.namespace(), "demo");
      Edits.annotate(stand, lab, EjabberdLab.PAUSED, "true");
      EjabberdLab paused = stand.until(lab, "is paused", l -> ApiStand.isTrue(l, "Paused"));
      assertThat(ApiStand.isTrue(paused, Conditions.READY)).isTrue();
      int changes = stand.host.changes().size();

      stand
          .host
          .libvirt()
          .destroyDomain(
              stand.host.domainsOf(lab.getMetadata().getUid()).stream()
                  .filter(d -> d.name().endsWith(E2))
                  .findFirst()
                  .orElseThrow()
                  .uuid(),
              owner);
      EjabberdLab broken =
          stand.until(lab, "is not Ready", l -> !ApiStand.isTrue(l, Conditions.READY));
      assertThat(ApiStand.isTrue(broken, Conditions.RECONCILING)).isFalse();
      Awaitility.await("nothing is done")
          .during(Duration.ofSeconds(3))
          .atMost(ApiStand.PATIENCE)
          .until(() -> stand.host.changes().size() == changes);

      stand.resource(lab).delete();
      EjabberdLab deleted = stand.until(lab, "waits", l -> l.getStatus().phase() == Phase.Deleting);
      assertThat(ApiStand.condition(deleted, Conditions.READY).orElseThrow().getReason())
          .isEqualTo("Paused");
      assertThat(stand.host.changes()).hasSize(changes);

      Edits.annotate(stand, lab, EjabberdLab.PAUSED, null);
      stand.awaitGone(lab);
    }
  }

  @Test
  void workGoesOnWhenTheLabIsNoLongerPaused() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.minimal("demo");
      lab.getMetadata().setAnnotations(Map.of(EjabberdLab.PAUSED, "true"));
      EjabberdLab created = stand.create(lab);
      stand.until(
          created, "is paused", l -> ApiStand.isTrue(l, "Paused") && l.getStatus().nodes() != null);
      assertThat(stand.host.changes()).isEmpty();

      Edits.annotate(stand, created, EjabberdLab.PAUSED, null);

      stand.awaitReady(created);
      assertThat(ApiStand.condition(stand.now(created), "Paused")).isEmpty();
      stand.awaitEvent(created, "Resumed");
    }
  }

  @Test
  void anAnnotationHasFailedStepsTriedAnew() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      SimulatedGuest guest = stand.guest(lab, E2);
      guest.fail("base", "no\n");
      Edits.set(stand, lab, "sysctls", Map.of("net.ipv4.ip_default_ttl", "67"));
      stand.awaitStalled(lab, "StepFailed");
      guest.mend("base");

      Edits.annotate(stand, lab, EjabberdLab.RETRY, "1");

      stand.awaitReady(lab, true);
    }
  }
}
