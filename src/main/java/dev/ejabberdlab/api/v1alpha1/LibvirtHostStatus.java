package dev.ejabberdlab.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;

/**
 * What is known of a libvirt host.
 *
 * @param observedGeneration generation of the spec that this status speaks of
 * @param conditions {@code Ready} always
 * @param hostname as libvirt reports it; absent before the first contact
 * @param virtualization what {@code auto} came to: kvm or qemu; absent before the first contact
 * @param labs number of labs that name this host
 * @param uri connection URI in use; it does not change while labs live on the host
 * @param uuid the host's own UUID; absent before the first contact, and when libvirt tells none
 * @param libvirtVersion for example 9.0.0; absent before the first contact
 * @param pool storage pool in use; it does not change while labs live on the host
 * @param orphans domains, networks and disks that belong to no lab of this cluster; absent when
 *     there are none
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record LibvirtHostStatus(
    @JsonPropertyDescription("Generation of the spec that this status speaks of.")
        Long observedGeneration,
    @JsonPropertyDescription("Ready is always there.") List<Condition> conditions,
    @JsonPropertyDescription("Host name as libvirt reports it.") String hostname,
    @JsonPropertyDescription("What auto came to: kvm or qemu.") String virtualization,
    @JsonPropertyDescription("Number of labs that name this host.") Integer labs,
    @JsonPropertyDescription(
            "Connection URI in use. It does not change while labs live on the host.")
        String uri,
    @JsonPropertyDescription("The host's own UUID.") String uuid,
    @JsonPropertyDescription("Version of libvirt.") String libvirtVersion,
    @JsonPropertyDescription("Storage pool in use. It does not change while labs live on the host.")
        Pool pool,
    @JsonPropertyDescription("Domains, networks and disks that belong to no lab of this cluster.")
        Orphans orphans) {

  /** A status to be of a host of which nothing is known. */
  public static LibvirtHostStatusBuilder builder() {
    return new LibvirtHostStatusBuilder();
  }

  /** A status to be that says the same, until told otherwise. */
  public LibvirtHostStatusBuilder toBuilder() {
    return new LibvirtHostStatusBuilder(this);
  }

  /**
   * A storage pool. The figures are rounded, because every write changes the free space.
   *
   * @param name its name
   * @param active whether it is started; absent while it is not known
   * @param capacityBytes size of the pool's file system; absent unless the pool is active
   * @param freeBytes what is free of that; absent unless the pool is active
   * @param free the same for people, for example 52Gi
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Pool(
      @JsonPropertyDescription("Name of the pool.") String name,
      @JsonPropertyDescription("Whether the pool is started.") Boolean active,
      @JsonPropertyDescription("Size of the pool's file system.") Long capacityBytes,
      @JsonPropertyDescription("Bytes of that which are free, rounded.") Long freeBytes,
      @JsonPropertyDescription("Free space for people, for example 52Gi.") String free) {}

  /**
   * What belongs to no lab of this cluster. The operator never removes it: another cluster's labs
   * may live on the same host.
   *
   * @param count how many there are
   * @param items the first of them
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Orphans(
      @JsonPropertyDescription("How many orphans there are.") Integer count,
      @JsonPropertyDescription("The first 20 orphans.") List<Orphan> items) {}

  /** What an orphan is. */
  public enum OrphanKind {
    domain,
    network,
    volume
  }

  /**
   * Something on the host that belongs to no lab.
   *
   * @param kind what it is
   * @param name libvirt's name of it
   * @param namespace the lab's, as its mark has it; absent for a volume, which has none
   * @param lab the lab's name; absent for a volume
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Orphan(
      @JsonPropertyDescription("What the orphan is.") OrphanKind kind,
      @JsonPropertyDescription("libvirt's name of the orphan.") String name,
      @JsonPropertyDescription("Namespace of the lab that the orphan was made for.")
          String namespace,
      @JsonPropertyDescription("Name of the lab that the orphan was made for.") String lab) {}
}
