package dev.ejabberdlab.hypervisor;

import java.time.Instant;
import java.util.Optional;

/**
 * A volume of a storage pool.
 *
 * @param name name in the pool
 * @param capacityBytes virtual size
 * @param modified time of the last change; {@link Instant#EPOCH} where libvirt does not tell
 * @param complete false when the name ends in {@code .qcow2} and the content is no usable image: it
 *     is being uploaded, or was left half made
 * @param path file or device on the host; empty where it is not known
 * @param backing path of the file that it is an overlay on; empty when it is none
 */
public record VolumeState(
    String name,
    long capacityBytes,
    Instant modified,
    boolean complete,
    String path,
    Optional<String> backing) {

  /** A volume of which only this is known. */
  public VolumeState(String name, long capacityBytes, Instant modified, boolean complete) {
    this(name, capacityBytes, modified, complete, "", Optional.empty());
  }

  /** A complete volume. */
  public VolumeState(String name, long capacityBytes, Instant modified) {
    this(name, capacityBytes, modified, true);
  }

  /** The same without the time of its last change. */
  public VolumeState timeless() {
    return new VolumeState(name, capacityBytes, Instant.EPOCH, complete, path, backing);
  }
}
