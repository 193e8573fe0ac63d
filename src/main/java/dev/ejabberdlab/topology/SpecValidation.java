package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Attachment;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.HostEntry;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Network;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.Names;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Refuses specs that cannot work, with every fault at once: one sentence that names the field, what
 * is wrong, and what would be right. Enforces the schema's patterns and rules too, because API
 * servers before 1.25 drop the rules. Whether images, pools and hosts exist is found elsewhere.
 */
public final class SpecValidation {

  private static final long MIB = 1024L * 1024;
  private static final long GIB = 1024 * MIB;
  private static final long MIN_MEMORY = 256 * MIB;
  private static final long MAX_MEMORY = 512 * GIB;

  /** What the image built by this project needs. */
  private static final long MIN_DISK = 3 * GIB;

  private static final long MAX_DISK = 16 * 1024 * GIB;

  private final EjabberdLab lab;
  private final Allocations previous;
  private final List<String> faults = new ArrayList<>();

  /** A list's element that has what later checks need, with its path. */
  private record At<T>(String path, T value) {}

  private SpecValidation(EjabberdLab lab, Allocations previous) {
    this.lab = lab;
    this.previous = previous;
  }

  /**
   * Checks a spec, also against what the lab's status says of it so far. Needs no management CIDR.
   *
   * @throws InvalidSpecException with all of {@link #faults} and {@link #immutable}
   */
  public static void validate(EjabberdLab lab) {
    validate(lab, Allocations.recorded(lab));
  }

  static void validate(EjabberdLab lab, Allocations previous) {
    List<String> all = new ArrayList<>(faults(lab, previous));
    all.addAll(immutable(lab));
    if (!all.isEmpty()) {
      throw new InvalidSpecException(all);
    }
  }

  /** Everything wrong with the spec as it is, one sentence each; empty when it can work. */
  public static List<String> faults(EjabberdLab lab) {
    return faults(lab, Allocations.recorded(lab));
  }

  static List<String> faults(EjabberdLab lab, Allocations previous) {
    return new SpecValidation(lab, previous).run();
  }

  /**
   * Changes of what cannot change once it is made, one sentence each: the spec compared with the
   * status, for API servers that drop the schema's transition rules and for values that were
   * defaults before.
   */
  public static List<String> immutable(EjabberdLab lab) {
    EjabberdLabSpec spec = lab.getSpec();
    EjabberdLabStatus status = lab.getStatus();
    if (spec == null || status == null) {
      return List.of();
    }
    List<String> faults = new ArrayList<>();
    unchanged("spec.host", status.host(), TopologyBuilder.host(spec)).ifPresent(faults::add);
    List<Network> networks = spec.networks() == null ? ReferenceLab.NETWORKS : spec.networks();
    for (int i = 0; i < networks.size(); i++) {
      Network network = networks.get(i);
      if (network != null && network.name() != null && network.cidr() != null) {
        unchanged(
                "spec.networks[" + i + "].cidr",
                Allocations.recordedCidr(lab, network.name()).orElse(null),
                network.cidr())
            .ifPresent(faults::add);
      }
    }
    List<Node> nodes = spec.nodes() == null ? ReferenceLab.NODES : spec.nodes();
    Map<String, Role> roles = new HashMap<>();
    if (status.nodes() != null) {
      status.nodes().stream()
          .filter(n -> n != null && n.name() != null && n.role() != null)
          .forEach(n -> roles.put(n.name(), n.role()));
    }
    for (int i = 0; i < nodes.size(); i++) {
      Node node = nodes.get(i);
      if (node != null && node.role() != null && roles.containsKey(node.name())) {
        unchanged("spec.nodes[" + i + "].role", roles.get(node.name()).name(), node.role().name())
            .ifPresent(faults::add);
      }
    }
    if (status.postgresql() != null) {
      unchanged(
              "spec.database.name", status.postgresql().database(), TopologyBuilder.database(spec))
          .ifPresent(faults::add);
      unchanged("spec.database.owner", status.postgresql().owner(), TopologyBuilder.owner(spec))
          .ifPresent(faults::add);
    }
    if (status.ejabberd() != null && spec.xmpp() != null) {
      unchanged("spec.xmpp.domain", status.ejabberd().domain(), spec.xmpp().domain())
          .ifPresent(faults::add);
    }
    return faults;
  }

