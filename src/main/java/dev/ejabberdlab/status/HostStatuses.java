package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostStatus.Orphan;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostStatus.OrphanKind;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostStatus.Orphans;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostStatus.Pool;
import dev.ejabberdlab.hypervisor.MarkedObject;
import dev.ejabberdlab.hypervisor.PoolState;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.HostSnapshot.Inventory;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

/** What is said of a libvirt host. */
public final class HostStatuses {

  private static final int MAX_ITEMS = 20;
  private static final long MIB = 1L << 20;
  private static final long GIB = 1L << 30;

  private HostStatuses() {}

  /**
   * What of a host's spec was changed although labs live on it; one sentence each.
   *
   * @param inUse what they live with
   */
  public static List<String> changes(
      LibvirtHostSpec spec, LibvirtHostSpec inUse, List<String> labs) {
    List<String> faults = new ArrayList<>();
    if (!spec.uri().equals(inUse.uri())) {
      faults.add(change("spec.uri", inUse.uri(), spec.uri(), labs));
    }
    String pool = spec.pool() == null ? LibvirtHostSpec.DEFAULT_POOL : spec.pool();
    if (!pool.equals(inUse.pool())) {
      faults.add(change("spec.pool", inUse.pool(), pool, labs));
    }
    return faults;
  }

  private static String change(String path, String before, String now, List<String> labs) {
    return "%s: cannot be changed from %s to %s while labs live on the host (%s); set it back, or create another LibvirtHost."
        .formatted(path, before, now, String.join(", ", labs));
  }

  /**
   * @param name of the pool in use
   */
  public static Pool pool(String name, HostSnapshot seen) {
    if (!seen.pool().isPresent()) {
      return new Pool(name, null, null, null, null);
    }
    PoolState pool = seen.pool().value();
    return pool.active()
        ? new Pool(name, true, pool.capacityBytes(), pool.freeBytes(), words(pool.freeBytes()))
        : new Pool(name, false, null, null, null);
  }

  private static String words(long bytes) {
    return bytes < 8 * GIB ? bytes / MIB + "Mi" : bytes / GIB + "Gi";
  }

  /**
   * What no lab has; null when there is nothing.
   *
   * @param labs UIDs of every lab
   */
  public static Orphans orphans(Inventory inventory, Set<UUID> labs) {
    Inventory orphans = inventory.without(labs);
    List<Orphan> all =
        Stream.concat(
                orphans.marked().stream().map(HostStatuses::orphan),
                orphans.volumes().stream().map(v -> new Orphan(OrphanKind.volume, v, null, null)))
            .toList();
    return all.isEmpty() ? null : new Orphans(all.size(), all.stream().limit(MAX_ITEMS).toList());
  }

  private static Orphan orphan(MarkedObject object) {
    OrphanKind kind =
        switch (object.kind()) {
          case DOMAIN -> OrphanKind.domain;
          case NETWORK -> OrphanKind.network;
        };
    return new Orphan(kind, object.name(), object.owner().namespace(), object.owner().name());
  }
}
