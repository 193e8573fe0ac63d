package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.Disks;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.InUse;
import dev.ejabberdlab.hypervisor.HypervisorException.NotFound;
import dev.ejabberdlab.hypervisor.PoolState;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.hypervisor.libvirt.Operation.ListVolumes;
import dev.ejabberdlab.hypervisor.libvirt.Operation.OnObject;
import dev.ejabberdlab.hypervisor.libvirt.Operation.OnVolume;
import dev.ejabberdlab.hypervisor.libvirt.Operation.Verb;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jboss.logging.Logger;
import org.libvirt.Connect;
import org.libvirt.Domain;
import org.libvirt.Error.ErrorNumber;
import org.libvirt.LibvirtException;
import org.libvirt.StoragePool;
import org.libvirt.StoragePoolInfo;

/** The storage pools of a host, and the volumes in them. */
final class Volumes {

  private static final Logger LOG = Logger.getLogger(Volumes.class);

  private final Connections connections;
  private final Refusals refusals;
  private final Turns<String> poolTurns = new Turns<>();

  Volumes(Connections connections, Refusals refusals) {
    this.connections = connections;
    this.refusals = refusals;
  }

  Optional<PoolState> pool(String name) {
    return connections.call(
        new OnObject(Verb.LOOK_UP, ObjectKind.POOL, name),
        c ->
            Lookup.pool(
                c,
                name,
                pool -> {
                  if (pool.isActive() == 0) {
                    return new PoolState(name, false, 0, 0);
                  }
                  StoragePoolInfo info = pool.getInfo();
                  return new PoolState(name, true, info.capacity, info.available);
                }));
  }

  List<VolumeState> all(String pool) {
    return inPool(
        pool,
        new ListVolumes(pool),
        (c, p) -> {
          refresh(p, pool);
          List<VolumeState> states = new ArrayList<>();
          for (String name : p.listVolumes()) {
            read(p, name).map(VolumeXml::state).ifPresent(states::add);
          }
          return List.copyOf(states);
        });
  }

  Optional<VolumeState> volume(String pool, String name) {
    Operation what = new OnVolume(Verb.LOOK_UP, pool, name);
    Optional<VolumeState> known =
        connections.call(
            what,
            c ->
                Lookup.pool(c, pool, p -> complete(p, name))
                    .orElseThrow(() -> refusals.missing(ObjectKind.POOL, pool)));
    return known.isPresent()
        ? known
        : inPool(
            pool,
            what,
            (c, p) -> {
              refresh(p, pool);
              return complete(p, name);
            });
  }

  private static Optional<VolumeState> complete(StoragePool pool, String name)
      throws LibvirtException {
    return read(pool, name).map(VolumeXml::state).filter(VolumeState::complete);
  }

  void createOverlay(String pool, String name, String baseVolume, long capacityBytes) {
    inPool(
        pool,
        new OnVolume(Verb.CREATE, pool, name),
        (c, p) -> {
          refresh(p, pool);
          Optional<VolumeXml> present = read(p, name);
          if (present.isPresent()) {
            if (present.get().isImage()) {
              return name;
            }
            LOG.warnf("volume %s of pool %s is half made, making it anew", name, pool);
            refuseUsed(c, pool, name, present.get());
            delete(p, name);
          }
          VolumeXml base =
              read(p, baseVolume).orElseThrow(() -> refusals.missingVolume(pool, baseVolume));
          if (!base.format().equals("qcow2")) {
            throw new HypervisorException(
                "volume '%s' in pool '%s' on %s is %s, not a complete qcow2 image"
                    .formatted(baseVolume, pool, refusals.host(), base.format()));
          }
          long capacity = Math.max(capacityBytes, base.capacityBytes());
          try {
            p.storageVolCreateXML(VolumeXml.overlay(name, capacity, base), 0).free();
          } catch (LibvirtException e) {
            if (!LibvirtErrors.is(e, ErrorNumber.VIR_ERR_STORAGE_VOL_EXIST)) {
              throw e;
            }
          }
          return name;
        });
  }

