package dev.ejabberdlab.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ManagementCidrsTest {

  private static final EjabberdLab LAB = SpecTrees.minimal();

  @Test
  void takesTheFirstOfTheDefaultPool() {
    assertThat(ManagementCidrs.choose(LAB, null, Map.of())).contains("192.168.121.0/24");
    assertThat(ManagementCidrs.choose(LAB, List.of(), Map.of())).contains("192.168.121.0/24");
  }

  @Test
  void passesOverWhatIsInUse() {
    assertThat(
            ManagementCidrs.choose(
                LAB,
                null,
                Map.of(
                    "192.168.121.0/24", "lab default/other",
                    "10.121.0.64/26", "the host",
                    "10.121.1.7/24", "the host's eth0",
                    "0.0.0.0/0", "the default route",
                    "fe80::/64", "the host's eth0")))
        .contains("10.121.2.0/24");
  }

  @Test
  void passesOverTheLabsOwnIsolatedNetworks() {
    ObjectNode tree = SpecTrees.sample("reference-lab.yaml");
    SpecTrees.remove(tree, "/spec/networks/0/cidr");
    SpecTrees.set(tree, "/spec/networks/1/cidr", SpecTrees.yaml("10.0.0.0/29"));
    assertThat(ManagementCidrs.choose(SpecTrees.lab(tree), List.of("10.0.0.0/23"), Map.of()))
        .contains("10.0.1.0/24");
    assertThat(ManagementCidrs.choose(LAB, List.of("192.168.0.0/22"), Map.of()))
        .contains("192.168.0.0/24");
    assertThat(
            ManagementCidrs.choose(
                LAB, List.of("192.168.0.0/22"), Map.of("192.168.0.0/24", "the host")))
        .contains("192.168.2.0/24");
  }

  @Test
  void takesSmallEntriesWholeIfTheLabFits() {
    assertThat(ManagementCidrs.choose(LAB, List.of("10.0.0.0/29", "10.0.0.16/28"), Map.of()))
        .contains("10.0.0.16/28");
    assertThat(ManagementCidrs.choose(LAB, List.of("10.0.0.0/30"), Map.of())).isEmpty();
  }

  @Test
  void isEmptyWhenThePoolIsExhausted() {
    assertThat(
            ManagementCidrs.choose(
                LAB, List.of("10.0.0.0/23"), Map.of("10.0.0.0/8", "libvirt network big")))
        .isEmpty();
  }

  @Test
  void passesOverFaultyEntries() {
    assertThat(ManagementCidrs.choose(LAB, List.of("nonsense", "10.0.0.0/24"), Map.of()))
        .contains("10.0.0.0/24");
  }

  @Test
  void refusesPoolsWithFaultyEntries() {
    assertThat(
            ManagementCidrs.violations(
                List.of("nonsense", "10.0.0.5/24", "10.0.0.1/16", "10.0.0.0/24")))
        .containsExactly(
            "spec.managementCidrs[0]: \"nonsense\" is not an IPv4 network of prefix length 8 to 30;"
                + " give one like 192.168.1.0/29.",
            "spec.managementCidrs[1]: 10.0.0.5/24 is an address inside a network; give the network,"
                + " 10.0.0.0/24.",
            "spec.managementCidrs[2]: 10.0.0.1/16 is an address inside a network; give the network,"
                + " 10.0.0.0/16.");
    assertThat(ManagementCidrs.violations(null)).isEmpty();
  }

  @Test
  void looksLazilyIntoLargeEntries() {
    assertThat(ManagementCidrs.choose(LAB, List.of("10.0.0.0/8"), Map.of()))
        .contains("10.0.0.0/24");
  }

  @Test
  void namesTheOwnerOfWhatAGivenNetworkOverlaps() {
    assertThat(
            ManagementCidrs.overlap(
                "192.168.121.0/24",
                Map.of("192.168.122.0/24", "libvirt network default", "10.0.0.0/8", "the host")))
        .isEmpty();
    assertThat(
            ManagementCidrs.overlap(
                "192.168.122.128/25",
                Map.of("192.168.122.1/24", "libvirt network default", "10.0.0.0/8", "the host")))
        .contains(
            "Network 192.168.122.128/25 overlaps 192.168.122.0/24 of libvirt network default; give a"
                + " network that the host does not use, or none.");
  }

  @Test
  void refusesWhatIsNoCidr() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ManagementCidrs.overlap("192.168.122.0/24", Map.of("eth0", "the host")));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ManagementCidrs.overlap("192.168.122.0", Map.of()));
  }

  @Test
  void readsWhatTheSpecGives() {
    assertThat(ManagementCidrs.given(LAB)).isEmpty();
    assertThat(ManagementCidrs.given(SpecTrees.reference())).contains("192.168.121.0/24");
  }
}