  private static Optional<String> unchanged(String path, String before, String now) {
    return before == null || before.equals(now)
        ? Optional.empty()
        : Optional.of(
            "%s: cannot be changed from %s to %s; set it back, or delete the lab and create it anew."
                .formatted(path, before, quote(now)));
  }

  private List<String> run() {
    EjabberdLabSpec spec = lab.getSpec();
    if (spec == null) {
      return List.of("spec: is missing; give at least spec.image.volume and spec.xmpp.domain.");
    }
    text("spec.host", spec.host(), Names.DNS_LABEL, 63, "the name of a LibvirtHost");
    image(spec);
    String domain = xmpp(spec);
    database(spec, domain);
    sysctls(spec.sysctls());

    List<At<Network>> networks = networks(spec);
    List<At<Node>> nodes = nodes(spec);
    hosts(spec, nodes, domain);
    Map<String, Subnet> subnets = subnets(networks);
    boolean attached = attachments(nodes, networks, subnets);
    if (attached && oneNat(networks)) {
      wiring(spec, networks, nodes, subnets);
    }
    return faults;
  }

  private void image(EjabberdLabSpec spec) {
    if (spec.image() == null || spec.image().volume() == null) {
      fault(
          "spec.image.volume",
          "is missing; name an image of the host's pool, for example ejabberd-lab-bookworm");
      return;
    }
    text(
        "spec.image.volume",
        spec.image().volume(),
        Names.VOLUME,
        128,
        "the name of a volume, for example ejabberd-lab-bookworm");
  }

  /** The domain if it is well-formed, else null. */
  private String xmpp(EjabberdLabSpec spec) {
    if (spec.xmpp() == null || spec.xmpp().domain() == null) {
      fault("spec.xmpp.domain", "is missing; give the XMPP domain, for example domain.local");
      return null;
    }
    String domain = spec.xmpp().domain();
    return text(
            "spec.xmpp.domain",
            domain,
            Names.DNS_NAME,
            200,
            "a DNS name in lower case, for example domain.local")
        ? domain
        : null;
  }

  private void database(EjabberdLabSpec spec, String domain) {
    EjabberdLabSpec.Database database = spec.database();
    if (database == null || database.name() == null) {
      if (domain != null && ReferenceLab.databaseName(domain).length() > 63) {
        fault(
            "spec.database.name",
            "is needed, because the default %s is longer than PostgreSQL's 63 characters"
                .formatted(ReferenceLab.databaseName(domain)));
      }
    }
    if (database == null) {
      return;
    }
    if (text(
            "spec.database.name",
            database.name(),
            Names.SQL_IDENTIFIER,
            63,
            "a name of lower-case letters, digits, _ and -, for example ejabberd-domain-local")
        && Set.of("postgres", "template0", "template1")
            .contains(Objects.toString(database.name()))) {
      fault(
          "spec.database.name",
          database.name() + " belongs to PostgreSQL itself; choose another name");
    }
    if (text(
            "spec.database.owner",
            database.owner(),
            Names.SQL_IDENTIFIER,
            63,
            "a name of lower-case letters, digits, _ and -, for example ejabberd")
        && database.owner() != null
        && (database.owner().equals("postgres")
            || database.owner().equals("public")
            || database.owner().equals("none")
            || database.owner().startsWith("pg_"))) {
      fault(
          "spec.database.owner",
          database.owner() + " belongs to PostgreSQL itself; choose another name");
    }
    text("spec.database.comment", database.comment(), Names.ONE_LINE, 256, "one line of text");
  }

