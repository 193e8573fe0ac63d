package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Network;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.api.v1alpha1.Limits;
import dev.ejabberdlab.api.v1alpha1.Names;
import java.util.List;
import java.util.Optional;

/** Checks that the nodes of every role meet, reach what they need, and have room for addresses. */
final class WiringValidation {

  private final List<Located<Node>> nodes;
  private final AddressValidation addresses;
  private final Allocations previous;
  private final Violations violations;
  private final Wiring wiring;

  /**
   * @param networks all of the spec's, with one of mode nat
   * @param nodes all of the spec's, attached to networks that exist
   */
  WiringValidation(
      List<Located<Network>> networks,
      List<Located<Node>> nodes,
      AddressValidation addresses,
      Allocations previous,
      Violations violations) {
    this.nodes = nodes;
    this.addresses = addresses;
    this.previous = previous;
    this.violations = violations;
    this.wiring =
        new Wiring(
            networks.stream().map(Located::value).toList(),
            nodes.stream().map(Located::value).toList());
  }

  /**
   * @param databaseAddress the read-write address that the spec gives, or null
   * @param virtualAddress the members' virtual address, or null
   */
  void check(String databaseAddress, String virtualAddress) {
    Network nat = wiring.nat();
    capacity(nat);
    for (Located<Node> at : nodes) {
      if (at.value().role() == Role.ejabberd && !Wiring.isAttached(at.value(), nat.name())) {
        violations.add(
            at.path() + ".networks",
            "node %s of role ejabberd is not attached to network %s, where clients reach it; add it"
                .formatted(at.value().name(), nat.name()));
      }
    }
    Optional<Network> cluster = meeting(Role.ejabberd);
    Optional<Network> database = meeting(Role.postgresql);
    database.ifPresent(
        network -> {
          readWriteAddress(databaseAddress, network);
          if (cluster.isPresent() && virtualAddress != null) {
            virtualAddress(virtualAddress, databaseAddress);
          }
          if (cluster.isPresent()) {
            nodes.stream()
                .filter(at -> at.value().role() == Role.ejabberd)
                .forEach(at -> reaches(at, network));
          }
        });
  }

  private Optional<Network> meeting(Role role) {
    Optional<Network> network = wiring.meeting(role);
    List<String> names = wiring.nodes(role).stream().map(Node::name).toList();
    if (network.isEmpty() && !names.isEmpty()) {
      violations.add(
          "spec.nodes",
          "the nodes of role %s (%s) share no network; attach them all to one"
              .formatted(role, String.join(", ", names)));
    }
    return network;
  }

  private void capacity(Network nat) {
    Optional<Subnet> subnet = addresses.subnet(nat);
    long attached = attached(nat);
    if (subnet.isPresent() && attached + 1 > subnet.get().size()) {
      violations.add(
          "spec.networks",
          "network %s, %s, has %d addresses for the host and %d nodes; give it a shorter prefix"
              .formatted(nat.name(), subnet.get().cidr(), subnet.get().size(), attached));
    }
  }

  private long attached(Network network) {
    return wiring.nodes().stream().filter(n -> Wiring.isAttached(n, network.name())).count();
  }

  /** The address is one of its own in the network of the instances, given or left to choose. */
  private void readWriteAddress(String given, Network network) {
    String path = "spec.postgresql.address";
    Optional<Subnet> subnet = addresses.subnet(network);
    String before = previous.readWriteAddress();
    if (given != null) {
      if (violations.text(
              path, given, Names.IPV4, Limits.IPV4, "an IPv4 address; give one like 192.168.1.2")
          && addresses.inside(path, given, network)) {
        holder(given, network)
            .ifPresent(
                n ->
                    violations.add(
                        path, "%s belongs to node %s already; give another".formatted(given, n)));
      }
    } else if (before != null) {
      holder(before, network)
          .ifPresent(
              n ->
                  violations.add(
                      "spec.nodes",
                      "address %s of node %s is the database's read-write address; give the node another"
                          .formatted(before, n)));
      if (subnet.isPresent() && !subnet.get().hosts(Subnet.address(before))) {
        violations.add(
            "spec.nodes",
            "the PostgreSQL nodes would meet in network %s, but the database's read-write address is %s; attach all of them to its network"
                .formatted(network.name(), before));
      }
    }
    long host = network.mode() == NetworkMode.nat ? 1 : 0;
    if (subnet.isPresent() && attached(network) + host >= subnet.get().size()) {
      violations.add(
          path,
          "network %s, %s, has no address left for the database; give it a shorter prefix or fewer nodes"
              .formatted(network.name(), subnet.get().cidr()));
    }
  }

  /** The address is one of its own, in a network where every member is. */
  private void virtualAddress(String given, String databaseAddress) {
    String path = "spec.ejabberd.virtualAddress";
    if (!violations.text(
        path, given, Names.IPV4, Limits.IPV4, "an IPv4 address; give one like 192.168.121.9")) {
      return;
    }
    Optional<Network> network = wiring.home(given);
    if (network.isEmpty()) {
      violations.add(
          path,
          "%s is in no network of the lab that has a cidr and every node of role ejabberd; give one that is"
              .formatted(given));
    } else if (addresses.inside(path, given, network.get())) {
      holder(given, network.get())
          .ifPresent(
              n ->
                  violations.add(
                      path, "%s belongs to node %s already; give another".formatted(given, n)));
      String database = databaseAddress == null ? previous.readWriteAddress() : databaseAddress;
      if (given.equals(database)) {
        violations.add(path, "%s belongs to the database already; give another".formatted(given));
      }
    }
  }

  private Optional<String> holder(String address, Network network) {
    return wiring.nodes().stream()
        .filter(n -> holds(n, network, address))
        .map(Node::name)
        .findFirst();
  }

  private boolean holds(Node node, Network network, String address) {
    return node.networks().stream()
        .filter(a -> network.name().equals(a.name()))
        .anyMatch(
            a ->
                address.equals(
                    a.address() != null || network.mode() == NetworkMode.isolated
                        ? a.address()
                        : previous.managementAddresses().get(node.name())));
  }

  /** An ejabberd node must reach the database, and the answers must come back the same way. */
  private void reaches(Located<Node> at, Network database) {
    Node node = at.value();
    if (Wiring.isAttached(node, database.name())) {
      return;
    }
    Optional<Wiring.Hop> hop =
        database.mode() == NetworkMode.isolated
            ? wiring.hop(node, database.name())
            : Optional.empty();
    if (hop.isEmpty()) {
      violations.add(
          at.path() + ".networks",
          ("node %s cannot reach network %s of the PostgreSQL nodes; attach it there, or attach a node of role gateway"
                  + " to %s and to an isolated network of %s")
              .formatted(node.name(), database.name(), database.name(), node.name()));
      return;
    }
    String through = hop.get().through();
    for (Node instance : wiring.nodes(Role.postgresql)) {
      boolean same =
          !Wiring.isAttached(instance, through)
              && wiring
                  .hop(instance, through)
                  .filter(back -> back.gateway().equals(hop.get().gateway()))
                  .isPresent();
      if (!same) {
        violations.add(
            at.path() + ".networks",
            "node %s reaches %s through %s but is answered by another way; attach it to network %s"
                .formatted(node.name(), instance.name(), hop.get().gateway(), database.name()));
      }
    }
  }
}
