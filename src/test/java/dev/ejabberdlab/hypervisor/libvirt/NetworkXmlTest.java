package dev.ejabberdlab.hypervisor.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.NetworkDefinition.Nat;
import dev.ejabberdlab.hypervisor.NetworkDefinition.Reservation;
import dev.ejabberdlab.hypervisor.Owner;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.w3c.dom.Element;

class NetworkXmlTest {

  private static NetworkDefinition network(Optional<Nat> nat) {
    return new NetworkDefinition(
        UUID.fromString("00000000-0000-4000-8000-000000000001"),
        "ejl-12345678-mgmt",
        new Owner(UUID.fromString("00000000-0000-4000-8000-000000000002"), "labs", "demo"),
        "ejl12345678m",
        nat);
  }

  static Stream<Optional<Nat>> addresses() {
    Reservation e1 = new Reservation("52:54:00:00:00:01", "192.168.121.10", "e1server");
    Reservation e2 = new Reservation("52:54:00:00:00:02", "192.168.121.11", "e2server");
    return Stream.of(
        Optional.empty(),
        Optional.of(new Nat("192.168.121.1", 24, null, null, List.of())),
        Optional.of(new Nat("192.168.121.1", 24, null, null, List.of(e1, e2))),
        Optional.of(new Nat("192.168.121.1", 24, "192.168.121.100", "192.168.121.200", List.of())),
        Optional.of(new Nat("10.0.0.1", 8, "10.0.1.1", "10.0.1.9", List.of(e1))));
  }

  @ParameterizedTest
  @MethodSource("addresses")
  void aDefinitionIsReadBack(Optional<Nat> nat) {
    NetworkDefinition network = network(nat);
    Element root = Xml.parse(NetworkXml.write(network));

    assertThat(NetworkXml.read(root, OwnerMark.read(root).orElseThrow())).isEqualTo(network);
  }

  @Test
  void anIsolatedNetworkGivesTheHostNoWayIn() {
    Element root = Xml.parse(NetworkXml.write(network(Optional.empty())));

    assertThat(Xml.children(root, "forward")).isEmpty();
    assertThat(Xml.children(root, "ip")).isEmpty();
  }

  @Test
  void onlyIpv4AddressesOfTheHostCount() {
    Element root =
        Xml.parse(
            """
            <network>
              <ip address="192.168.122.1" netmask="255.255.255.0"/>
              <ip family="ipv4" address="172.16.5.6" prefix="12"/>
              <ip address="10.1.2.3"/>
              <ip family="ipv6" address="fd00::1" prefix="64"/>
            </network>""");

    assertThat(NetworkXml.cidrs(root))
        .containsExactly("192.168.122.0/24", "172.16.0.0/12", "10.0.0.0/8");
  }
}
