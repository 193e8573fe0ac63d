package dev.ejabberdlab.provision;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a node lets in and a gateway lets through, beside what every node does: answer itself, pings
 * and what it asked for.
 *
 * @param input accepted by the node
 * @param forward passed on between its networks
 */
record Firewall(List<Rule> input, List<Rule> forward) {

  static final int POSTGRESQL = 5432;
  static final int FIRST_ERLANG_PORT = 4200;
  static final int LAST_ERLANG_PORT = 4210;

  private static final String SSH = "22";
  private static final List<String> XMPP_CLIENTS = List.of("5222", "5223", "5443");
  private static final List<String> EJABBERD_TCP =
      List.of(
          "5222",
          "5223",
          "5269",
          "5443",
          "5280",
          "1883",
          "4369",
          FIRST_ERLANG_PORT + "-" + LAST_ERLANG_PORT);
  private static final List<String> EJABBERD_UDP = List.of("514", "3478");

  /** Prometheus exporters: of the machine, of PostgreSQL, of processes. */
  private static final String NODE_EXPORTER = "9100";

  private static final String PROCESS_EXPORTER = "9102";
  private static final String POSTGRESQL_EXPORTER = "9187";

  /** VRRP between members, from address to address. */
  private static final String VRRP = "vrrp";

  /**
   * One kind of packet to accept; several elements are separated by commas.
   *
   * @param sources addresses or CIDRs; empty means any, of IPv6 too
   * @param destinations the same; empty means any
   * @param protocol tcp, udp or the name of an IP protocol without ports; empty means any
   * @param ports ports or ranges of the destination; empty only where the protocol has none
   * @param comment printable ASCII without quotes; may be empty
   */
  record Rule(String sources, String destinations, String protocol, String ports, String comment) {

    Rule(List<String> sources, List<String> destinations, String protocol, List<String> ports) {
      this(list(sources), list(destinations), protocol, list(ports), "");
    }

    static Rule of(Node.FirewallRule rule) {
      return new Rule(
          rule.source().orElse(""), "", rule.protocol().name(), list(rule.ports()), rule.comment());
    }

    Rule to(String destination) {
      return new Rule(sources, destination, protocol, ports, comment);
    }

    private static String list(List<String> elements) {
      return String.join(", ", elements);
    }
  }

  static Firewall of(LabTopology lab, Node node) {
    List<Rule> input = new ArrayList<>();
    List<Rule> forward = new ArrayList<>();
    LabTopology.Network management = lab.management();
    List<String> isolated =
        lab.networks().stream()
            .filter(n -> n.mode() == NetworkMode.isolated)
            .map(LabTopology.Network::cidr)
            .toList();
    List<String> everywhere = new ArrayList<>(isolated);
    everywhere.add(management.cidr());

    management
        .gateway()
        .ifPresent(host -> input.add(new Rule(List.of(host), List.of(), "", List.of())));
    input.add(tcp(everywhere, List.of(SSH)));
    switch (node.role()) {
      case ejabberd -> {
        List<String> members = List.of(lab.network(lab.ejabberd().network()).cidr());
        input.add(tcp(List.of(management.cidr()), XMPP_CLIENTS));
        input.add(tcp(members, EJABBERD_TCP));
        input.add(new Rule(members, List.of(), "udp", EJABBERD_UDP));
        input.add(new Rule(members, List.of(), VRRP, List.of()));
        lab.ejabberd()
            .virtualAddress()
            .map(virtual -> lab.network(virtual.network()).cidr())
            .filter(cidr -> !members.contains(cidr))
            .ifPresent(cidr -> input.add(new Rule(List.of(cidr), List.of(), VRRP, List.of())));
        input.add(tcp(everywhere, List.of(NODE_EXPORTER, PROCESS_EXPORTER)));
      }
      case postgresql -> {
        List<String> clients = new ArrayList<>(lab.postgresql().clients());
        String instances = lab.network(lab.postgresql().network()).cidr();
        if (!clients.contains(instances)) {
          clients.add(instances);
        }
        input.add(tcp(clients, List.of(Integer.toString(POSTGRESQL))));
        input.add(tcp(everywhere, List.of(NODE_EXPORTER, PROCESS_EXPORTER, POSTGRESQL_EXPORTER)));
      }
      case gateway -> {
        forward.add(
            new Rule(
                lab.postgresql().clients(),
                List.of(lab.network(lab.postgresql().network()).cidr()),
                "tcp",
                List.of(Integer.toString(POSTGRESQL))));
        forward.addAll(wayTo(lab, node));
      }
      case plain -> {}
    }
    node.firewall().forEach(rule -> input.add(Rule.of(rule)));
    return new Firewall(List.copyOf(input), List.copyOf(forward));
  }

  /** What nodes behind a gateway let in from elsewhere must get through the gateway as well. */
  private static List<Rule> wayTo(LabTopology lab, Node gateway) {
    List<Rule> rules = new ArrayList<>();
    for (Node node : lab.nodes()) {
      for (Node.Interface nic : node.interfaces()) {
        LabTopology.Network network = lab.network(nic.network());
        if (!node.equals(gateway)
            && network.mode() == NetworkMode.isolated
            && gateway.addressIn(network.name()).isPresent()) {
          node.firewall().stream()
              .filter(rule -> !rule.source().equals(Optional.of(network.cidr())))
              .map(rule -> Rule.of(rule).to(nic.address()))
              .forEach(rules::add);
        }
      }
    }
    return rules;
  }

  private static Rule tcp(List<String> sources, List<String> ports) {
    return new Rule(List.copyOf(sources), List.of(), "tcp", ports);
  }

  static boolean forwards(Node node) {
    return node.role() == Role.gateway;
  }
}
