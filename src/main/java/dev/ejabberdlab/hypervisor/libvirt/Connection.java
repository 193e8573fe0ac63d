package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.HypervisorEvent;
import dev.ejabberdlab.hypervisor.HypervisorEvent.Kind;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.OtherHost;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jboss.logging.Logger;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;
import org.libvirt.event.AgentLifecycleListener;
import org.libvirt.event.LifecycleListener;

/**
 * A connection to libvirt that is made when it is first needed, watched, and made anew after a
 * loss.
 *
 * <p>Nothing here waits without end. libvirt's calls cannot be interrupted, so each runs on a
 * thread of its own while the caller waits for a bounded time. A libvirtd that hangs is found out
 * by keepalive and fails the calls; a single call that hangs (a frozen QEMU, a dead file server)
 * costs the session: the caller is told, and others go on over a new one.
 */
final class Connection implements AutoCloseable {

  private static final Logger LOG = Logger.getLogger(Connection.class);

  /** How long a caller waits for an attempt to connect, counted from the attempt's start. */
  private static final Duration CONNECT_WAIT = Duration.ofSeconds(5);

  private static final Duration FIRST_DELAY = Duration.ofMillis(500);
  private static final Duration LAST_DELAY = Duration.ofSeconds(15);

  /**
   * How long an attempt to connect may take: over SSH, on a busy host, it is several seconds. One
   * that hangs cannot be ended; it is left behind.
   */
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(30);

  /** Attempts that may hang at the same time; then one of them is waited for. */
  private static final int MAX_ATTEMPTS = 2;

  /** How often the connection's state is looked at, in case libvirt does not tell of a loss. */
  private static final Duration WATCH = Duration.ofSeconds(5);

  /** With three unanswered messages: a silent libvirtd is given up after 20 seconds. */
  private static final int KEEPALIVE_SECONDS = 5;

  private static final int KEEPALIVE_COUNT = 3;

  /**
   * Calls at once over a network connection. With two the client library may crash the process: a
   * thread that wakes the one which reads answers leaves it with a source on a stack that is gone
   * (CVE-2024-4418, up to libvirt 10.3; seen with 9.0 after libvirtd had hung).
   */
  private static final int CALLS_AT_ONCE = 1;

  /** How long a call may wait for its turn. */
  private static final Duration TURN_WAIT = Duration.ofSeconds(30);

  private final String uri;
  private final String host;
  private final Consumer<HypervisorEvent> events;
  private final AtomicReference<UUID> expected;
  private final ExecutorService calls;
  private final AtomicInteger load = new AtomicInteger();
  private final Hanging hanging;
  private final List<CompletableFuture<LibvirtConnect>> attempts = new ArrayList<>();

  private final Object lock = new Object();
  private Thread connector;
  private Session session;
  private boolean closed;
  private boolean attempting;
  private long attemptStart;
  private String failure = "not connected yet";
  private Throwable failureCause;

  /** What is done with a connection. */
  interface Call<T> {
    T on(LibvirtConnect connect) throws LibvirtException;
  }

  /** Turns a refusal into the port's exception. */
  interface Translation {
    HypervisorException of(String what, String host, LibvirtException e);
  }

  /**
   * @param uri libvirt's connection URI
   * @param events gets domain events and the connection's own; null for a connection without events
   * @param expected UUID of the host to talk to; null in it for any
   * @param hanging calls to the same libvirt that hang
   */
  Connection(
      String uri,
      Consumer<HypervisorEvent> events,
      AtomicReference<UUID> expected,
      Hanging hanging) {
    this.uri = uri;
    this.expected = expected;
    this.hanging = hanging;
    // What follows the question mark may name files with credentials.
    this.host = uri.replaceFirst("\\?.*", "");
    this.events = events;
    this.calls =
        Executors.newCachedThreadPool(
            task -> {
              Thread thread = new Thread(task, "libvirt-call " + host);
              thread.setDaemon(true);
              return thread;
            });
  }

