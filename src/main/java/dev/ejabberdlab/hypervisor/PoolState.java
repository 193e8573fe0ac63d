package dev.ejabberdlab.hypervisor;

/**
 * A storage pool.
 *
 * @param name its name
 * @param active whether it is started
 * @param capacityBytes size of what it is on; 0 unless active
 * @param freeBytes what is left of that; 0 unless active
 */
public record PoolState(String name, boolean active, long capacityBytes, long freeBytes) {}
