package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.observe.HostWatch;
import dev.ejabberdlab.topology.LabTopology;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/** What the operator holds in memory for each lab. */
@ApplicationScoped
public class LabRuntimes {

  private static final Logger LOG = Logger.getLogger(LabRuntimes.class);

  private final Hosts hosts;
  private final StepRunner steps;
  private final BackgroundThreads background;
  private final Leadership leadership;
  private final Map<String, LabRuntime> runtimes = new ConcurrentHashMap<>();
  private volatile Consumer<ResourceID> changed = id -> {};
  private volatile BiPredicate<ResourceID, UUID> exists = (id, uid) -> true;
  private volatile Consumer<LabRuntime> vanished = runtime -> {};

  public LabRuntimes(
      Hosts hosts, StepRunner steps, BackgroundThreads background, Leadership leadership) {
    this.hosts = hosts;
    this.steps = steps;
    this.background = background;
    hosts.used(watch -> runtimes.values().stream().anyMatch(r -> r.host() == watch));
    this.leadership = leadership;
  }

  /** Says who is told that a lab is worth a reconcile. */
  void onChange(Consumer<ResourceID> listener) {
    changed = listener;
  }

  /**
   * Says how to find out whether a lab is still there, and who is told when a lab has gone without
   * having been taken down. Nothing else tells of a finalizer that was removed by hand.
   */
  void onVanish(BiPredicate<ResourceID, UUID> existing, Consumer<LabRuntime> listener) {
    exists = existing;
    vanished = listener;
  }

  /** The runtime of a lab on a host. It is made anew when the host's connection was made anew. */
  synchronized LabRuntime runtime(EjabberdLab lab, LibvirtHost host) {
    String uid = lab.getMetadata().getUid();
    HostWatch watch = hosts.watch(host);
    LabRuntime known = runtimes.get(uid);
    if (known != null && known.host() == watch && known.pool().equals(pool(lab, host))) {
      return known;
    }
    forget(uid);
    Owner owner =
        new Owner(
            UUID.fromString(uid), lab.getMetadata().getNamespace(), lab.getMetadata().getName());
    ResourceID id = ResourceID.fromResource(lab);
    LabRuntime runtime =
        new LabRuntime(
            watch,
            host.getMetadata().getName(),
            owner,
            pool(lab, host),
            LabTopology.namePrefix(owner.uid()),
            steps,
            background.executor(),
            Clock.systemUTC(),
            () -> changed.accept(id),
            leadership::isHeld);
    runtimes.put(uid, runtime);
    return runtime;
  }

  /** The storage pool that a lab lives in: the one in its status, if there is one. */
  static String pool(EjabberdLab lab, LibvirtHost host) {
    return lab.getStatus() != null
            && lab.getStatus().libvirt() != null
            && lab.getStatus().libvirt().pool() != null
        ? lab.getStatus().libvirt().pool()
        : host.getSpec().pool();
  }

  /** The runtime of a lab, if there is one. */
  synchronized Optional<LabRuntime> known(String uid) {
    return Optional.ofNullable(runtimes.get(uid));
  }

  synchronized void forget(String uid) {
    LabRuntime known = runtimes.remove(uid);
    if (known != null) {
      known.close();
    }
  }

  /** The runtimes of all labs at this moment. */
  synchronized List<LabRuntime> all() {
    return new ArrayList<>(runtimes.values());
  }

  void tick() {
    for (LabRuntime runtime : all()) {
      runtime.about().run(() -> tick(runtime));
    }
  }

  private void tick(LabRuntime runtime) {
    Owner owner = runtime.owner();
    try {
      if (exists.test(new ResourceID(owner.name(), owner.namespace()), owner.uid())) {
        runtime.tick();
      } else {
        forget(owner.uid().toString());
        vanished.accept(runtime);
      }
    } catch (RuntimeException | Error e) {
      LOG.errorf(e, "%s: its observation was not started; the next beat tries.", owner);
    }
  }

  @PreDestroy
  synchronized void close() {
    List.copyOf(runtimes.keySet()).forEach(this::forget);
  }
}
