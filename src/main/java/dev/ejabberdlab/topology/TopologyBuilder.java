package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Account;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Attachment;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.FailoverMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.topology.LabTopology.HostLine;
import dev.ejabberdlab.topology.LabTopology.Interface;
import dev.ejabberdlab.topology.LabTopology.Network;
import dev.ejabberdlab.topology.LabTopology.Node;
import dev.ejabberdlab.topology.LabTopology.Route;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** Makes a {@link LabTopology} out of a spec that is known to be good. */
final class TopologyBuilder {

  /** Management addresses are chosen from the tenth on, and below it when those are taken. */
  private static final int FIRST_CHOSEN = 10;

  private final EjabberdLab lab;
  private final EjabberdLabSpec spec;
  private final Allocations previous;
  private final Identity identity;
  private final Wiring wiring;
  private final Map<String, Subnet> subnets = new HashMap<>();

  /** Address of each node in the nat network. */
  private final Map<String, String> managementAddresses = new HashMap<>();

  private TopologyBuilder(EjabberdLab lab, Allocations previous) {
    this.lab = lab;
    this.spec = lab.getSpec();
    this.previous = previous;
    this.identity = new Identity(UUID.fromString(lab.getMetadata().getUid()));
    this.wiring =
        new Wiring(
            spec.networks() == null ? ReferenceLab.NETWORKS : spec.networks(),
            spec.nodes() == null ? ReferenceLab.NODES : spec.nodes());
  }

  static LabTopology build(EjabberdLab lab, Allocations previous) {
    return new TopologyBuilder(lab, previous).build();
  }

  static String host(EjabberdLabSpec spec) {
    return spec.host() == null ? EjabberdLabSpec.DEFAULT_HOST : spec.host();
  }

  /** Name of the database; null when it follows from a domain that is missing. */
  static String database(EjabberdLabSpec spec) {
    if (spec.postgresql() != null && spec.postgresql().name() != null) {
      return spec.postgresql().name();
    }
    return spec.ejabberd() == null || spec.ejabberd().domain() == null
        ? null
        : ReferenceLab.databaseName(spec.ejabberd().domain());
  }

  static String owner(EjabberdLabSpec spec) {
    return spec.postgresql() == null || spec.postgresql().owner() == null
        ? EjabberdLabSpec.Postgresql.DEFAULT_OWNER
        : spec.postgresql().owner();
  }

  private LabTopology build() {
    for (EjabberdLabSpec.Network network : wiring.networks()) {
      subnets.put(network.name(), Subnet.around(cidr(network)));
    }
    String databaseNetwork = meeting(Role.postgresql);
    String readWriteAddress = chooseAddresses(databaseNetwork);
    List<Node> nodes = nodes();
    return new LabTopology(
        identity.uid(),
        lab.getMetadata().getNamespace(),
        lab.getMetadata().getName(),
        host(spec),
        spec.image().volume(),
        networks(),
        nodes,
        hosts(nodes),
        Collections.unmodifiableMap(
            new TreeMap<>(spec.sysctls() == null ? ReferenceLab.SYSCTLS : spec.sysctls())),
        database(databaseNetwork, readWriteAddress),
        new LabTopology.Ejabberd(
            spec.ejabberd().domain(),
            meeting(Role.ejabberd),
            names(Role.ejabberd),
            virtualAddress(),
            spec.ejabberd().settings() == null
                ? Map.of()
                : Collections.unmodifiableMap(new TreeMap<>(spec.ejabberd().settings())),
            spec.ejabberd().removeSettings() == null
                ? List.of()
                : List.copyOf(spec.ejabberd().removeSettings())),
        tls(),
        accounts(),
        OwnSteps.of(spec.provisioning(), wiring.nodes()),
        spec.running() == null || spec.running());
  }

