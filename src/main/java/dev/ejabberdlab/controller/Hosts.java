package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.hypervisor.HypervisorFactory;
import dev.ejabberdlab.observe.HostWatch;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jboss.logging.Logger;

/** The connections to the hosts, one for each LibvirtHost, made when first needed. */
@ApplicationScoped
public class Hosts {

  private static final Logger LOG = Logger.getLogger(Hosts.class);

  private final HypervisorFactory hypervisors;
  private final Background background;
  private final Map<String, Connected> connected = new HashMap<>();
  private final List<Consumer<String>> listeners = new CopyOnWriteArrayList<>();
  private volatile Predicate<String> exists = name -> true;

  private record Connected(String uri, HostWatch watch) {}

  public Hosts(HypervisorFactory hypervisors, Background background) {
    this.hypervisors = hypervisors;
    this.background = background;
  }

  /** Calls the listener with a host's name whenever its view has changed. */
  void listen(Consumer<String> listener) {
    listeners.add(listener);
  }

  /** Says how to find out whether there still is a LibvirtHost of a name. */
  void existing(Predicate<String> test) {
    exists = test;
  }

  /** The watch over a host. */
  synchronized HostWatch watch(LibvirtHost host) {
    String name = host.getMetadata().getName();
    String uri = host.getSpec().uri();
    Connected known = connected.get(name);
    if (known != null && known.uri().equals(uri)) {
      return known.watch();
    }
    forget(name);
    HostWatch watch =
        new HostWatch(
            hypervisors.open(uri),
            background.executor(),
            Clock.systemUTC(),
            () -> listeners.forEach(l -> l.accept(name)));
    connected.put(name, new Connected(uri, watch));
    watch.tick();
    return watch;
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
      // The deletion of a resource without a finalizer is no event that a reconciler gets.
      connected.keySet().stream().filter(exists.negate()).toList().forEach(this::forget);
      all = new ArrayList<>(connected.values());
    }
    for (Connected host : all) {
      try {
        host.watch().tick();
      } catch (RuntimeException | Error e) {
        LOG.errorf(e, "%s: its observation was not started; the next beat tries.", host.uri());
      }
    }
  }

  @PreDestroy
  synchronized void close() {
    List.copyOf(connected.keySet()).forEach(this::forget);
  }
}
