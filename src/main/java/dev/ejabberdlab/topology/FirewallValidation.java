package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.FirewallRule;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Protocol;
import dev.ejabberdlab.api.v1alpha1.Names;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The rules of {@code spec.firewall}: which are wrong, and which a node has. */
final class FirewallRules {

  private static final int MAX_RULES = 64;
  private static final int MAX_PORT = 65535;

  private FirewallRules() {}

  /**
   * @param networks names of the lab's networks; null when they are not known
   * @param nodes the lab's nodes; null when they are not known well enough
   */
  static void validate(
      List<FirewallRule> rules, Set<String> networks, List<Node> nodes, Faults faults) {
    if (rules == null) {
      return;
    }
    if (rules.size() > MAX_RULES) {
      faults.add(
          "spec.firewall", "has %d rules; give %d at most".formatted(rules.size(), MAX_RULES));
    }
    for (int i = 0; i < rules.size(); i++) {
      String path = "spec.firewall[" + i + "]";
      FirewallRule rule = rules.get(i);
      if (rule == null || rule.protocol() == null) {
        faults.add(path + ".protocol", "is missing; give tcp, udp or icmp");
        continue;
      }
      ports(path + ".ports", rule, faults);
      from(path + ".from", rule.from(), networks, faults);
      new NodeSelection(rule.nodes(), rule.roles()).check(path, nodes, faults);
      faults.text(
          path + ".comment",
          rule.comment(),
          Names.COMMENT,
          100,
          "one line of printable ASCII without quotes and backslashes; leave the others out");
    }
  }

  private static void ports(String path, FirewallRule rule, Faults faults) {
    boolean given = rule.ports() != null && !rule.ports().isEmpty();
    if (rule.protocol() == Protocol.icmp) {
      if (rule.ports() != null) {
        faults.add(path, "icmp has no ports; leave them out");
      }
      return;
    }
    if (!given) {
      faults.add(path, "is missing; give ports like 80 or 8000-8100");
      return;
    }
    for (int j = 0; j < rule.ports().size(); j++) {
      String ports = rule.ports().get(j);
      if (ports == null || !ports.matches(Names.PORTS) || !isRange(ports)) {
        faults.add(
            path + "[" + j + "]",
            "%s is not a port or range of ports from 1 to %d; give one like 80 or 8000-8100"
                .formatted(Faults.quote(ports), MAX_PORT));
      }
    }
  }

  private static boolean isRange(String ports) {
    int[] ends = Stream.of(ports.split("-")).mapToInt(Integer::parseInt).toArray();
    return ends[ends.length - 1] <= MAX_PORT && ends[0] <= ends[ends.length - 1];
  }

  private static void from(String path, String from, Set<String> networks, Faults faults) {
    if (from == null
        || !faults.text(
            path,
            from,
            Names.NETWORK_OR_CIDR,
            32,
            "the name of a network or an IPv4 network; give one like management or 10.0.0.0/8")) {
      return;
    }
    if (from.contains("/")) {
      String network = Subnet.around(from).cidr();
      Optional<String> unusable =
          from.endsWith("/0") ? Optional.empty() : Subnet.around(from).whollyUnusable();
      if (unusable.isPresent()) {
        faults.add(
            path,
            "%s lies in %s, which nothing comes from; give the network of those who may come in"
                .formatted(from, unusable.get()));
      } else if (!network.equals(from)) {
        faults.add(
            path,
            "%s is an address inside a network; give the network, %s".formatted(from, network));
      }
    } else if (networks != null && !networks.contains(from)) {
      faults.add(
          path,
          "there is no network %s; the networks are %s"
              .formatted(Faults.quote(from), String.join(", ", new TreeSet<>(networks))));
    }
  }

  /** What a node lets in by the rules that are for it. */
  static List<LabTopology.FirewallRule> of(
      Node node, List<FirewallRule> rules, Map<String, Subnet> subnets) {
    return rules == null
        ? List.of()
        : rules.stream()
            .filter(r -> new NodeSelection(r.nodes(), r.roles()).includes(node))
            .map(
                r ->
                    new LabTopology.FirewallRule(
                        r.protocol(),
                        r.ports() == null ? List.of() : List.copyOf(r.ports()),
                        Optional.ofNullable(r.from())
                            .map(f -> subnets.containsKey(f) ? subnets.get(f).cidr() : f),
                        r.comment() == null ? "" : r.comment()))
            .toList();
  }
}
