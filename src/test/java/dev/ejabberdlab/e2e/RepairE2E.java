package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ejabberdlab.guest.GuestChannel;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.status.Conditions;
import dev.ejabberdlab.status.LabHistory;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Parts of the lab that somebody takes away. */
@ExtendWith(SharedLab.Extension.class)
class RepairE2E {

  private final SharedLab lab;

  RepairE2E(SharedLab lab) {
    this.lab = lab.ready();
  }

  @Test
  void aDestroyedMachineComesBackAndTheOthersAreLeftAlone() {
    Map<String, String> before = lab.bootIds();
    try (LabHistory history = lab.history()) {
      lab.stand.hypervisor.destroyDomain(lab.domain("e2server"), lab.owner());
      history.await(
          "e2server is missed",
          GuestStand.PATIENCE,
          l -> !Conditions.isTrue(l.getStatus().conditions(), Conditions.READY));
    }
    assertThat(lab.stand.hypervisor.networks())
        .as("networks outlive guests")
        .filteredOn(n -> n.owner().equals(Optional.of(lab.owner())))
        .hasSize(3)
        .allMatch(NetworkState::active);
    lab.awaitReady();
    Map<String, String> after = lab.bootIds();
    assertThat(after.remove("e2server")).isNotEqualTo(before.remove("e2server"));
    assertThat(after).isEqualTo(before);
  }

  /** libvirt may refuse every command to the agent of such a domain when it is started again. */
  @Test
  @Tag("long")
  void aGuestAnswersAgainWhoseQemuHungAndWasDestroyedWithACommandInIt() throws Exception {
    UUID domain = lab.domain("e2server");
    String name = lab.node("e2server").domain();
    GuestChannel guest = lab.stand.guest(lab.resource(), "e2server");
    // Nobody else asks the agent, and nobody else starts the domain.
    lab.stand.operator.stop();
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      HostProcesses.qemu("STOP", name);
      Future<Boolean> command = other.submit(guest::ping);
      assertThatThrownBy(() -> command.get(2, TimeUnit.SECONDS))
          .isInstanceOf(TimeoutException.class);
      lab.stand.hypervisor.destroyDomain(domain, lab.owner());
      lab.stand.hypervisor.startDomain(domain, lab.owner());
      await("the agent answers")
          .atMost(GuestStand.PATIENCE)
          .pollInterval(Duration.ofSeconds(1))
          .until(guest::ping);
    } finally {
      other.shutdownNow();
      lab.stand.operator.start();
    }
    lab.awaitReady();
  }
}