  void delete(String pool, String name) {
    try {
      inPool(
          pool,
          new OnVolume(Verb.DELETE, pool, name),
          (c, p) -> {
            refresh(p, pool);
            Optional<VolumeXml> present = read(p, name);
            if (present.isPresent()) {
              refuseUsed(c, pool, name, present.get());
              delete(p, name);
            }
            return name;
          });
    } catch (NotFound e) {
      LOG.debugf("volume %s is gone with its pool: %s", name, e.getMessage());
    }
  }

  /** libvirt itself deletes a volume under a running machine without asking. */
  private void refuseUsed(Connect c, String pool, String name, VolumeXml volume)
      throws LibvirtException {
    Optional<String> user =
        Lookup.domains(
                c,
                d -> uses(c, d, pool, volume) ? Optional.of(d.getName()) : Optional.<String>empty())
            .stream()
            .flatMap(Optional::stream)
            .findFirst();
    if (user.isPresent()) {
      throw new InUse(
          "volume '%s' of pool '%s' on %s is used by domain '%s'; it was left alone"
              .formatted(name, pool, refusals.host(), user.get()));
    }
  }

  /** Whether a domain uses a volume; one whose definition cannot be read counts as using it. */
  private static boolean uses(Connect c, Domain domain, String pool, VolumeXml volume)
      throws LibvirtException {
    Disks disks;
    try {
      disks = DomainStates.disks(domain);
    } catch (IllegalArgumentException e) {
      return true;
    }
    Set<String> seen = new HashSet<>();
    Deque<String> files = new ArrayDeque<>(disks.files());
    while (!files.isEmpty()) {
      String file = files.pop();
      if (file.equals(volume.path())
          || file.equals(pool + "/" + volume.name())
          // The same file may have several paths.
          || file.endsWith("/" + volume.name())) {
        return true;
      }
      if (seen.add(file) && file.startsWith("/")) {
        Lookup.volumeAt(c, file, v -> VolumeXml.read(v.getXMLDesc(0)).backing())
            .flatMap(backing -> backing)
            .ifPresent(files::push);
      }
    }
    return false;
  }

  private interface AskInPool<T> {
    T of(Connect connect, StoragePool pool) throws LibvirtException;
  }

  /**
   * Refreshing and creating volumes at once fails in libvirt ("pool has asynchronous jobs
   * running"), so what is done in a pool is done one after the other.
   */
  private <T> T inPool(String pool, Operation what, AskInPool<T> ask) {
    return poolTurns.take(
        pool,
        Connections.LIMIT,
        () -> new HypervisorException("cannot %s: pool '%s' is busy".formatted(what.words(), pool)),
        () ->
            connections.call(
                what,
                c ->
                    Lookup.pool(c, pool, p -> ask.of(c, p))
                        .orElseThrow(() -> refusals.missing(ObjectKind.POOL, pool))));
  }

  private void refresh(StoragePool pool, String name) throws LibvirtException {
    if (pool.isActive() == 0) {
      throw new HypervisorException(
          "storage pool '%s' on %s is stopped; start it with: virsh pool-start %s"
              .formatted(name, refusals.host(), name));
    }
    try {
      pool.refresh(0);
    } catch (LibvirtException e) {
      // Somebody else is creating or uploading a volume: what libvirt knows must do for now.
      if (!LibvirtErrors.sentence(e).contains("asynchronous jobs")) {
        throw e;
      }
    }
  }

  private static Optional<VolumeXml> read(StoragePool pool, String name) throws LibvirtException {
    return Lookup.volume(pool, name, v -> VolumeXml.read(v.getXMLDesc(0)));
  }

  private static void delete(StoragePool pool, String name) throws LibvirtException {
    Lookup.volume(
        pool,
        name,
        v -> {
          v.delete(0);
          return name;
        });
  }
}