  private void sysctls(Map<String, String> sysctls) {
    if (sysctls == null) {
      return;
    }
    if (sysctls.size() > 64) {
      fault("spec.sysctls", "has %d entries; give 64 at most".formatted(sysctls.size()));
    }
    new TreeMap<>(sysctls)
        .forEach(
            (name, value) -> {
              text(
                  "spec.sysctls",
                  name,
                  Names.SYSCTL,
                  128,
                  "the name of a kernel setting, for example net.ipv4.ip_default_ttl");
              String path = "spec.sysctls[" + quote(name) + "]";
              if (value == null) {
                fault(path, "has no value; give one, for example \"66\"");
              } else {
                text(
                    path,
                    value,
                    Names.SYSCTL_VALUE,
                    256,
                    "one line of printable ASCII, for example \"66\"");
              }
            });
  }

  private List<At<Network>> networks(EjabberdLabSpec spec) {
    List<At<Network>> good = new ArrayList<>();
    if (spec.networks() == null) {
      ReferenceLab.NETWORKS.forEach(n -> good.add(new At<>("network " + n.name(), n)));
      return good;
    }
    if (spec.nodes() == null) {
      fault(
          "spec.nodes",
          "is missing; give the nodes too when spec.networks is given, because the default nodes live in the default networks");
    }
    listSize("spec.networks", spec.networks(), 16);
    Set<String> names = new HashSet<>();
    for (int i = 0; i < spec.networks().size(); i++) {
      String path = "spec.networks[" + i + "]";
      Network network = spec.networks().get(i);
      if (network == null) {
        fault(path, "is empty; give name, mode and cidr");
        continue;
      }
      boolean named = name(path + ".name", network.name(), names, "network");
      if (network.mode() == null) {
        fault(path + ".mode", "is missing; give nat or isolated");
        continue;
      }
      if (network.cidr() != null) {
        cidrFault(path + ".cidr", network.cidr()).ifPresent(faults::add);
      } else if (network.mode() == NetworkMode.isolated) {
        fault(
            path + ".cidr",
            "is missing; an isolated network needs one, for example 192.168.1.0/29");
      }
      if (named) {
        good.add(new At<>(path, network));
      }
    }
    return good;
  }

  /** What is wrong with a CIDR, in one sentence. */
  static Optional<String> cidrFault(String path, String cidr) {
    if (cidr == null || !cidr.matches(Names.CIDR)) {
      return Optional.of(
          "%s: %s is not an IPv4 network of prefix length 8 to 30, for example 192.168.1.0/29."
              .formatted(path, quote(cidr)));
    }
    String network = Subnet.around(cidr).cidr();
    return network.equals(cidr)
        ? Optional.empty()
        : Optional.of(
            "%s: %s is an address inside a network; the network is %s."
                .formatted(path, cidr, network));
  }

  private List<At<Node>> nodes(EjabberdLabSpec spec) {
    List<At<Node>> good = new ArrayList<>();
    if (spec.nodes() == null) {
      if (spec.networks() == null) {
        ReferenceLab.NODES.forEach(n -> good.add(new At<>("node " + n.name(), n)));
      }
      return good;
    }
    listSize("spec.nodes", spec.nodes(), 32);
    Set<String> names = new HashSet<>();
    for (int i = 0; i < spec.nodes().size(); i++) {
      String path = "spec.nodes[" + i + "]";
      Node node = spec.nodes().get(i);
      if (node == null) {
        fault(path, "is empty; give name, role and networks");
        continue;
      }
      boolean named = name(path + ".name", node.name(), names, "node");
      if (node.role() == null) {
        fault(
            path + ".role",
            "is missing; give one of "
                + Arrays.stream(Role.values()).map(Role::name).collect(Collectors.joining(", ")));
      }
      if (node.cpus() != null && (node.cpus() < 1 || node.cpus() > 64)) {
        fault(path + ".cpus", "%d virtual CPUs cannot be; give 1 to 64".formatted(node.cpus()));
      }
      size(path + ".memory", node.memory(), MIN_MEMORY, MAX_MEMORY, "256Mi to 512Gi");
      size(path + ".disk", node.disk(), MIN_DISK, MAX_DISK, "3Gi to 16384Gi");
      text(path + ".title", node.title(), Names.ONE_LINE, 128, "one line of text");
      text(
          path + ".description",
          node.description(),
          Names.TEXT,
          1024,
          "text without control characters");
      if (named && node.role() != null) {
        good.add(new At<>(path, node));
      }
    }
    for (Role role : List.of(Role.postgresql, Role.ejabberd)) {
      if (spec.nodes().stream().noneMatch(n -> n != null && n.role() == role)) {
        fault("spec.nodes", "has no node of role %s; add one".formatted(role));
      }
    }
    return good;
  }

