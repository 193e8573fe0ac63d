package dev.ejabberdlab.topology;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Order;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Synchronous;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A lab with nothing left to guess.
 *
 * @param uid UID of the resource; every name on the host derives from it
 * @param namespace of the resource
 * @param name of the resource
 * @param host name of its LibvirtHost
 * @param image as the user wrote it
 * @param networks in the order of the spec
 * @param nodes in the order of the spec
 * @param hosts extra lines of /etc/hosts, without those that every node has of the others anyway
 * @param sysctls kernel settings of every node
 * @param postgresql the PostgreSQL database
 * @param ejabberd the XMPP service
 * @param tls certificates of the services
 * @param accounts of the XMPP service, administrators first
 * @param ownSteps the user's own steps, in the order of the spec
 * @param running whether its machines shall run; false keeps them shut down
 */
public record LabTopology(
    UUID uid,
    String namespace,
    String name,
    String host,
    String image,
    List<Network> networks,
    List<Node> nodes,
    List<HostLine> hosts,
    Map<String, String> sysctls,
    Postgresql postgresql,
    Ejabberd ejabberd,
    Tls tls,
    List<Account> accounts,
    List<OwnStep> ownSteps,
    boolean running) {

  /**
   * A network.
   *
   * @param name in the spec
   * @param mode nat or isolated
   * @param cidr network address and prefix length, normalized
   * @param prefixLength of cidr
   * @param gateway the host's address in a nat network, its first; absent in an isolated one
   * @param uuid libvirt's UUID
   * @param libvirtName libvirt's name, {@code ejl-<8 hex>-<name>}
   * @param bridge host bridge, at most 15 characters
   */
  public record Network(
      String name,
      NetworkMode mode,
      String cidr,
      int prefixLength,
      Optional<String> gateway,
      UUID uuid,
      String libvirtName,
      String bridge) {}

  /** A line of /etc/hosts. */
  public record HostLine(String address, List<String> names) {}

  /**
   * What ejabberd stores its data in.
   *
   * @param name in PostgreSQL
   * @param owner role that owns it and that ejabberd logs in with
   * @param comment in PostgreSQL
   */
  public record Database(String name, String owner, String comment) {}

  /**
   * The instances of PostgreSQL.
   *
   * @param database that they hold
   * @param network in which they replicate and where the read-write address lives
   * @param readWriteAddress belongs to whoever is primary
   * @param instances names of the nodes of role postgresql, in the order of the spec
   * @param clients CIDR of each network that clients (ejabberd nodes) come from
   * @param primary instance that the user wants as primary; absent means the one that is
   * @param failover what happens when the primary fails
   * @param synchronous when a commit waits for a standby; absent means never
   */
  public record Postgresql(
      Database database,
      String network,
      String readWriteAddress,
      List<String> instances,
      List<String> clients,
      Optional<String> primary,
      Failover failover,
      Optional<Synchronous> synchronous) {

    /** The one that the user wants as primary, else the first instance. */
    public String initialPrimary() {
      return primary.orElse(instances.get(0));
    }
  }

  /**
   * What happens when the primary fails.
   *
   * @param automatic whether a standby takes over without being told to
   * @param delay how long the primary must have failed
   * @param maxLagBytes WAL that a standby may lack and still take over
   */
  public record Failover(boolean automatic, Duration delay, long maxLagBytes) {}

  /**
   * The XMPP service.
   *
   * @param domain the vhost
   * @param network network in which the members form the Erlang cluster
   * @param members names of the nodes of role ejabberd, in the order of the spec; the first is the
   *     one that others join
   * @param virtualAddress address that a healthy member holds
   * @param settings merged into ejabberd.yml, in the order of their keys
   * @param removedSettings keys of ejabberd.yml that are taken away before, joined by dots
   */
  public record Ejabberd(
      String domain,
      String network,
      List<String> members,
      Optional<VirtualAddress> virtualAddress,
      Map<String, JsonNode> settings,
      List<String> removedSettings) {}

  /**
   * An address that moves between the members.
   *
   * @param address IPv4
   * @param network in which it lives; every member is attached to it
   * @param prefixLength of that network
   */
  public record VirtualAddress(String address, String network, int prefixLength) {}

  /**
   * Certificates of the services.
   *
   * @param caSecret Secret with the CA; absent means one of the lab's own
   * @param validity life of a certificate
   */
  public record Tls(Optional<Reference> caSecret, Duration validity) {}

  /**
   * An XMPP account.
   *
   * @param name local part of the JID
   * @param admin whether it may administer ejabberd
   * @param password where its password is
   * @param generated whether the password is the operator's to make when there is none
   */
  public record Account(String name, boolean admin, Reference.Key password, boolean generated) {}

  /**
   * One of the user's own steps: a file or a script.
   *
   * @param name unique among them
   * @param nodes names of the nodes that it is for, in the order of the spec
   * @param order before or after the built-in steps of services
   */
  public record OwnStep(
      String name,
      List<String> nodes,
      Order order,
      Optional<OwnFile> file,
      Optional<OwnShell> shell) {

    /** What its content comes from, if not from the spec itself. */
    public Optional<Reference.Key> from() {
      return file.map(OwnFile::from).or(() -> shell.flatMap(OwnShell::from));
    }
  }

  /**
   * A file of the user's.
   *
   * @param from where its content is
   * @param path absolute path in the guest
   * @param owner name of a user
   * @param group name of a group
   * @param mode octal, three or four digits
   */
  public record OwnFile(Reference.Key from, String path, String owner, String group, String mode) {}

  /**
   * A script of the user's.
   *
   * @param inline its text, or
   * @param from where its text is
   * @param user who runs it
   * @param environment variables, sorted by name
   * @param timeout after which it has failed
   * @param unless script that says with exit code 0 that nothing needs to be done
   */
  public record OwnShell(
      Optional<String> inline,
      Optional<Reference.Key> from,
      String user,
      Map<String, String> environment,
      Duration timeout,
      Optional<String> unless) {}

  /** A lab to be, shut down; lists and settings that it does not say are empty. */
  public static Builder builder() {
    return new Builder();
  }

  /** A lab to be that says the same, until told otherwise. */
  public Builder toBuilder() {
    return new Builder()
        .uid(uid)
        .namespace(namespace)
        .name(name)
        .host(host)
        .image(image)
        .networks(networks)
        .nodes(nodes)
        .hosts(hosts)
        .sysctls(sysctls)
        .postgresql(postgresql)
        .ejabberd(ejabberd)
        .tls(tls)
        .accounts(accounts)
        .ownSteps(ownSteps)
        .running(running);
  }

  /** With what the names of everything of a lab on its host begin. */
  public static String namePrefix(UUID uid) {
    return new Identity(uid).name("");
  }

  private static final String DISK_SUFFIX = ".qcow2";

  private static final Pattern DISK_NAME =
      Pattern.compile("ejl-[0-9a-f]{8}-[a-z0-9]([-a-z0-9]*[a-z0-9])?\\.qcow2");

  /** Name of the root disk of a lab's node. */
  public static String diskName(UUID uid, String node) {
    return namePrefix(uid) + node + DISK_SUFFIX;
  }

  /** Whether some lab's node may have a disk of this name. */
  public static boolean isDiskName(String volume) {
    return DISK_NAME.matcher(volume).matches();
  }

  /**
   * Names of the disks that were made for a lab, or may have been: those that its status names, and
   * those of the nodes in its status and spec.
   */
  public static Set<String> recordedDisks(EjabberdLab lab) {
    UUID uid = UUID.fromString(lab.getMetadata().getUid());
    Set<String> disks = new TreeSet<>();
    EjabberdLabStatus status = lab.getStatus();
    if (status != null && status.libvirt() != null && status.libvirt().volumes() != null) {
      disks.addAll(status.libvirt().volumes());
    }
    if (status != null && status.nodes() != null) {
      status.nodes().forEach(n -> disks.add(diskName(uid, n.name())));
    }
    CompleteSpec.of(lab.getSpec()).spec().nodes().stream()
        .filter(n -> n != null && n.name() != null)
        .forEach(n -> disks.add(diskName(uid, n.name())));
    return disks;
  }

  /**
   * The address by which the others know a node: of an ejabberd node where the cluster is, of a
   * PostgreSQL node where its instances are, of any other the first that is not in the nat network.
   */
  public String serviceAddress(Node node) {
    return serviceAddress(node, management().name(), ejabberd.network(), postgresql.network());
  }

  static String serviceAddress(Node node, String nat, String cluster, String instances) {
    return (switch (node.role()) {
          case ejabberd -> node.addressIn(cluster);
          case postgresql -> node.addressIn(instances);
          case gateway, plain ->
              node.interfaces().stream()
                  .filter(i -> !i.network().equals(nat))
                  .map(Node.Interface::address)
                  .findFirst();
        })
        .orElseGet(() -> node.interfaces().get(0).address());
  }

  /** The Secret with the passwords that were generated for accounts, by account name. */
  public static Reference accountsSecret(String lab) {
    return Reference.secret(lab + "-accounts");
  }

  /**
   * Every Secret and ConfigMap that the lab reads, beside those whose name the user has no say in.
   */
  public Set<Reference> references() {
    return Stream.of(
            tls.caSecret().stream(),
            accounts.stream().map(a -> a.password().object()),
            ownSteps.stream().flatMap(step -> step.from().stream()).map(Reference.Key::object))
        .flatMap(objects -> objects)
        .collect(Collectors.toUnmodifiableSet());
  }

  /** The only nat network. */
  public Network management() {
    return networks.stream().filter(n -> n.mode() == NetworkMode.nat).findFirst().orElseThrow();
  }

  /**
   * A network by name.
   *
   * @throws java.util.NoSuchElementException when there is none
   */
  public Network network(String networkName) {
    return networks.stream().filter(n -> n.name().equals(networkName)).findFirst().orElseThrow();
  }

  /**
   * A node by name.
   *
   * @throws java.util.NoSuchElementException when there is none
   */
  public Node node(String nodeName) {
    return nodes.stream().filter(n -> n.name().equals(nodeName)).findFirst().orElseThrow();
  }

  /** The nodes of a role, in the order of the spec. */
  public List<Node> nodes(Role role) {
    return nodes.stream().filter(n -> n.role() == role).toList();
  }

  /** A lab whose values are named; each is described at {@link LabTopology}. */
  public static final class Builder {

    private UUID uid;
    private String namespace;
    private String name;
    private String host;
    private String image;
    private List<Network> networks = List.of();
    private List<Node> nodes = List.of();
    private List<HostLine> hosts = List.of();
    private Map<String, String> sysctls = Map.of();
    private Postgresql postgresql;
    private Ejabberd ejabberd;
    private Tls tls;
    private List<Account> accounts = List.of();
    private List<OwnStep> ownSteps = List.of();
    private boolean running;

    private Builder() {}

    public Builder uid(UUID value) {
      uid = value;
      return this;
    }

    public Builder namespace(String value) {
      namespace = value;
      return this;
    }

    public Builder name(String value) {
      name = value;
      return this;
    }

    public Builder host(String value) {
      host = value;
      return this;
    }

    public Builder image(String value) {
      image = value;
      return this;
    }

    public Builder networks(List<Network> value) {
      networks = value;
      return this;
    }

    public Builder nodes(List<Node> value) {
      nodes = value;
      return this;
    }

    public Builder hosts(List<HostLine> value) {
      hosts = value;
      return this;
    }

    public Builder sysctls(Map<String, String> value) {
      sysctls = value;
      return this;
    }

    public Builder postgresql(Postgresql value) {
      postgresql = value;
      return this;
    }

    public Builder ejabberd(Ejabberd value) {
      ejabberd = value;
      return this;
    }

    public Builder tls(Tls value) {
      tls = value;
      return this;
    }

    public Builder accounts(List<Account> value) {
      accounts = value;
      return this;
    }

    public Builder ownSteps(List<OwnStep> value) {
      ownSteps = value;
      return this;
    }

    public Builder running(boolean value) {
      running = value;
      return this;
    }

    /**
     * The lab.
     *
     * @throws NullPointerException when the UID, the namespace, the name, the host, the image, the
     *     database, the XMPP service or the certificates were not given
     */
    public LabTopology build() {
      return new LabTopology(
          Objects.requireNonNull(uid, "uid"),
          Objects.requireNonNull(namespace, "namespace"),
          Objects.requireNonNull(name, "name"),
          Objects.requireNonNull(host, "host"),
          Objects.requireNonNull(image, "image"),
          networks,
          nodes,
          hosts,
          sysctls,
          Objects.requireNonNull(postgresql, "postgresql"),
          Objects.requireNonNull(ejabberd, "ejabberd"),
          Objects.requireNonNull(tls, "tls"),
          accounts,
          ownSteps,
          running);
    }
  }
}
