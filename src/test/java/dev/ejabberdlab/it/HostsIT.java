package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostStatus;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.TestDriver;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.hypervisor.libvirt.LibvirtHypervisorFactory;
import dev.ejabberdlab.hypervisor.libvirt.TestVolumes;
import dev.ejabberdlab.status.Conditions;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hosts, and what on them is whose. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
class HostsIT {

  @TempDir static Path directory;

  @Test
  void aHostSaysWhatItIsAndHoldsItsLabs() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      LibvirtHostStatus status =
          awaitHost(stand, "knows its pool", h -> h.getStatus().pool().freeBytes() != null)
              .getStatus();
      assertThat(status.uuid()).isEqualTo(lab.getStatus().libvirt().uuid()).isNotBlank();
      assertThat(status.libvirtVersion()).matches("\\d+\\.\\d+\\.\\d+");
      assertThat(status.pool().name()).isEqualTo(TestDriver.POOL);
      assertThat(status.pool().active()).isTrue();
      assertThat(lab.getStatus().libvirt().pool()).isEqualTo(TestDriver.POOL);
      assertThat(lab.getStatus().libvirt().volumes()).hasSize(5);

      // To be deleted, it waits, and its lab goes on.
      ApiStand.CLIENT
          .resources(LibvirtHost.class)
          .withName(stand.hostName())
          .withTimeoutInMillis(0)
          .delete();
      assertThat(awaitReason(stand, "HostInUse").getMessage())
          .contains(stand.namespace() + "/demo");
      stand.host.domainsOf(lab.getMetadata().getUid()).stream()
          .filter(d -> d.name().endsWith("-e1server"))
          .forEach(d -> stand.host.libvirt().destroyDomain(d.uuid(), d.owner().orElseThrow()));
      stand.awaitEvent(lab, "MachineStopped");
      stand.awaitReady(lab);

