package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.FirewallRule;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Protocol;
import dev.ejabberdlab.api.v1alpha1.Limits;
import dev.ejabberdlab.api.v1alpha1.Names;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Checks what nodes shall let in.
 *
 * @param networks names of the lab's networks; null when they are not known
 * @param nodes the lab's nodes; null when they are not known well enough
 */
record FirewallValidation(Set<String> networks, List<Node> nodes, Violations violations) {

  private static final int MAX_PORT = 65535;

  /**
   * @param rules complete
   */
  void check(List<FirewallRule> rules) {
    if (rules.size() > Limits.FIREWALL_RULES) {
      violations.add(
          "spec.firewall",
          "has %d rules; give %d at most".formatted(rules.size(), Limits.FIREWALL_RULES));
    }
    for (int i = 0; i < rules.size(); i++) {
      String path = "spec.firewall[" + i + "]";
      FirewallRule rule = rules.get(i);
      if (rule == null || rule.protocol() == null) {
        violations.add(path + ".protocol", "is missing; give tcp, udp or icmp");
        continue;
      }
      ports(path + ".ports", rule);
      from(path + ".from", rule.from());
      new SelectionValidation(nodes, violations).check(path, rule.nodes(), rule.roles());
      violations.text(
          path + ".comment",
          rule.comment(),
          Names.COMMENT,
          Limits.RULE_COMMENT,
          "one line of printable ASCII without quotes and backslashes; leave the others out");
    }
  }

  private void ports(String path, FirewallRule rule) {
    boolean given = rule.ports() != null && !rule.ports().isEmpty();
    if (rule.protocol() == Protocol.icmp) {
      if (rule.ports() != null) {
        violations.add(path, "icmp has no ports; leave them out");
      }
      return;
    }
    if (!given) {
      violations.add(path, "is missing; give ports like 80 or 8000-8100");
      return;
    }
    for (int j = 0; j < rule.ports().size(); j++) {
      String ports = rule.ports().get(j);
      if (ports == null || !ports.matches(Names.PORTS) || !isRange(ports)) {
        violations.add(
            path + "[" + j + "]",
            "%s is not a port or range of ports from 1 to %d; give one like 80 or 8000-8100"
                .formatted(Violations.quote(ports), MAX_PORT));
      }
    }
  }

  private static boolean isRange(String ports) {
    int[] ends = Stream.of(ports.split("-")).mapToInt(Integer::parseInt).toArray();
    return ends[ends.length - 1] <= MAX_PORT && ends[0] <= ends[ends.length - 1];
  }

  private void from(String path, String from) {
    if (from == null
        || !violations.text(
            path,
            from,
            Names.NETWORK_OR_CIDR,
            Limits.NETWORK_OR_CIDR,
            "the name of a network or an IPv4 network; give one like management or 10.0.0.0/8")) {
      return;
    }
    if (from.contains("/")) {
      String network = Subnet.around(from).cidr();
      Optional<String> unusable =
          from.endsWith("/0") ? Optional.empty() : Subnet.around(from).whollyUnusable();
      if (unusable.isPresent()) {
        violations.add(
            path,
            "%s lies in %s, which nothing comes from; give the network of those who may come in"
                .formatted(from, unusable.get()));
      } else if (!network.equals(from)) {
        violations.add(
            path,
            "%s is an address inside a network; give the network, %s".formatted(from, network));
      }
    } else if (networks != null && !networks.contains(from)) {
      violations.add(
          path,
          "there is no network %s; the networks are %s"
              .formatted(Violations.quote(from), String.join(", ", new TreeSet<>(networks))));
    }
  }
}
