package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Attachment;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Network;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.api.v1alpha1.Names;
import dev.ejabberdlab.topology.SpecValidation.Located;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The part of {@link SpecValidation} that looks at networks and nodes together. */
final class WiringValidation {

  private final List<Located<Node>> nodes;
  private final Allocations previous;
  private final Faults faults;
  private final Wiring wiring;
  private final Map<String, Network> networks = new LinkedHashMap<>();

  /** Those that are known and well-formed, by network. */
  private final Map<String, Subnet> subnets = new LinkedHashMap<>();

  WiringValidation(
      List<Located<Network>> networks,
      List<Located<Node>> nodes,
      Allocations previous,
      Faults faults) {
    this.nodes = nodes;
    this.previous = previous;
    this.faults = faults;
    this.wiring =
        new Wiring(
            networks.stream().map(Located::value).toList(),
            nodes.stream().map(Located::value).toList());
    networks.forEach(at -> this.networks.put(at.value().name(), at.value()));
    networks.forEach(this::subnet);
  }

  /** Notes a network's CIDR, and refuses one that overlaps those before it. */
  private void subnet(Located<Network> at) {
    Network network = at.value();
    String cidr =
        network.cidr() == null && network.mode() == NetworkMode.nat
            ? previous.managementCidr()
            : network.cidr();
    if (cidr == null || Faults.cidrFault(cidr).isPresent()) {
      return;
    }
    Subnet subnet = Subnet.around(cidr);
    subnets.forEach(
        (other, before) -> {
          if (before.overlaps(subnet)) {
            faults.add(
                at.path() + ".cidr",
                "%s overlaps network %s, %s; give networks that do not overlap"
                    .formatted(cidr, other, before.cidr()));
          }
        });
    subnets.put(network.name(), subnet);
  }

  /** Checks every node's interfaces; false when one of them leads nowhere. */
  boolean attachments(boolean networksKnown) {
    Map<String, String> addressOwners = new HashMap<>();
    Map<String, String> macOwners = new HashMap<>();
    boolean connected = true;
    for (Located<Node> at : nodes) {
      Node node = at.value();
      if (node.networks() == null || node.networks().isEmpty()) {
        faults.add(
            at.path() + ".networks",
            "is empty; attach node %s to a network".formatted(node.name()));
        connected = false;
        continue;
      }
      faults.list(at.path() + ".networks", node.networks(), 8);
      Set<String> seen = new HashSet<>();
      for (int i = 0; i < node.networks().size(); i++) {
        String path = at.path() + ".networks[" + i + "]";
        Attachment attachment = node.networks().get(i);
        if (attachment == null || attachment.name() == null) {
          faults.add(path + ".name", "is missing; name a network");
          connected = false;
          continue;
        }
        Network network = networks.get(attachment.name());
        if (network == null) {
          if (networksKnown) {
            faults.add(
                path + ".name",
                "there is no network %s; the networks are %s"
                    .formatted(
                        Faults.quote(attachment.name()),
                        String.join(", ", new TreeSet<>(networks.keySet()))));
          }
          connected = false;
        } else if (!seen.add(attachment.name())) {
          faults.add(
              path + ".name",
              "node %s is attached to network %s twice; once is enough"
                  .formatted(node.name(), attachment.name()));
          connected = false;
        } else {
          address(path + ".address", node, attachment, network, addressOwners);
        }
        mac(path + ".mac", node, attachment, macOwners);
      }
    }
    allocatedAddresses(addressOwners);
    return connected;
  }

  private void address(
      String path, Node node, Attachment attachment, Network network, Map<String, String> owners) {
    String address = attachment.address();
    if (address == null) {
      if (network.mode() == NetworkMode.isolated) {
        faults.add(
            path,
            "is missing; node %s needs an address in isolated network %s%s"
                .formatted(node.name(), network.name(), range(network)));
      }
      return;
    }
    if (!faults.text(path, address, Names.IPV4, 15, "an IPv4 address; give one like 192.168.1.2")) {
      return;
    }
    inside(path, address, network);
    String owner = owners.putIfAbsent(address, node.name());
    if (owner != null) {
      faults.add(
          path,
          "%s belongs to node %s already; give node %s another"
              .formatted(address, owner, node.name()));
    }
  }

  /** Whether a machine may have the address in the network. */
  private boolean inside(String path, String address, Network network) {
    if (network.cidr() == null) {
      if (network.mode() == NetworkMode.nat) {
        faults.add(
            path,
            "%s is given but network %s has no cidr; give both or neither"
                .formatted(address, network.name()));
      }
      return false;
    }
    Subnet subnet = subnets.get(network.name());
    if (subnet == null) {
      return false;
    }
    long value = Subnet.address(address);
    if (!subnet.hosts(value)) {
      faults.add(
          path,
          "%s is not an address that a machine can have in network %s, %s; give one%s"
              .formatted(address, network.name(), subnet.cidr(), range(network)));
      return false;
    }
    if (network.mode() == NetworkMode.nat && value == subnet.first()) {
      faults.add(
          path,
          "%s is the host's own in network %s; give one%s"
              .formatted(address, network.name(), range(network)));
      return false;
    }
    return true;
  }

  private String range(Network network) {
    Subnet subnet = subnets.get(network.name());
    if (subnet == null) {
      return "";
    }
    long first = network.mode() == NetworkMode.nat ? subnet.first() + 1 : subnet.first();
    return " from %s to %s".formatted(Subnet.text(first), Subnet.text(subnet.last()));
  }

