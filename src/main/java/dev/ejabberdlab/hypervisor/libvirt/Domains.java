package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainDefinition.DirectBoot;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.InUse;
import dev.ejabberdlab.hypervisor.HypervisorException.NameConflict;
import dev.ejabberdlab.hypervisor.HypervisorException.NotFound;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.hypervisor.libvirt.Operation.LookUp;
import dev.ejabberdlab.hypervisor.libvirt.Operation.OnHost;
import dev.ejabberdlab.hypervisor.libvirt.Operation.OnObject;
import dev.ejabberdlab.hypervisor.libvirt.Operation.Verb;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.libvirt.Connect;
import org.libvirt.Domain;
import org.libvirt.Domain.UndefineFlags;
import org.libvirt.Domain.XMLFlags;
import org.libvirt.LibvirtException;
import org.libvirt.StoragePool;
import org.libvirt.StorageVol;
import org.w3c.dom.Element;

/** The domains of a host and their definitions; {@link DomainPower} turns them on and off. */
final class Domains {

  /** For starting and destroying: a loaded host takes tens of seconds for QEMU to come and go. */
  private static final Duration CHANGE_LIMIT = Duration.ofSeconds(120);

  // Not in libvirt-java's constants.
  private static final int UNDEFINE_NVRAM = 1 << 2;
  private static final int UNDEFINE_CHECKPOINTS_METADATA = 1 << 4;

  private final Connections connections;
  private final Refusals refusals;

  Domains(Connections connections, Refusals refusals) {
    this.connections = connections;
    this.refusals = refusals;
  }

  List<DomainState> all() {
    return connections.call(
        new OnHost("list the domains"),
        c -> Lookup.domains(c, domain -> DomainStates.state(c, domain)));
  }

  Optional<DomainState> domain(UUID uuid) {
    return connections.call(new LookUp(ObjectKind.DOMAIN, uuid), c -> domain(c, uuid));
  }

  /**
   * A domain that must be there.
   *
   * @throws NotFound when it is not
   */
  DomainState existing(UUID uuid) {
    return domain(uuid).orElseThrow(() -> refusals.missing(ObjectKind.DOMAIN, uuid));
  }

  private static Optional<DomainState> domain(LibvirtConnect c, UUID uuid) throws LibvirtException {
    return Lookup.domain(c, uuid, domain -> DomainStates.state(c, domain));
  }

  void define(DomainDefinition domain) {
    connections.call(
        new OnObject(Verb.DEFINE, ObjectKind.DOMAIN, domain.name()),
        c -> {
          domain(c, domain.uuid()).ifPresent(s -> refuseOtherOwner(s, domain.owner()));
          refusals.refuseOtherUuid(
              ObjectKind.DOMAIN,
              domain.name(),
              domain.uuid(),
              Lookup.domain(c, domain.name(), Domain::getUUIDString).map(UUID::fromString));
          DomainXml.Paths paths = paths(c, domain);
          refuseOtherDisk(c, domain, paths.disk());
          String wanted = DomainXml.write(domain, paths);
          Optional<String> present =
              Lookup.domain(c, domain.uuid(), d -> d.getXMLDesc(XMLFlags.INACTIVE));
          if (present.isEmpty() || !isSame(present.get(), wanted)) {
            c.domainDefineXML(wanted).free();
          }
          return Lookup.domain(
              c,
              domain.uuid(),
              d -> {
                leaveToUs(d);
                return domain;
              });
        });
  }

  /** Redefined to its own disk, it would lose at its next start what is only on the other one. */
  private void refuseOtherDisk(LibvirtConnect c, DomainDefinition domain, String disk)
      throws LibvirtException {
    Set<String> roots = domain(c, domain.uuid()).map(d -> d.disks().roots()).orElse(Set.of());
    for (String root : roots) {
      if (!root.equals(disk)) {
        throw new InUse(
            "domain '%s' on %s runs on %s and not on its own disk %s; it was left on it"
                .formatted(domain.name(), refusals.host(), root, disk));
      }
    }
  }

  private static boolean isSame(String present, String wanted) {
    Element there = Xml.parse(present);
    Element here = Xml.parse(wanted);
    OwnerMark mark = OwnerMark.read(here).orElseThrow();
    return OwnerMark.read(there).equals(Optional.of(mark))
        && Xml.readable(() -> DomainXml.read(there, mark))
            .equals(Optional.of(DomainXml.read(here, mark)))
        && DomainXml.isAsWritten(there, mark);
  }

  private DomainXml.Paths paths(Connect c, DomainDefinition domain) throws LibvirtException {
    return Lookup.pool(
            c,
            domain.pool(),
            pool ->
                new DomainXml.Paths(
                    path(pool, domain.pool(), domain.volume()),
                    path(pool, domain, DirectBoot::kernelVolume),
                    path(pool, domain, DirectBoot::initrdVolume)))
        .orElseThrow(() -> refusals.missing(ObjectKind.POOL, domain.pool()));
  }

  private Optional<String> path(
      StoragePool pool, DomainDefinition domain, Function<DirectBoot, String> volume)
      throws LibvirtException {
    return domain.directBoot().isEmpty()
        ? Optional.empty()
        : Optional.of(path(pool, domain.pool(), volume.apply(domain.directBoot().get())));
  }

  private String path(StoragePool pool, String poolName, String volume) throws LibvirtException {
    return Lookup.volume(pool, volume, StorageVol::getPath)
        .orElseThrow(() -> refusals.missingVolume(poolName, volume));
  }

  /** Keeps the host from starting a domain by itself. */
  static void leaveToUs(Domain domain) throws LibvirtException {
    if (DomainStates.isAutostarted(domain)) {
      domain.setAutostart(false);
    }
  }

  /** Undefines a domain; false when there was none. */
  boolean undefine(UUID uuid, Owner owner) {
    Optional<DomainState> state = domain(uuid);
    if (state.isEmpty()) {
      return false;
    }
    String name = state.get().name();
    change(
        Verb.UNDEFINE,
        state.get(),
        owner,
        domain -> {
          Power now = DomainStates.power(domain);
          if (now != Power.SHUT_OFF) {
            throw new HypervisorException(
                "cannot undefine domain '%s' on %s: it is %s; stop it first"
                    .formatted(name, refusals.host(), now));
          }
          undefine(domain);
        });
    return true;
  }

  private static void undefine(Domain domain) throws LibvirtException {
    int flags = UndefineFlags.MANAGED_SAVE | UndefineFlags.SNAPSHOTS_METADATA;
    try {
      domain.undefine(flags | UNDEFINE_NVRAM | UNDEFINE_CHECKPOINTS_METADATA);
    } catch (LibvirtException e) {
      if (!LibvirtErrors.isUnknownFlag(e)) {
        throw e;
      }
      domain.undefine(flags);
    }
  }

  /** What is done to a domain. */
  interface Change {
    void make(Domain domain) throws LibvirtException;
  }

  /**
   * Changes a domain if it is the owner's; a domain that vanishes meanwhile counts as changed.
   *
   * @throws NameConflict when it is not the owner's
   */
  void change(Verb verb, DomainState state, Owner owner, Change change) {
    refuseOtherOwner(state, owner);
    connections.call(
        new OnObject(verb, ObjectKind.DOMAIN, state.name()),
        CHANGE_LIMIT,
        c ->
            Lookup.domain(
                c,
                state.uuid(),
                domain -> {
                  change.make(domain);
                  return state;
                }));
  }

  void refuseOtherOwner(DomainState present, Owner owner) {
    refusals.refuseOtherOwner(ObjectKind.DOMAIN, present.name(), owner, present.owner());
  }
}
