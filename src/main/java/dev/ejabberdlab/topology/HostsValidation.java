package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.HostEntry;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.Limits;
import dev.ejabberdlab.api.v1alpha1.Names;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * Checks the lines of /etc/hosts that a spec adds.
 *
 * @param nodes those of the lab, which the lines must not lead elsewhere; empty when networks or
 *     nodes are not good
 * @param domain the XMPP domain; null when it is not good
 */
record HostsValidation(List<Located<Node>> nodes, String domain, Violations violations) {

  void check(List<HostEntry> entries) {
    violations.atMost("spec.hosts", entries.size(), Limits.HOSTS);
    for (int i = 0; i < entries.size(); i++) {
      entry("spec.hosts[" + i + "]", entries.get(i));
    }
  }

  private void entry(String path, HostEntry entry) {
    if (entry == null) {
      violations.add(path, "is empty; give address and names");
      return;
    }
    if (entry.address() == null) {
      violations.add(path + ".address", "is missing; give an IPv4 address");
    } else {
      violations.text(
          path + ".address",
          entry.address(),
          Names.IPV4,
          Limits.IPV4,
          "an IPv4 address; give one like 192.168.1.2");
    }
    if (entry.names() == null
        || entry.names().isEmpty()
        || entry.names().size() > Limits.HOST_NAMES) {
      violations.add(path + ".names", "must have one to eight host names");
      return;
    }
    for (int j = 0; j < entry.names().size(); j++) {
      name(path + ".names[" + j + "]", entry.names().get(j));
    }
    renamed(path, entry);
  }

  private void name(String path, String name) {
    if (name == null) {
      violations.add(path, "is empty; give a host name");
    } else if (violations.text(
            path,
            name,
            Names.HOSTNAME,
            Limits.DNS_NAME,
            "a host name; give one like www.domain.local")
        && violations.resolvable(path, name)
        && name.equalsIgnoreCase("localhost")) {
      violations.add(path, "localhost is always the machine itself; leave it out");
    }
  }

  /** A node's name must not lead elsewhere. */
  private void renamed(String path, HostEntry entry) {
    for (Located<Node> at : nodes) {
      Node node = at.value();
      boolean named =
          entry.names().stream()
              .filter(Objects::nonNull)
              .map(name -> name.toLowerCase(Locale.ROOT))
              .anyMatch(n -> n.equals(node.name()) || n.equals(node.name() + "." + domain));
      boolean itself =
          node.networks().stream().anyMatch(a -> Objects.equals(a.address(), entry.address()));
      if (named && !itself && entry.address() != null) {
        violations.add(
            path,
            "%s is a node of the lab and has not the address %s; leave the entry out or name another host"
                .formatted(node.name(), Violations.quote(entry.address())));
      }
    }
  }
}
