package dev.ejabberdlab.hypervisor.libvirt;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.ptr.IntByReference;
import java.util.UUID;
import org.libvirt.Connect;
import org.libvirt.LibvirtException;
import org.libvirt.jna.DomainPointer;
import org.libvirt.jna.Libvirt;

/** A connection that can also ask for what libvirt-java has no method for. */
final class LibvirtConnect extends Connect {

  private static final int RUNNING = 1;

  /** VIR_DOMAIN_RUNNING_RESTORED: from a file, a managed save's included. */
  private static final int RUNNING_RESTORED = 3;

  /** VIR_DOMAIN_RUNNING_FROM_SNAPSHOT. */
  private static final int RUNNING_FROM_SNAPSHOT = 4;

  private static final int PAUSED = 3;

  /** VIR_DOMAIN_PAUSED_FROM_SNAPSHOT. */
  private static final int PAUSED_FROM_SNAPSHOT = 7;

  /** What libvirt-java does not bind. */
  private interface More extends Library {
    More INSTANCE = Native.load("virt", More.class);

    int virDomainGetState(
        DomainPointer domain, IntByReference state, IntByReference reason, int flags);
  }

  LibvirtConnect(String uri) throws LibvirtException {
    super(uri);
  }

  /**
   * Whether libvirt says that a domain's memory came from a file or a snapshot when it was last
   * started; false when it does not say so.
   */
  boolean isResumed(UUID domain) {
    DomainPointer pointer = Libvirt.INSTANCE.virDomainLookupByUUIDString(vcp, domain.toString());
    if (pointer == null) {
      return false;
    }
    try {
      IntByReference state = new IntByReference();
      IntByReference reason = new IntByReference();
      return More.INSTANCE.virDomainGetState(pointer, state, reason, 0) == 0
          && switch (state.getValue()) {
            case RUNNING ->
                reason.getValue() == RUNNING_RESTORED || reason.getValue() == RUNNING_FROM_SNAPSHOT;
            case PAUSED -> reason.getValue() == PAUSED_FROM_SNAPSHOT;
            default -> false;
          };
    } finally {
      Libvirt.INSTANCE.virDomainFree(pointer);
    }
  }
}
