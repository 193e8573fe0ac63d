package dev.ejabberdlab.hypervisor.libvirt;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.ptr.IntByReference;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import org.libvirt.Connect;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;
import org.libvirt.jna.DomainPointer;
import org.libvirt.jna.Libvirt;

/** A connection that can also ask for what libvirt-java has no method for. */
final class LibvirtConnect extends Connect {

  // virDomainState and the reasons of its values.
  private static final int RUNNING = 1;
  private static final int RUNNING_RESTORED = 3;
  private static final int RUNNING_FROM_SNAPSHOT = 4;
  private static final int PAUSED = 3;
  private static final int PAUSED_FROM_SNAPSHOT = 7;
  private static final int PAUSED_STARTING_UP = 11;
  private static final int SHUTTING_DOWN = 4;
  private static final int SHUT_OFF = 5;
  private static final int CRASHED = 6;
  private static final int PM_SUSPENDED = 7;

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
   * How a domain runs.
   *
   * @param resumed its memory came from a file or a snapshot when it was last started, as far as
   *     libvirt says so
   */
  record Run(Power power, boolean resumed) {

    private static Run of(int state, int reason) {
      return switch (state) {
        // Its QEMU has been started and the guest has not: nobody has paused it.
        case PAUSED ->
            new Run(
                reason == PAUSED_STARTING_UP ? Power.RUNNING : Power.PAUSED,
                reason == PAUSED_FROM_SNAPSHOT);
        case PM_SUSPENDED -> new Run(Power.PAUSED, false);
        case SHUTTING_DOWN -> new Run(Power.SHUTTING_DOWN, false);
        case SHUT_OFF -> new Run(Power.SHUT_OFF, false);
        case CRASHED -> new Run(Power.CRASHED, false);
        case RUNNING ->
            new Run(Power.RUNNING, reason == RUNNING_RESTORED || reason == RUNNING_FROM_SNAPSHOT);
        // Of no known state, or blocked.
        default -> new Run(Power.RUNNING, false);
      };
    }
  }

  /**
   * Asks for a domain's state and the reason of it at once: asked for one after the other they may
   * be of two moments.
   */
  Run run(Domain domain) throws LibvirtException {
    DomainPointer pointer =
        Libvirt.INSTANCE.virDomainLookupByUUIDString(vcp, domain.getUUIDString());
    if (pointer != null) {
      try {
        IntByReference state = new IntByReference();
        IntByReference reason = new IntByReference();
        if (More.INSTANCE.virDomainGetState(pointer, state, reason, 0) == 0) {
          return Run.of(state.getValue(), reason.getValue());
        }
      } finally {
        Libvirt.INSTANCE.virDomainFree(pointer);
      }
    }
    // Says why it failed.
    return Run.of(domain.getInfo().state.ordinal(), 0);
  }
}