      stand.resource(lab).delete();
      stand.awaitGone(lab);
      Awaitility.await("the host goes with its last lab")
          .atMost(ApiStand.PATIENCE)
          .until(() -> stand.libvirtHost() == null);
    }
  }

  @Test
  void aPoolThatIsMissingOrStoppedIsTold() {
    try (ApiStand stand = ApiStand.open(directory)) {
      awaitReason(stand, "HostConnected");
      stand.host.stopPool(true);
      lookAgain(stand);
      awaitReason(stand, "PoolInactive");
      stand.host.stopPool(false);
      stand.host.pool(false);
      lookAgain(stand);
      awaitReason(stand, "PoolMissing");
      stand.host.pool(true);
      lookAgain(stand);
      awaitReason(stand, "HostConnected");
    }
  }

  @Test
  void whatLabsLiveWithStays() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      try {
        edit(stand, "{\"spec\":{\"pool\":\"elsewhere\"}}");
        assertThat(ApiStand.knowsRules()).isFalse();
        Condition refused = awaitReason(stand, "InvalidSpec");
        assertThat(refused.getStatus()).isEqualTo("False");
        assertThat(refused.getMessage()).contains("spec.pool", "elsewhere", "demo");
      } catch (KubernetesClientException e) {
        assertThat(e.getMessage()).contains("spec.pool cannot be changed");
      }
      // It is looked after, and taken down, with what it has.
      stand.host.domainsOf(lab.getMetadata().getUid()).stream()
          .filter(d -> d.name().endsWith("-e1server"))
          .forEach(d -> stand.host.libvirt().destroyDomain(d.uuid(), d.owner().orElseThrow()));
      stand.awaitEvent(lab, "MachineStopped");
      stand.awaitReady(lab);
      stand.resource(lab).delete();
      stand.awaitGone(lab);
      assertThat(stand.host.inventory()).noneMatch(name -> name.contains(ApiStand.prefix(lab)));
    }
  }

  @Test
  void anotherHostInItsPlaceIsNotTakenForTheLabs() throws Exception {
    try (ApiStand stand = ApiStand.open(directory);
        Hypervisor other = new LibvirtHypervisorFactory().open(TestDriver.uri(directory))) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      int changes = stand.host.changes().size();

      stand.host.replace(other);

      EjabberdLab unknown =
          stand.until(
              lab,
              "says that another host answers",
              l ->
                  ApiStand.condition(l, "HostReachable")
                      .filter(c -> c.getReason().equals("OtherHost"))
                      .isPresent());
      assertThat(unknown.getStatus().phase()).isEqualTo(Phase.Unknown);
      assertThat(awaitReason(stand, "OtherHost").getMessage()).contains(LibvirtHost.ACCEPT);
      stand.awaitEvent(lab, "OtherHost");
      stand.resource(lab).withTimeoutInMillis(0).delete();
      stand.until(
          lab,
          "waits for the right one",
          l ->
              l.getStatus().phase() == Phase.Deleting
                  && ApiStand.condition(l, Conditions.READY)
                      .filter(
                          c ->
                              c.getReason().equals("OtherHost")
                                  || c.getReason().equals("HostUnreachable"))
                      .isPresent());
      Awaitility.await("nothing is made and nothing is let go")
          .during(Duration.ofSeconds(7))
          .atMost(ApiStand.PATIENCE)
          .until(
              () ->
                  stand.now(lab) != null
                      && stand.host.changes().size() == changes
                      && other.marked().isEmpty());

      stand.host.replace(null);
      stand.awaitGone(lab);
      assertThat(stand.host.inventory()).noneMatch(name -> name.contains(ApiStand.prefix(lab)));
    }
  }

  @Test
  void aLibvirtHostThatIsMadeAnewElsewhereIsNotTheLabs() throws Exception {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      String elsewhere = TestDriver.uri(directory);
      stand.loseHost();
      stand.createHost(elsewhere);
      stand.until(
          lab,
          "says that another host answers",
          l ->
              ApiStand.condition(l, "HostReachable")
                  .filter(c -> c.getReason().equals("OtherHost"))
                  .isPresent());
      stand.resource(lab).withTimeoutInMillis(0).delete();
      stand.until(lab, "waits", l -> l.getStatus().phase() == Phase.Deleting);
      assertThat(SimulatedHosts.host(elsewhere).changes()).isEmpty();
      assertThat(stand.host.domainsOf(lab.getMetadata().getUid())).hasSize(5);

      stand.loseHost();
      stand.createHost();
      stand.awaitGone(lab);
      SimulatedHosts.host(elsewhere).libvirt().close();
    }
  }

  @Test
  void aHostWhoseUuidHasChangedAndThatHasTheMachinesIsTheSame() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      UUID now = UUID.randomUUID();
      stand.host.uuid(now);
      stand.until(
          lab,
          "knows its host",
          l ->
              now.toString().equals(l.getStatus().libvirt().uuid())
                  && ApiStand.isTrue(l, Conditions.READY));
      awaitHost(stand, "is known by it", h -> now.toString().equals(h.getStatus().uuid()));
    }
  }

  @Test
  void aLabWhoseFinalizerWasRemovedIsLetGoAndItsThingsAreOrphans() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      String cidr = cidr(lab);

      // Nobody has begun to take it down.
      Edits.annotate(stand, lab, EjabberdLab.PAUSED, "true");
      stand.until(lab, "is paused", l -> ApiStand.isTrue(l, "Paused"));
      stand.loseLab(lab);

      Event event = stand.awaitEvent(lab, "LeftBehind");
      assertThat(event.getType()).isEqualTo("Warning");
      assertThat(event.getMessage()).contains(ApiStand.prefix(lab), stand.hostName());
      LibvirtHost host =
          awaitHost(
              stand,
              "tells of orphans",
              h -> h.getStatus().orphans() != null && h.getStatus().orphans().count() == 13);
      assertThat(host.getStatus().orphans().items())
          .extracting(LibvirtHostStatus.Orphan::name)
          .contains(ApiStand.prefix(lab) + "e1server", ApiStand.prefix(lab) + "e1server.qcow2");
      stand.removeByHand(lab);
      awaitHost(stand, "tells of none", h -> h.getStatus().orphans() == null);
      assertThat(cidr(stand.awaitReady(stand.create("next")))).isEqualTo(cidr);
    }
  }

  @Test
  void aLabWithoutAStatusIsLookedForAllTheSame() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      stand.host.disconnect();
      stand.until(lab, "is unknown", l -> l.getStatus().phase() == Phase.Unknown);
      EjabberdLab without = stand.now(lab);
      without.setStatus(null);
      without.getMetadata().setManagedFields(null);
      ApiStand.CLIENT.resource(without).updateStatus();
      stand.resource(lab).withTimeoutInMillis(0).delete();
      stand.until(
          lab,
          "says why it stays",
          l ->
              l.getStatus() != null
                  && l.getStatus().phase() == Phase.Deleting
                  && ApiStand.message(l, Conditions.READY).contains("could not be seen"));

      stand.host.reconnect();
      stand.awaitGone(lab);
      assertThat(stand.host.inventory()).noneMatch(name -> name.contains(ApiStand.prefix(lab)));
    }
  }

  @Test
  void whatOthersMadeOfALabsDiskIsLeftAndTold() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      Hypervisor libvirt = stand.host.libvirt();
      String disk = ApiStand.prefix(lab) + "e2server.qcow2";
      List<String> files =
          List.of(
              ApiStand.prefix(lab) + "e2server.s1",
              ApiStand.prefix(lab) + "e2server.bak.qcow2",
              ApiStand.prefix(lab) + "e2server-clone.qcow2");
      files.forEach(file -> TestVolumes.create(libvirt, TestDriver.POOL, file, ""));
      TestVolumes.define(
          libvirt,
          """
          <domain type="test"><name>clone</name><memory>8192</memory><os><type>hvm</type></os>
            <devices><disk type="file" device="disk"><source file="%s"/><target dev="vda"/></disk></devices>
          </domain>
          """
              .formatted(path(libvirt, disk)));

      stand.resource(lab).withTimeoutInMillis(0).delete();
      stand.until(
          lab,
          "says who uses its disk",
          l ->
              ApiStand.message(l, Conditions.READY).contains("is used by domain clone")
                  && ApiStand.message(l, Conditions.READY)
                      .endsWith("Still there: volume " + disk + "."));
      assertThat(path(libvirt, disk)).isNotEmpty();

      TestVolumes.undefine(libvirt, "clone");
      stand.awaitGone(lab);
      assertThat(stand.awaitEvent(lab, "Deleted").getMessage()).contains(files);
      assertThat(volumes(libvirt)).containsAll(files).doesNotContain(disk);
      files.forEach(file -> libvirt.deleteVolume(TestDriver.POOL, file));
    }
  }

  @Test
  void aRefusedChangeOfHostStaysRefused() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      try {
        Edits.set(stand, lab, "host", "another");
      } catch (KubernetesClientException e) {
        assertThat(e.getMessage()).contains("host");
        return;
      }
      stand.awaitStalled(lab, "InvalidSpec");
      Awaitility.await("it is refused for good")
          .during(Duration.ofSeconds(12))
          .atMost(ApiStand.PATIENCE)
          .until(
              () ->
                  stand.now(lab).getStatus().host().equals(stand.hostName())
                      && ApiStand.message(stand.now(lab), Conditions.STALLED)
                          .contains("spec.host: cannot be changed"));
      Edits.set(stand, lab, "host", stand.hostName());
      stand.awaitReady(lab, true);
    }
  }

  /** Whoever has connected anew looks at once; it would be half a minute otherwise. */
  private static void lookAgain(ApiStand stand) {
    stand.host.disconnect();
    stand.host.reconnect();
  }

  private static String path(Hypervisor libvirt, String volume) {
    return libvirt.volumes(TestDriver.POOL).stream()
        .filter(v -> v.name().equals(volume))
        .map(VolumeState::path)
        .findFirst()
        .orElseThrow();
  }

  private static Set<String> volumes(Hypervisor libvirt) {
    return libvirt.volumes(TestDriver.POOL).stream()
        .map(VolumeState::name)
        .collect(Collectors.toSet());
  }

  private static String cidr(EjabberdLab lab) {
    return lab.getStatus().networks().stream()
        .filter(n -> n.name().equals("management"))
        .findFirst()
        .orElseThrow()
        .cidr();
  }

  private static void edit(ApiStand stand, String patch) {
    ApiStand.CLIENT
        .resources(LibvirtHost.class)
        .withName(stand.hostName())
        .patch(PatchContext.of(PatchType.JSON_MERGE), patch);
  }

  private static Condition awaitReason(ApiStand stand, String reason) {
    return Conditions.find(
            awaitHost(
                    stand,
                    "is " + reason,
                    h ->
                        Conditions.find(h.getStatus().conditions(), Conditions.READY)
                            .filter(c -> c.getReason().equals(reason))
                            .isPresent())
                .getStatus()
                .conditions(),
            Conditions.READY)
        .orElseThrow();
  }

  private static LibvirtHost awaitHost(
      ApiStand stand, String what, Predicate<LibvirtHost> expected) {
    return Awaitility.await("the host " + what)
        .atMost(ApiStand.PATIENCE)
        .pollInterval(ApiStand.POLL)
        .ignoreExceptions()
        .until(stand::libvirtHost, h -> h.getStatus() != null && expected.test(h));
  }
}
