package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Attachment;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Network;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.Limits;
import dev.ejabberdlab.api.v1alpha1.Names;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Checks where nodes are attached, with which addresses and MACs. */
final class AttachmentValidation {

  private final Map<String, Network> networks = new LinkedHashMap<>();
  private final List<Located<Node>> nodes;
  private final AddressValidation addresses;
  private final Allocations previous;
  private final Violations violations;

  /** Name of the node by address. */
  private final Map<String, String> addressOwners = new HashMap<>();

  /** Name of the node by MAC. */
  private final Map<String, String> macOwners = new HashMap<>();

  AttachmentValidation(
      List<Located<Network>> networks,
      List<Located<Node>> nodes,
      AddressValidation addresses,
      Allocations previous,
      Violations violations) {
    networks.forEach(at -> this.networks.put(at.value().name(), at.value()));
    this.nodes = nodes;
    this.addresses = addresses;
    this.previous = previous;
    this.violations = violations;
  }

  /**
   * Checks every node's attachments; false when one of them leads nowhere.
   *
   * @param networksKnown whether a network that is not there is none of the spec's
   */
  boolean check(boolean networksKnown) {
    boolean connected = true;
    for (Located<Node> at : nodes) {
      connected &= node(at, networksKnown);
    }
    allocatedAddresses();
    return connected;
  }

  private boolean node(Located<Node> at, boolean networksKnown) {
    Node node = at.value();
    String list = at.path() + ".networks";
    if (node.networks() == null || node.networks().isEmpty()) {
      violations.add(list, "is empty; attach node %s to a network".formatted(node.name()));
      return false;
    }
    violations.atMost(list, node.networks().size(), Limits.ATTACHMENTS);
    boolean connected = true;
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < node.networks().size(); i++) {
      String path = list + "[" + i + "]";
      Attachment attachment = node.networks().get(i);
      if (attachment == null || attachment.name() == null) {
        violations.add(path + ".name", "is missing; name a network");
        connected = false;
        continue;
      }
      connected &= network(path, node, attachment, seen, networksKnown);
      mac(path + ".mac", node, attachment.mac());
    }
    return connected;
  }

  private boolean network(
      String path, Node node, Attachment attachment, Set<String> seen, boolean networksKnown) {
    Network network = networks.get(attachment.name());
    if (network == null) {
      if (networksKnown) {
        violations.add(
            path + ".name",
            "there is no network %s; the networks are %s"
                .formatted(
                    Violations.quote(attachment.name()),
                    String.join(", ", new TreeSet<>(networks.keySet()))));
      }
      return false;
    }
    if (!seen.add(attachment.name())) {
      violations.add(
          path + ".name",
          "node %s is attached to network %s twice; once is enough"
              .formatted(node.name(), attachment.name()));
      return false;
    }
    address(path + ".address", node, attachment.address(), network);
    return true;
  }

  private void address(String path, Node node, String address, Network network) {
    if (address == null) {
      if (network.mode() == NetworkMode.isolated) {
        violations.add(
            path,
            "is missing; node %s needs an address in isolated network %s%s"
                .formatted(node.name(), network.name(), addresses.range(network)));
      }
      return;
    }
    if (!violations.text(
        path, address, Names.IPV4, Limits.IPV4, "an IPv4 address; give one like 192.168.1.2")) {
      return;
    }
    addresses.inside(path, address, network);
    String owner = addressOwners.putIfAbsent(address, node.name());
    if (owner != null) {
      violations.add(
          path,
          "%s belongs to node %s already; give node %s another"
              .formatted(address, owner, node.name()));
    }
  }

  private void mac(String path, Node node, String mac) {
    if (mac == null
        || !violations.text(
            path,
            mac,
            Names.MAC,
            Limits.MAC,
            "a unicast MAC address in lower case; give one like 52:54:00:27:28:83")) {
      return;
    }
    if (mac.equals("00:00:00:00:00:00")) {
      violations.add(path, "all zeros is no MAC address; give another or none");
    }
    String owner = macOwners.putIfAbsent(mac, node.name());
    if (owner != null) {
      violations.add(
          path, "%s belongs to node %s already; give another or none".formatted(mac, owner));
    }
  }

  /** A given address must not be one that the operator has chosen for another node before. */
  private void allocatedAddresses() {
    for (Located<Node> at : nodes) {
      String allocated = previous.managementAddresses().get(at.value().name());
      if (allocated == null || at.value().networks() == null) {
        continue;
      }
      boolean chosen =
          at.value().networks().stream()
              .filter(a -> a != null && a.address() == null && networks.containsKey(a.name()))
              .anyMatch(a -> networks.get(a.name()).mode() == NetworkMode.nat);
      String owner = addressOwners.get(allocated);
      if (chosen && owner != null && !owner.equals(at.value().name())) {
        violations.add(
            "spec.nodes",
            "address %s of node %s was chosen for node %s before; give node %s another"
                .formatted(allocated, owner, at.value().name(), owner));
      }
    }
  }
}