  private List<LabTopology.Account> accounts() {
    List<Account> admins =
        spec.ejabberd().admins() == null ? ReferenceLab.ADMINS : spec.ejabberd().admins();
    List<Account> users =
        spec.ejabberd().users() == null
            ? ReferenceLab.USERS.stream()
                .filter(u -> admins.stream().noneMatch(a -> a.name().equals(u.name())))
                .toList()
            : spec.ejabberd().users();
    return Stream.concat(
            admins.stream().map(a -> account(a, true)), users.stream().map(a -> account(a, false)))
        .toList();
  }

  private LabTopology.Account account(Account account, boolean admin) {
    boolean generated = account.passwordFrom() == null;
    return new LabTopology.Account(
        account.name(),
        admin,
        generated
            ? LabTopology.accountsSecret(lab.getMetadata().getName()).key(account.name())
            : Reference.secret(account.passwordFrom().name()).key(account.passwordFrom().key()),
        generated);
  }

  private LabTopology.Tls tls() {
    Optional<EjabberdLabSpec.Tls> tls = Optional.ofNullable(spec.tls());
    return new LabTopology.Tls(
        tls.map(EjabberdLabSpec.Tls::caSecret).map(Reference::secret),
        Duration.ofDays(
            tls.map(EjabberdLabSpec.Tls::certificateDays).orElse(ReferenceLab.CERTIFICATE_DAYS)));
  }

  private String cidr(EjabberdLabSpec.Network network) {
    if (network.cidr() != null) {
      return network.cidr();
    }
    if (previous.managementCidr() == null) {
      throw new IllegalStateException(
          "Network "
              + network.name()
              + " has no cidr; choose one with ManagementCidrs.choose before.");
    }
    return previous.managementCidr();
  }

  private List<Network> networks() {
    Map<String, String> bridges = new HashMap<>();
    Set<String> taken = new HashSet<>();
    wiring.networks().stream()
        .map(EjabberdLabSpec.Network::name)
        .sorted()
        .forEach(
            name -> {
              int attempt = 0;
              while (!taken.add(identity.bridge(name, attempt))) {
                attempt++;
              }
              bridges.put(name, identity.bridge(name, attempt));
            });
    return wiring.networks().stream()
        .map(
            n -> {
              Subnet subnet = subnets.get(n.name());
              return new Network(
                  n.name(),
                  n.mode(),
                  subnet.cidr(),
                  subnet.prefixLength(),
                  n.mode() == NetworkMode.nat
                      ? Optional.of(Subnet.text(subnet.first()))
                      : Optional.empty(),
                  identity.networkUuid(n.name()),
                  identity.name(n.name()),
                  bridges.get(n.name()));
            })
        .toList();
  }

  /**
   * Fills {@link #managementAddresses}: what is given, then what was chosen before, then the first
   * free ones for the rest.
   *
   * @return the database's read-write address, chosen between the two last, so that it stays put
   */
  private String chooseAddresses(String databaseNetwork) {
    String nat = nat();
    Subnet management = subnets.get(nat);
    Set<Long> taken = new HashSet<>();
    taken.add(management.first());
    List<EjabberdLabSpec.Node> attached =
        wiring.nodes().stream().filter(n -> Wiring.isAttached(n, nat)).toList();
    for (EjabberdLabSpec.Node node : wiring.nodes()) {
      for (Attachment a : node.networks()) {
        if (a.address() != null) {
          taken.add(Subnet.address(a.address()));
          if (a.name().equals(nat)) {
            managementAddresses.put(node.name(), a.address());
          }
        }
      }
    }
    String given = spec.postgresql() == null ? null : spec.postgresql().address();
    if (given != null) {
      taken.add(Subnet.address(given));
    }
    if (spec.ejabberd().virtualAddress() != null) {
      taken.add(Subnet.address(spec.ejabberd().virtualAddress()));
    }
    for (EjabberdLabSpec.Node node : attached) {
      String before = previous.managementAddresses().get(node.name());
      if (before != null
          && !managementAddresses.containsKey(node.name())
          && management.hosts(Subnet.address(before))
          && taken.add(Subnet.address(before))) {
        managementAddresses.put(node.name(), before);
      }
    }
    String readWrite = given;
    if (readWrite == null && !databaseNetwork.equals(nat)) {
      readWrite = readWrite(subnets.get(databaseNetwork), taken);
    } else if (readWrite == null && previous.readWriteAddress() != null) {
      readWrite = readWrite(management, taken);
    }
    long first = management.network() + FIRST_CHOSEN;
    for (EjabberdLabSpec.Node node : attached) {
      if (!managementAddresses.containsKey(node.name())) {
        long address =
            LongStream.concat(
                    management.addresses().filter(a -> a >= first),
                    management.addresses().filter(a -> a < first))
                .filter(a -> !taken.contains(a))
                .findFirst()
                .orElseThrow();
        taken.add(address);
        managementAddresses.put(node.name(), Subnet.text(address));
      }
    }
    return readWrite == null ? readWrite(management, taken) : readWrite;
  }

