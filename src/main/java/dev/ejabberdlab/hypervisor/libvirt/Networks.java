package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.hypervisor.libvirt.Operation.LookUp;
import dev.ejabberdlab.hypervisor.libvirt.Operation.OnHost;
import dev.ejabberdlab.hypervisor.libvirt.Operation.OnObject;
import dev.ejabberdlab.hypervisor.libvirt.Operation.Verb;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.libvirt.Connect;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;
import org.libvirt.Network;
import org.w3c.dom.Element;

/** The networks of a host. */
final class Networks {

  // Not in libvirt-java's constants.
  private static final int XML_INACTIVE = 1;
  private static final int AFFECT_LIVE = 1;

  private final Connections connections;
  private final Refusals refusals;

  Networks(Connections connections, Refusals refusals) {
    this.connections = connections;
    this.refusals = refusals;
  }

  List<NetworkState> all() {
    return connections.call(
        new OnHost("list the networks"), c -> Lookup.networks(c, Networks::state));
  }

  Optional<NetworkState> network(UUID uuid) {
    return connections.call(
        new LookUp(ObjectKind.NETWORK, uuid), c -> Lookup.network(c, uuid, Networks::state));
  }

  private static NetworkState state(Network network) throws LibvirtException {
    Element now = Xml.parse(network.getXMLDesc(0));
    boolean active = network.isActive() == 1;
    Optional<OwnerMark> mark = OwnerMark.read(now);
    boolean complete = active && (mark.isEmpty() || network.getAutostart());
    Optional<NetworkDefinition> definition = Optional.empty();
    if (mark.isPresent()) {
      Element config = active ? Xml.parse(inactiveXml(network)) : now;
      definition = Xml.readable(() -> NetworkXml.read(config, mark.get()));
    }
    return new NetworkState(
        NetworkXml.uuid(now),
        NetworkXml.name(now),
        mark.map(OwnerMark::owner),
        complete,
        NetworkXml.cidrs(now),
        definition);
  }

  void define(NetworkDefinition network) {
    connections.call(
        new OnObject(Verb.DEFINE, ObjectKind.NETWORK, network.name()),
        c -> {
          Lookup.network(c, network.uuid(), Networks::state)
              .ifPresent(s -> refuseOtherOwner(s, network.owner()));
          refusals.refuseOtherUuid(
              ObjectKind.NETWORK,
              network.name(),
              network.uuid(),
              Lookup.network(c, network.name(), Networks::state).map(NetworkState::uuid));
          String wanted = NetworkXml.write(network);
          Optional<String> present = Lookup.network(c, network.uuid(), Networks::inactiveXml);
          if (present.isEmpty() || !isSame(present.get(), wanted)) {
            c.networkDefineXML(wanted).free();
          }
          return null;
        });
  }

  /** The configuration that the next start will use. */
  private static String inactiveXml(Network network) throws LibvirtException {
    try {
      return network.getXMLDesc(XML_INACTIVE);
    } catch (LibvirtException e) {
      if (!LibvirtErrors.isUnknownFlag(e)) {
        throw e;
      }
      return network.getXMLDesc(0);
    }
  }

  private static boolean isSame(String present, String wanted) {
    Element there = Xml.parse(present);
    Element here = Xml.parse(wanted);
    OwnerMark mark = OwnerMark.read(here).orElseThrow();
    return OwnerMark.read(there).equals(Optional.of(mark))
        && Xml.readable(() -> NetworkXml.read(there, mark))
            .equals(Optional.of(NetworkXml.read(here, mark)));
  }

  void start(UUID uuid, Owner owner, Set<UUID> guests) {
    NetworkState state =
        network(uuid).orElseThrow(() -> refusals.missing(ObjectKind.NETWORK, uuid));
    refuseOtherOwner(state, owner);
    connections.call(
        new OnObject(Verb.START, ObjectKind.NETWORK, state.name()),
        c ->
            Lookup.network(
                    c,
                    uuid,
                    network -> {
                      if (network.isActive() == 0) {
                        network.setAutostart(false);
                        start(network, state);
                      }
                      // Set last: it says that everything is plugged in.
                      if (!network.getAutostart()) {
                        replug(c, state.name(), owner, guests);
                        network.setAutostart(true);
                      }
                      return uuid;
                    })
                .orElseThrow(() -> refusals.missing(ObjectKind.NETWORK, state.name())));
  }

  private void start(Network network, NetworkState state) throws LibvirtException {
    try {
      network.create();
    } catch (LibvirtException e) {
      String interfaceInUse = "already in use by interface ";
      String message = LibvirtErrors.sentence(e);
      int at = message.indexOf(interfaceInUse);
      if (at >= 0) {
        throw new HypervisorException(
            "cannot start network '%s' on %s: its address range %s is already used by the host's interface %s; choose another range"
                .formatted(
                    state.name(),
                    refusals.host(),
                    String.join(", ", state.cidrs()),
                    message.substring(at + interfaceInUse.length())),
            e);
      }
      if (network.isActive() == 0) {
        throw e;
      }
    }
  }

  /**
   * Plugs running guests into a network that was started anew: libvirt leaves their taps without a
   * bridge when a network is destroyed. It takes an update for a change only when the bridge is
   * another one, so each interface goes by way of another network of the guest, with its link down.
   * A guest that has no other one must be restarted (libvirt 9.0).
   */
  private static void replug(Connect c, String network, Owner owner, Set<UUID> guests)
      throws LibvirtException {
    Set<String> active = Set.of(c.listNetworks());
    for (UUID guest : guests) {
      Lookup.domain(
          c,
          guest,
          domain -> {
            Element now = Xml.parse(domain.getXMLDesc(0));
            Optional<String> aside =
                DomainXml.networksOf(now).stream()
                    .filter(n -> !n.equals(network) && active.contains(n))
                    .findFirst();
            boolean ours = OwnerMark.read(now).filter(m -> m.owner().equals(owner)).isPresent();
            if (ours && aside.isPresent() && domain.isActive() == 1) {
              for (String mac : DomainXml.macsIn(now, network)) {
                plug(domain, DomainXml.interfaceIn(aside.get(), mac, false));
                plug(domain, DomainXml.interfaceIn(network, mac, true));
              }
            }
            return guest;
          });
    }
  }

  /** Of the drivers in use only the test driver cannot, and it has no bridges. */
  private static void plug(Domain domain, String nic) throws LibvirtException {
    try {
      domain.updateDeviceFlags(nic, AFFECT_LIVE);
    } catch (LibvirtException e) {
      if (!LibvirtErrors.isUnsupported(e)) {
        throw e;
      }
    }
  }

  void delete(UUID uuid, Owner owner) {
    Optional<NetworkState> state = network(uuid);
    if (state.isEmpty()) {
      return;
    }
    refuseOtherOwner(state.get(), owner);
    connections.call(
        new OnObject(Verb.DELETE, ObjectKind.NETWORK, state.get().name()),
        c ->
            Lookup.network(
                c,
                uuid,
                network -> {
                  if (network.isActive() == 1) {
                    network.destroy();
                  }
                  if (network.isPersistent() == 1) {
                    network.undefine();
                  }
                  return uuid;
                }));
  }

  private void refuseOtherOwner(NetworkState present, Owner owner) {
    refusals.refuseOtherOwner(ObjectKind.NETWORK, present.name(), owner, present.owner());
  }
}
