package dev.ejabberdlab.hypervisor;

import java.time.Instant;

/**
 * A volume of a storage pool.
 *
 * @param name name in the pool
 * @param capacityBytes virtual size
 * @param modified time of the last change; {@link Instant#EPOCH} where libvirt does not tell
 * @param complete false when the name ends in {@code .qcow2} and the content is no usable image: it
 *     is being uploaded, or was left half made
 */
public record VolumeState(String name, long capacityBytes, Instant modified, boolean complete) {

  /** A complete volume. */
  public VolumeState(String name, long capacityBytes, Instant modified) {
    this(name, capacityBytes, modified, true);
  }
}
