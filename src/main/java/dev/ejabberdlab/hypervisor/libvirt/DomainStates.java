package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.Disks;
import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.DomainState.Trait;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.libvirt.Domain;
import org.libvirt.Domain.XMLFlags;
import org.libvirt.LibvirtException;
import org.w3c.dom.Element;

/** What is read of a domain. */
final class DomainStates {

  private DomainStates() {}

  /** The domain as the port has it. */
  static DomainState state(LibvirtConnect c, Domain domain) throws LibvirtException {
    Element now = Xml.parse(domain.getXMLDesc(0));
    LibvirtConnect.Run run = c.run(domain);
    Power power = run.power();
    Optional<OwnerMark> mark = OwnerMark.read(now);
    Optional<DomainDefinition> definition = Optional.empty();
    Element config =
        power == Power.SHUT_OFF ? now : Xml.parse(domain.getXMLDesc(XMLFlags.INACTIVE));
    Set<Trait> traits = EnumSet.noneOf(Trait.class);
    if (mark.isPresent()) {
      definition = Xml.readable(() -> DomainXml.read(config, mark.get()).definition());
      if (definition.isPresent() && !DomainXml.isAsWritten(config, mark.get())) {
        traits.add(Trait.OUTDATED);
      }
      if (power == Power.SHUT_OFF && isSaved(domain)) {
        traits.add(Trait.SAVED);
      }
      if (run.resumed()) {
        traits.add(Trait.RESUMED);
      }
      if (isAutostarted(domain)) {
        traits.add(Trait.AUTOSTART);
      }
    }
    return new DomainState(
        DomainXml.uuid(now),
        DomainXml.name(now),
        mark.map(OwnerMark::owner),
        power,
        power == Power.RUNNING && DomainXml.agentConnected(now),
        definition,
        DomainXml.disks(List.of(now, config)),
        traits);
  }

  /**
   * The files that it has open, and those that it will open at its next start.
   *
   * @throws IllegalArgumentException when its definition cannot be read
   */
  static Disks disks(Domain domain) throws LibvirtException {
    Element now = Xml.parse(domain.getXMLDesc(0));
    return DomainXml.disks(
        domain.isActive() == 1
            ? List.of(now, Xml.parse(domain.getXMLDesc(XMLFlags.INACTIVE)))
            : List.of(now));
  }

  static Power power(Domain domain) throws LibvirtException {
    return switch (domain.getInfo().state) {
      case VIR_DOMAIN_NOSTATE, VIR_DOMAIN_RUNNING, VIR_DOMAIN_BLOCKED -> Power.RUNNING;
      case VIR_DOMAIN_PAUSED, VIR_DOMAIN_PMSUSPENDED -> Power.PAUSED;
      case VIR_DOMAIN_SHUTDOWN -> Power.SHUTTING_DOWN;
      case VIR_DOMAIN_SHUTOFF -> Power.SHUT_OFF;
      case VIR_DOMAIN_CRASHED -> Power.CRASHED;
    };
  }

  /** Whether libvirt keeps the memory of a domain that is off. */
  static boolean isSaved(Domain domain) throws LibvirtException {
    try {
      return domain.hasManagedSaveImage() == 1;
    } catch (LibvirtException e) {
      if (!LibvirtErrors.isUnsupported(e)) {
        throw e;
      }
      return false;
    }
  }

  /** One that exists only while it runs cannot be started by the host. */
  static boolean isAutostarted(Domain domain) throws LibvirtException {
    return domain.isPersistent() == 1 && domain.getAutostart();
  }
}
