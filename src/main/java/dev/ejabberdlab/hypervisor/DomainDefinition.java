package dev.ejabberdlab.hypervisor;

import java.util.List;
import java.util.Objects;
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

  /** A definition to be; what it does not say is empty. */
  public static Builder builder() {
    return new Builder();
  }

  /** A definition to be that says the same, until told otherwise. */
  public Builder toBuilder() {
    return new Builder()
        .uuid(uuid)
        .name(name)
        .owner(owner)
        .title(title)
        .description(description)
        .accelerator(accelerator)
        .vcpus(vcpus)
        .memoryBytes(memoryBytes)
        .pool(pool)
        .volume(volume)
        .directBoot(directBoot)
        .interfaces(interfaces);
  }

  /** A definition whose values are named; each is described at {@link DomainDefinition}. */
  public static final class Builder {

    private UUID uuid;
    private String name;
    private Owner owner;
    private String title = "";
    private String description = "";
    private Accelerator accelerator;
    private int vcpus;
    private long memoryBytes;
    private String pool;
    private String volume;
    private Optional<DirectBoot> directBoot = Optional.empty();
    private List<Interface> interfaces = List.of();

    private Builder() {}

    public Builder uuid(UUID value) {
      uuid = value;
      return this;
    }

    public Builder name(String value) {
      name = value;
      return this;
    }

    public Builder owner(Owner value) {
      owner = value;
      return this;
    }

    public Builder title(String value) {
      title = value;
      return this;
    }

    public Builder description(String value) {
      description = value;
      return this;
    }

    public Builder accelerator(Accelerator value) {
      accelerator = value;
      return this;
    }

    public Builder vcpus(int value) {
      vcpus = value;
      return this;
    }

    public Builder memoryBytes(long value) {
      memoryBytes = value;
      return this;
    }

    public Builder pool(String value) {
      pool = value;
      return this;
    }

    public Builder volume(String value) {
      volume = value;
      return this;
    }

    public Builder directBoot(Optional<DirectBoot> value) {
      directBoot = value;
      return this;
    }

    public Builder interfaces(List<Interface> value) {
      interfaces = value;
      return this;
    }

    /**
     * The definition.
     *
     * @throws NullPointerException when the UUID, the name, the owner, the accelerator, the pool or
     *     the volume was not given
     */
    public DomainDefinition build() {
      return new DomainDefinition(
          Objects.requireNonNull(uuid, "uuid"),
          Objects.requireNonNull(name, "name"),
          Objects.requireNonNull(owner, "owner"),
          title,
          description,
          Objects.requireNonNull(accelerator, "accelerator"),
          vcpus,
          memoryBytes,
          Objects.requireNonNull(pool, "pool"),
          Objects.requireNonNull(volume, "volume"),
          directBoot,
          interfaces);
    }
  }
}
