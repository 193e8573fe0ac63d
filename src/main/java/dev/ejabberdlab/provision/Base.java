package dev.ejabberdlab.provision;

import dev.ejabberdlab.topology.LabTopology;
import inet.ipaddr.IPAddressString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Inputs of the step {@code base}. */
final class Base {

  private Base() {}

  /** A line of /etc/hosts for the template. */
  record Line(String address, String names) {}

  static Map<String, String> values(LabTopology.Node node) {
    return Map.of(
        "NODE_NAME",
        node.name(),
        "ADDRESSES",
        node.interfaces().stream()
            .map(LabTopology.Interface::address)
            .collect(Collectors.joining(" ")));
  }

  static Map<String, byte[]> files(LabTopology lab, LabTopology.Node node) {
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("hostname", (node.name() + "\n").getBytes(StandardCharsets.UTF_8));
    files.put("hosts", Templates.render("base/hosts", Map.of("lines", hosts(lab))));
    files.put(
        "resolv.conf",
        Templates.render(
            "base/resolv.conf", Map.of("nameserver", lab.management().gateway().orElseThrow())));
    files.put(
        "90-ejabberd-lab.conf",
        Templates.render(
            "base/sysctl.conf",
            Map.of(
                "forwarding",
                Firewall.forwards(node),
                "settings",
                List.copyOf(new TreeMap<>(lab.sysctls()).entrySet()))));
    Firewall firewall = Firewall.of(lab, node);
    files.put(
        "nftables.conf",
        Templates.render(
            "base/nftables.conf",
            Map.of("input", firewall.input(), "forward", firewall.forward())));
    for (LabTopology.Interface nic : node.interfaces()) {
      files.put("10-lab-" + nic.network() + ".network", network(lab, node, nic));
    }
    return files;
  }

  /** The same on every node: each by its address in the network where the others look for it. */
  private static List<Line> hosts(LabTopology lab) {
    List<Line> lines = new ArrayList<>();
    for (LabTopology.Node node : lab.nodes()) {
      lines.add(
          new Line(
              serviceAddress(lab, node),
              "%s.%s %s".formatted(node.name(), lab.xmpp().domain(), node.name())));
    }
    for (LabTopology.HostLine line : lab.hosts()) {
      lines.add(new Line(line.address(), String.join(" ", line.names())));
    }
    return lines;
  }

  /** Where the node's service is, or its first address that is not only for management. */
  private static String serviceAddress(LabTopology lab, LabTopology.Node node) {
    return (switch (node.role()) {
          case ejabberd -> node.addressIn(lab.xmpp().network());
          case postgresql -> node.addressIn(lab.database().network());
          case gateway, plain ->
              node.interfaces().stream()
                  .filter(i -> !i.network().equals(lab.management().name()))
                  .map(LabTopology.Interface::address)
                  .findFirst();
        })
        .orElseGet(() -> node.interfaces().get(0).address());
  }

  private static byte[] network(LabTopology lab, LabTopology.Node node, LabTopology.Interface nic) {
    LabTopology.Network network = lab.network(nic.network());
    IPAddressString cidr = new IPAddressString(network.cidr());
    Map<String, Object> values = new HashMap<>();
    values.put("mac", nic.mac());
    values.put("address", nic.address());
    values.put("prefixLength", nic.prefixLength());
    values.put("defaultGateway", network.gateway().orElse(""));
    values.put(
        "routes",
        node.routes().stream().filter(r -> cidr.contains(new IPAddressString(r.via()))).toList());
    return Templates.render("base/interface.network", values);
  }
}
