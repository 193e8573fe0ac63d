package dev.ejabberdlab.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Map;

/**
 * What a lab should be. Only {@code image} and {@code xmpp} must be given; everything absent is the
 * reference lab.
 *
 * @param host name of the {@link LibvirtHost}; absent means {@code default}
 * @param image what the machines boot
 * @param networks absent or empty means management (NAT), dmz and internal (isolated)
 * @param nodes absent or empty means gw1server, e1server, e2server, psql1server and psql2server
 * @param hosts entries added to /etc/hosts of every node, beside those of the nodes themselves
 * @param sysctls kernel settings of every node, by name; absent means {@code
 *     net.ipv4.ip_default_ttl: "66"}
 * @param database the PostgreSQL database behind ejabberd
 * @param xmpp the XMPP service
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
    value = "!has(self.networks) || self.networks.filter(n, n.mode == 'nat').size() == 1",
    message =
        "spec.networks must have exactly one network of mode nat: it is the management network")
@ValidationRule(
    value = "!has(self.networks) || has(self.nodes)",
    message =
        "spec.nodes must be given when spec.networks is: the default nodes live in the default networks")
@ValidationRule(
    value =
        "!has(self.nodes) || !has(self.networks) || self.nodes.all(n, n.networks.all(a,"
            + " self.networks.exists(w, w.name == a.name)))",
    message = "every spec.nodes[].networks[].name must be the name of one of spec.networks")
@ValidationRule(
    value = "!has(self.nodes) || self.nodes.exists(n, n.role == 'postgresql')",
    message = "spec.nodes must have at least one node of role postgresql")
@ValidationRule(
    value = "!has(self.nodes) || self.nodes.exists(n, n.role == 'ejabberd')",
    message = "spec.nodes must have at least one node of role ejabberd")
public record EjabberdLabSpec(
    @Default(DEFAULT_HOST)
        @Pattern(Names.DNS_LABEL)
        @Size(max = 63)
        @ValidationRule(
            value = "self == oldSelf",
            message = "spec.host cannot be changed: a lab does not move between hosts")
        @JsonPropertyDescription("Name of the LibvirtHost that runs the lab.")
        String host,
    @Required @JsonPropertyDescription("What the machines boot.") Image image,
    @Size(max = 16)
        @JsonPropertyDescription(
            "Networks of the lab. Absent: management (NAT), dmz and internal (isolated).")
        List<Network> networks,
    @Size(max = 32)
        @JsonPropertyDescription(
            "Machines of the lab. Absent: gw1server, e1server, e2server, psql1server and psql2server.")
        List<Node> nodes,
    @Size(max = 64)
        @JsonPropertyDescription(
            "Entries added to /etc/hosts of every node, beside those of the nodes themselves.")
        List<HostEntry> hosts,
    @JsonPropertyDescription(
            "Kernel settings of every node by name. Absent: net.ipv4.ip_default_ttl 66.")
        Map<String, String> sysctls,
    @JsonPropertyDescription("The PostgreSQL database behind ejabberd.") Database database,
    @Required @JsonPropertyDescription("The XMPP service.") Xmpp xmpp) {

  /** The LibvirtHost of a lab that names none. */
  public static final String DEFAULT_HOST = "default";

  /** How a network reaches the world: {@code nat} through the host, {@code isolated} not at all. */
  public enum NetworkMode {
    nat,
    isolated
  }

  /** What a node is for; {@code plain} has base settings only. */
  public enum Role {
    gateway,
    postgresql,
    ejabberd,
    plain
  }

  /**
   * The guest image.
   *
   * @param volume a volume of the host's pool: an exact volume name, or the name of an image, of
   *     which the newest {@code NAME-<12 hex digits>.qcow2} is taken
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Image(
      @Required
          @Pattern("^[A-Za-z0-9][A-Za-z0-9._-]*$")
          @Size(min = 1, max = 128)
          @JsonPropertyDescription(
              "Volume in the host's storage pool: an exact name, or an image name whose newest NAME-<digest>.qcow2 is taken.")
          String volume) {}

  /**
   * A libvirt network of the lab.
   *
   * @param name unique in the lab
   * @param mode {@code nat} or {@code isolated}
   * @param cidr IPv4 network in CIDR notation; may be absent for {@code nat} only, and is then
   *     taken from the host's pool
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(
      value = "self.mode == 'nat' || has(self.cidr)",
      message = "an isolated network needs a cidr, for example 192.168.1.0/29")
  @ValidationRule(
      value = "!has(oldSelf.cidr) || (has(self.cidr) && self.cidr == oldSelf.cidr)",
      message = "the cidr of a network cannot be changed: delete the lab and create it anew")
  @ValidationRule(
      value = "self.mode == oldSelf.mode",
      message = "the mode of a network cannot be changed: delete the lab and create it anew")
  public record Network(
      @Required
          @Pattern(Names.DNS_LABEL)
          @Size(max = 32)
          @JsonPropertyDescription("Name, unique in the lab.")
          String name,
      @Required
          @JsonPropertyDescription(
              "nat: through the host. isolated: no way out and no host address.")
          NetworkMode mode,
      @Pattern(Names.CIDR)
          @Size(max = 18)
          @JsonPropertyDescription(
              "IPv4 network, for example 192.168.1.0/29. A nat network without it takes one from the host's pool.")
          String cidr) {}

  /**
   * A virtual machine of the lab.
   *
   * @param name host name of the guest, unique in the lab
   * @param role what it is for
   * @param cpus virtual CPUs, 1 to 64; absent means 1
   * @param memory {@code Mi} or {@code Gi}, 256Mi to 512Gi; absent means 1Gi
   * @param disk size of the root disk, {@code Mi} or {@code Gi}, not below the image's; absent
   *     means 6Gi
   * @param title libvirt's title of the domain; absent means namespace/lab/node
   * @param description libvirt's description of the domain
   * @param networks attachments, in the order of the guest's interfaces
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(
      value = "self.role == oldSelf.role",
      message = "the role of a node cannot be changed: remove the node and add another")
  public record Node(
      @Required
          @Pattern(Names.DNS_LABEL)
          @Size(max = 32)
          @JsonPropertyDescription("Host name of the guest, unique in the lab.")
          String name,
      @Required @JsonPropertyDescription("What the node is for; plain has base settings only.")
          Role role,
      @io.fabric8.generator.annotation.Min(1)
          @io.fabric8.generator.annotation.Max(64)
          @JsonPropertyDescription("Virtual CPUs. Absent: 1.")
          Integer cpus,
      @Pattern(Names.SIZE)
          @JsonPropertyDescription("Memory, for example 1Gi or 512Mi. Absent: 1Gi.")
          String memory,
      @Pattern(Names.SIZE)
          @JsonPropertyDescription("Size of the root disk, for example 6Gi. Absent: 6Gi.")
          String disk,
      @Size(max = 128)
          @Pattern(Names.ONE_LINE)
          @JsonPropertyDescription("Title of the libvirt domain. Absent: namespace/lab/node.")
          String title,
      @Size(max = 1024) @JsonPropertyDescription("Description of the libvirt domain.")
          String description,
      @Required
          @Size(min = 1, max = 8)
          @JsonPropertyDescription(
              "Networks the node is attached to, in the order of its interfaces.")
          List<Attachment> networks) {}

  /**
   * A node's interface in one network.
   *
   * @param name name of the network
   * @param address IPv4 address inside the network; may be absent in a {@code nat} network only,
   *     and is then chosen by the operator
   * @param mac unicast MAC address; absent means one derived from the lab's UID
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Attachment(
      @Required
          @Pattern(Names.DNS_LABEL)
          @Size(max = 32)
          @JsonPropertyDescription("Name of the network.")
          String name,
      @Pattern(Names.IPV4)
          @Size(max = 15)
          @JsonPropertyDescription(
              "IPv4 address inside the network. Absent in a nat network: chosen by the operator.")
          String address,
      @Pattern(Names.MAC)
          @Size(max = 17)
          @JsonPropertyDescription("MAC address. Absent: derived from the lab's UID.")
          String mac) {}

  /**
   * One line of /etc/hosts.
   *
   * @param address IPv4 address
   * @param names one to eight host names, the canonical one first
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record HostEntry(
      @Required @Pattern(Names.IPV4) @JsonPropertyDescription("IPv4 address.") String address,
      @Required
          @Size(min = 1, max = 8)
          @JsonPropertyDescription("Host names, the canonical one first.")
          List<@Pattern(Names.HOSTNAME) String> names) {}

  /**
   * The PostgreSQL database. Instances are the nodes of role postgresql; the first is the initial
   * primary.
   *
   * @param name absent means {@code ejabberd-} and the XMPP domain with dashes for dots
   * @param owner role that owns the database and that ejabberd logs in with
   * @param comment comment of the database
   * @param address address that always belongs to the primary, in the network of the instances;
   *     absent means that network's first free address
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Database(
      @Pattern(Names.SQL_IDENTIFIER)
          @Size(max = 63)
          @ValidationRule(
              value = "self == oldSelf",
              message = "spec.database.name cannot be changed")
          @JsonPropertyDescription(
              "Name of the database. Absent: ejabberd- and the XMPP domain with dashes for dots.")
          String name,
      @Default(DEFAULT_OWNER)
          @Pattern(Names.SQL_IDENTIFIER)
          @Size(max = 63)
          @ValidationRule(
              value = "self == oldSelf",
              message = "spec.database.owner cannot be changed")
          @JsonPropertyDescription("Role that owns the database and that ejabberd logs in with.")
          String owner,
      @Default(DEFAULT_COMMENT)
          @Size(max = 256)
          @Pattern(Names.ONE_LINE)
          @JsonPropertyDescription("Comment of the database.")
          String comment,
      @Pattern(Names.IPV4)
          @Size(max = 15)
          @JsonPropertyDescription(
              "Address that always belongs to the primary. Absent: the first free one in the instances' network.")
          String address) {

    public static final String DEFAULT_OWNER = "ejabberd";
    public static final String DEFAULT_COMMENT = "ejabberd database";
  }

  /**
   * The XMPP service. Cluster members are the nodes of role ejabberd.
   *
   * @param domain XMPP domain (ejabberd's vhost)
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Xmpp(
      @Required
          @Pattern(Names.DNS_NAME)
          @Size(min = 1, max = 200)
          @ValidationRule(value = "self == oldSelf", message = "spec.xmpp.domain cannot be changed")
          @JsonPropertyDescription("XMPP domain (ejabberd's vhost), for example domain.local.")
          String domain) {}
}
