package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.LibvirtStatus;
import dev.ejabberdlab.hypervisor.PoolState;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.observe.Seen;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Where a lab lives. What is recorded once stays, but for the disks that are known to be gone. */
final class LibvirtStatuses {

  private LibvirtStatuses() {}

  /** Null until the host was asked. */
  static LibvirtStatus of(StatusInput input) {
    LibvirtStatus before = input.previous() == null ? null : input.previous().libvirt();
    if (!input.host().reachable()) {
      return before;
    }
    String pool = input.host().pool().known().map(PoolState::name).orElse(null);
    return new LibvirtStatus(
        input.host().uuid().map(Object::toString).orElse(before == null ? null : before.uuid()),
        before != null && before.pool() != null ? before.pool() : pool,
        volumes(input, before));
  }

  private static List<String> volumes(StatusInput input, LibvirtStatus before) {
    Set<String> volumes = new TreeSet<>();
    if (before != null && before.volumes() != null) {
      volumes.addAll(before.volumes());
    }
    Seen<Remains> surplus = input.snapshot().surplus();
    if (surplus.is(r -> r.unseen().isEmpty())) {
      volumes.retainAll(surplus.value().volumes());
      surplus.value().domains().forEach(d -> volumes.add(d.name() + ".qcow2"));
    }
    input.lab().nodes().forEach(n -> volumes.add(n.volume()));
    return List.copyOf(volumes);
  }
}
