package dev.ejabberdlab.hypervisor;

/**
 * What a host says of itself.
 *
 * @param hostname host name
 * @param kvm whether its capabilities list KVM; no proof that KVM works
 * @param libvirtVersion for example 9.0.0
 * @param memoryBytes physical memory
 * @param cpus logical CPUs
 */
public record HostFacts(
    String hostname, boolean kvm, String libvirtVersion, long memoryBytes, int cpus) {}
