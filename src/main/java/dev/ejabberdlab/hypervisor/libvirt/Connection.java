package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.HypervisorEvent;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.OtherHost;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import dev.ejabberdlab.log.LogContext;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jboss.logging.Logger;
import org.libvirt.LibvirtException;

/**
 * A connection to libvirt whose calls are bounded in time.
 *
 * <p>Nothing here waits without end. libvirt's calls cannot be interrupted, so each runs on a
 * thread of its own while the caller waits for a bounded time. A libvirtd that hangs is found out
 * by keepalive and fails the calls; a single call that hangs (a frozen QEMU, a dead file server)
 * costs the session: the caller is told, and others go on over a new one.
 */
final class Connection implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(Connection.class);

  /** How long a call may wait for its turn. */
  private static final Duration TURN_WAIT = Duration.ofSeconds(30);

  private final String host;
  private final AtomicReference<UUID> expected;
  private final Hanging hanging;
  private final Sessions sessions;
  private final ExecutorService calls;
  private final AtomicInteger load = new AtomicInteger();

  /** What is done with a connection. */
  interface Call<T> {
    T on(LibvirtConnect connect) throws LibvirtException;
  }

  /** Turns a refusal into the port's exception. */
  interface Translation {
    HypervisorException of(Operation what, String host, LibvirtException e);
  }

  /**
   * @param events gets domain events and the connection's own; null for a connection without events
   * @param expected UUID of the host to talk to; null in it for any
   * @param hanging calls to the same libvirt that hang
   */
  Connection(
      ConnectionUri uri,
      Consumer<HypervisorEvent> events,
      AtomicReference<UUID> expected,
      Hanging hanging) {
    this.host = uri.host();
    this.expected = expected;
    this.hanging = hanging;
    this.sessions = new Sessions(uri, events);
    this.calls = Executors.newCachedThreadPool(task -> Daemon.thread("libvirt-call " + host, task));
  }

  /** How many calls are reserved and have not ended. */
  int load() {
    return load.get();
  }

  /** Announces a call; to be followed by one, at whose end the reservation ends. */
  Connection reserved() {
    load.incrementAndGet();
    return this;
  }

  /** Whether there is a session, or nobody has asked for one yet. */
  boolean isUsable() {
    return sessions.isUsable();
  }

  /** Starts connecting in the background. */
  void open() {
    sessions.open();
  }

  /**
   * Makes a call.
   *
   * @param limit how long the call may take
   * @param translation makes the exception of what libvirt refuses
   * @throws Unreachable when there is no connection, or no answer within the limit
   */
  <T> T call(Operation what, Duration limit, Translation translation, Call<T> call) {
    return call(false, what, limit, translation, call);
  }

  /** As {@link #call}, also where another host answers than expected. */
  <T> T callWhoeverItIs(Operation what, Duration limit, Call<T> call) {
    return call(true, what, limit, LibvirtErrors::translate, call);
  }

  private <T> T call(
      boolean whoeverItIs, Operation what, Duration limit, Translation translation, Call<T> call) {
    Optional<Duration> time = hanging.time(what);
    if (time.isPresent()) {
      load.decrementAndGet();
      throw LibvirtErrors.unreachable(
          what,
          host,
          "libvirt has been working on the same for %d s; it is not asked again before that has ended"
              .formatted(time.get().toSeconds()),
          null);
    }
    Session at = reservedSession(what, whoeverItIs);
    AtomicBoolean ended = new AtomicBoolean();
    Future<T> answer =
        start(
            at,
            what,
            c -> {
              try {
                return call.on(c);
              } finally {
                ended.set(true);
                hanging.end(what);
              }
            });
    try {
      return answer.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      hanging.begin(what, System.nanoTime() - limit.toNanos());
      if (ended.get()) {
        hanging.end(what);
      }
      String reason = "libvirt did not answer within " + limit.toSeconds() + " s";
      at.lose(reason);
      throw LibvirtErrors.unreachable(what, host, reason, e);
    } catch (ExecutionException e) {
      throw failed(at, what, translation, e.getCause());
    } catch (InterruptedException e) {
      throw LibvirtErrors.interrupted(what, host, e);
    }
  }

  /**
   * Makes a call and waits for its end no longer than given; the call goes on.
   *
   * @throws HypervisorException when it failed within that time
   */
  void callAndLeave(Operation what, Duration wait, Call<Void> call) {
    Session at = reservedSession(what, false);
    Future<Void> answer = start(at, what, call);
    try {
      answer.get(wait.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      LOG.debugf("%s goes on in the background", what.words());
    } catch (ExecutionException e) {
      throw failed(at, what, LibvirtErrors::translate, e.getCause());
    } catch (InterruptedException e) {
      throw LibvirtErrors.interrupted(what, host, e);
    }
  }

  private <T> Future<T> start(Session at, Operation what, Call<T> call) {
    if (!at.hold()) {
      load.decrementAndGet();
      throw LibvirtErrors.unreachable(what, host, "the connection to libvirt is lost", null);
    }
    boolean running = false;
    try {
      if (!at.takeTurn(TURN_WAIT)) {
        throw LibvirtErrors.unreachable(
            what, host, "earlier calls did not end within " + TURN_WAIT.toSeconds() + " s", null);
      }
      FutureTask<T> answer =
          new FutureTask<>(
              () -> {
                try {
                  return call.on(at.connect());
                } catch (LibvirtException e) {
                  at.loseIfDead(LibvirtErrors.sentence(e));
                  throw e;
                } finally {
                  at.endTurn();
                  load.decrementAndGet();
                  at.release();
                }
              });
      calls.execute(LogContext.current().around(answer));
      running = true;
      return answer;
    } catch (InterruptedException e) {
      throw LibvirtErrors.interrupted(what, host, e);
    } catch (RejectedExecutionException e) {
      throw LibvirtErrors.unreachable(what, host, "the connection is closed", e);
    } finally {
      if (!running) {
        load.decrementAndGet();
        at.release();
      }
    }
  }

  private HypervisorException failed(
      Session at, Operation what, Translation translation, Throwable cause) {
    if (cause instanceof LibvirtException e) {
      return at.isLost()
          ? LibvirtErrors.unreachable(
              what, host, "the connection to libvirt is lost: " + LibvirtErrors.sentence(e), e)
          : translation.of(what, host, e);
    }
    if (cause instanceof HypervisorException e) {
      return e;
    }
    if (cause instanceof Error e) {
      throw e;
    }
    return new HypervisorException(LibvirtErrors.cannot(what, host, String.valueOf(cause)), cause);
  }

  private Session reservedSession(Operation what, boolean whoeverItIs) {
    try {
      Session found = sessions.current(what);
      if (!whoeverItIs) {
        refuseOther(what, found.uuid());
      }
      return found;
    } catch (Unreachable e) {
      load.decrementAndGet();
      throw e;
    }
  }

  private void refuseOther(Operation what, Optional<UUID> answers) {
    UUID wanted = expected.get();
    if (wanted != null && answers.isPresent() && !answers.get().equals(wanted)) {
      throw new OtherHost(
          "cannot %s: another host answers at %s: its UUID is %s, expected was %s"
              .formatted(what.words(), host, answers.get(), wanted));
    }
  }

  /** Ends the connection; calls under way go on to their end. */
  @Override
  public void close() {
    sessions.close();
    calls.shutdown();
  }
}