  private String readWrite(Subnet subnet, Set<Long> taken) {
    if (previous.readWriteAddress() != null) {
      long before = Subnet.address(previous.readWriteAddress());
      if (subnet.hosts(before) && taken.add(before)) {
        return previous.readWriteAddress();
      }
    }
    long address = subnet.addresses().filter(taken::add).findFirst().orElseThrow();
    return Subnet.text(address);
  }

  private List<Node> nodes() {
    Map<String, String> macs = macs();
    List<Node> nodes = new ArrayList<>();
    for (EjabberdLabSpec.Node node : wiring.nodes()) {
      List<Interface> interfaces =
          node.networks().stream()
              .map(
                  a ->
                      new Interface(
                          a.name(),
                          a.address() == null ? managementAddresses.get(node.name()) : a.address(),
                          subnets.get(a.name()).prefixLength(),
                          macs.get(node.name() + "/" + a.name())))
              .toList();
      String domain = identity.name(node.name());
      nodes.add(
          new Node(
              node.name(),
              node.role(),
              identity.domainUuid(node.name()),
              domain,
              domain + ".qcow2",
              node.cpus() == null ? ReferenceLab.CPUS : node.cpus(),
              SpecValidation.bytes(node.memory() == null ? ReferenceLab.MEMORY : node.memory()),
              SpecValidation.bytes(node.disk() == null ? ReferenceLab.DISK : node.disk()),
              node.title() == null
                  ? lab.getMetadata().getNamespace()
                      + "/"
                      + lab.getMetadata().getName()
                      + "/"
                      + node.name()
                  : node.title(),
              node.description() == null
                  ? ReferenceLab.description(node.role())
                  : node.description(),
              interfaces,
              routes(node),
              FirewallRules.of(node, spec.firewall(), subnets)));
    }
    return List.copyOf(nodes);
  }

  /** MAC by "node/network": what is given stays, the rest avoids it and each other. */
  private Map<String, String> macs() {
    Map<String, String> macs = new HashMap<>();
    Map<String, String[]> rest = new TreeMap<>();
    for (EjabberdLabSpec.Node node : wiring.nodes()) {
      for (Attachment a : node.networks()) {
        String key = node.name() + "/" + a.name();
        if (a.mac() != null) {
          macs.put(key, a.mac());
        } else {
          rest.put(key, new String[] {node.name(), a.name()});
        }
      }
    }
    Set<String> taken = new HashSet<>(macs.values());
    rest.forEach(
        (key, at) -> {
          int attempt = 0;
          while (!taken.add(identity.mac(at[0], at[1], attempt))) {
            attempt++;
          }
          macs.put(key, identity.mac(at[0], at[1], attempt));
        });
    return macs;
  }

  private List<Route> routes(EjabberdLabSpec.Node node) {
    if (node.role() == Role.gateway) {
      return List.of();
    }
    List<Route> routes = new ArrayList<>();
    for (EjabberdLabSpec.Network network : wiring.networks()) {
      if (network.mode() == NetworkMode.isolated && !Wiring.isAttached(node, network.name())) {
        wiring
            .hop(node, network.name())
            .ifPresent(
                hop ->
                    routes.add(
                        new Route(
                            subnets.get(network.name()).cidr(),
                            givenAddress(hop.gateway(), hop.through()))));
      }
    }
    return List.copyOf(routes);
  }

