package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorFactory;

/**
 * Opens libvirt hosts: {@code qemu://}, and {@code test://} for libvirt's in-process test driver.
 */
public final class LibvirtHypervisorFactory implements HypervisorFactory {

  @Override
  public Hypervisor open(String uri) {
    return new LibvirtHypervisor(uri);
  }
}
