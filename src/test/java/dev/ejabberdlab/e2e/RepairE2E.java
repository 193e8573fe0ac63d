package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.hypervisor.NetworkState;
import java.util.Map;
import java.util.Optional;
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
    lab.stand.hypervisor.destroyDomain(lab.domain("e2server"), lab.owner());
    lab.until("e2server is missed", l -> !lab.isTrue("Ready"));
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
}
