package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.FailoverMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.FileStep;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.KeyRef;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.ProvisioningStep;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.ShellStep;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Source;
import dev.ejabberdlab.topology.LabTopology.Account;
import dev.ejabberdlab.topology.LabTopology.Database;
import dev.ejabberdlab.topology.LabTopology.Ejabberd;
import dev.ejabberdlab.topology.LabTopology.Failover;
import dev.ejabberdlab.topology.LabTopology.HostLine;
import dev.ejabberdlab.topology.LabTopology.Network;
import dev.ejabberdlab.topology.LabTopology.OwnFile;
import dev.ejabberdlab.topology.LabTopology.OwnShell;
import dev.ejabberdlab.topology.LabTopology.OwnStep;
import dev.ejabberdlab.topology.LabTopology.Postgresql;
import dev.ejabberdlab.topology.LabTopology.Tls;
import dev.ejabberdlab.topology.LabTopology.VirtualAddress;
import java.time.Duration;
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
import java.util.stream.Stream;

/** Makes a {@link LabTopology} out of a spec: completes it, validates it, builds from it. */
public final class TopologyBuilder {

  private final String namespace;
  private final String name;
  private final EjabberdLabSpec spec;
  private final Identity identity;
  private final Wiring wiring;
  private final Map<String, Subnet> subnets;
  private final Addresses addresses;

  private TopologyBuilder(EjabberdLab lab, EjabberdLabSpec spec, Allocations previous) {
    this.namespace = lab.getMetadata().getNamespace();
    this.name = lab.getMetadata().getName();
    this.spec = spec;
    this.identity = new Identity(UUID.fromString(lab.getMetadata().getUid()));
    this.wiring = new Wiring(spec.networks(), spec.nodes());
    this.subnets = subnets(spec.networks(), previous);
    this.addresses = new Addresses(spec, wiring, subnets, previous);
  }

  /**
   * Makes everything explicit that the spec leaves to the operator.
   *
   * <p>The order of a reconcile: {@link SpecValidation#validate}, then {@link
   * ManagementCidrs#overlap} for a given management CIDR or {@link ManagementCidrs#choose} when
   * neither the spec nor {@code previous} has one, then this.
   *
   * @param lab with metadata.uid, namespace and name
   * @param previous what was chosen before, with the management CIDR to use when the spec gives
   *     none
   * @throws InvalidSpecException with every violation of the spec
   * @throws IllegalStateException when neither the spec nor {@code previous} has a management CIDR
   */
  public static LabTopology build(EjabberdLab lab, Allocations previous) {
    CompleteSpec complete = CompleteSpec.of(lab.getSpec());
    SpecValidation.validate(lab, complete, previous);
    return new TopologyBuilder(lab, complete.spec(), previous).build();
  }

  private LabTopology build() {
    List<Node> nodes =
        new Nodes(namespace + "/" + name, spec, identity, wiring, subnets, addresses).nodes();
    return LabTopology.builder()
        .uid(identity.uid())
        .namespace(namespace)
        .name(name)
        .host(spec.host())
        .image(spec.image().volume())
        .networks(networks())
        .nodes(nodes)
        .hosts(hosts(nodes))
        .sysctls(sorted(spec.sysctls()))
        .postgresql(postgresql())
        .ejabberd(ejabberd())
        .tls(tls())
        .accounts(accounts())
        .ownSteps(ownSteps())
        .running(spec.running())
        .build();
  }

  private static Map<String, Subnet> subnets(
      List<EjabberdLabSpec.Network> networks, Allocations previous) {
    Map<String, Subnet> subnets = new HashMap<>();
    for (EjabberdLabSpec.Network network : networks) {
      String cidr = network.cidr() == null ? previous.managementCidr() : network.cidr();
      if (cidr == null) {
        throw new IllegalStateException(
            "Network "
                + network.name()
                + " has no cidr; choose one with ManagementCidrs.choose before.");
      }
      subnets.put(network.name(), Subnet.around(cidr));
    }
    return subnets;
  }

