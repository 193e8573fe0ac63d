package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;

/**
 * What the kernel is told when QEMU loads it. The same as in {@code image/cmdline.json}, where the
 * image's boot is measured; a test compares the two.
 */
final class KernelCommandLine {

  static final String KVM = "root=/dev/vda rw console=ttyS0 quiet";

  /**
   * Emulation spends seconds on protections against neighbours that it does not have (mitigations,
   * apparmor, audit, kaslr), on calibrating clocks, and on self-tests.
   */
  static final String QEMU =
      KVM
          + " mitigations=off apparmor=0 audit=0 nokaslr tsc=reliable no_timer_check"
          + " raid=noautodetect cryptomgr.notests";

  private KernelCommandLine() {}

  static String of(Accelerator accelerator) {
    return switch (accelerator) {
      case kvm -> KVM;
      case qemu -> QEMU;
    };
  }
}
