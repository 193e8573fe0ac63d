package dev.ejabberdlab.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.hypervisor.DomainDefinition.DirectBoot;
import dev.ejabberdlab.hypervisor.VolumeState;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ImageVolumesTest {

  private static final String OLD = "lab-000000000001.qcow2";
  private static final String NEW = "lab-000000000000.qcow2";

  private static VolumeState volume(String name, long modified) {
    return new VolumeState(name, 1, Instant.ofEpochSecond(modified));
  }

  private static VolumeState uploading(String name, long modified) {
    return new VolumeState(name, 1, Instant.ofEpochSecond(modified), false);
  }

  static Stream<Arguments> table() {
    return Stream.of(
        arguments("the only one", List.of(volume(OLD, 1)), OLD),
        arguments("the newest, not the last by name", List.of(volume(OLD, 1), volume(NEW, 2)), NEW),
        arguments("of the same age the last by name", List.of(volume(OLD, 1), volume(NEW, 1)), OLD),
        arguments(
            "that of exactly the name, however old",
            List.of(volume("lab", 0), volume(NEW, 2)),
            "lab"),
        arguments(
            "not one that is still being uploaded",
            List.of(volume(OLD, 1), uploading(NEW, 2)),
            OLD),
        arguments("not another image", List.of(volume("lab-two-000000000001.qcow2", 1)), null),
        arguments("not by a short digest", List.of(volume("lab-0001.qcow2", 1)), null),
        arguments("not a kernel", List.of(volume("lab-000000000001.vmlinuz", 1)), null),
        arguments("not by a beginning", List.of(volume("labor-000000000001.qcow2", 1)), null),
        arguments("nothing", List.of(), null));
  }

  @ParameterizedTest(name = "{0}: {2}")
  @MethodSource("table")
  void finds(String name, List<VolumeState> volumes, String expected) {
    Seen<ImageVolumes> seen = ImageVolumes.resolve("lab", "pool", volumes);

    assertThat(seen.known().map(ImageVolumes::disk)).isEqualTo(Optional.ofNullable(expected));
    assertThat(seen.isMissing()).isEqualTo(expected == null);
  }

  @Test
  void saysWhereItLookedAndWhatWouldBeRight() {
    assertThat(ImageVolumes.resolve("lab", "pool", List.of()).why())
        .startsWith("spec.image.volume: ")
        .contains("storage pool pool", "lab-<12 hex digits>.qcow2", "publish the image");
  }

  static Stream<Arguments> kernels() {
    VolumeState kernel = volume("lab-000000000001.vmlinuz", 1);
    VolumeState initrd = volume("lab-000000000001.initrd", 1);
    return Stream.of(
        arguments("lab", List.of(volume(OLD, 1), kernel, initrd), true),
        arguments(OLD, List.of(volume(OLD, 1), kernel, initrd), true),
        arguments("lab", List.of(volume(OLD, 1), kernel), false),
        arguments("lab", List.of(volume(OLD, 1), initrd), false),
        arguments("lab", List.of(volume(NEW, 2), volume(OLD, 1), kernel, initrd), false));
  }

  @ParameterizedTest(name = "{0} of {1}: direct boot {2}")
  @MethodSource("kernels")
  void bootsTheKernelBesideTheDisk(String image, List<VolumeState> volumes, boolean direct) {
    ImageVolumes found = ImageVolumes.resolve(image, "pool", volumes).value();

    assertThat(found.directBoot())
        .isEqualTo(
            direct
                ? Optional.of(new DirectBoot("lab-000000000001.vmlinuz", "lab-000000000001.initrd"))
                : Optional.empty());
  }
}
