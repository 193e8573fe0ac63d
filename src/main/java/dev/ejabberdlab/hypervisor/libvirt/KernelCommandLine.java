package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;

/**
 * What the kernel is told when QEMU loads it. The same as in {@code image/cmdline.json}, where the
 * image's boot is measured; a test compares the two.
 */
final class KernelCommandLine {

  /**
   * panic: a guest that cannot go on boots anew after 10 s, rather than waiting for a person at its
   * console.
   */
  static final String KVM = "root=/dev/vda rw panic=10 console=ttyS0 quiet net.ifnames=0";

  /**
   * Emulation spends seconds on protections against neighbours that it does not have (mitigations,
   * apparmor, audit, kaslr, clearing memory), on testing timers, on self-tests and on logging.
   *
   * <p>Not {@code tsc=reliable}: the kernel measures the TSC's frequency while other guests take
   * the CPU, and was seen to be wrong by a factor of 11. Unless the clock is watched, it then runs
   * that much too fast for good, and every timeout with it: ejabberd nodes lose each other.
   */
  static final String QEMU =
      KVM
          + " mitigations=off apparmor=0 audit=0 nokaslr no_timer_check"
          + " raid=noautodetect cryptomgr.notests init_on_alloc=0 systemd.log_level=notice";

  private KernelCommandLine() {}

  static String of(Accelerator accelerator) {
    return switch (accelerator) {
      case kvm -> KVM;
      case qemu -> QEMU;
    };
  }
}
