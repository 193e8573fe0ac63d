package dev.ejabberdlab.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.NetworkDefinition.Nat;
import dev.ejabberdlab.hypervisor.NetworkDefinition.Reservation;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import org.junit.jupiter.api.Test;

class DesiredTest {

  private static final LabTopology LAB = LabFixture.lab();
  private static final Owner OWNER = new Owner(LabFixture.UID, "default", "demo");

  @Test
  void theNatNetworkHasTheHostAsGatewayAndAnAddressForEveryNodeAndNobodyElse() {
    NetworkDefinition network = Desired.network(LAB, LAB.network("management"));

    Nat nat = network.nat().orElseThrow();
    assertThat(nat.address()).isEqualTo("192.168.121.1");
    assertThat(nat.prefixLength()).isEqualTo(24);
    assertThat(nat.dhcpStart()).isNull();
    assertThat(nat.dhcpEnd()).isNull();
    assertThat(nat.reservations())
        .extracting(Reservation::hostname)
        .containsExactly("gw1server", "e1server", "e2server", "psql1server", "psql2server");
    assertThat(nat.reservations()).extracting(Reservation::address).doesNotHaveDuplicates();
    assertThat(nat.reservations()).extracting(Reservation::mac).doesNotHaveDuplicates();
    assertThat(network.owner()).isEqualTo(OWNER);
  }

  @Test
  void anIsolatedNetworkHasNoHostAddress() {
    NetworkDefinition network = Desired.network(LAB, LAB.network("dmz"));

    assertThat(network.nat()).isEmpty();
    assertThat(network.name()).isEqualTo("ejl-1a2b3c4d-dmz");
    assertThat(network.owner()).isEqualTo(OWNER);
  }

  @Test
  void aDomainHasAnInterfaceInEachOfItsNetworksInOrder() {
    Node gateway = LAB.node("gw1server");

    DomainDefinition domain =
        Desired.domain(LAB, gateway, "pool", Accelerator.qemu, Scene.IMAGE_VOLUMES.directBoot());

    assertThat(domain.name()).isEqualTo("ejl-1a2b3c4d-gw1server");
    assertThat(domain.uuid()).isEqualTo(gateway.uuid());
    assertThat(domain.volume()).isEqualTo("ejl-1a2b3c4d-gw1server.qcow2");
    assertThat(domain.memoryBytes()).isEqualTo(1L << 30);
    assertThat(domain.vcpus()).isEqualTo(1);
    assertThat(domain.directBoot()).isEqualTo(Scene.IMAGE_VOLUMES.directBoot());
    assertThat(domain.interfaces())
        .extracting(DomainDefinition.Interface::network)
        .containsExactly("ejl-1a2b3c4d-management", "ejl-1a2b3c4d-dmz", "ejl-1a2b3c4d-internal");
    assertThat(domain.interfaces())
        .extracting(DomainDefinition.Interface::mac)
        .containsExactlyElementsOf(gateway.interfaces().stream().map(Node.Interface::mac).toList());
    assertThat(domain.owner()).isEqualTo(OWNER);
  }
}
