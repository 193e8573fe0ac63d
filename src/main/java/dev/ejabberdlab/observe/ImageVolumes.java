package dev.ejabberdlab.observe;

import dev.ejabberdlab.hypervisor.DomainDefinition.DirectBoot;
import dev.ejabberdlab.hypervisor.VolumeState;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The volumes of a guest image.
 *
 * @param disk base volume, never changed once it has overlays: its name carries its digest
 * @param directBoot kernel and initrd beside it; absent when the disk boots itself
 */
public record ImageVolumes(String disk, Optional<DirectBoot> directBoot) {

  private static final Pattern DIGEST_SUFFIX = Pattern.compile("-[0-9a-f]{12}\\.qcow2");
  private static final String SUFFIX = ".qcow2";

  /**
   * Finds an image in a pool: the volume of exactly that name, else the newest volume {@code
   * NAME-<12 hex digits>.qcow2}; volumes {@code .vmlinuz} and {@code .initrd} beside it are booted
   * directly. One that is still being uploaded does not count.
   */
  public static Seen<ImageVolumes> resolve(String image, String pool, List<VolumeState> volumes) {
    List<VolumeState> complete = volumes.stream().filter(VolumeState::complete).toList();
    Set<String> names = complete.stream().map(VolumeState::name).collect(Collectors.toSet());
    if (names.contains(image)) {
      return Seen.of(withKernel(image, names));
    }
    return complete.stream()
        .filter(v -> v.name().startsWith(image))
        .filter(v -> DIGEST_SUFFIX.matcher(v.name().substring(image.length())).matches())
        .max(Comparator.comparing(VolumeState::modified).thenComparing(VolumeState::name))
        .map(v -> Seen.of(withKernel(v.name(), names)))
        .orElseGet(
            () ->
                Seen.missing(
                    "spec.image.volume: the storage pool %s has neither a volume %s nor one named %s-<12 hex digits>.qcow2; publish the image there or name one that exists."
                        .formatted(pool, image, image)));
  }

  private static ImageVolumes withKernel(String disk, Set<String> names) {
    String stem = disk.endsWith(SUFFIX) ? disk.substring(0, disk.length() - SUFFIX.length()) : disk;
    String kernel = stem + ".vmlinuz";
    String initrd = stem + ".initrd";
    return new ImageVolumes(
        disk,
        names.contains(kernel) && names.contains(initrd)
            ? Optional.of(new DirectBoot(kernel, initrd))
            : Optional.empty());
  }
}
