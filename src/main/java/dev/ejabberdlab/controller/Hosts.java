package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostStatus;
import dev.ejabberdlab.hypervisor.HypervisorFactory;
import dev.ejabberdlab.log.LogContext;
import dev.ejabberdlab.observe.HostWatch;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/** The connections to the hosts, one for each LibvirtHost, made when first needed. */
@ApplicationScoped
public class Hosts {

  private static final Logger LOG = Logger.getLogger(Hosts.class);

  private final HypervisorFactory hypervisors;
  private final BackgroundThreads background;
  private final Map<String, Connected> connected = new HashMap<>();
  private final List<Consumer<String>> listeners = new CopyOnWriteArrayList<>();
  private volatile Predicate<String> exists = name -> true;
  private volatile Predicate<HostWatch> used = watch -> false;
  private volatile Function<String, Optional<Set<UUID>>> living = name -> Optional.empty();

  private record Connected(LibvirtHost host, HostWatch watch) {

    boolean leadsTo(LibvirtHost other) {
      return host.getSpec().uri().equals(other.getSpec().uri())
          && host.getSpec().pool().equals(other.getSpec().pool());
    }
  }

  public Hosts(HypervisorFactory hypervisors, BackgroundThreads background) {
    this.hypervisors = hypervisors;
    this.background = background;
  }

  /** Calls the listener with a host's name whenever the host's snapshot has changed. */
  void listen(Consumer<String> listener) {
    listeners.add(listener);
  }

  /** Says how to find out whether there still is a LibvirtHost of a name. */
  void existing(Predicate<String> test) {
    exists = test;
  }

  /** Says how to find out whether a lab goes on with a connection; must not wait for anybody. */
  void used(Predicate<HostWatch> test) {
    used = test;
  }

  /** Says which labs live on a host of a name; empty while that is not known. */
  void living(Function<String, Optional<Set<UUID>>> labs) {
    living = labs;
  }

  /**
   * A LibvirtHost with the URI and the pool that its labs live with, whatever its spec says now.
   * API servers before 1.25 allow a change of both.
   */
  static LibvirtHost inUse(LibvirtHost host) {
    LibvirtHostStatus status = host.getStatus();
    LibvirtHostSpec spec = host.getSpec();
    String uri = status == null || status.uri() == null ? spec.uri() : status.uri();
    String pool =
        status == null || status.pool() == null || status.pool().name() == null
            ? spec.pool()
            : status.pool().name();
    return with(host, uri, pool);
  }

  /** A LibvirtHost with another URI and pool. */
  static LibvirtHost with(LibvirtHost host, String uri, String pool) {
    LibvirtHost other = new LibvirtHost();
    other.setMetadata(host.getMetadata());
    other.setStatus(host.getStatus());
    other.setSpec(
        new LibvirtHostSpec(
            uri,
            pool == null ? LibvirtHostSpec.DEFAULT_POOL : pool,
            host.getSpec().virtualization(),
            host.getSpec().managementCidrs()));
    return other;
  }

  /** The labs that live on a host, or are to. */
  static Stream<EjabberdLab> labsOn(String host, Stream<EjabberdLab> labs) {
    return labs.filter(lab -> host.equals(lab.hostInUse()));
  }

  static Set<UUID> uids(Stream<EjabberdLab> labs) {
    return labs.map(lab -> UUID.fromString(lab.getMetadata().getUid())).collect(Collectors.toSet());
  }

  /** A LibvirtHost as this process has last used it, even if it was deleted since. */
  synchronized Optional<LibvirtHost> lastKnown(String name) {
    return Optional.ofNullable(connected.get(name)).map(Connected::host);
  }

  /**
   * The watch over a host.
   *
   * @param host with the URI and pool in use
   */
  synchronized HostWatch watch(LibvirtHost host) {
    String name = host.getMetadata().getName();
    Connected known = connected.get(name);
    if (known != null && known.leadsTo(host)) {
      accepted(host).ifPresent(known.watch()::accept);
      connected.put(name, new Connected(host, known.watch()));
      return known.watch();
    }
    forget(name);
    HostWatch watch = LogContext.NONE.host(name).get(() -> open(host));
    connected.put(name, new Connected(host, watch));
    watch.tick();
    return watch;
  }

  private HostWatch open(LibvirtHost host) {
    String name = host.getMetadata().getName();
    return new HostWatch(
        hypervisors.open(host.getSpec().uri()),
        host.getSpec().pool(),
        accepted(host).or(() -> recorded(host)).orElse(null),
        () -> living.apply(name),
        LogContext.current().around(background.executor()),
        Clock.systemUTC(),
        () -> listeners.forEach(l -> l.accept(name)));
  }

  private static Optional<UUID> accepted(LibvirtHost host) {
    return Optional.ofNullable(host.getMetadata().getAnnotations())
        .map(all -> all.get(LibvirtHost.ACCEPT))
        .flatMap(Hosts::uuid);
  }

  private static Optional<UUID> recorded(LibvirtHost host) {
    return Optional.ofNullable(host.getStatus()).map(LibvirtHostStatus::uuid).flatMap(Hosts::uuid);
  }

  private static Optional<UUID> uuid(String text) {
    try {
      return Optional.of(UUID.fromString(text.strip()));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private synchronized void forget(String name) {
    Connected known = connected.remove(name);
    if (known != null) {
      known.watch().close();
    }
  }

  void tick() {
    List<Connected> all;
    synchronized (this) {
      // If its finalizer was removed by hand, no reconciler is told of its end, and its labs go
      // on.
      connected.entrySet().stream()
          .filter(c -> !exists.test(c.getKey()) && !used.test(c.getValue().watch()))
          .map(Map.Entry::getKey)
          .toList()
          .forEach(this::forget);
      all = new ArrayList<>(connected.values());
    }
    for (Connected host : all) {
      LogContext.NONE.host(host.host().getMetadata().getName()).run(() -> tick(host.watch()));
    }
  }

  private static void tick(HostWatch watch) {
    try {
      watch.tick();
    } catch (RuntimeException | Error e) {
      LOG.errorf(
          e, "%s: its observation was not started; the next beat tries.", watch.hypervisor());
    }
  }

  @PreDestroy
  synchronized void close() {
    List.copyOf(connected.keySet()).forEach(this::forget);
  }
}
