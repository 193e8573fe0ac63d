package dev.ejabberdlab.hypervisor;

import java.util.UUID;

/**
 * The mark on everything that the operator creates. An object that does not carry it is never
 * changed or deleted.
 *
 * @param uid UID of the owning resource
 * @param namespace its namespace, for people
 * @param name its name, for people
 */
public record Owner(UUID uid, String namespace, String name) {

  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
