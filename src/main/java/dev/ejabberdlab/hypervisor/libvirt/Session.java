package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.HypervisorEvent;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jboss.logging.Logger;
import org.libvirt.LibvirtException;

/**
 * One connection as libvirt has it. It is closed when nobody uses it any more: closing it under a
 * call, or with a listener or a domain object left, leaks it or worse.
 */
final class Session {

  private static final Logger LOG = Logger.getLogger(Session.class);

  /** With three unanswered messages: a silent libvirtd is given up after 20 seconds. */
  private static final int KEEPALIVE_SECONDS = 5;

  private static final int KEEPALIVE_COUNT = 3;

  /**
   * Calls at once over a network connection. With two the client library may crash the process: a
   * thread that wakes the one which reads answers leaves it with a source on a stack that is gone
   * (CVE-2024-4418, up to libvirt 10.3; seen with 9.0 after libvirtd had hung).
   */
  private static final int CALLS_AT_ONCE = 1;

  private final ConnectionUri uri;
  private final LibvirtConnect connect;
  private final Optional<DomainEvents> events;
  private final BiConsumer<Session, String> afterLoss;
  private final Semaphore turns = new Semaphore(CALLS_AT_ONCE, true);
  private final AtomicInteger users = new AtomicInteger(1);
  private final AtomicBoolean lost = new AtomicBoolean();
  private volatile Optional<UUID> uuid = Optional.empty();

  /**
   * A session with one user, who has made it.
   *
   * @param listener gets domain events; null for a session without events
   * @param afterLoss is told once, with the reason, when the session is lost
   */
  Session(
      ConnectionUri uri,
      LibvirtConnect connect,
      Consumer<HypervisorEvent> listener,
      BiConsumer<Session, String> afterLoss) {
    this.uri = uri;
    this.connect = connect;
    this.events = Optional.ofNullable(listener).map(DomainEvents::new);
    this.afterLoss = afterLoss;
  }

  /** Prepares the connection; to be called once, before anything else. */
  void prepare() throws LibvirtException {
    try {
      connect.setKeepAlive(KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
      connect.registerCloseListener(
          (c, reason) -> lose("libvirt closed the connection: " + reason));
    } catch (LibvirtException e) {
      // The in-process test driver has neither, and needs neither.
      if (!LibvirtErrors.isUnsupported(e)) {
        throw e;
      }
    }
    // Before the first call: a URI may lead to another libvirt after each loss.
    uuid = Capabilities.uuid(Xml.parse(connect.getCapabilities()), uri);
    if (events.isPresent()) {
      events.get().addTo(connect);
    }
  }

  LibvirtConnect connect() {
    return connect;
  }

  /** UUID of the host that answers; empty when it tells none. */
  Optional<UUID> uuid() {
    return uuid;
  }

  boolean isLost() {
    return lost.get();
  }

  /** Waits for the turn to make a call; false when it did not come within the limit. */
  boolean takeTurn(Duration limit) throws InterruptedException {
    return turns.tryAcquire(limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  void endTurn() {
    turns.release();
  }

  /** Only asks the client side. To be called by a user of this session: it must not be closed. */
  void loseIfDead(String reason) {
    boolean alive;
    try {
      alive = connect.isAlive();
    } catch (LibvirtException e) {
      alive = false;
    }
    if (!alive) {
      lose(reason);
    }
  }

  /** Takes this session out of use. */
  void lose(String reason) {
    if (lost.compareAndSet(false, true)) {
      afterLoss.accept(this, reason);
    }
  }

  /** Keeps the session from being closed; false when it is closed already. */
  boolean hold() {
    return users.updateAndGet(n -> n == 0 ? 0 : n + 1) > 0;
  }

  /** Ends the use of this session. */
  void release() {
    if (users.decrementAndGet() == 0) {
      // Closing talks to libvirtd, which may hang just now.
      Daemon.start("libvirt-close " + uri.host(), this::dispose);
    }
  }

  private void dispose() {
    events.ifPresent(
        e -> {
          quietly(() -> e.removeLifecycleFrom(connect));
          quietly(() -> e.removeAgentFrom(connect));
        });
    quietly(connect::unregisterCloseListener);
    quietly(
        () -> {
          int left = connect.close();
          if (left > 0) {
            LOG.debugf("%d references to a closed connection to %s are left", left, uri.host());
          }
        });
  }

  private interface Step {
    void run() throws LibvirtException;
  }

  private void quietly(Step step) {
    try {
      step.run();
    } catch (LibvirtException e) {
      LOG.debugf("closing the connection to %s: %s", uri.host(), e.getMessage());
    }
  }
}