  private void size(String path, String size, long min, long max, String range) {
    if (size == null) {
      return;
    }
    if (!size.matches(Names.SIZE)) {
      fault(path, "%s is not a size in Mi or Gi, for example 1Gi".formatted(quote(size)));
    } else if (bytes(size) < min || bytes(size) > max) {
      fault(path, "%s cannot be; give %s".formatted(size, range));
    }
  }

  /** Bytes of a size that matches {@link Names#SIZE}. */
  static long bytes(String size) {
    long unit = size.endsWith("Gi") ? GIB : MIB;
    return Long.parseLong(size.substring(0, size.length() - 2)) * unit;
  }

  private void hosts(EjabberdLabSpec spec, List<At<Node>> nodes, String domain) {
    if (spec.hosts() == null) {
      return;
    }
    if (spec.hosts().size() > 64) {
      fault("spec.hosts", "has %d entries; give 64 at most".formatted(spec.hosts().size()));
    }
    for (int i = 0; i < spec.hosts().size(); i++) {
      String path = "spec.hosts[" + i + "]";
      HostEntry entry = spec.hosts().get(i);
      if (entry == null) {
        fault(path, "is empty; give address and names");
        continue;
      }
      if (entry.address() == null) {
        fault(path + ".address", "is missing; give an IPv4 address");
      } else {
        text(path + ".address", entry.address(), Names.IPV4, 15, "an IPv4 address");
      }
      if (entry.names() == null || entry.names().isEmpty() || entry.names().size() > 8) {
        fault(path + ".names", "must have one to eight host names");
        continue;
      }
      for (int j = 0; j < entry.names().size(); j++) {
        hostName(path + ".names[" + j + "]", entry, entry.names().get(j), nodes, domain);
      }
    }
  }

