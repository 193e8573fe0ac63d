package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.HostEntry;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Network;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NetworkStatus;
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
import java.util.stream.Stream;

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

  /** What Kubernetes allows, without {@code -certificates}. */
  private static final int MAX_NAME = 240;

  private static final int MAX_CERTIFICATE_DAYS = 825;
  private static final int MAX_FAILOVER_DELAY = 3600;
  private static final long MIN_LAG = MIB;

  /** What a primary keeps for a standby, see postgresql.conf. */
  private static final long MAX_LAG = GIB;

  private static final Set<String> RESERVED_DATABASES =
      Set.of("postgres", "template0", "template1");

  /** PostgreSQL's own, and the role that standbys stream with. */
  private static final Set<String> RESERVED_ROLES =
      Set.of("postgres", "public", "none", "replica_role");

  private final EjabberdLab lab;
  private final Allocations previous;
  private final Faults faults = new Faults();

  /** A list's element that has what later checks need, with its path. */
  record Located<T>(String path, T value) {}

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
      if (network != null && network.name() != null) {
        String path = "spec.networks[" + i + "]";
        Optional<NetworkStatus> before = Allocations.recorded(lab, network.name());
        unchanged(
                path + ".mode",
                before.map(NetworkStatus::mode).map(Enum::name).orElse(null),
                network.mode() == null ? null : network.mode().name())
            .ifPresent(faults::add);
        unchanged(path + ".cidr", before.map(NetworkStatus::cidr).orElse(null), network.cidr())
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
    managementNetwork(networks, status).ifPresent(faults::add);
    if (status.postgresql() != null) {
      primary(nodes, status.postgresql()).ifPresent(faults::add);
      unchanged(
              "spec.postgresql.name",
              status.postgresql().database(),
              TopologyBuilder.database(spec))
          .ifPresent(faults::add);
      unchanged("spec.postgresql.owner", status.postgresql().owner(), TopologyBuilder.owner(spec))
          .ifPresent(faults::add);
    }
    if (status.ejabberd() != null && spec.ejabberd() != null) {
      unchanged("spec.ejabberd.domain", status.ejabberd().domain(), spec.ejabberd().domain())
          .ifPresent(faults::add);
    }
    return faults;
  }

  /** The network of all addresses that were chosen cannot be exchanged for another. */
  private static Optional<String> managementNetwork(
      List<Network> networks, EjabberdLabStatus status) {
    if (status.networks() == null) {
      return Optional.empty();
    }
    List<String> known =
        status.networks().stream().filter(Objects::nonNull).map(n -> n.name()).toList();
    return networks.stream()
        .filter(n -> n != null && n.mode() == NetworkMode.nat && n.name() != null)
        .filter(n -> !known.isEmpty() && !known.contains(n.name()))
        .findFirst()
        .map(
            n ->
                "spec.networks: the management network cannot be exchanged for %s; keep its name, or delete the lab and create it anew."
                    .formatted(Faults.quote(n.name())));
  }

  /** Who accepts writes, or is about to, cannot leave. */
  private static Optional<String> primary(
      List<Node> nodes, EjabberdLabStatus.PostgresqlStatus postgresql) {
    return Stream.of(postgresql.currentPrimary(), postgresql.targetPrimary())
        .filter(Objects::nonNull)
        .filter(primary -> nodes.stream().noneMatch(n -> n != null && primary.equals(n.name())))
        .findFirst()
        .map(
            primary ->
                "spec.nodes: %s is the primary of PostgreSQL and cannot be removed; switch over to another instance first."
                    .formatted(primary));
  }

  private static Optional<String> unchanged(String path, String before, String now) {
    return before == null || now == null || before.equals(now)
        ? Optional.empty()
        : Optional.of(
            "%s: cannot be changed from %s to %s; set it back, or delete the lab and create it anew."
                .formatted(path, before, Faults.quote(now)));
  }

  /** The longest name of an object of a lab must be one. */
  private void name(String name) {
    if (name != null && name.length() > MAX_NAME) {
      faults.add(
          "metadata.name",
          "has %d characters; give %d at most, so that the lab's Secret NAME-certificates can have its name"
              .formatted(name.length(), MAX_NAME));
    }
  }

  private List<String> run() {
    EjabberdLabSpec spec = lab.getSpec();
    name(lab.getMetadata() == null ? null : lab.getMetadata().getName());
    if (spec == null) {
      return List.of("spec: is missing; give at least spec.image.volume and spec.ejabberd.domain.");
    }
    faults.text(
        "spec.host",
        spec.host(),
        Names.DNS_LABEL,
        63,
        "the name of a LibvirtHost; give one like default");
    image(spec);
    String domain = xmpp(spec);
    SettingsValidation.check(spec.ejabberd(), faults);
    tls(spec.tls());
    database(spec, domain);
    sysctls(spec);

    int before = faults.count();
    List<Located<Network>> networks = networks(spec);
    boolean networksKnown =
        spec.networks() == null || !networks.isEmpty() && networks.size() == spec.networks().size();
    boolean oneNat = networksKnown && oneNat(networks);
    List<Located<Node>> nodes = nodes(spec);
    boolean nodesKnown =
        spec.nodes() == null ? spec.networks() == null : nodes.size() == spec.nodes().size();
    WiringValidation wiring = new WiringValidation(networks, nodes, previous, faults);
    boolean attached = wiring.attachments(networksKnown);
    if (oneNat && nodesKnown && attached) {
      wiring.roles(
          spec.postgresql() == null ? null : spec.postgresql().address(),
          spec.ejabberd() == null ? null : spec.ejabberd().virtualAddress());
    }
    if (nodesKnown) {
      primary(spec.postgresql(), nodes.stream().map(Located::value).toList());
    }
    FirewallRules.validate(
        spec.firewall(),
        networksKnown
            ? networks.stream().map(n -> n.value().name()).collect(Collectors.toSet())
            : null,
        nodesKnown ? nodes.stream().map(Located::value).toList() : null,
        faults);
    hosts(spec, faults.count() == before ? nodes : List.of(), domain);
    if (spec.ejabberd() != null) {
      new AccountValidation(faults).check(spec.ejabberd());
    }
    if (spec.provisioning() != null) {
      List<Node> known = nodesKnown ? nodes.stream().map(Located::value).toList() : null;
      new OwnStepValidation(known, faults).check(spec.provisioning());
    }
    return faults.sentences();
  }

  private boolean oneNat(List<Located<Network>> networks) {
    long nats = networks.stream().filter(n -> n.value().mode() == NetworkMode.nat).count();
    if (nats != 1) {
      faults.add(
          "spec.networks",
          "has %d networks of mode nat; give exactly one, it is the management network"
              .formatted(nats));
    }
    return nats == 1;
  }

  private void image(EjabberdLabSpec spec) {
    if (spec.image() == null || spec.image().volume() == null) {
      faults.add(
          "spec.image.volume",
          "is missing; name an image of the host's pool, for example ejabberd-lab-bookworm");
      return;
    }
    if (faults.text(
            "spec.image.volume",
            spec.image().volume(),
            Names.VOLUME,
            128,
            "the name of a volume; give one like ejabberd-lab-bookworm")
        && spec.image().volume().startsWith(Names.DISK_PREFIX)) {
      faults.add(
          "spec.image.volume",
          "%s begins like the disk of a lab; name an image, for example ejabberd-lab-bookworm"
              .formatted(spec.image().volume()));
    }
  }

  /** The domain if it is well-formed, else null. */
  private String xmpp(EjabberdLabSpec spec) {
    if (spec.ejabberd() == null || spec.ejabberd().domain() == null) {
      faults.add(
          "spec.ejabberd.domain", "is missing; give the XMPP domain, for example domain.local");
      return null;
    }
    String domain = spec.ejabberd().domain();
    return faults.text(
                "spec.ejabberd.domain",
                domain,
                Names.DNS_NAME,
                200,
                "a DNS name in lower case; give one like domain.local")
            && faults.resolvable("spec.ejabberd.domain", domain)
        ? domain
        : null;
  }

  private void tls(EjabberdLabSpec.Tls tls) {
    if (tls == null) {
      return;
    }
    faults.text(
        "spec.tls.caSecret",
        tls.caSecret(),
        Names.DNS_NAME,
        253,
        "the name of a Secret; give one like our-ca");
    Integer days = tls.certificateDays();
    if (days != null && (days < 1 || days > MAX_CERTIFICATE_DAYS)) {
      faults.add(
          "spec.tls.certificateDays",
          "%d is out of range; give 1 to %d".formatted(days, MAX_CERTIFICATE_DAYS));
    }
  }

  private void database(EjabberdLabSpec spec, String domain) {
    EjabberdLabSpec.Postgresql database = spec.postgresql();
    if (database == null || database.name() == null) {
      if (domain != null && ReferenceLab.databaseName(domain).length() > 63) {
        faults.add(
            "spec.postgresql.name",
            "is needed, because the default %s is longer than PostgreSQL's 63 characters"
                .formatted(ReferenceLab.databaseName(domain)));
      }
    }
    if (database == null) {
      return;
    }
    if (faults.text(
            "spec.postgresql.name",
            database.name(),
            Names.SQL_IDENTIFIER,
            63,
            "a name of lower-case letters, digits, _ and -; give one like ejabberd-domain-local")
        && database.name() != null
        && RESERVED_DATABASES.contains(database.name())) {
      faults.add(
          "spec.postgresql.name",
          database.name() + " belongs to PostgreSQL itself; choose another name");
    }
    if (faults.text(
            "spec.postgresql.owner",
            database.owner(),
            Names.SQL_IDENTIFIER,
            63,
            "a name of lower-case letters, digits, _ and -; give one like ejabberd")
        && database.owner() != null
        && (RESERVED_ROLES.contains(database.owner()) || database.owner().startsWith("pg_"))) {
      faults.add(
          "spec.postgresql.owner",
          database.owner() + " belongs to PostgreSQL or to replication; choose another name");
    }
    faults.text(
        "spec.postgresql.comment",
        database.comment(),
        Names.ONE_LINE,
        256,
        "one line of text; leave out line breaks and control characters");
    failover(database.failover());
  }

  private void failover(EjabberdLabSpec.Failover failover) {
    if (failover == null) {
      return;
    }
    Integer delay = failover.delaySeconds();
    if (delay != null && (delay < 1 || delay > MAX_FAILOVER_DELAY)) {
      faults.add(
          "spec.postgresql.failover.delaySeconds",
          "%d is out of range; give 1 to %d".formatted(delay, MAX_FAILOVER_DELAY));
    }
    faults.size(
        "spec.postgresql.failover.maxLag", failover.maxLag(), MIN_LAG, MAX_LAG, "1Mi to 1Gi");
  }

  /** Only an instance can become primary. */
  private void primary(EjabberdLabSpec.Postgresql database, List<Node> nodes) {
    if (database == null || database.primary() == null) {
      return;
    }
    List<String> instances =
        nodes.stream().filter(n -> n.role() == Role.postgresql).map(Node::name).toList();
    if (!instances.contains(database.primary())) {
      faults.add(
          "spec.postgresql.primary",
          "%s is not a node of role postgresql; give one of %s"
              .formatted(Faults.quote(database.primary()), String.join(", ", instances)));
    }
  }

  private void sysctls(EjabberdLabSpec spec) {
    Map<String, String> sysctls = spec.sysctls();
    if (sysctls == null) {
      return;
    }
    List<Node> nodes = spec.nodes() == null ? ReferenceLab.NODES : spec.nodes();
    boolean gateway = nodes.stream().anyMatch(n -> n != null && n.role() == Role.gateway);
    if (sysctls.size() > 64) {
      faults.add("spec.sysctls", "has %d entries; give 64 at most".formatted(sysctls.size()));
    }
    new TreeMap<>(sysctls)
        .forEach(
            (name, value) -> {
              faults.text(
                  "spec.sysctls",
                  name,
                  Names.SYSCTL,
                  128,
                  "the name of a kernel setting; give one like net.ipv4.ip_default_ttl");
              String path = "spec.sysctls[" + Faults.quote(name) + "]";
              if (value == null) {
                faults.add(path, "has no value; give one, for example \"66\"");
              } else {
                faults.text(
                    path,
                    value,
                    Names.SYSCTL_VALUE,
                    256,
                    "one line of printable ASCII; give a value like 66");
                needed(path, name, value, gateway);
              }
            });
  }

  /** What the lab lives by cannot be turned off, whatever the setting is called. */
  private void needed(String path, String name, String value, boolean gateway) {
    String dotted = name.replace('/', '.');
    boolean off = value.matches("[+-]?(0[xX])?0+");
    if (gateway && off && dotted.matches("net\\.ipv4\\.(ip_forward|conf\\..+\\.forwarding)")) {
      faults.add(
          path,
          "%s turns off the gateway, which forwards between the networks; leave it out"
              .formatted(value));
    }
    if (!off && dotted.equals("kernel.modules_disabled")) {
      faults.add(
          path,
          "%s keeps firewall and network from loading what they need; leave it out"
              .formatted(value));
    }
  }

  private List<Located<Network>> networks(EjabberdLabSpec spec) {
    List<Located<Network>> good = new ArrayList<>();
    if (spec.networks() == null) {
      ReferenceLab.NETWORKS.forEach(n -> good.add(new Located<>("network " + n.name(), n)));
      return good;
    }
    if (spec.nodes() == null) {
      faults.add(
          "spec.nodes",
          "is missing; give the nodes too when spec.networks is given, because the default nodes live in the default networks");
    }
    faults.list("spec.networks", spec.networks(), 16);
    Set<String> names = new HashSet<>();
    for (int i = 0; i < spec.networks().size(); i++) {
      String path = "spec.networks[" + i + "]";
      Network network = spec.networks().get(i);
      if (network == null) {
        faults.add(path, "is empty; give name, mode and cidr");
        continue;
      }
      boolean named = faults.name(path + ".name", network.name(), names, "network");
      if (network.mode() == null) {
        faults.add(path + ".mode", "is missing; give nat or isolated");
        continue;
      }
      if (network.cidr() != null) {
        faults.cidr(path + ".cidr", network.cidr());
      } else if (network.mode() == NetworkMode.isolated) {
        faults.add(path + ".cidr", "is missing; give an isolated network one like 192.168.1.0/29");
      }
      if (named) {
        good.add(new Located<>(path, network));
      }
    }
    return good;
  }

  private List<Located<Node>> nodes(EjabberdLabSpec spec) {
    List<Located<Node>> good = new ArrayList<>();
    if (spec.nodes() == null) {
      if (spec.networks() == null) {
        ReferenceLab.NODES.forEach(n -> good.add(new Located<>("node " + n.name(), n)));
      }
      return good;
    }
    faults.list("spec.nodes", spec.nodes(), 32);
    Set<String> names = new HashSet<>();
    for (int i = 0; i < spec.nodes().size(); i++) {
      String path = "spec.nodes[" + i + "]";
      Node node = spec.nodes().get(i);
      if (node == null) {
        faults.add(path, "is empty; give name, role and networks");
        continue;
      }
      boolean named =
          faults.name(path + ".name", node.name(), names, "node")
              && faults.resolvable(path + ".name", node.name());
      if (node.role() == null) {
        faults.add(
            path + ".role",
            "is missing; give one of "
                + Arrays.stream(Role.values()).map(Role::name).collect(Collectors.joining(", ")));
      }
      if (node.cpus() != null && (node.cpus() < 1 || node.cpus() > 64)) {
        faults.add(path + ".cpus", "%d is out of range; give 1 to 64".formatted(node.cpus()));
      }
      faults.size(path + ".memory", node.memory(), MIN_MEMORY, MAX_MEMORY, "256Mi to 512Gi");
      faults.size(path + ".disk", node.disk(), MIN_DISK, MAX_DISK, "3Gi to 16384Gi");
      faults.text(
          path + ".title",
          node.title(),
          Names.ONE_LINE,
          128,
          "one line of text; leave out line breaks and control characters");
      faults.text(
          path + ".description",
          node.description(),
          Names.TEXT,
          1024,
          "text without control characters; leave them out");
      if (named && node.role() != null) {
        good.add(new Located<>(path, node));
      }
    }
    for (Role role : List.of(Role.postgresql, Role.ejabberd)) {
      if (!spec.nodes().isEmpty()
          && spec.nodes().stream().noneMatch(n -> n != null && n.role() == role)) {
        faults.add("spec.nodes", "has no node of role %s; add one".formatted(role));
      }
    }
    return good;
  }

  private void hosts(EjabberdLabSpec spec, List<Located<Node>> nodes, String domain) {
    if (spec.hosts() == null) {
      return;
    }
    if (spec.hosts().size() > 64) {
      faults.add("spec.hosts", "has %d entries; give 64 at most".formatted(spec.hosts().size()));
    }
    for (int i = 0; i < spec.hosts().size(); i++) {
      String path = "spec.hosts[" + i + "]";
      HostEntry entry = spec.hosts().get(i);
      if (entry == null) {
        faults.add(path, "is empty; give address and names");
        continue;
      }
      if (entry.address() == null) {
        faults.add(path + ".address", "is missing; give an IPv4 address");
      } else {
        faults.text(
            path + ".address",
            entry.address(),
            Names.IPV4,
            15,
            "an IPv4 address; give one like 192.168.1.2");
      }
      if (entry.names() == null || entry.names().isEmpty() || entry.names().size() > 8) {
        faults.add(path + ".names", "must have one to eight host names");
        continue;
      }
      for (int j = 0; j < entry.names().size(); j++) {
        hostName(path + ".names[" + j + "]", entry.names().get(j));
      }
      renamed(path, entry, nodes, domain);
    }
  }

  private void hostName(String path, String name) {
    if (name == null) {
      faults.add(path, "is empty; give a host name");
    } else if (faults.text(
            path, name, Names.HOSTNAME, 253, "a host name; give one like www.domain.local")
        && faults.resolvable(path, name)
        && name.equalsIgnoreCase("localhost")) {
      faults.add(path, "localhost is always the machine itself; leave it out");
    }
  }

  /** A node's name must not lead elsewhere. */
  private void renamed(String path, HostEntry entry, List<Located<Node>> nodes, String domain) {
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
        faults.add(
            path,
            "%s is a node of the lab and has not the address %s; leave the entry out or name another host"
                .formatted(node.name(), Faults.quote(entry.address())));
      }
    }
  }

  /** Bytes of a size that matches {@link Names#SIZE}. */
  static long bytes(String size) {
    long unit = size.endsWith("Gi") ? GIB : MIB;
    return Long.parseLong(size.substring(0, size.length() - 2)) * unit;
  }
}
