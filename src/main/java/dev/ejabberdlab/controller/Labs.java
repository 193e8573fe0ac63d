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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/** What the operator holds in memory for each lab. */
@ApplicationScoped
public class Labs {

  private final Hosts hosts;
  private final StepRunner steps;
  private final Background background;
  private final Leadership leadership;
  private final Map<String, LabRuntime> runtimes = new HashMap<>();
  private volatile Consumer<ResourceID> changed = id -> {};

  public Labs(Hosts hosts, StepRunner steps, Background background, Leadership leadership) {
    this.hosts = hosts;
    this.steps = steps;
    this.background = background;
    this.leadership = leadership;
  }

  /** Says who is told that a lab is worth a reconcile. */
  void onChange(Consumer<ResourceID> listener) {
    changed = listener;
  }

  /** The runtime of a lab on a host, made anew when the host's connection was. */
  synchronized LabRuntime runtime(EjabberdLab lab, LibvirtHost host) {
    String uid = lab.getMetadata().getUid();
    HostWatch watch = hosts.watch(host);
    LabRuntime known = runtimes.get(uid);
    if (known != null && known.host() == watch) {
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
            owner,
            host.getSpec().pool(),
            LabTopology.namePrefix(owner.uid()),
            steps,
            background.executor(),
            Clock.systemUTC(),
            () -> changed.accept(id),
            leadership::isHeld);
    runtimes.put(uid, runtime);
    return runtime;
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
      if (runtime.remains().active()) {
        runtime.remains().tick();
      } else {
        runtime.watch().tick();
      }
    }
  }

  @PreDestroy
  synchronized void close() {
    List.copyOf(runtimes.keySet()).forEach(this::forget);
  }
}
