package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.MachineState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.hypervisor.TestDriver;
import dev.ejabberdlab.status.Conditions;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** The life of one lab whose host goes away at every stage of it. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class UnreachableHostIT {

  private static final List<String> PARTS =
      List.of(
          "HostReachable",
          "NetworksReady",
          "MachinesReady",
          "Provisioned",
          "DatabaseReady",
          "ReplicationHealthy",
          "ClusterFormed");

  private static final List<String> NODES =
      List.of("gw1server", "e1server", "e2server", "psql1server", "psql2server");

  @TempDir static Path directory;
  private static ApiStand stand;
  private static EjabberdLab lab;

  @BeforeAll
  static void open() {
    stand = ApiStand.open(directory);
  }

  @AfterAll
  static void close() {
    stand.close();
  }

  @Test
  @Order(1)
  void aHostThatWasNeverSeenIsAwaited() {
    stand.host.disconnect();
    EjabberdLab pending =
        stand.until(
            stand.create("demo"),
            "waits",
            l -> ApiStand.observed(l) && isUnknown(l, Conditions.READY));
    assertThat(pending.getStatus().phase()).isEqualTo(Phase.Pending);
    assertThat(ApiStand.isTrue(pending, Conditions.RECONCILING)).isTrue();
    assertThat(stand.host.changes()).isEmpty();
    assertThat(stand.secrets()).isEmpty();
    lab = pending;
  }

  @Test
  @Order(2)
  void bringUpGoesOnWhereItWas() {
    NODES.forEach(node -> stand.guest(lab, node).hold("base"));
    stand.host.reconnect();
    stand.until(lab, "runs its machines", l -> ApiStand.isTrue(l, "MachinesReady"));
    Map<String, String> boots = boots();

    disconnectAndCheckThatNothingIsDone();

    NODES.forEach(node -> stand.guest(lab, node).release("base"));
    stand.host.reconnect();
    lab = stand.awaitReady(lab);
    assertThat(boots()).isEqualTo(boots);
    assertThat(stand.host.changes()).doesNotHaveDuplicates();
    assertThat(stand.guest(lab, "e1server").launched())
        .doesNotHaveDuplicates()
        .startsWith("base", "ejabberd");
  }

  @Test
  @Order(3)
  void aReadyLabIsUnknownAndThenReadyAgain() {
    int changes = stand.host.changes().size();
    Map<String, String> boots = boots();

    EjabberdLab unknown = disconnectAndCheckThatNothingIsDone();
    assertThat(unknown.getStatus().phase()).isEqualTo(Phase.Unknown);
    assertThat(ApiStand.condition(unknown, Conditions.READY).orElseThrow().getReason())
        .isEqualTo("HostUnreachable");

    stand.host.reconnect();
    stand.awaitReady(lab);
    assertThat(boots()).isEqualTo(boots);
    assertThat(stand.host.changes()).hasSize(changes);
  }

  @Test
  @Order(4)
  void aDeletedLabKeepsItsFinalizerUntilEverythingIsGoneForSure() {
    stand.host.disconnect();
    stand.until(lab, "is unknown", l -> isUnknown(l, Conditions.READY));
    stand.resource(lab).delete();
    EjabberdLab waiting =
        stand.until(
            lab,
            "says why it stays",
            l ->
                l.getStatus().phase() == Phase.Deleting
                    && ApiStand.message(l, Conditions.READY).contains("could not be seen"));
    assertThat(isUnknown(waiting, Conditions.READY)).isTrue();
    assertThat(ApiStand.message(waiting, Conditions.READY))
        .contains(stand.hostName(), EjabberdLab.ABANDON);
    assertThat(waiting.getMetadata().getFinalizers()).isNotEmpty();
    assertThat(stand.secrets()).isNotEmpty();

    // Meanwhile somebody takes parts of it away.
    Owner owner = new Owner(ApiStand.uid(lab), stand.namespace(), "demo");
    Hypervisor libvirt = stand.host.libvirt();
    libvirt.domains().stream()
        .filter(d -> d.name().endsWith("-e1server") || d.name().endsWith("-psql1server"))
        .forEach(
            d -> {
              libvirt.destroyDomain(d.uuid(), owner);
              libvirt.undefineDomain(d.uuid(), owner);
            });
    libvirt.deleteVolume(TestDriver.POOL, ApiStand.prefix(lab) + "e1server.qcow2");
    libvirt.networks().stream()
        .filter(n -> n.name().endsWith("-dmz"))
        .map(NetworkState::uuid)
        .forEach(uuid -> libvirt.deleteNetwork(uuid, owner));

    stand.host.reconnect();
    stand.awaitGone(lab);
    assertThat(stand.host.inventory()).noneMatch(name -> name.contains(ApiStand.prefix(lab)));
    assertThat(stand.secrets()).isEmpty();
  }

  private static EjabberdLab disconnectAndCheckThatNothingIsDone() {
    Set<String> inventory = stand.host.inventory();
    stand.host.disconnect();
    EjabberdLab unknown =
        stand.until(
            lab,
            "is unknown",
            l ->
                PARTS.stream().allMatch(part -> isUnknown(l, part))
                    && l.getStatus().nodes().stream()
                        .allMatch(n -> n.state() == MachineState.Unknown));
    assertThat(ApiStand.condition(unknown, "HostReachable").orElseThrow().getMessage())
        .contains(stand.hostName(), "last contact");
    Awaitility.await("the host's own status")
        .atMost(ApiStand.PATIENCE)
        .until(
            () ->
                Conditions.find(stand.libvirtHost().getStatus().conditions(), Conditions.READY)
                    .filter(c -> c.getStatus().equals("Unknown"))
                    .isPresent());
    int asked = stand.host.changes().size();
    Awaitility.await("nothing is tried")
        .during(Duration.ofSeconds(7))
        .atMost(ApiStand.PATIENCE)
        .until(() -> stand.host.changes().size() == asked);
    assertThat(stand.host.inventory()).isEqualTo(inventory);
    return unknown;
  }

  private static boolean isUnknown(EjabberdLab lab, String condition) {
    return ApiStand.condition(lab, condition)
        .filter(c -> c.getStatus().equals("Unknown"))
        .isPresent();
  }

  private static Map<String, String> boots() {
    return NODES.stream().collect(Collectors.toMap(n -> n, n -> stand.guest(lab, n).bootId()));
  }
}
