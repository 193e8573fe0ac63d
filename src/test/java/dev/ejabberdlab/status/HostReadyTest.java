package dev.ejabberdlab.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.hypervisor.PoolState;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.HostSnapshot.Inventory;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.Seen;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class HostReadyTest {

  private static final UUID HERE = new UUID(0, 1);
  private static final UUID LAB = UUID.fromString("1a2b3c4d-0000-4000-8000-000000000000");

  private static HostSnapshot with(Seen<PoolState> pool) {
    return new HostSnapshot(
        Seen.of(new HostFacts("h", false, "9.0.0", 1, 1, Optional.of(HERE))),
        List.of(),
        LabFixture.NOW,
        pool,
        Inventory.NOTHING,
        Optional.empty());
  }

  private static Finding ready(HostSnapshot seen, String... twins) {
    return HostReady.finding("attic", "default", seen, List.of(twins));
  }

  @Test
  void aHostIsReadyWithItsPool() {
    assertThat(ready(with(Seen.of(new PoolState("default", true, 2, 1)))))
        .isEqualTo(Finding.yes(Reason.HostConnected, "libvirt 9.0.0 answers."));
    assertThat(ready(with(Seen.missing(""))).reason()).isEqualTo(Reason.PoolMissing);
    assertThat(ready(with(Seen.missing(""))).truth()).isEqualTo(Truth.False);
    assertThat(ready(with(Seen.of(new PoolState("default", false, 0, 0)))))
        .isEqualTo(
            Finding.no(
                Reason.PoolInactive,
                "Storage pool default is stopped; start it with: virsh pool-start default"));
  }

  @Test
  void twoNamesOfOneHostAreTold() {
    assertThat(ready(with(Seen.of(new PoolState("default", true, 2, 1))), "cellar").message())
        .isEqualTo("libvirt 9.0.0 answers. LibvirtHost cellar leads to the same host.");
  }

  @Test
  void anotherHostIsToldWithTheWayToAcceptIt() {
    HostSnapshot seen = with(Seen.unknown("")).seenBy(LAB, new UUID(0, 7).toString());

    assertThat(ready(seen).truth()).isEqualTo(Truth.False);
    assertThat(ready(seen).reason()).isEqualTo(Reason.OtherHost);
    assertThat(ready(seen).message())
        .contains("ejabberdlab.dev/accept-uuid: \"" + HERE + "\"", "LibvirtHost attic");
  }

  @Test
  void whatSomebodyMustDoSomethingAboutIsAnEvent() {
    assertThat(HostReady.event(Reason.PoolMissing, "There is no storage pool p."))
        .contains(new Transition(true, Reason.PoolMissing, "There is no storage pool p."));
    assertThat(HostReady.event(Reason.HostInUse, "It waits.")).isPresent();
    assertThat(HostReady.event(Reason.HostConnected, "It answers.")).isEmpty();
    assertThat(HostReady.event(Reason.HostUnreachable, "No answer.")).isEmpty();
    assertThat(HostReady.event(Reason.RequestFailed, "told elsewhere")).isEmpty();
  }
}