  /** A node's address in an isolated network, where addresses are always given. */
  private String givenAddress(String nodeName, String network) {
    return wiring.nodes().stream()
        .filter(n -> n.name().equals(nodeName))
        .flatMap(n -> n.networks().stream())
        .filter(a -> a.name().equals(network))
        .findFirst()
        .orElseThrow()
        .address();
  }

  /** What the user adds; lines that repeat what every node knows of the others are left out. */
  private List<HostLine> hosts(List<Node> nodes) {
    if (spec.hosts() == null) {
      return List.of();
    }
    Set<HostLine> own = new HashSet<>();
    for (Node node : nodes) {
      String address =
          LabTopology.serviceAddress(node, nat(), meeting(Role.ejabberd), meeting(Role.postgresql));
      own.add(
          new HostLine(
              address, List.of(node.name() + "." + spec.ejabberd().domain(), node.name())));
    }
    return spec.hosts().stream()
        .map(h -> new HostLine(h.address(), List.copyOf(h.names())))
        .filter(line -> !own.contains(line))
        .toList();
  }

  private String nat() {
    return wiring.networks().stream()
        .filter(n -> n.mode() == NetworkMode.nat)
        .findFirst()
        .orElseThrow()
        .name();
  }

  private String meeting(Role role) {
    return wiring.meeting(role).orElseThrow().name();
  }

  private LabTopology.Postgresql database(String network, String readWriteAddress) {
    Map<String, String> clients = new LinkedHashMap<>();
    for (EjabberdLabSpec.Node node : wiring.nodes(Role.ejabberd)) {
      String from =
          Wiring.isAttached(node, network)
              ? network
              : wiring.hop(node, network).orElseThrow().through();
      clients.put(from, subnets.get(from).cidr());
    }
    List<String> instances = names(Role.postgresql);
    Optional<EjabberdLabSpec.Postgresql> given = Optional.ofNullable(spec.postgresql());
    Optional<String> primary = given.map(EjabberdLabSpec.Postgresql::primary);
    return new LabTopology.Postgresql(
        database(spec),
        owner(spec),
        spec.postgresql() == null || spec.postgresql().comment() == null
            ? EjabberdLabSpec.Postgresql.DEFAULT_COMMENT
            : spec.postgresql().comment(),
        network,
        readWriteAddress,
        subnets.get(network).prefixLength(),
        instances,
        primary.orElse(instances.get(0)),
        clients.entrySet().stream()
            .sorted(Comparator.comparing(Map.Entry::getKey))
            .map(Map.Entry::getValue)
            .toList(),
        primary,
        failover(given.map(EjabberdLabSpec.Postgresql::failover)),
        given.map(EjabberdLabSpec.Postgresql::synchronous));
  }

  private static LabTopology.Failover failover(Optional<EjabberdLabSpec.Failover> given) {
    return new LabTopology.Failover(
        given.map(EjabberdLabSpec.Failover::mode).filter(FailoverMode.manual::equals).isEmpty(),
        Duration.ofSeconds(
            given
                .map(EjabberdLabSpec.Failover::delaySeconds)
                .orElse(EjabberdLabSpec.Failover.DEFAULT_DELAY_SECONDS)),
        SpecValidation.bytes(
            given
                .map(EjabberdLabSpec.Failover::maxLag)
                .orElse(EjabberdLabSpec.Failover.DEFAULT_MAX_LAG)));
  }

  private Optional<LabTopology.VirtualAddress> virtualAddress() {
    String address = spec.ejabberd().virtualAddress();
    return address == null
        ? Optional.empty()
        : wiring
            .home(address)
            .map(
                n ->
                    new LabTopology.VirtualAddress(
                        address, n.name(), subnets.get(n.name()).prefixLength()));
  }

  private List<String> names(Role role) {
    return wiring.nodes(role).stream().map(EjabberdLabSpec.Node::name).toList();
  }
}
