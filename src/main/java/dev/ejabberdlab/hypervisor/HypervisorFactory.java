package dev.ejabberdlab.hypervisor;

/** Opens hypervisors by their connection URI. */
@FunctionalInterface
public interface HypervisorFactory {

  /**
   * Returns at once; the connection is made in the background and kept up.
   *
   * @param uri libvirt connection URI
   */
  Hypervisor open(String uri);
}
