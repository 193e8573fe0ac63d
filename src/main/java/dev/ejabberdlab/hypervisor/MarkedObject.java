package dev.ejabberdlab.hypervisor;

/**
 * Something on a host that carries an owner's mark.
 *
 * @param kind what it is
 * @param name libvirt's name of it
 * @param owner whose it is
 */
public record MarkedObject(Kind kind, String name, Owner owner) {

  /** What can carry a mark. */
  public enum Kind {
    DOMAIN,
    NETWORK
  }
}
