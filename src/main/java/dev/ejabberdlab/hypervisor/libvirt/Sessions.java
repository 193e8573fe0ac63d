package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.HypervisorEvent;
import dev.ejabberdlab.hypervisor.HypervisorEvent.Kind;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jboss.logging.Logger;
import org.libvirt.LibvirtException;

/**
 * The sessions with one libvirt, one after the other: the first is made when it is first needed,
 * each is watched, and after a loss the next is made.
 */
final class Sessions implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(Sessions.class);

  /** How long a caller waits for an attempt to connect, counted from the attempt's start. */
  private static final Duration CONNECT_WAIT = Duration.ofSeconds(5);

  private static final Duration FIRST_DELAY = Duration.ofMillis(500);
  private static final Duration LAST_DELAY = Duration.ofSeconds(15);

  /** How often the connection's state is looked at, in case libvirt does not tell of a loss. */
  private static final Duration WATCH = Duration.ofSeconds(5);

  private final ConnectionUri uri;
  private final Consumer<HypervisorEvent> events;
  private final Attempts attempts;

  private final Object lock = new Object();
  private Thread connector;
  private Session session;
  private boolean closed;
  private boolean attempting;
  private long attemptStart;
  private String failure = "not connected yet";
  private Throwable failureCause;

  /**
   * @param events gets domain events and those of the connection; null for sessions without events
   */
  Sessions(ConnectionUri uri, Consumer<HypervisorEvent> events) {
    this.uri = uri;
    this.events = events;
    this.attempts = new Attempts(uri);
  }

  /** Whether there is a session, or nobody has asked for one yet. */
  boolean isUsable() {
    synchronized (lock) {
      return session != null || connector == null;
    }
  }

  /** Starts connecting in the background. */
  void open() {
    synchronized (lock) {
      if (connector == null && !closed) {
        beginAttempt();
        connector = Daemon.start("libvirt-connect " + uri.host(), this::connectForEver);
      }
    }
  }

  /**
   * The session, waiting for an attempt under way but not for the next one.
   *
   * @param what what it is needed for
   * @throws Unreachable when there is none
   */
  Session current(Operation what) {
    open();
    synchronized (lock) {
      while (!closed && session == null && attempting) {
        long left = attemptStart + CONNECT_WAIT.toNanos() - System.nanoTime();
        if (left <= 0) {
          throw new Unreachable(
              "cannot %s: libvirt at %s does not answer".formatted(what.words(), uri.host()), null);
        }
        try {
          TimeUnit.NANOSECONDS.timedWait(lock, left);
        } catch (InterruptedException e) {
          throw LibvirtErrors.interrupted(what, uri.host(), e);
        }
      }
      if (closed) {
        throw LibvirtErrors.unreachable(what, uri.host(), "the connection is closed", null);
      }
      if (session == null) {
        throw LibvirtErrors.unreachable(what, uri.host(), failure, failureCause);
      }
      return session;
    }
  }

  private void beginAttempt() {
    attempting = true;
    attemptStart = System.nanoTime();
  }

  private void connectForEver() {
    Duration delay = FIRST_DELAY;
    while (true) {
      Session opened = connect();
      if (opened == null) {
        if (!pause(delay)) {
          return;
        }
        delay = delay.multipliedBy(2);
        delay = delay.compareTo(LAST_DELAY) > 0 ? LAST_DELAY : delay;
        continue;
      }
      long since = System.nanoTime();
      boolean goOn = publish(opened);
      if (goOn) {
        emit(Kind.CONNECTED);
        goOn = watch(opened);
      }
      opened.release();
      if (!goOn) {
        return;
      }
      emit(Kind.DISCONNECTED);
      if (System.nanoTime() - since > LAST_DELAY.toNanos()) {
        delay = FIRST_DELAY;
      } else if (!pause(delay)) {
        return;
      }
    }
  }

  /** One attempt; null when it failed. */
  private Session connect() {
    Session opened = null;
    try {
      EventLoop.start();
      opened = new Session(uri, attempts.connect(), events, this::lost);
      opened.prepare();
      return opened;
    } catch (LibvirtException e) {
      failed(LibvirtErrors.sentence(e), e);
    } catch (LinkageError e) {
      failed("libvirt's client library (libvirt0) cannot be loaded: " + e.getMessage(), e);
    } catch (IllegalStateException e) {
      failed(e.getMessage(), e);
    } catch (RuntimeException e) {
      failed(e.toString(), e);
    }
    if (opened != null) {
      opened.release();
    }
    return null;
  }

  private void failed(String reason, Throwable cause) {
    synchronized (lock) {
      if (!reason.equals(failure)) {
        log(Logger.Level.WARN, "cannot connect to libvirt at %s: %s", uri.host(), reason);
      }
      attempting = false;
      failure = reason;
      failureCause = cause;
      lock.notifyAll();
    }
  }

  /**
   * Gives the session to the callers, unless it is lost already: whoever has lost it found nothing
   * to take away, and it would stay for ever.
   *
   * @return false when this was closed
   */
  boolean publish(Session opened) {
    synchronized (lock) {
      attempting = false;
      if (opened.isLost()) {
        failure = "libvirt closed the connection at once";
      } else if (!closed) {
        log(Logger.Level.INFO, "connected to libvirt at %s", uri.host());
        session = opened;
        failure = "";
      }
      lock.notifyAll();
      return !closed;
    }
  }

  /** Returns true when the session is lost, false when this was closed. */
  private boolean watch(Session opened) {
    while (true) {
      synchronized (lock) {
        if (closed) {
          session = null;
          return false;
        }
        if (session != opened) {
          return true;
        }
        try {
          lock.wait(WATCH.toMillis());
        } catch (InterruptedException e) {
          continue;
        }
      }
      opened.loseIfDead("the connection was closed");
    }
  }

  /** Callers wait for the attempt that follows. */
  private void lost(Session which, String reason) {
    synchronized (lock) {
      if (session == which) {
        log(Logger.Level.WARN, "lost libvirt at %s: %s", uri.host(), reason);
        session = null;
        failure = reason;
        failureCause = null;
        beginAttempt();
      }
      lock.notifyAll();
    }
  }

  /** Loud for the connection with events, quiet for the others to the same host. */
  private void log(Logger.Level level, String format, Object... values) {
    LOG.logf(events == null ? Logger.Level.DEBUG : level, format, values);
  }

  /** Waits before the next attempt; false when this was closed. */
  private boolean pause(Duration delay) {
    long end = System.nanoTime() + delay.toNanos();
    synchronized (lock) {
      for (long left = delay.toNanos(); left > 0 && !closed; left = end - System.nanoTime()) {
        try {
          TimeUnit.NANOSECONDS.timedWait(lock, left);
        } catch (InterruptedException e) {
          // Nobody has a reason to interrupt this thread but to hurry it.
          break;
        }
      }
      beginAttempt();
      return !closed;
    }
  }

  private void emit(Kind kind) {
    if (events != null) {
      events.accept(new HypervisorEvent(kind, null));
    }
  }

  /** Ends the session when its users have; no other follows. */
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
    }
  }
}