  private void mac(String path, Node node, Attachment attachment, Map<String, String> owners) {
    String mac = attachment.mac();
    if (mac == null
        || !faults.text(
            path,
            mac,
            Names.MAC,
            17,
            "a unicast MAC address in lower case; give one like 52:54:00:27:28:83")) {
      return;
    }
    if (mac.equals("00:00:00:00:00:00")) {
      faults.add(path, "all zeros is no MAC address; give another or none");
    }
    String owner = owners.putIfAbsent(mac, node.name());
    if (owner != null) {
      faults.add(path, "%s belongs to node %s already; give another or none".formatted(mac, owner));
    }
  }

  /** A given address must not be one that the operator has chosen for another node before. */
  private void allocatedAddresses(Map<String, String> owners) {
    for (Located<Node> at : nodes) {
      String allocated = previous.managementAddresses().get(at.value().name());
      if (allocated == null || at.value().networks() == null) {
        continue;
      }
      boolean chosen =
          at.value().networks().stream()
              .filter(a -> a != null && a.address() == null && networks.containsKey(a.name()))
              .anyMatch(a -> networks.get(a.name()).mode() == NetworkMode.nat);
      String owner = owners.get(allocated);
      if (chosen && owner != null && !owner.equals(at.value().name())) {
        faults.add(
            "spec.nodes",
            "address %s of node %s was chosen for node %s before; give node %s another"
                .formatted(allocated, owner, at.value().name(), owner));
      }
    }
  }

  /**
   * Checks that every role finds what it needs.
   *
   * @param databaseAddress the read-write address that the spec gives, or null
   * @param virtualAddress the members' virtual address, or null
   */
  void roles(String databaseAddress, String virtualAddress) {
    Network nat =
        wiring.networks().stream()
            .filter(n -> n.mode() == NetworkMode.nat)
            .findFirst()
            .orElseThrow();
    capacity(nat);
    for (Located<Node> at : nodes) {
      if (at.value().role() == Role.ejabberd && !Wiring.isAttached(at.value(), nat.name())) {
        faults.add(
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
      faults.add(
          "spec.nodes",
          "the nodes of role %s (%s) share no network; attach them all to one"
              .formatted(role, String.join(", ", names)));
    }
    return network;
  }

  private void capacity(Network nat) {
    Subnet subnet = subnets.get(nat.name());
    if (subnet == null) {
      return;
    }
    long attached = attached(nat);
    if (attached + 1 > subnet.size()) {
      faults.add(
          "spec.networks",
          "network %s, %s, has %d addresses for the host and %d nodes; give it a shorter prefix"
              .formatted(nat.name(), subnet.cidr(), subnet.size(), attached));
    }
  }

  private long attached(Network network) {
    return wiring.nodes().stream().filter(n -> Wiring.isAttached(n, network.name())).count();
  }

  /** The address is one of its own in the network of the instances, given or left to choose. */
  private void readWriteAddress(String given, Network network) {
    String path = "spec.postgresql.address";
    Subnet subnet = subnets.get(network.name());
    String before = previous.readWriteAddress();
    if (given != null) {
      if (faults.text(path, given, Names.IPV4, 15, "an IPv4 address; give one like 192.168.1.2")
          && inside(path, given, network)) {
        holder(given, network)
            .ifPresent(
                n ->
                    faults.add(
                        path, "%s belongs to node %s already; give another".formatted(given, n)));
      }
    } else if (before != null) {
      holder(before, network)
          .ifPresent(
              n ->
                  faults.add(
                      "spec.nodes",
                      "address %s of node %s is the database's read-write address; give the node another"
                          .formatted(before, n)));
      if (subnet != null && !subnet.hosts(Subnet.address(before))) {
        faults.add(
            "spec.nodes",
            "the PostgreSQL nodes would meet in network %s, but the database's read-write address is %s; attach all of them to its network"
                .formatted(network.name(), before));
      }
    }
    long host = network.mode() == NetworkMode.nat ? 1 : 0;
    if (subnet != null && attached(network) + host >= subnet.size()) {
      faults.add(
          path,
          "network %s, %s, has no address left for the database; give it a shorter prefix or fewer nodes"
              .formatted(network.name(), subnet.cidr()));
    }
  }

  /** The address is one of its own, in a network where every member is. */
  private void virtualAddress(String given, String databaseAddress) {
    String path = "spec.ejabberd.virtualAddress";
    if (!faults.text(path, given, Names.IPV4, 15, "an IPv4 address; give one like 192.168.121.9")) {
      return;
    }
    Optional<Network> network = wiring.home(given);
    if (network.isEmpty()) {
      faults.add(
          path,
          "%s is in no network of the lab that has a cidr and every node of role ejabberd; give one that is"
              .formatted(given));
    } else if (inside(path, given, network.get())) {
      holder(given, network.get())
          .ifPresent(
              n ->
                  faults.add(
                      path, "%s belongs to node %s already; give another".formatted(given, n)));
      String database = databaseAddress == null ? previous.readWriteAddress() : databaseAddress;
      if (given.equals(database)) {
        faults.add(path, "%s belongs to the database already; give another".formatted(given));
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
      faults.add(
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
        faults.add(
            at.path() + ".networks",
            "node %s reaches %s through %s but is answered by another way; attach it to network %s"
                .formatted(node.name(), instance.name(), hop.get().gateway(), database.name()));
      }
    }
  }
}
