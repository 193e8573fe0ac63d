package dev.ejabberdlab.topology;

import java.util.Map;

/**
 * What the operator has chosen for a lab and must choose again: read back from the lab's status.
 *
 * @param managementCidr network taken from the host's pool, used only when the spec gives none; null
 *     when nothing was taken yet
 * @param managementAddresses address by node name, used only where the spec gives none
 */
public record Allocations(String managementCidr, Map<String, String> managementAddresses) {

  /** A lab that has nothing yet. */
  public static final Allocations NONE = new Allocations(null, Map.of());
}
