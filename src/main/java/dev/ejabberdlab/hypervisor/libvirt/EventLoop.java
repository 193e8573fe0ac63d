package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.log.LogContext;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.libvirt.Connect;
import org.libvirt.Library;
import org.libvirt.LibvirtException;
import org.libvirt.jna.Libvirt;

/**
 * libvirt's event loop: one for the process, on one daemon thread. It must run before the first
 * connection is made, or keepalive drops the connections (cloudstack#8437).
 */
final class EventLoop {

  private static final Logger LOG = Logger.getLogger(EventLoop.class);

  /**
   * Without it libvirt prints every error to standard error, look-ups that find nothing included.
   * Native code holds it, so a field must as well.
   */
  private static final Libvirt.VirErrorCallback SILENT = (userData, error) -> {};

  private static boolean started;

  private EventLoop() {}

  /**
   * Starts the loop unless it runs already.
   *
   * @throws LibvirtException when libvirt refuses
   * @throws LinkageError when libvirt's library is not installed
   */
  static synchronized void start() throws LibvirtException {
    if (started) {
      return;
    }
    // libvirt speaks UTF-8; JNA would take the locale's encoding, in a container often ASCII.
    System.setProperty("jna.encoding", "UTF-8");
    Library.initEventLoop();
    Connect.setErrorCallback(SILENT);
    LogContext.NONE.run(() -> Daemon.start("libvirt-events", EventLoop::run));
    started = true;
  }

  private static void run() {
    while (true) {
      try {
        Library.processEvent();
      } catch (LibvirtException e) {
        LOG.errorf("libvirt's event loop failed, trying again: %s", e.getMessage());
        try {
          TimeUnit.SECONDS.sleep(1);
        } catch (InterruptedException interrupted) {
          LOG.error("libvirt's event loop was interrupted: no more events, no more keepalive");
          return;
        }
      }
    }
  }
}
