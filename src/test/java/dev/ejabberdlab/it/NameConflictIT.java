package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.status.Conditions;
import dev.ejabberdlab.topology.Allocations;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.TopologyBuilder;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Objects of others that are where a lab's should be. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
class NameConflictIT {

  private static final UUID THEIRS = UUID.fromString("bbbbbbbb-0000-4000-8000-000000000001");

  @TempDir static Path directory;

  /** What somebody else has, in libvirt's XML. */
  enum Theirs {
    DOMAIN_OF_OUR_NAME(lab -> domain(lab.node("e1server").domain(), THEIRS)),
    DOMAIN_WITH_OUR_UUID(lab -> domain("theirs", lab.node("e1server").uuid())),
    NETWORK_OF_OUR_NAME(lab -> network(lab.network("dmz").libvirtName(), THEIRS)),
    NETWORK_WITH_OUR_UUID(lab -> network("theirs", lab.network("dmz").uuid()));

    private final Function<LabTopology, String> xml;

    Theirs(Function<LabTopology, String> xml) {
      this.xml = xml;
    }

    private static String domain(String name, UUID uuid) {
      return """
      <domain type="test">
        <name>%s</name>
        <uuid>%s</uuid>
        <memory>8192</memory>
        <vcpu>1</vcpu>
        <os><type>hvm</type></os>
      </domain>
      """
          .formatted(name, uuid);
    }

    private static String network(String name, UUID uuid) {
      return """
      <network>
        <name>%s</name>
        <uuid>%s</uuid>
        <bridge name="theirs0"/>
      </network>
      """
          .formatted(name, uuid);
    }
  }

  @ParameterizedTest
  @EnumSource
  void itIsReportedAndLeftAlone(Theirs theirs) {
    try (ApiStand stand = ApiStand.withoutHost(directory)) {
      EjabberdLab lab = stand.create("demo");
      stand.describe(theirs.xml.apply(topology(lab)));
      Hypervisor libvirt = stand.host.libvirt();
      Optional<DomainState> domain = unmarked(libvirt);
      Optional<NetworkState> network = unmarkedNetwork(libvirt);
      stand.createHost();

      EjabberdLab stalled = stand.awaitStalled(lab, "NameConflict");
      assertThat(ApiStand.condition(stalled, Conditions.STALLED).orElseThrow().getMessage())
          .contains("left alone");
      assertThat(ApiStand.condition(stalled, Conditions.READY).orElseThrow().getStatus())
          .isEqualTo("False");
      assertThat(unmarked(libvirt)).isEqualTo(domain);
      assertThat(unmarkedNetwork(libvirt)).isEqualTo(network);

      stand.resource(lab).delete();
      stand.awaitGone(lab);
      assertThat(unmarked(libvirt)).isEqualTo(domain);
      assertThat(unmarkedNetwork(libvirt)).isEqualTo(network);
    }
  }

  @Test
  void aLabGoesOnWhenWhatBelongsToAnotherLabIsGone() {
    try (ApiStand stand = ApiStand.open(directory)) {
      stand.host.disconnect();
      EjabberdLab lab = stand.create("demo");
      Owner other = new Owner(THEIRS, "elsewhere", "other");
      UUID uuid = topology(lab).network("dmz").uuid();
      stand
          .host
          .libvirt()
          .defineNetwork(new NetworkDefinition(uuid, "theirs", other, "theirs0", Optional.empty()));
      stand.host.reconnect();

      EjabberdLab stalled = stand.awaitStalled(lab, "NameConflict");
      assertThat(ApiStand.condition(stalled, Conditions.STALLED).orElseThrow().getMessage())
          .contains("elsewhere/other");

      stand.host.libvirt().deleteNetwork(uuid, other);
      stand.awaitReady(lab, true);
    }
  }

  private static LabTopology topology(EjabberdLab lab) {
    return TopologyBuilder.build(lab, Allocations.NONE.withManagementCidr("192.168.121.0/24"));
  }

  private static Optional<DomainState> unmarked(Hypervisor libvirt) {
    return libvirt.domains().stream()
        .filter(d -> d.owner().isEmpty() && !d.name().equals("foreign"))
        .findFirst();
  }

  private static Optional<NetworkState> unmarkedNetwork(Hypervisor libvirt) {
    return libvirt.networks().stream()
        .filter(n -> n.owner().isEmpty() && !n.name().equals("foreign"))
        .findFirst();
  }
}
