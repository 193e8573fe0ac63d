package dev.ejabberdlab.provision;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
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

  /** Of VRRP, on the first member; 255 would mean that the address is its own. */
  private static final int HIGHEST_PRIORITY = 200;

  private Base() {}

  /** A line of /etc/hosts for the template. */
  record Line(String address, String names) {}

  static Map<String, String> values(LabTopology lab, Node node) {
    Map<String, String> values = new LinkedHashMap<>();
    values.put("NODE_NAME", node.name());
    values.put(
        "ADDRESSES",
        node.interfaces().stream().map(Node.Interface::address).collect(Collectors.joining(" ")));
    values.put(
        "ROUTES",
        node.routes().stream()
            .map(route -> route.destination() + "," + route.via())
            .collect(Collectors.joining(" ")));
    lab.ejabberd()
        .virtualAddress()
        .filter(virtual -> node.role() == Role.ejabberd)
        .ifPresent(
            virtual -> {
              values.put("VIRTUAL_ADDRESS", virtual.address());
              values.put("VIRTUAL_ADDRESS_MAC", nic(node, virtual.network()).mac());
            });
    return values;
  }

  static Map<String, byte[]> files(LabTopology lab, Node node) {
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
    files.put("lab.conf", Templates.bytes("base/multi-user.conf"));
    Firewall firewall = Firewall.of(lab, node);
    files.put(
        "nftables.conf",
        Templates.render(
            "base/nftables.conf",
            Map.of("input", firewall.input(), "forward", firewall.forward())));
    lab.ejabberd()
        .virtualAddress()
        .filter(virtual -> node.role() == Role.ejabberd)
        .ifPresent(
            virtual -> {
              files.put("keepalived.conf", keepalived(lab, node, virtual));
              files.put("ejabberd-answers", Templates.bytes("base/ejabberd-answers"));
            });
    for (Node.Interface nic : node.interfaces()) {
      files.put("10-lab-" + nic.network() + ".network", network(lab, node, nic));
    }
    return files;
  }

  private static byte[] keepalived(LabTopology lab, Node node, LabTopology.VirtualAddress virtual) {
    List<String> members = lab.ejabberd().members();
    return Templates.render(
        "base/keepalived.conf",
        Map.of(
            "priority",
            HIGHEST_PRIORITY - members.indexOf(node.name()),
            "address",
            nic(node, virtual.network()).address(),
            "peers",
            members.stream()
                .filter(member -> !member.equals(node.name()))
                .map(member -> nic(lab.node(member), virtual.network()).address())
                .toList(),
            "virtualAddress",
            virtual.address(),
            "prefixLength",
            virtual.prefixLength()));
  }

  private static Node.Interface nic(Node node, String network) {
    return node.interfaces().stream()
        .filter(i -> i.network().equals(network))
        .findFirst()
        .orElseThrow();
  }

  /** The same on every node: each by its address in the network where the others look for it. */
  private static List<Line> hosts(LabTopology lab) {
    List<Line> lines = new ArrayList<>();
    for (Node node : lab.nodes()) {
      lines.add(
          new Line(
              lab.serviceAddress(node),
              "%s.%s %s".formatted(node.name(), lab.ejabberd().domain(), node.name())));
    }
    for (LabTopology.HostLine line : lab.hosts()) {
      lines.add(new Line(line.address(), String.join(" ", line.names())));
    }
    return lines;
  }

  private static byte[] network(LabTopology lab, Node node, Node.Interface nic) {
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
