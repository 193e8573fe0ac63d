package dev.ejabberdlab.hypervisor;

import java.time.Instant;

/**
 * A volume of a storage pool.
 *
 * @param name name in the pool
 * @param capacityBytes virtual size
 * @param modified time of the last change; {@link Instant#EPOCH} where libvirt does not tell
 */
public record VolumeState(String name, long capacityBytes, Instant modified) {}
