package dev.ejabberdlab.plan;

import static dev.ejabberdlab.observe.LabFixture.report;
import static dev.ejabberdlab.plan.Scene.NOTHING;
import static dev.ejabberdlab.plan.Scene.machineKey;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.observe.ImageVolumes;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Action.CreateVolume;
import dev.ejabberdlab.plan.Action.DefineDomain;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class MachinesTest {

  private static final String E1 = "e1server";
  private static final Seen<VolumeState> NO_DISK = Seen.missing("");
  private static final Seen<DomainState> NO_DOMAIN = Seen.missing("");

  static Stream<Arguments> table() {
    return Stream.of(
        machine("missing", "missing", "CreateVolume", NOTHING),
        machine("present", "missing", "DefineDomain", NOTHING),
        machine("unknown", "missing", NOTHING, NOTHING),
        machine("missing", "unknown", NOTHING, NOTHING),
        machine("present", "unknown", NOTHING, NOTHING),
        machine("present", "SHUT_OFF", "StartDomain", "StartDomain"),
        machine("unknown", "SHUT_OFF", NOTHING, NOTHING),
        // With its disk goes the domain, which boots the kernel of the image the disk was made
        // of.
        machine("missing", "SHUT_OFF", "UndefineDomain", NOTHING),
        machine("present", "PAUSED", "ResumeDomain", "ResumeDomain"),
        machine("present", "CRASHED", "DestroyDomain", "DestroyDomain"),
        machine("present", "SHUTTING_DOWN", NOTHING, NOTHING),
        machine("present", "RUNNING", "RunStep", "RunStep"),
        // A disk that cannot be seen is still open in a domain that runs.
        machine("missing", "RUNNING", "RunStep", "RunStep"),
        machine("unknown", "RUNNING", "RunStep", "RunStep"),
        machine("missing", "PAUSED", "ResumeDomain", "ResumeDomain"),
        machine("missing", "CRASHED", "DestroyDomain", "DestroyDomain"),
        machine("missing", "SHUTTING_DOWN", NOTHING, NOTHING));
  }

  private static Arguments machine(
      String volume, String domain, String withImage, String withoutImage) {
    return arguments(volume, domain, withImage, withoutImage);
  }

  @ParameterizedTest(name = "disk {0}, domain {1} → {2}; without image {3}")
  @MethodSource("table")
  void next(String volume, String domain, String withImage, String withoutImage) {
    assertThat(Scene.next(scene(volume, domain), machineKey(E1))).isEqualTo(withImage);
    assertThat(Scene.next(scene(volume, domain).image(Seen.missing("no image")), machineKey(E1)))
        .isEqualTo(withoutImage);
    assertThat(Scene.next(scene(volume, domain).image(Seen.unknown("")), machineKey(E1)))
        .as("an image that could not be looked for")
        .isEqualTo(withoutImage);
  }

  private Scene scene(String volume, String domain) {
    Scene scene = Scene.up();
    scene.domain(
        E1,
        switch (domain) {
          case "missing" -> NO_DOMAIN;
          case "unknown" -> Seen.unknown("");
          default -> {
            Power power = Power.valueOf(domain);
            yield scene.domain(E1, power, power == Power.RUNNING);
          }
        });
    return scene.volume(
        E1,
        switch (volume) {
          case "missing" -> NO_DISK;
          case "unknown" -> Seen.unknown("");
          default -> scene.disk(E1);
        });
  }

  @Test
  void theDiskIsAnOverlayOnTheImage() {
    Scene scene = Scene.untouched();

    assertThat(scene.actions(machineKey(E1)))
        .containsExactly(
            new CreateVolume(
                E1, Scene.POOL, scene.node(E1).volume(), Scene.IMAGE_VOLUMES.disk(), 6L << 30));
  }

  @Test
  void oneIsStartedWhenItsOwnNetworksAreActive() {
    Scene scene = Scene.up().power(E1, Power.SHUT_OFF).power("psql1server", Power.SHUT_OFF);
    scene.network("internal", scene.inactive("internal"));

    assertThat(Scene.next(scene, machineKey(E1))).isEqualTo("StartDomain");
    assertThat(Scene.next(scene, machineKey("psql1server"))).isEqualTo(NOTHING);
  }

  @Test
  void theOthersDoNotWaitForOneThatCannotBeStarted() {
    Scene scene = Scene.untouched();
    Action create = scene.actions(machineKey(E1)).get(0);

    Plan plan = scene.failed(create, 1, Duration.ZERO).plan();

    assertThat(plan.actions())
        .filteredOn(CreateVolume.class::isInstance)
        .extracting(Action::key)
        .containsExactly(
            new Key.Machine("gw1server"),
            new Key.Machine("e2server"),
            new Key.Machine("psql1server"),
            new Key.Machine("psql2server"));
  }

  @ParameterizedTest
  @EnumSource(Power.class)
  void oneThatIsNotOursIsLeftAloneAndTheHypervisorIsMadeToSaySo(Power power) {
    Scene scene = Scene.up();
    scene.reports(E1, report()).domain(E1, scene.objects().foreignDomain(E1, power));

    assertThat(Scene.next(scene, machineKey(E1))).isEqualTo("DefineDomain");
  }

  @Test
  void aChangeWaitsUntilTheMachineIsOff() {
    Scene scene = Scene.ready().virtualization(Virtualization.kvm);
    assertThat(scene.plan().actions()).isEmpty();

    // Its definition still says qemu.
    Scene off = Scene.ready().power(E1, Power.SHUT_OFF).virtualization(Virtualization.kvm);
    assertThat(off.actions(machineKey(E1)))
        .singleElement()
        .isInstanceOfSatisfying(
            DefineDomain.class,
            a -> assertThat(a.definition().accelerator()).isEqualTo(Accelerator.kvm));
  }

  @Test
  void whatLibvirtDoesNotGiveBackAsItWasToldDoesNotKeepItOff() {
    Scene scene = Scene.ready().power(E1, Power.SHUT_OFF).virtualization(Virtualization.kvm);
    Action define = scene.actions(machineKey(E1)).get(0);

    assertThat(Scene.next(scene.ended(define, Duration.ZERO), machineKey(E1)))
        .isEqualTo("StartDomain");
  }

  @Test
  void aDiskKeepsTheKernelThatItCameWithWhenANewerImageIsPublished() {
    Scene scene =
        Scene.ready()
            .power(E1, Power.SHUT_OFF)
            .image(Seen.of(new ImageVolumes("newer.qcow2", Optional.empty())));

    assertThat(Scene.next(scene, machineKey(E1))).isEqualTo("StartDomain");
  }

  @Test
  void aDiskInAnotherPoolIsNotTakenForGone() {
    Scene scene = Scene.ready().power(E1, Power.SHUT_OFF).volume(E1, NO_DISK).pool("new-pool");

    assertThat(Scene.next(scene, machineKey(E1))).isEqualTo("StartDomain");
  }

  @ParameterizedTest(name = "{0} on a host with KVM: {1} → {2}")
  @CsvSource({
    "auto, true, kvm",
    "auto, false, qemu",
    "kvm, false, kvm",
    "qemu, true, qemu",
  })
  void accelerator(Virtualization virtualization, boolean kvm, Accelerator expected) {
    assertThat(PlanInput.accelerator(virtualization, new HostFacts("h", kvm, "9.0.0", 1, 1)))
        .isEqualTo(expected);
  }
}
