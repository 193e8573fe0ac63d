package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.NetworkDefinition.Nat;
import dev.ejabberdlab.hypervisor.NetworkDefinition.Reservation;
import inet.ipaddr.IPAddressString;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import javax.xml.stream.XMLStreamException;
import org.w3c.dom.Element;

/**
 * libvirt's network XML. An isolated network has neither {@code <forward>} nor {@code <ip>}: with
 * an {@code <ip>} the guests would still reach the host.
 */
final class NetworkXml {

  private NetworkXml() {}

  /** The definition with its mark. */
  static String write(NetworkDefinition network) {
    String digest = OwnerMark.digest(write(network, ""));
    return write(network, digest);
  }

  private static String write(NetworkDefinition network, String digest) {
    return Xml.write(
        out ->
            out.element(
                "network",
                root -> {
                  root.text("name", network.name());
                  root.text("uuid", network.uuid().toString());
                  new OwnerMark(network.owner(), network.uuid(), "", digest).write(root);
                  if (network.nat().isPresent()) {
                    root.empty("forward", "mode", "nat");
                  }
                  // No spanning tree and no delay: a port forwards at once, and the bridge is the
                  // only way there is.
                  root.empty("bridge", "name", network.bridge(), "stp", "off", "delay", "0");
                  if (network.nat().isPresent()) {
                    writeNat(root, network.nat().get());
                  }
                }));
  }

  private static void writeNat(Xml.Writer out, Nat nat) throws XMLStreamException {
    out.element(
        "ip",
        ip -> {
          if (nat.dhcpStart() == null && nat.reservations().isEmpty()) {
            return;
          }
          ip.element(
              "dhcp",
              dhcp -> {
                if (nat.dhcpStart() != null) {
                  dhcp.empty("range", "start", nat.dhcpStart(), "end", nat.dhcpEnd());
                }
                for (Reservation r : nat.reservations()) {
                  dhcp.empty("host", "mac", r.mac(), "name", r.hostname(), "ip", r.address());
                }
              });
        },
        "address",
        nat.address(),
        "prefix",
        Integer.toString(nat.prefixLength()));
  }

  /**
   * The definition in a network's XML.
   *
   * @throws IllegalArgumentException when the XML says what no definition can
   */
  static NetworkDefinition read(Element root, OwnerMark mark) {
    return new NetworkDefinition(
        uuid(root),
        name(root),
        mark.owner(),
        Xml.first(root, "bridge").flatMap(b -> Xml.attribute(b, "name")).orElse(""),
        Xml.first(root, "ip").map(NetworkXml::readNat));
  }

  private static Nat readNat(Element ip) {
    Optional<Element> range = Xml.first(ip, "dhcp", "range");
    List<Reservation> reservations = new ArrayList<>();
    Xml.first(ip, "dhcp")
        .ifPresent(
            dhcp -> {
              for (Element host : Xml.children(dhcp, "host")) {
                reservations.add(
                    new Reservation(
                        host.getAttribute("mac").toLowerCase(Locale.ROOT),
                        host.getAttribute("ip"),
                        host.getAttribute("name")));
              }
            });
    return new Nat(
        ip.getAttribute("address"),
        Integer.parseInt(ip.getAttribute("prefix")),
        range.map(r -> r.getAttribute("start")).orElse(null),
        range.map(r -> r.getAttribute("end")).orElse(null),
        List.copyOf(reservations));
  }

  static UUID uuid(Element root) {
    return UUID.fromString(Xml.text(root, "uuid").orElseThrow());
  }

  static String name(Element root) {
    return Xml.text(root, "name").orElseThrow();
  }

  /** The IPv4 networks in which the host has an address: network address and prefix length. */
  static List<String> cidrs(Element root) {
    List<String> cidrs = new ArrayList<>();
    for (Element ip : Xml.children(root, "ip")) {
      String family = Xml.attribute(ip, "family").orElse("ipv4");
      if (!family.equals("ipv4") || !ip.hasAttribute("address")) {
        continue;
      }
      String address = ip.getAttribute("address");
      String prefix =
          Xml.attribute(ip, "prefix")
              .or(() -> Xml.attribute(ip, "netmask"))
              .orElseGet(() -> classPrefix(address));
      cidrs.add(
          new IPAddressString(address + "/" + prefix)
              .getAddress()
              .toPrefixBlock()
              .toCanonicalString());
    }
    return List.copyOf(cidrs);
  }

  /** As libvirt completes an address without netmask: by its old class. */
  private static String classPrefix(String address) {
    int first = Integer.parseInt(address.substring(0, address.indexOf('.')));
    return first < 128 ? "8" : first < 192 ? "16" : "24";
  }
}
