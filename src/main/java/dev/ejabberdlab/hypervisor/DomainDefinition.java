package dev.ejabberdlab.hypervisor;

import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A libvirt domain as it should be: q35, virtio disk and interfaces, guest agent channel, serial
 * log, random number generator.
 *
 * @param uuid libvirt's UUID, derived from the owner
 * @param name libvirt's name; short, because it is part of the agent's socket path
 * @param owner mark kept in the domain's metadata
 * @param title for people; may be empty
 * @param description for people; may be empty
 * @param accelerator {@code kvm} or {@code qemu} (emulation)
 * @param vcpus virtual CPUs
 * @param memoryBytes memory
 * @param pool storage pool of the volumes
 * @param volume root disk (qcow2) in the pool
 * @param directBoot kernel to boot; absent means the disk boots itself
 * @param interfaces in the guest's order
 */
public record DomainDefinition(
    UUID uuid,
    String name,
    Owner owner,
    String title,
    String description,
    Accelerator accelerator,
    int vcpus,
    long memoryBytes,
    String pool,
    String volume,
    Optional<DirectBoot> directBoot,
    List<Interface> interfaces) {

  /** What runs the guest's instructions. */
  public enum Accelerator {
    kvm,
    qemu
  }

  /**
   * A kernel that QEMU loads itself.
   *
   * @param kernelVolume volume in the pool
   * @param initrdVolume volume in the pool
   */
  public record DirectBoot(String kernelVolume, String initrdVolume) {}

  /**
   * A network interface.
   *
   * @param network libvirt's name of the network
   * @param mac MAC address in lower case
   */
  public record Interface(String network, String mac) {}
}