  /** The URI without its parameters, for messages. */
  String host() {
    return host;
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
    synchronized (lock) {
      return session != null || connector == null;
    }
  }

  /** Starts connecting in the background. */
  void open() {
    synchronized (lock) {
      if (connector == null && !closed) {
        beginAttempt();
        connector = new Thread(this::connectForEver, "libvirt-connect " + host);
        connector.setDaemon(true);
        connector.start();
      }
    }
  }

  /**
   * Makes a call.
   *
   * @param what what is done, as in "cannot …"
   * @param limit how long the call may take
   * @throws Unreachable when there is no connection, or no answer within the limit
   */
  <T> T call(String what, Duration limit, Call<T> call) {
    return call(what, limit, LibvirtErrors::translate, call);
  }

  /** As {@link #call(String, Duration, Call)}, also where another host answers than expected. */
  <T> T callWhoeverItIs(String what, Duration limit, Call<T> call) {
    return call(true, what, limit, LibvirtErrors::translate, call);
  }

  /** As {@link #call(String, Duration, Call)} with an own translation of refusals. */
  <T> T call(String what, Duration limit, Translation translation, Call<T> call) {
    return call(false, what, limit, translation, call);
  }

  private <T> T call(
      boolean whoeverItIs, String what, Duration limit, Translation translation, Call<T> call) {
    Optional<Duration> time = hanging.time(what);
    if (time.isPresent()) {
      load.decrementAndGet();
      throw new Unreachable(
          "cannot %s on %s: libvirt has been working on the same for %d s; it is not asked again before that has ended"
              .formatted(what, host, time.get().toSeconds()),
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
      throw new Unreachable("cannot " + what + " on " + host + ": " + reason, e);
    } catch (ExecutionException e) {
      throw failed(at, what, translation, e.getCause());
    } catch (InterruptedException e) {
      throw interrupted(what, e);
    }
  }

  /**
   * Makes a call and waits for its end no longer than given; the call goes on.
   *
   * @throws HypervisorException when it failed within that time
   */
  void callAndLeave(String what, Duration wait, Call<Void> call) {
    Session at = reservedSession(what, false);
    Future<Void> answer = start(at, what, call);
    try {
      answer.get(wait.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      LOG.debugf("%s goes on in the background", what);
    } catch (ExecutionException e) {
      throw failed(at, what, LibvirtErrors::translate, e.getCause());
    } catch (InterruptedException e) {
      throw interrupted(what, e);
    }
  }

  private <T> Future<T> start(Session at, String what, Call<T> call) {
    if (!at.hold()) {
      load.decrementAndGet();
      throw new Unreachable(
          "cannot " + what + " on " + host + ": the connection to libvirt is lost", null);
    }
    boolean running = false;
    try {
      if (!at.turns.tryAcquire(TURN_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
        String reason = "earlier calls did not end within " + TURN_WAIT.toSeconds() + " s";
        throw new Unreachable("cannot " + what + " on " + host + ": " + reason, null);
      }
      Future<T> answer =
          calls.submit(
              () -> {
                try {
                  return call.on(at.connect);
                } catch (LibvirtException e) {
                  at.loseIfDead(LibvirtErrors.sentence(e));
                  throw e;
                } finally {
                  at.turns.release();
                  load.decrementAndGet();
                  at.release();
                }
              });
      running = true;
      return answer;
    } catch (InterruptedException e) {
      throw interrupted(what, e);
    } catch (RejectedExecutionException e) {
      throw new Unreachable("cannot " + what + " on " + host + ": the connection is closed", e);
    } finally {
      if (!running) {
        load.decrementAndGet();
        at.release();
      }
    }
  }

  private HypervisorException failed(
      Session at, String what, Translation translation, Throwable cause) {
    if (cause instanceof LibvirtException e) {
      return at.lost.get()
          ? new Unreachable(
              "cannot %s on %s: the connection to libvirt is lost: %s"
                  .formatted(what, host, LibvirtErrors.sentence(e)),
              e)
          : translation.of(what, host, e);
    }
    if (cause instanceof HypervisorException e) {
      return e;
    }
    if (cause instanceof Error e) {
      throw e;
    }
    return new HypervisorException("cannot " + what + " on " + host + ": " + cause, cause);
  }

  private Unreachable interrupted(String what, InterruptedException e) {
    Thread.currentThread().interrupt();
    return new Unreachable("cannot " + what + " on " + host + ": interrupted", e);
  }

  private Session reservedSession(String what, boolean whoeverItIs) {
    try {
      Session found = session(what);
      if (!whoeverItIs) {
        refuseOther(what, found.uuid);
      }
      return found;
    } catch (Unreachable e) {
      load.decrementAndGet();
      throw e;
    }
  }

  private void refuseOther(String what, Optional<UUID> answers) {
    UUID wanted = expected.get();
    if (wanted != null && answers.isPresent() && !answers.get().equals(wanted)) {
      throw new OtherHost(
          "cannot %s: another host answers at %s: its UUID is %s, expected was %s"
              .formatted(what, host, answers.get(), wanted));
    }
  }

  /** The session, waiting for an attempt under way but not for the next one. */
  private Session session(String what) {
    open();
    synchronized (lock) {
      while (!closed && session == null && attempting) {
        long left = attemptStart + CONNECT_WAIT.toNanos() - System.nanoTime();
        if (left <= 0) {
          throw new Unreachable(
              "cannot " + what + ": libvirt at " + host + " does not answer", null);
        }
        try {
          TimeUnit.NANOSECONDS.timedWait(lock, left);
        } catch (InterruptedException e) {
          throw interrupted(what, e);
        }
      }
      if (closed) {
        throw new Unreachable(
            "cannot " + what + " on " + host + ": the connection is closed", null);
      }
      if (session == null) {
        throw new Unreachable("cannot " + what + " on " + host + ": " + failure, failureCause);
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
        emit(new HypervisorEvent(Kind.CONNECTED, null));
        goOn = watch(opened);
      }
      opened.release();
      if (!goOn) {
        return;
      }
      emit(new HypervisorEvent(Kind.DISCONNECTED, null));
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
      opened = new Session(connected());
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

  /** A new connection, made on a thread of its own: libvirt's call has no time-out. */
  private LibvirtConnect connected() throws LibvirtException {
    if (attempts.size() < MAX_ATTEMPTS) {
      CompletableFuture<LibvirtConnect> attempt = new CompletableFuture<>();
      Thread thread =
          new Thread(
              () -> {
                try {
                  attempt.complete(new LibvirtConnect(uri));
                } catch (LibvirtException | RuntimeException | Error e) {
                  attempt.completeExceptionally(e);
                }
              },
              "libvirt-attempt " + host);
      thread.setDaemon(true);
      thread.start();
      attempts.add(attempt);
    }
    try {
      CompletableFuture.anyOf(attempts.toArray(CompletableFuture[]::new))
          .get(CONNECT_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new IllegalStateException(
          "libvirt has not answered an attempt to connect for %d s (%d of at most %d attempts hang)"
              .formatted(CONNECT_LIMIT.toSeconds(), attempts.size(), MAX_ATTEMPTS),
          e);
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted while connecting", e);
    } catch (ExecutionException e) {
      // Its cause is thrown below.
    }
    CompletableFuture<LibvirtConnect> ended =
        attempts.stream().filter(CompletableFuture::isDone).findFirst().orElseThrow();
    attempts.remove(ended);
    try {
      return ended.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof LibvirtException refused) {
        throw refused;
      }
      if (e.getCause() instanceof LinkageError missing) {
        throw missing;
      }
      throw e;
    }
  }

  private void failed(String reason, Throwable cause) {
    synchronized (lock) {
      if (!reason.equals(failure)) {
        log(Logger.Level.WARN, "cannot connect to libvirt at %s: %s", host, reason);
      }
      attempting = false;
      failure = reason;
      failureCause = cause;
      lock.notifyAll();
    }
  }

  /** Gives the session to the callers; false when this connection was closed. */
  private boolean publish(Session opened) {
    synchronized (lock) {
      attempting = false;
      if (!closed) {
        log(Logger.Level.INFO, "connected to libvirt at %s", host);
        session = opened;
        failure = "";
      }
      lock.notifyAll();
      return !closed;
    }
  }

  /** Returns true when the session is lost, false when this connection was closed. */
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

  /** Loud for the connection with events, quiet for the others to the same host. */
  private void log(Logger.Level level, String format, Object... values) {
    LOG.logf(events == null ? Logger.Level.DEBUG : level, format, values);
  }

  /** Waits before the next attempt; false when this connection was closed. */
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

  private void emit(HypervisorEvent event) {
    if (events != null) {
      events.accept(event);
    }
  }

  /** Ends the connection; calls under way go on to their end. */
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
    }
    calls.shutdown();
  }

  /**
   * One connection as libvirt has it. It is closed when nobody uses it any more: closing it under a
   * call, or with a listener or a domain object left, leaks it or worse.
   */
  private final class Session {

    private final LibvirtConnect connect;
    private volatile Optional<UUID> uuid = Optional.empty();
    private final Semaphore turns = new Semaphore(CALLS_AT_ONCE, true);
    private final AtomicInteger users = new AtomicInteger(1);
    private final AtomicBoolean lost = new AtomicBoolean();
    private final LifecycleListener lifecycle =
        (domain, event) -> {
          forward(domain, Kind.LIFECYCLE);
          return 0;
        };
    private final AgentLifecycleListener agent =
        (domain, state, reason) -> forward(domain, Kind.AGENT);

    Session(LibvirtConnect connect) {
      this.connect = connect;
    }

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
      if (events != null) {
        connect.addLifecycleListener(lifecycle);
        connect.addAgentLifecycleListener(agent);
      }
    }

    private void forward(Domain domain, Kind kind) {
      try {
        UUID uuid = UUID.fromString(domain.getUUIDString());
        emit(new HypervisorEvent(kind, uuid));
      } catch (LibvirtException e) {
        LOG.debugf("an event without a domain: %s", e.getMessage());
      } finally {
        free(domain);
      }
    }

    private void free(Domain domain) {
      try {
        domain.free();
      } catch (LibvirtException e) {
        LOG.debugf("a domain object could not be freed: %s", e.getMessage());
      }
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

    /** Takes this session out of use; callers wait for the attempt that follows. */
    void lose(String reason) {
      if (lost.compareAndSet(false, true)) {
        synchronized (lock) {
          if (session == this) {
            log(Logger.Level.WARN, "lost libvirt at %s: %s", host, reason);
            session = null;
            failure = reason;
            failureCause = null;
            beginAttempt();
          }
          lock.notifyAll();
        }
      }
    }

    /** Keeps the session from being closed; false when it is closed already. */
    boolean hold() {
      return users.updateAndGet(n -> n == 0 ? 0 : n + 1) > 0;
    }

    void release() {
      if (users.decrementAndGet() == 0) {
        // Closing talks to libvirtd, which may hang just now.
        Thread closer = new Thread(this::dispose, "libvirt-close " + host);
        closer.setDaemon(true);
        closer.start();
      }
    }

    private void dispose() {
      quietly(() -> connect.removeLifecycleListener(lifecycle));
      quietly(() -> connect.removeAgentLifecycleListener(agent));
      quietly(connect::unregisterCloseListener);
      quietly(
          () -> {
            int left = connect.close();
            if (left > 0) {
              LOG.debugf("%d references to a closed connection to %s are left", left, host);
            }
          });
    }

    private void quietly(Step step) {
      try {
        step.run();
      } catch (LibvirtException e) {
        LOG.debugf("closing the connection to %s: %s", host, e.getMessage());
      }
    }
  }

  private interface Step {
    void run() throws LibvirtException;
  }
}
