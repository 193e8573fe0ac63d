package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.MachineState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The lab is shut down and comes back as it was, or is left alone for a while. */
@ExtendWith(SharedLab.Extension.class)
@Tag("long")
class HaltE2E {

  private final SharedLab lab;

  HaltE2E(SharedLab lab) {
    this.lab = lab.ready();
  }

  @Test
  void goesDownKeepsItsDisksAndComesBack() {
    Map<String, String> before = lab.bootIds();
    Set<String> inventory = lab.stand.inventory();
    lab.sql("psql1server", "CREATE TABLE halt (id int); INSERT INTO halt VALUES (7);");

    lab.edit(spec -> spec.put("running", false));
    lab.until("is Halted", l -> l.getStatus().phase() == Phase.Halted);
    assertThat(lab.status().nodes()).allMatch(n -> n.state() == MachineState.ShutOff);
    assertThat(lab.isTrue("Reconciling")).isFalse();
    assertThat(lab.stand.inventory()).isEqualTo(inventory);
    lab.edit(spec -> spec.remove("running"));
    lab.awaitReady();

    assertThat(lab.bootIds()).hasSameSizeAs(before).doesNotContainValue(before.get("e1server"));
    assertThat(lab.sql("psql2server", "SELECT id FROM halt")).isEqualTo("7");
    for (String member : List.of("e1server", "e2server")) {
      assertThat(lab.ask(member, "list_cluster", "{}")).as(member).hasSize(2);
    }
    lab.sql("psql1server", "DROP TABLE halt;");
  }

  @Test
  void aPausedLabIsLeftAloneUntilItIsNoLongerPaused() {
    Map<String, String> before = lab.bootIds();
    lab.annotate(EjabberdLab.PAUSED, "true");
    lab.until("is paused", l -> lab.isTrue("Paused"));

    lab.stand.hypervisor.destroyDomain(lab.domain("e2server"), lab.owner());
    lab.until("is not Ready", l -> !lab.isTrue("Ready"));
    await("nobody starts it")
        .during(Duration.ofSeconds(45))
        .atMost(GuestStand.PATIENCE)
        .pollInterval(Duration.ofSeconds(1))
        .until(() -> lab.node("e2server").state() == MachineState.ShutOff);

    lab.annotate(EjabberdLab.PAUSED, null);
    lab.awaitReady();
    Map<String, String> after = lab.bootIds();
    assertThat(after.remove("e2server")).isNotEqualTo(before.remove("e2server"));
    assertThat(after).isEqualTo(before);
  }
}
