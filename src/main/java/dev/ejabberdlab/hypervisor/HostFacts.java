package dev.ejabberdlab.hypervisor;

import java.util.Optional;
import java.util.UUID;

/**
 * What a host says of itself.
 *
 * @param hostname host name
 * @param kvm whether its capabilities list KVM; no proof that KVM works
 * @param libvirtVersion for example 9.0.0
 * @param memoryBytes physical memory
 * @param cpus logical CPUs
 * @param uuid the host's own UUID; empty when it does not tell one, and then it cannot be told from
 *     another host
 */
public record HostFacts(
    String hostname,
    boolean kvm,
    String libvirtVersion,
    long memoryBytes,
    int cpus,
    Optional<UUID> uuid) {

  /** A host that does not tell its UUID. */
  public HostFacts(
      String hostname, boolean kvm, String libvirtVersion, long memoryBytes, int cpus) {
    this(hostname, kvm, libvirtVersion, memoryBytes, cpus, Optional.empty());
  }
}
