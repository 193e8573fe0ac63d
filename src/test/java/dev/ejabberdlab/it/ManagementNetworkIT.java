package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Attachment;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Network;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NetworkStatus;
import dev.ejabberdlab.api.v1alpha1.Specs;
import dev.ejabberdlab.hypervisor.DomainDefinition.Interface;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.status.Conditions;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several labs on one host. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
class ManagementNetworkIT {

  @TempDir static Path directory;

  @Test
  void twoLabsOnOneHostDoNotMeetAndWhatOneLeavesAnotherTakes() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab one = stand.create("one");
      EjabberdLab two = stand.create("two");
      one = stand.awaitReady(one);
      two = stand.awaitReady(two);

      assertThat(Stream.of(one, two).map(ManagementNetworkIT::management))
          .containsExactlyInAnyOrder("192.168.121.0/24", "10.121.0.0/24");
      assertThat(isolated(one))
          .isEqualTo(isolated(two))
          .containsExactly("192.168.1.0/29", "192.168.1.8/29");
      assertThat(labNetworks(stand)).hasSize(6).doesNotHaveDuplicates();
      assertThat(labNetworks(stand)).extracting(NetworkDefinition::bridge).doesNotHaveDuplicates();
      assertThat(labInterfaces(stand)).extracting(Interface::mac).doesNotHaveDuplicates();

      String left = management(one);
      stand.resource(one).delete();
      stand.awaitGone(one);
      EjabberdLab three = stand.awaitReady(stand.create("three"));
      assertThat(management(three)).isEqualTo(left);
      assertThat(management(stand.now(two))).isEqualTo(management(two));
    }
  }

  @Test
  void aGivenNetworkThatOverlapsAnotherIsRefusedAndItsOwnerNamed() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab first = stand.awaitReady(stand.create("first"));

      EjabberdLab likeTheFirst = create(stand, "like-the-first", "192.168.121.128/25");
      EjabberdLab likeAForeign = create(stand, "like-a-foreign", "10.99.0.0/16");
      EjabberdLab good = create(stand, "good", "10.77.0.0/24");

      assertThat(stalled(stand, likeTheFirst))
          .startsWith("spec.networks")
          .contains("192.168.121.128/25", "192.168.121.0/24", stand.namespace() + "/first");
      assertThat(stalled(stand, likeAForeign))
          .startsWith("spec.networks")
          .contains("10.99.0.0/16", "10.99.0.0/24", "foreign");
      assertThat(management(stand.awaitReady(good))).isEqualTo("10.77.0.0/24");
      for (EjabberdLab refused : List.of(likeTheFirst, likeAForeign)) {
        assertThat(stand.host.networksOf(refused.getMetadata().getUid())).isEmpty();
        assertThat(stand.host.domainsOf(refused.getMetadata().getUid())).isEmpty();
      }
      assertThat(stand.secrets())
          .filteredOn(s -> s.getMetadata().getName().endsWith("-credentials"))
          .hasSize(2);

      stand.resource(first).delete();
      stand.awaitGone(first);
      stand.awaitReady(likeTheFirst, true);
    }
  }

  @Test
  void aLabWaitsForANetworkWhenTheHostHasNoneLeft() {
    try (ApiStand stand = ApiStand.withoutHost(directory)) {
      stand.createHost(List.of("10.50.0.0/28"));
      EjabberdLab first = stand.awaitReady(stand.create("first"));
      assertThat(management(first)).isEqualTo("10.50.0.0/28");

      EjabberdLab second = stand.create("second");
      assertThat(stalled(stand, second)).contains(stand.hostName(), "managementCidrs");

      stand.resource(first).delete();
      stand.awaitGone(first);
      assertThat(management(stand.awaitReady(second, true))).isEqualTo("10.50.0.0/28");
    }
  }

  /** The reference lab, as small as it can be, with a management network that its author chose. */
  private static EjabberdLab create(ApiStand stand, String name, String cidr) {
    EjabberdLab lab = stand.minimal(name);
    Network management = new Network("management", NetworkMode.nat, cidr);
    lab.setSpec(
        Specs.with(
            Specs.with(lab.getSpec(), "networks", List.of(management)),
            "nodes",
            List.of(node("e1server", Role.ejabberd), node("psql1server", Role.postgresql))));
    return stand.create(lab);
  }

  private static Node node(String name, Role role) {
    List<Attachment> networks = List.of(new Attachment("management", null, null));
    return new Node(name, role, null, null, null, null, null, networks);
  }

  private static String stalled(ApiStand stand, EjabberdLab lab) {
    return ApiStand.condition(stand.awaitStalled(lab, "InvalidSpec"), Conditions.STALLED)
        .orElseThrow()
        .getMessage();
  }

  private static String management(EjabberdLab lab) {
    return lab.getStatus().networks().stream()
        .filter(n -> n.name().equals("management"))
        .map(NetworkStatus::cidr)
        .findFirst()
        .orElseThrow();
  }

  private static List<String> isolated(EjabberdLab lab) {
    return lab.getStatus().networks().stream()
        .filter(n -> !n.name().equals("management"))
        .map(NetworkStatus::cidr)
        .toList();
  }

  private static List<NetworkDefinition> labNetworks(ApiStand stand) {
    return stand.host.libvirt().networks().stream()
        .map(NetworkState::definition)
        .flatMap(d -> d.stream())
        .toList();
  }

  private static List<Interface> labInterfaces(ApiStand stand) {
    return stand.host.libvirt().domains().stream()
        .map(DomainState::definition)
        .flatMap(d -> d.stream())
        .flatMap(d -> d.interfaces().stream())
        .toList();
  }
}