  private void hostName(
      String path, HostEntry entry, String name, List<At<Node>> nodes, String domain) {
    if (name == null) {
      fault(path, "is empty; give a host name");
      return;
    }
    if (!text(path, name, Names.HOSTNAME, 253, "a host name")) {
      return;
    }
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.equals("localhost")) {
      fault(path, "localhost is always the machine itself; leave it out");
    }
    nodes.stream()
        .map(At::value)
        .filter(n -> lower.equals(n.name()) || lower.equals(n.name() + "." + domain))
        .filter(n -> n.networks() != null)
        .filter(
            n ->
                n.networks().stream()
                    .noneMatch(a -> a != null && Objects.equals(a.address(), entry.address())))
        .findFirst()
        .ifPresent(
            n ->
                fault(
                    path,
                    "%s is a node of the lab and has not the address %s; leave it out or name another host"
                        .formatted(name, quote(entry.address()))));
  }

  /** The CIDRs that are known and well-formed, by network; refuses overlaps. */
  private Map<String, Subnet> subnets(List<At<Network>> networks) {
    Map<String, Subnet> subnets = new TreeMap<>();
    List<At<Network>> seen = new ArrayList<>();
    for (At<Network> at : networks) {
      Network network = at.value();
      String cidr = network.cidr();
      if (cidr == null && network.mode() == NetworkMode.nat) {
        cidr = previous.managementCidr();
      }
      if (cidr == null || cidrFault(at.path(), cidr).isPresent()) {
        continue;
      }
      Subnet subnet = Subnet.around(cidr);
      for (At<Network> other : seen) {
        Subnet before = subnets.get(other.value().name());
        if (before.overlaps(subnet)) {
          fault(
              at.path() + ".cidr",
              "%s overlaps network %s, %s; give networks that do not overlap"
                  .formatted(cidr, other.value().name(), before.cidr()));
        }
      }
      subnets.put(network.name(), subnet);
      seen.add(at);
    }
    return subnets;
  }

  private boolean oneNat(List<At<Network>> networks) {
    long nats = networks.stream().filter(n -> n.value().mode() == NetworkMode.nat).count();
    if (nats != 1) {
      fault(
          "spec.networks",
          "has %d networks of mode nat; give exactly one, it is the management network"
              .formatted(nats));
    }
    return nats == 1;
  }

  /** Checks every node's interfaces; false when wires lead nowhere. */
  private boolean attachments(
      List<At<Node>> nodes, List<At<Network>> networks, Map<String, Subnet> subnets) {
    Map<String, Network> byName = new HashMap<>();
    networks.forEach(n -> byName.put(n.value().name(), n.value()));
    Map<String, String> addressOwners = new HashMap<>();
    Map<String, String> macOwners = new HashMap<>();
    boolean connected = true;
    for (At<Node> at : nodes) {
      Node node = at.value();
      if (node.networks() == null || node.networks().isEmpty()) {
        fault(
            at.path() + ".networks",
            "is empty; attach node %s to a network".formatted(node.name()));
        connected = false;
        continue;
      }
      listSize(at.path() + ".networks", node.networks(), 8);
      Set<String> seen = new HashSet<>();
      for (int i = 0; i < node.networks().size(); i++) {
        String path = at.path() + ".networks[" + i + "]";
        Attachment attachment = node.networks().get(i);
        if (attachment == null || attachment.name() == null) {
          fault(path + ".name", "is missing; name a network");
          connected = false;
          continue;
        }
        Network network = byName.get(attachment.name());
        if (network == null) {
          fault(
              path + ".name",
              "there is no network %s; the networks are %s"
                  .formatted(
                      quote(attachment.name()), String.join(", ", new TreeMap<>(byName).keySet())));
          connected = false;
        } else if (!seen.add(attachment.name())) {
          fault(
              path + ".name",
              "node %s is attached to network %s twice; once is enough"
                  .formatted(node.name(), attachment.name()));
        } else {
          address(path + ".address", node, attachment, network, subnets, addressOwners);
        }
        mac(path + ".mac", node, attachment, macOwners);
      }
    }
    allocatedAddresses(nodes, addressOwners, byName);
    return connected;
  }

  private void address(
      String path,
      Node node,
      Attachment attachment,
      Network network,
      Map<String, Subnet> subnets,
      Map<String, String> owners) {
    String address = attachment.address();
    if (address == null) {
      if (network.mode() == NetworkMode.isolated) {
        fault(
            path,
            "is missing; node %s needs an address in isolated network %s%s"
                .formatted(node.name(), network.name(), range(network, subnets)));
      }
      return;
    }
    if (!text(path, address, Names.IPV4, 15, "an IPv4 address")) {
      return;
    }
    inside(path, address, network, subnets);
    String owner = owners.putIfAbsent(address, node.name());
    if (owner != null) {
      fault(
          path,
          "%s belongs to node %s already; give node %s another"
              .formatted(address, owner, node.name()));
    }
  }

  /** Whether a machine may have the address in the network. */
  private boolean inside(
      String path, String address, Network network, Map<String, Subnet> subnets) {
    if (network.cidr() == null) {
      fault(
          path,
          "%s is given but network %s has no cidr; give both or neither"
              .formatted(address, network.name()));
      return false;
    }
    Subnet subnet = subnets.get(network.name());
    if (subnet == null) {
      return false;
    }
    long value = Subnet.address(address);
    if (!subnet.hosts(value)) {
      fault(
          path,
          "%s is not an address that a machine can have in network %s, %s; give one%s"
              .formatted(address, network.name(), subnet.cidr(), range(network, subnets)));
      return false;
    }
    if (network.mode() == NetworkMode.nat && value == subnet.first()) {
      fault(
          path,
          "%s is the host's own in network %s; give one%s"
              .formatted(address, network.name(), range(network, subnets)));
      return false;
    }
    return true;
  }

  private static String range(Network network, Map<String, Subnet> subnets) {
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
        || !text(
            path,
            mac,
            Names.MAC,
            17,
            "a unicast MAC address in lower case, for example 52:54:00:27:28:83")) {
      return;
    }
    if (mac.equals("00:00:00:00:00:00")) {
      fault(path, "all zeros is no MAC address; give another or none");
    }
    String owner = owners.putIfAbsent(mac, node.name());
    if (owner != null) {
      fault(path, "%s belongs to node %s already; give another or none".formatted(mac, owner));
    }
  }

  /** A given address must not be one that the operator has chosen for another node before. */
  private void allocatedAddresses(
      List<At<Node>> nodes, Map<String, String> owners, Map<String, Network> networks) {
    for (At<Node> at : nodes) {
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
        fault(
            "spec.nodes",
            "address %s of node %s was chosen for node %s before; give node %s another"
                .formatted(allocated, owner, at.value().name(), owner));
      }
    }
  }

  private void wiring(
      EjabberdLabSpec spec,
      List<At<Network>> networks,
      List<At<Node>> nodes,
      Map<String, Subnet> subnets) {
    Wiring wiring =
        new Wiring(
            networks.stream().map(At::value).toList(), nodes.stream().map(At::value).toList());
    Network nat =
        wiring.networks().stream()
            .filter(n -> n.mode() == NetworkMode.nat)
            .findFirst()
            .orElseThrow();
    capacity(nat, wiring, subnets);
    for (At<Node> at : nodes) {
      if (at.value().role() == Role.ejabberd && !Wiring.isAttached(at.value(), nat.name())) {
        fault(
            at.path() + ".networks",
            "node %s of role ejabberd is not attached to network %s, where clients reach it; add it"
                .formatted(at.value().name(), nat.name()));
      }
    }
    Optional<Network> cluster = meeting(wiring, Role.ejabberd);
    Optional<Network> database = meeting(wiring, Role.postgresql);
    database.ifPresent(
        network -> {
          readWriteAddress(spec, network, wiring, subnets);
          if (cluster.isPresent()) {
            nodes.stream()
                .filter(at -> at.value().role() == Role.ejabberd)
                .forEach(at -> reaches(at, network, wiring));
          }
        });
  }

  private Optional<Network> meeting(Wiring wiring, Role role) {
    Optional<Network> network = wiring.meeting(role);
    List<String> names = wiring.nodes(role).stream().map(Node::name).toList();
    if (network.isEmpty() && !names.isEmpty()) {
      fault(
          "spec.nodes",
          "the nodes of role %s (%s) share no network; attach them all to one"
              .formatted(role, String.join(", ", names)));
    }
    return network;
  }

  private void capacity(Network nat, Wiring wiring, Map<String, Subnet> subnets) {
    Subnet subnet = subnets.get(nat.name());
    if (subnet == null) {
      return;
    }
    long attached = attached(wiring, nat);
    if (attached + 1 > subnet.size()) {
      fault(
          "spec.networks",
          "network %s, %s, has %d addresses for the host and %d nodes; give it a shorter prefix"
              .formatted(nat.name(), subnet.cidr(), subnet.size(), attached));
    }
  }

  private static long attached(Wiring wiring, Network network) {
    return wiring.nodes().stream().filter(n -> Wiring.isAttached(n, network.name())).count();
  }

  private void readWriteAddress(
      EjabberdLabSpec spec, Network network, Wiring wiring, Map<String, Subnet> subnets) {
    String path = "spec.database.address";
    String address = spec.database() == null ? null : spec.database().address();
    Optional<String> owner =
        wiring.nodes().stream()
            .filter(n -> holds(n, network, address == null ? previous.readWriteAddress() : address))
            .map(Node::name)
            .findFirst();
    if (address != null) {
      if (text(path, address, Names.IPV4, 15, "an IPv4 address")
          && inside(path, address, network, subnets)) {
        owner.ifPresent(
            n -> fault(path, "%s belongs to node %s already; give another".formatted(address, n)));
      }
      return;
    }
    owner.ifPresent(
        n ->
            fault(
                "spec.nodes",
                "address %s of node %s is the database's read-write address; give the node another"
                    .formatted(previous.readWriteAddress(), n)));
    Subnet subnet = subnets.get(network.name());
    long host = network.mode() == NetworkMode.nat ? 1 : 0;
    if (subnet != null && attached(wiring, network) + host >= subnet.size()) {
      fault(
          path,
          "network %s, %s, has no address left for the database; give it a shorter prefix or fewer nodes"
              .formatted(network.name(), subnet.cidr()));
    }
  }

  private boolean holds(Node node, Network network, String address) {
    return address != null
        && node.networks().stream()
            .filter(a -> a != null && network.name().equals(a.name()))
            .anyMatch(
                a ->
                    address.equals(
                        a.address() != null || network.mode() == NetworkMode.isolated
                            ? a.address()
                            : previous.managementAddresses().get(node.name())));
  }

  /** An ejabberd node must reach the database, and the answers must come back the same way. */
  private void reaches(At<Node> at, Network database, Wiring wiring) {
    Node node = at.value();
    if (Wiring.isAttached(node, database.name())) {
      return;
    }
    Optional<Wiring.Hop> hop =
        database.mode() == NetworkMode.isolated
            ? wiring.hop(node, database.name())
            : Optional.empty();
    if (hop.isEmpty()) {
      fault(
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
        fault(
            at.path() + ".networks",
            "node %s reaches %s through %s but is answered by another way; attach it to network %s"
                .formatted(node.name(), instance.name(), hop.get().gateway(), database.name()));
      }
    }
  }

  private void listSize(String path, List<?> list, int max) {
    if (list.isEmpty()) {
      fault(path, "is empty; leave it out for the reference lab's, or name at least one");
    } else if (list.size() > max) {
      fault(path, "has %d entries; give %d at most".formatted(list.size(), max));
    }
  }

  /** Whether the name is good and new. */
  private boolean name(String path, String name, Set<String> names, String what) {
    if (name == null) {
      fault(path, "is missing; give the " + what + " a name");
      return false;
    }
    if (!text(path, name, Names.DNS_LABEL, 32, "a name of lower-case letters, digits and -")) {
      return false;
    }
    if (name.equals("localhost")) {
      fault(path, "localhost is always the machine itself; choose another name");
      return false;
    }
    if (!names.add(name)) {
      fault(path, "there is another %s %s; names are unique in a lab".formatted(what, name));
      return false;
    }
    return true;
  }

  /** Whether the value is absent or as it should be. */
  private boolean text(String path, String value, String pattern, int max, String what) {
    if (value == null || value.matches(pattern) && value.codePointCount(0, value.length()) <= max) {
      return true;
    }
    fault(path, "%s is not %s, of %d characters at most".formatted(quote(value), what, max));
    return false;
  }

  private void fault(String path, String sentence) {
    faults.add(path + ": " + sentence + ".");
  }

  /** A user's text inside a sentence: one line, not too long. */
  private static String quote(String value) {
    if (value == null) {
      return "nothing";
    }
    String line =
        value
            .codePoints()
            .limit(60)
            .mapToObj(c -> c < ' ' || c == 0x7f ? "\\x%02x".formatted(c) : Character.toString(c))
            .collect(Collectors.joining());
    return '"' + line + (value.codePointCount(0, value.length()) > 60 ? "\u2026" : "") + '"';
  }
}