  private List<Network> networks() {
    Map<String, String> bridges = bridges();
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

  /** Names of bridges by network: each its own, whatever the order of the networks. */
  private Map<String, String> bridges() {
    Map<String, String> bridges = new HashMap<>();
    Set<String> taken = new HashSet<>();
    wiring.networks().stream()
        .map(EjabberdLabSpec.Network::name)
        .sorted()
        .forEach(
            network -> {
              int attempt = 0;
              while (!taken.add(identity.bridge(network, attempt))) {
                attempt++;
              }
              bridges.put(network, identity.bridge(network, attempt));
            });
    return bridges;
  }

  /** What the user adds; lines that repeat what every node knows of the others are left out. */
  private List<HostLine> hosts(List<Node> nodes) {
    Set<HostLine> own = new HashSet<>();
    for (Node node : nodes) {
      String address =
          LabTopology.serviceAddress(
              node, wiring.nat().name(), meeting(Role.ejabberd), meeting(Role.postgresql));
      own.add(
          new HostLine(
              address, List.of(node.name() + "." + spec.ejabberd().domain(), node.name())));
    }
    return spec.hosts().stream()
        .map(h -> new HostLine(h.address(), List.copyOf(h.names())))
        .filter(line -> !own.contains(line))
        .toList();
  }

  private Postgresql postgresql() {
    EjabberdLabSpec.Postgresql wanted = spec.postgresql();
    String network = meeting(Role.postgresql);
    return new Postgresql(
        new Database(wanted.name(), wanted.owner(), wanted.comment()),
        network,
        addresses.readWriteAddress(),
        names(Role.postgresql),
        clients(network),
        Optional.ofNullable(wanted.primary()),
        failover(wanted.failover()),
        Optional.ofNullable(wanted.synchronous()));
  }

  /** CIDR of each network that ejabberd nodes come from into the database's, by network's name. */
  private List<String> clients(String database) {
    Map<String, String> clients = new LinkedHashMap<>();
    for (EjabberdLabSpec.Node node : wiring.nodes(Role.ejabberd)) {
      String from =
          Wiring.isAttached(node, database)
              ? database
              : wiring.hop(node, database).orElseThrow().through();
      clients.put(from, subnets.get(from).cidr());
    }
    return clients.entrySet().stream()
        .sorted(Comparator.comparing(Map.Entry::getKey))
        .map(Map.Entry::getValue)
        .toList();
  }

  private static Failover failover(EjabberdLabSpec.Failover failover) {
    return new Failover(
        failover.mode() == FailoverMode.automatic,
        Duration.ofSeconds(failover.delaySeconds()),
        Size.of(failover.maxLag()).bytes());
  }

  private Ejabberd ejabberd() {
    return new Ejabberd(
        spec.ejabberd().domain(),
        meeting(Role.ejabberd),
        names(Role.ejabberd),
        virtualAddress(),
        sorted(spec.ejabberd().settings()),
        List.copyOf(spec.ejabberd().removeSettings()));
  }

  private Optional<VirtualAddress> virtualAddress() {
    return Optional.ofNullable(spec.ejabberd().virtualAddress())
        .flatMap(
            address ->
                wiring
                    .home(address)
                    .map(
                        n ->
                            new VirtualAddress(
                                address, n.name(), subnets.get(n.name()).prefixLength())));
  }

  private Tls tls() {
    return new Tls(
        Optional.ofNullable(spec.tls().caSecret()).map(Reference::secret),
        Duration.ofDays(spec.tls().certificateDays()));
  }

  private List<Account> accounts() {
    return Stream.concat(
            spec.ejabberd().admins().stream().map(a -> account(a, true)),
            spec.ejabberd().users().stream().map(a -> account(a, false)))
        .toList();
  }

  private Account account(EjabberdLabSpec.Account account, boolean admin) {
    KeyRef given = account.passwordFrom();
    return new Account(
        account.name(),
        admin,
        given == null
            ? LabTopology.accountsSecret(name).key(account.name())
            : Reference.secret(given.name()).key(given.key()),
        given == null);
  }

  private List<OwnStep> ownSteps() {
    return spec.provisioning().stream().map(this::ownStep).toList();
  }

  private OwnStep ownStep(ProvisioningStep step) {
    NodeSelection selection = new NodeSelection(step.nodes(), step.roles());
    return new OwnStep(
        step.name(),
        wiring.nodes().stream().filter(selection::includes).map(n -> n.name()).toList(),
        step.order(),
        Optional.ofNullable(step.file()).map(TopologyBuilder::ownFile),
        Optional.ofNullable(step.shell()).map(TopologyBuilder::ownShell));
  }

  private static OwnFile ownFile(FileStep file) {
    return new OwnFile(key(file.from()), file.path(), file.owner(), file.group(), file.mode());
  }

  private static OwnShell ownShell(ShellStep shell) {
    return new OwnShell(
        Optional.ofNullable(shell.inline()),
        Optional.ofNullable(shell.from()).map(TopologyBuilder::key),
        shell.user(),
        sorted(shell.environment()),
        Duration.ofSeconds(shell.timeoutSeconds()),
        Optional.ofNullable(shell.unless()));
  }

  private static Reference.Key key(Source source) {
    KeyRef ref = source.secret() == null ? source.configMap() : source.secret();
    Reference object =
        source.secret() == null ? Reference.configMap(ref.name()) : Reference.secret(ref.name());
    return object.key(ref.key());
  }

  private String meeting(Role role) {
    return wiring.meeting(role).orElseThrow().name();
  }

  private List<String> names(Role role) {
    return wiring.nodes(role).stream().map(EjabberdLabSpec.Node::name).toList();
  }

  private static <T> Map<String, T> sorted(Map<String, T> map) {
    return Collections.unmodifiableMap(new TreeMap<>(map));
  }
}
