package dev.ejabberdlab.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Map;

/**
 * What a lab should be. Only {@code image} and {@code ejabberd} must be given; a field that is
 * absent is as in the reference lab. The aliases are former names of fields: they are in a Secret
 * {@code LAB-last-valid} that an earlier operator wrote.
 *
 * @param host name of the {@link LibvirtHost}; absent means {@code default}
 * @param image the image that machines are made from
 * @param networks absent means management (NAT), dmz and internal (isolated)
 * @param nodes absent means gw1server, e1server, e2server, psql1server and psql2server
 * @param hosts lines added to /etc/hosts of every node, beside those of the lab's nodes
 * @param sysctls kernel settings of every node, by name; absent means {@code
 *     net.ipv4.ip_default_ttl: "66"}
 * @param postgresql the PostgreSQL database behind ejabberd
 * @param ejabberd the XMPP service
 * @param firewall rules that let more in than the nodes' roles need
 * @param tls certificates of the services
 * @param provisioning the user's own steps, in the order in which they run
 * @param running false shuts the machines down in order and keeps their disks
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
        "!has(self.nodes) || self.nodes.all(n, n.networks.all(a, has(self.networks)"
            + " ? self.networks.exists(w, w.name == a.name) : a.name in ['management', 'dmz', 'internal']))",
    message = "every spec.nodes[].networks[].name must be the name of a network of the lab")
@ValidationRule(
    value =
        "!has(self.nodes) || self.nodes.all(n, n.networks.all(a, has(a.address) || (has(self.networks)"
            + " ? self.networks.exists(w, w.name == a.name && w.mode == 'nat') : a.name == 'management')))",
    message = "every node needs an address in each isolated network that it is attached to")
@ValidationRule(
    value =
        "!has(self.nodes) || self.nodes.all(n, n.networks.all(a, !has(a.address) || (has(self.networks)"
            + " ? !self.networks.exists(w, w.name == a.name && w.mode == 'nat' && !has(w.cidr))"
            + " : a.name != 'management')))",
    message = "a node's address in the nat network needs the network's cidr: give both or neither")
@ValidationRule(
    value =
        "!has(self.nodes) || self.nodes.all(n, self.nodes.all(m, m.name == n.name ||"
            + " n.networks.all(a, !has(a.address) || !m.networks.exists(b, has(b.address) && b.address == a.address))))",
    message = "two nodes have the same address: give each its own")
@ValidationRule(
    value =
        "!has(self.nodes) || self.nodes.all(n, self.nodes.all(m, m.name == n.name ||"
            + " n.networks.all(a, !has(a.mac) || !m.networks.exists(b, has(b.mac) && b.mac == a.mac))))",
    message = "two nodes have the same mac: give each its own, or none")
@ValidationRule(
    value = "!has(self.nodes) || self.nodes.exists(n, n.role == 'postgresql')",
    message = "spec.nodes must have at least one node of role postgresql")
@ValidationRule(
    value = "!has(self.nodes) || self.nodes.exists(n, n.role == 'ejabberd')",
    message = "spec.nodes must have at least one node of role ejabberd")
@ValidationRule(
    value =
        "!has(self.nodes) || !self.nodes.exists(n, n.role == 'postgresql') || self.nodes.exists(n,"
            + " n.role == 'postgresql' && n.networks.exists(a, self.nodes.all(m, m.role != 'postgresql' ||"
            + " m.networks.exists(b, b.name == a.name))))",
    message = "the nodes of role postgresql share no network: attach them all to one")
@ValidationRule(
    value =
        "!has(self.nodes) || !self.nodes.exists(n, n.role == 'ejabberd') || self.nodes.exists(n,"
            + " n.role == 'ejabberd' && n.networks.exists(a, self.nodes.all(m, m.role != 'ejabberd' ||"
            + " m.networks.exists(b, b.name == a.name))))",
    message = "the nodes of role ejabberd share no network: attach them all to one")
@ValidationRule(
    value =
        "!has(self.nodes) || self.nodes.all(n, n.role != 'ejabberd' || n.networks.exists(a,"
            + " has(self.networks) ? self.networks.exists(w, w.name == a.name && w.mode == 'nat') : a.name =="
            + " 'management'))",
    message =
        "every node of role ejabberd must be attached to the nat network, where clients reach it")
@ValidationRule(
    value =
        "!has(self.nodes) || !has(self.postgresql) || !has(self.postgresql.address) ||"
            + " !self.nodes.exists(n, n.networks.exists(a, has(a.address) && a.address == self.postgresql.address))",
    message =
        "spec.postgresql.address belongs to a node: give the database an address of its own, or none")
@ValidationRule(
    value =
        "!has(self.postgresql) || !has(self.postgresql.primary) || (has(self.nodes) ? self.nodes.exists(n,"
            + " n.role == 'postgresql' && n.name == self.postgresql.primary) : self.postgresql.primary in"
            + " ['psql1server', 'psql2server'])",
    message = "spec.postgresql.primary must be the name of a node of role postgresql")
@ValidationRule(
    value =
        "(has(self.postgresql) && has(self.postgresql.name)) || self.ejabberd.domain.size() <= "
            + Limits.DOMAIN_OF_DATABASE,
    message =
        "spec.postgresql.name must be given when spec.ejabberd.domain is longer than "
            + Limits.DOMAIN_OF_DATABASE
            + " characters: the default would be too long for PostgreSQL")
@ValidationRule(
    value =
        "has(self.postgresql) && has(self.postgresql.name) ? (has(oldSelf.postgresql) && has(oldSelf.postgresql.name)"
            + " ? self.postgresql.name == oldSelf.postgresql.name"
            + " : !has(oldSelf.ejabberd)"
            + " || self.postgresql.name.matches('^ejabberd-' + oldSelf.ejabberd.domain + '$'))"
            + " : !has(oldSelf.postgresql) || !has(oldSelf.postgresql.name)"
            + " || oldSelf.postgresql.name.matches('^ejabberd-' + self.ejabberd.domain + '$')",
    message = "spec.postgresql.name cannot be changed: delete the lab and create it anew")
@ValidationRule(
    value =
        "(has(self.postgresql) && has(self.postgresql.owner) ? self.postgresql.owner : 'ejabberd') =="
            + " (has(oldSelf.postgresql) && has(oldSelf.postgresql.owner) ? oldSelf.postgresql.owner : 'ejabberd')",
    message = "spec.postgresql.owner cannot be changed: delete the lab and create it anew")
public record EjabberdLabSpec(
    @Default(DEFAULT_HOST)
        @Pattern(Names.DNS_LABEL)
        @Size(max = Limits.DNS_LABEL)
        @ValidationRule(
            value = "self == oldSelf",
            message = "spec.host cannot be changed: a lab does not move between hosts")
        @JsonPropertyDescription("Name of the LibvirtHost that runs the lab.")
        String host,
    @Required @JsonPropertyDescription("The image that machines are made from.") Image image,
    @Size(min = 1, max = Limits.NETWORKS)
        @JsonPropertyDescription(
            "Networks of the lab. Absent: management (NAT), dmz and internal (isolated).")
        List<Network> networks,
    @Size(min = 1, max = Limits.NODES)
        @JsonPropertyDescription(
            "Machines of the lab. Absent: gw1server, e1server, e2server, psql1server and psql2server.")
        List<Node> nodes,
    @Size(max = Limits.HOSTS)
        @JsonPropertyDescription(
            "Lines added to /etc/hosts of every node, beside those of the lab's nodes.")
        List<HostEntry> hosts,
    @JsonPropertyDescription(
            "Kernel settings of every node: names with their values. A value is one line of printable ASCII. Absent: net.ipv4.ip_default_ttl with 66.")
        @Size(max = Limits.SYSCTLS)
        @ValidationRule(
            value =
                "self.all(k, k.size() <= "
                    + Limits.SYSCTL_NAME
                    + " && k.matches(r'"
                    + Names.SYSCTL
                    + "'))",
            message =
                "every name must be that of a kernel setting, for example net.ipv4.ip_default_ttl")
        Map<String, @Pattern(Names.SYSCTL_VALUE) @Size(max = Limits.SYSCTL_VALUE) String> sysctls,
    @JsonAlias("database") @JsonPropertyDescription("The PostgreSQL database behind ejabberd.")
        Postgresql postgresql,
    @Required @JsonAlias("xmpp") @JsonPropertyDescription("The XMPP service.") Ejabberd ejabberd,
    @Size(max = Limits.FIREWALL_RULES)
        @JsonPropertyDescription("Rules that let more in than the nodes' roles need.")
        List<FirewallRule> firewall,
    @JsonPropertyDescription("Certificates of the services. Absent: a CA of the lab's own.")
        Tls tls,
    @Size(max = Limits.STEPS)
        @JsonPropertyDescription("Your own steps, in the order in which they run.")
        List<ProvisioningStep> provisioning,
    @Default("true")
        @JsonPropertyDescription(
            "false shuts the machines down in order and keeps their disks. Absent: true.")
        Boolean running) {

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
   * @param volume exact name of a volume in the host's storage pool, or name of an image: then the
   *     newest volume {@code NAME-<12 hex digits>.qcow2} is taken
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Image(
      @Required
          @Pattern(Names.VOLUME)
          @Size(max = Limits.VOLUME_NAME)
          @ValidationRule(
              value = "!self.startsWith('" + Names.DISK_PREFIX + "')",
              message = "volumes whose names begin with ejl- are disks of labs: name an image")
          @JsonPropertyDescription(
              "Exact name of a volume in the host's storage pool, or name of an image, for example ejabberd-lab-bookworm: then the newest volume NAME-DIGEST.qcow2 is taken.")
          String volume) {}

  /**
   * A libvirt network of the lab.
   *
   * @param name unique in the lab
   * @param mode {@code nat} or {@code isolated}
   * @param cidr IPv4 network in CIDR notation; may be absent for {@code nat} only, and is then
   *     taken from managementCidrs of the LibvirtHost
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
          @Size(max = Limits.NAME)
          @JsonPropertyDescription("Name, unique in the lab: lower-case letters, digits and -.")
          String name,
      @Required
          @JsonPropertyDescription(
              "nat: the network leads out through the host. isolated: no way leads out, and the host has no address in it.")
          NetworkMode mode,
      @Pattern(Names.CIDR)
          @Size(max = Limits.CIDR)
          @ValidationRule(
              value = "!self.matches(r'" + Names.UNUSABLE_CIDR + "')",
              message =
                  "no lab can use 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/4 and 240.0.0.0/4: give a private network like 192.168.1.0/29")
          @JsonPropertyDescription(
              "IPv4 network with prefix length 8 to 30, for example 192.168.1.0/29. Absent in a nat network: taken from managementCidrs of the LibvirtHost.")
          String cidr) {}

  /**
   * A virtual machine of the lab.
   *
   * @param name host name of the guest, unique in the lab
   * @param role what it is for
   * @param cpus virtual CPUs, 1 to 64; absent means 1
   * @param memory {@code Mi} or {@code Gi}, 256Mi to 512Gi; absent means 1Gi
   * @param disk size of the root disk, {@code Mi} or {@code Gi}, 3Gi to 16384Gi; if the image is
   *     larger, the disk gets the image's size; absent means 6Gi
   * @param title libvirt's title of the domain; absent means namespace/lab/node
   * @param description libvirt's description of the domain; absent means a sentence about the role
   * @param networks attachments, in the order of the guest's interfaces
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(
      value = "self.role == oldSelf.role",
      message = "the role of a node cannot be changed: remove the node and add another")
  public record Node(
      @Required
          @Pattern(Names.DNS_LABEL)
          @Size(max = Limits.NAME)
          @ValidationRule(
              value = "!self.matches(r'" + Names.ENDS_IN_NUMBER + "')",
              message =
                  "a host name that is a number is an address to resolvers: add a letter, for example node1")
          @JsonPropertyDescription(
              "Host name of the guest, unique in the lab: lower-case letters, digits and -.")
          String name,
      @Required
          @JsonPropertyDescription("What the node is for. A plain node has only the base settings.")
          Role role,
      @Min(Limits.MIN_CPUS)
          @Max(Limits.MAX_CPUS)
          @JsonPropertyDescription("Virtual CPUs. Absent: 1.")
          Integer cpus,
      @Size(max = Limits.SIZE)
          @ValidationRule(
              value =
                  "self.matches('"
                      + Names.SIZE
                      + "') && "
                      + "int(self.substring(0, self.size() - 2)) * (self.endsWith('Gi') ? 1024 : 1) >= "
                      + Limits.MIN_MEMORY
                      + " && int(self.substring(0, self.size() - 2)) * (self.endsWith('Gi') ? 1024 : 1) <= "
                      + Limits.MAX_MEMORY,
              message = "memory must be " + Limits.MEMORY_RANGE + ", a whole number of Mi or Gi")
          @JsonPropertyDescription(
              "Memory in Mi or Gi, " + Limits.MEMORY_RANGE + ", for example 512Mi. Absent: 1Gi.")
          String memory,
      @Size(max = Limits.SIZE)
          @ValidationRule(
              value =
                  "self.matches('"
                      + Names.SIZE
                      + "') && "
                      + "int(self.substring(0, self.size() - 2)) * (self.endsWith('Gi') ? 1024 : 1) >= "
                      + Limits.MIN_DISK
                      + " && int(self.substring(0, self.size() - 2)) * (self.endsWith('Gi') ? 1024 : 1) <= "
                      + Limits.MAX_DISK,
              message = "disk must be " + Limits.DISK_RANGE + ", a whole number of Mi or Gi")
          @JsonPropertyDescription(
              "Size of the root disk in Mi or Gi, "
                  + Limits.DISK_RANGE
                  + ". If the image is larger, the disk gets the image's size. Absent: 6Gi.")
          String disk,
      @Size(max = Limits.TITLE)
          @Pattern(Names.ONE_LINE)
          @JsonPropertyDescription("Title of the libvirt domain. Absent: namespace/lab/node.")
          String title,
      @Size(max = Limits.DESCRIPTION)
          @Pattern(Names.TEXT)
          @JsonPropertyDescription(
              "Description of the libvirt domain. Absent: a sentence about the role.")
          String description,
      @Required
          @Size(min = 1, max = Limits.ATTACHMENTS)
          @JsonPropertyDescription(
              "Networks that the node is attached to, in the order of its interfaces.")
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
          @Size(max = Limits.NAME)
          @JsonPropertyDescription("Name of the network.")
          String name,
      @Pattern(Names.IPV4)
          @Size(max = Limits.IPV4)
          @JsonPropertyDescription(
              "IPv4 address inside the network. Absent in a nat network: chosen by the operator.")
          String address,
      @Pattern(Names.MAC)
          @Size(max = Limits.MAC)
          @JsonPropertyDescription(
              "Unicast MAC address in lower case, for example 52:54:00:27:28:83. Absent: derived from the lab's UID.")
          String mac) {}

  /**
   * One line of /etc/hosts.
   *
   * @param address IPv4 address
   * @param names one to eight host names, the canonical one first
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record HostEntry(
      @Required
          @Pattern(Names.IPV4)
          @Size(max = Limits.IPV4)
          @JsonPropertyDescription("IPv4 address.")
          String address,
      @Required
          @Size(min = 1, max = Limits.HOST_NAMES)
          @JsonPropertyDescription("Host names, the canonical one first.")
          List<@Pattern(Names.HOSTNAME) @Size(max = Limits.DNS_NAME) String> names) {}

  /**
   * The PostgreSQL database. Instances are the nodes of role postgresql; the first is the initial
   * primary.
   *
   * @param name absent means {@code ejabberd-} and the XMPP domain with dashes for dots
   * @param owner role that owns the database and that ejabberd logs in with
   * @param comment comment of the database
   * @param address read-write address, which the primary holds, in the network of the instances;
   *     absent means that network's first free address
   * @param primary node whose instance is to be primary; if it names another one than the present
   *     primary, the lab switches over to it; absent means that whoever is primary stays, in a new
   *     lab the first instance
   * @param failover what happens when the primary fails; absent means automatic after 10 seconds
   * @param synchronous whether a commit waits until a standby has it; absent means it does not
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Postgresql(
      @Pattern(Names.SQL_IDENTIFIER)
          @Size(max = Limits.SQL_IDENTIFIER)
          @ValidationRule(
              value = "!(self in ['postgres', 'template0', 'template1'])",
              message = "this database belongs to PostgreSQL itself: choose another name")
          @JsonPropertyDescription(
              "Name of the database: lower-case letters, digits, _ and -. Absent: ejabberd- and the XMPP domain with dashes for dots.")
          String name,
      @Default(DEFAULT_OWNER)
          @Pattern(Names.SQL_IDENTIFIER)
          @Size(max = Limits.SQL_IDENTIFIER)
          @ValidationRule(
              value =
                  "!(self in ['postgres', 'public', 'none', 'replica_role']) && !self.startsWith('pg_')",
              message = "this role belongs to PostgreSQL or to replication: choose another name")
          @JsonPropertyDescription("Role that owns the database and that ejabberd logs in with.")
          String owner,
      @Default(DEFAULT_COMMENT)
          @Size(max = Limits.DATABASE_COMMENT)
          @Pattern(Names.ONE_LINE)
          @JsonPropertyDescription("Comment of the database.")
          String comment,
      @Pattern(Names.IPV4)
          @Size(max = Limits.IPV4)
          @JsonPropertyDescription(
              "Read-write address, which the primary holds. Absent: the first free address in the instances' network.")
          String address,
      @Pattern(Names.DNS_LABEL)
          @Size(max = Limits.NAME)
          @JsonPropertyDescription(
              "Node whose instance is to be primary. If you name another one, the lab switches over to it. Absent: whoever is primary stays; in a new lab it is the first node of role postgresql.")
          String primary,
      @JsonPropertyDescription(
              "What happens when the primary fails. Absent: automatic after 10 seconds.")
          Failover failover,
      @JsonPropertyDescription(
              "Makes commits wait until a standby has them. required: they wait also while no standby streams. preferred: they wait only while a standby streams. Absent: they do not wait.")
          Synchronous synchronous) {

    public static final String DEFAULT_OWNER = "ejabberd";
    public static final String DEFAULT_COMMENT = "ejabberd database";
  }

  /**
   * What happens when the primary fails.
   *
   * @param mode absent means automatic
   * @param delaySeconds how long the primary must have failed before a standby takes over, 1 to
   *     3600; if the primary's domain is off there is no delay; absent means 10
   * @param maxLag WAL that a standby may lack and still take over, {@code Mi} or {@code Gi}, 1Mi to
   *     1Gi; absent means 16Mi
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Failover(
      @Default("automatic")
          @JsonPropertyDescription(
              "automatic: a standby takes over. manual: a standby takes over only when spec.postgresql.primary names it.")
          FailoverMode mode,
      @Min(Limits.MIN_FAILOVER_DELAY_SECONDS)
          @Max(Limits.MAX_FAILOVER_DELAY_SECONDS)
          @JsonPropertyDescription(
              "Seconds for which the primary must have failed before a standby takes over. If its domain is off there is no delay. Absent: 10.")
          Integer delaySeconds,
      @Size(max = Limits.SIZE)
          @ValidationRule(
              value =
                  "self.matches('"
                      + Names.SIZE
                      + "') && "
                      + "int(self.substring(0, self.size() - 2)) * (self.endsWith('Gi') ? 1024 : 1) >= "
                      + Limits.MIN_LAG
                      + " && int(self.substring(0, self.size() - 2)) * (self.endsWith('Gi') ? 1024 : 1) <= "
                      + Limits.MAX_LAG,
              message = "maxLag must be " + Limits.LAG_RANGE + ", a whole number of Mi or Gi")
          @JsonPropertyDescription(
              "WAL that a standby may lack and still take over, "
                  + Limits.LAG_RANGE
                  + ". Absent: 16Mi.")
          String maxLag) {

    public static final int DEFAULT_DELAY_SECONDS = 10;
    public static final String DEFAULT_MAX_LAG = "16Mi";
  }

  /** Who decides that a standby takes over from a primary that failed. */
  public enum FailoverMode {
    automatic,
    manual
  }

  /** When a commit waits for a standby. */
  public enum Synchronous {
    /** Always: without a standby nothing can be written. */
    required,
    /** While a standby streams: without one, commits do not wait. */
    preferred
  }

  /**
   * The XMPP service. Cluster members are the nodes of role ejabberd.
   *
   * @param domain XMPP domain (ejabberd's vhost)
   * @param admins accounts that may administer ejabberd; absent means {@code admin}
   * @param users other accounts; absent means {@code max}
   * @param settings merged into ejabberd.yml: mappings key by key, listeners by their port; any
   *     other value replaces the one that was there; null takes a key away
   * @param removeSettings keys of the operator's ejabberd.yml that are taken out before settings
   *     are merged; dots join the keys of mappings, for example {@code modules.mod_vcard}
   * @param virtualAddress address that keepalived gives to a healthy member; absent means none
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(
      value =
          "!has(self.users) || self.users.all(u, has(self.admins) ? self.admins.all(a, a.name != u.name)"
              + " : u.name != 'admin')",
      message =
          "an account is in both admins and users (admin is in admins by default): name it once")
  public record Ejabberd(
      @Required
          @Pattern(Names.DNS_NAME)
          @Size(max = Limits.DOMAIN)
          @ValidationRule(
              value = "!self.matches(r'" + Names.ENDS_IN_NUMBER + "')",
              message =
                  "a domain whose last part is a number is an address to resolvers: give one like domain.local")
          @ValidationRule(
              value = "self == oldSelf",
              message = "spec.ejabberd.domain cannot be changed: delete the lab and create it anew")
          @JsonPropertyDescription(
              "XMPP domain (ejabberd's vhost) in lower case, for example domain.local.")
          String domain,
      @Size(max = Limits.ADMINS)
          @JsonPropertyDescription("Accounts that may administer ejabberd. Absent: admin.")
          List<Account> admins,
      @Size(max = Limits.USERS) @JsonPropertyDescription("Other accounts. Absent: max.")
          List<Account> users,
      @Size(max = Limits.SETTINGS)
          @JsonPropertyDescription(
              "Merged into ejabberd.yml: mappings key by key, listeners by their port. Any other value replaces the one that was there. To take a key away, name it in removeSettings: kubectl and the API server drop null.")
          Map<String, JsonNode> settings,
      @Size(max = Limits.SETTINGS)
          @JsonPropertyDescription(
              "Keys that are taken out of ejabberd.yml before settings are merged. Dots join the keys of mappings, for example modules.mod_vcard.")
          List<@Pattern(Names.SETTING) @Size(max = Limits.SETTING_KEYS) String> removeSettings,
      @Pattern(Names.IPV4)
          @Size(max = Limits.IPV4)
          @JsonPropertyDescription(
              "Address that keepalived gives to a healthy member, in a network that all members have. In the nat network it needs the network's cidr. Absent: none.")
          String virtualAddress) {}

  /**
   * An XMPP account.
   *
   * @param name local part of the JID
   * @param passwordFrom key of a Secret in the lab's namespace; absent means that the password is
   *     generated, into the Secret {@code LAB-accounts} under the account's name
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Account(
      @Required
          @Pattern(Names.ACCOUNT)
          @Size(max = Limits.ACCOUNT)
          @JsonPropertyDescription(
              "Local part of the JID: lower-case letters, digits, dots, _ and -.")
          String name,
      @JsonPropertyDescription(
              "Key of a Secret in the lab's namespace that has the password. Absent: a password is generated into the Secret LAB-accounts, under the account's name.")
          KeyRef passwordFrom) {}

  /**
   * A key of a Secret or ConfigMap in the lab's namespace.
   *
   * @param name of the Secret or ConfigMap
   * @param key in its data
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record KeyRef(
      @Required
          @Pattern(Names.DNS_NAME)
          @Size(max = Limits.DNS_NAME)
          @JsonPropertyDescription("Name of the Secret or ConfigMap, in the lab's namespace.")
          String name,
      @Required
          @Pattern(Names.DATA_KEY)
          @Size(max = Limits.DATA_KEY)
          @JsonPropertyDescription("Key in the object's data.")
          String key) {}

  /** Protocol of the packets that a firewall rule lets in. */
  public enum Protocol {
    tcp,
    udp,
    icmp
  }

  /**
   * A rule that lets packets in. A rule without nodes and roles is for all nodes.
   *
   * @param nodes names of nodes
   * @param roles roles of nodes
   * @param protocol of the packets
   * @param ports destination ports or ranges, for example 80 or 8000-8100; absent with icmp only
   * @param from name of a network of the lab, or an IPv4 network in CIDR notation; absent means
   *     anywhere
   * @param comment what it is for
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(
      value = "self.protocol == 'icmp' ? !has(self.ports) : has(self.ports)",
      message = "a rule for tcp or udp needs ports, one for icmp has none")
  public record FirewallRule(
      @Size(min = 1, max = Limits.NODES)
          @JsonPropertyDescription(
              "Names of nodes that the rule is for. Without nodes and roles it is for all nodes.")
          List<@Pattern(Names.DNS_LABEL) @Size(max = Limits.NAME) String> nodes,
      @Size(min = 1, max = Limits.ROLES)
          @JsonPropertyDescription("Roles of nodes that the rule is for, beside those in nodes.")
          List<Role> roles,
      @Required @JsonPropertyDescription("tcp, udp or icmp.") Protocol protocol,
      @Size(min = 1, max = Limits.PORTS)
          @JsonPropertyDescription(
              "Destination ports or ranges of ports, for example 80 or 8000-8100. Not with icmp.")
          List<@Pattern(Names.PORTS) @Size(max = Limits.PORT_RANGE) String> ports,
      @Pattern(Names.NETWORK_OR_CIDR)
          @Size(max = Limits.NETWORK_OR_CIDR)
          @JsonPropertyDescription(
              "Where packets come from: a network of the lab by its name, or an IPv4 network like 10.0.0.0/8. Absent: anywhere.")
          String from,
      @Pattern(Names.COMMENT)
          @Size(max = Limits.RULE_COMMENT)
          @JsonPropertyDescription(
              "What the rule is for, in printable ASCII without quotes and backslashes.")
          String comment) {}

  /**
   * Certificates of ejabberd and PostgreSQL. The CA's certificate is in the ConfigMap {@code
   * LAB-ca}, for those who shall trust them.
   *
   * @param caSecret Secret of type kubernetes.io/tls in the lab's namespace with the CA's
   *     certificate and key; absent means a CA generated into the Secret {@code LAB-ca}
   * @param certificateDays days that a certificate of a node is good for, 1 to 825; it is renewed
   *     when a third of them is left; absent means 90
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Tls(
      @Pattern(Names.DNS_NAME)
          @Size(max = Limits.DNS_NAME)
          @JsonPropertyDescription(
              "Secret of type kubernetes.io/tls in the lab's namespace, with the CA's certificate and key. Absent: a CA is generated into the Secret LAB-ca.")
          String caSecret,
      @Min(Limits.MIN_CERTIFICATE_DAYS)
          @Max(Limits.MAX_CERTIFICATE_DAYS)
          @JsonPropertyDescription(
              "Days for which a node's certificate is valid. It is renewed when a third of its life is left. Absent: 90.")
          Integer certificateDays) {}

  /** When one of the user's steps runs, seen from the built-in ones of its node. */
  public enum Order {
    /** After base, before the services. */
    before,
    /** When the node is complete. */
    after
  }

  /**
   * One of the user's own steps: a file or a script, run once per content. A step without nodes and
   * roles is for all nodes.
   *
   * @param name unique in the lab
   * @param nodes names of nodes
   * @param roles roles of nodes
   * @param order before or after the built-in steps of services; absent means after
   * @param file a file to put into the guest
   * @param shell a script to run in the guest
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(
      value = "has(self.file) != has(self.shell)",
      message = "a step is either a file or a shell script: give one of the two")
  public record ProvisioningStep(
      @Required
          @Pattern(Names.DNS_LABEL)
          @Size(max = Limits.STEP_NAME)
          @JsonPropertyDescription("Name, unique in the lab: lower-case letters, digits and -.")
          String name,
      @Size(min = 1, max = Limits.NODES)
          @JsonPropertyDescription(
              "Names of nodes that the step is for. Without nodes and roles it is for all nodes.")
          List<@Pattern(Names.DNS_LABEL) @Size(max = Limits.NAME) String> nodes,
      @Size(min = 1, max = Limits.ROLES)
          @JsonPropertyDescription("Roles of nodes that the step is for, beside those in nodes.")
          List<Role> roles,
      @JsonPropertyDescription(
              "before: the step runs before the services are set up. after: it runs after everything else. Absent: after.")
          Order order,
      @JsonPropertyDescription("A file to put into the guest.") FileStep file,
      @JsonPropertyDescription("A script to run in the guest.") ShellStep shell) {}

  /**
   * Where a file or script comes from: a ConfigMap or a Secret, exactly one of the two.
   *
   * @param configMap key of a ConfigMap
   * @param secret key of a Secret
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(
      value = "has(self.configMap) != has(self.secret)",
      message = "give either configMap or secret")
  public record Source(
      @JsonPropertyDescription("Key of a ConfigMap in the lab's namespace.") KeyRef configMap,
      @JsonPropertyDescription("Key of a Secret in the lab's namespace.") KeyRef secret) {}

  /**
   * A file in the guest. It is written as a whole, its directory is made if it is missing.
   *
   * @param from its content
   * @param path absolute path
   * @param owner absent means root
   * @param group absent means root
   * @param mode octal, for example 0640; absent means 0644
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record FileStep(
      @Required @JsonPropertyDescription("Where the file's content is.") Source from,
      @Required
          @Pattern(Names.PATH)
          @Size(max = Limits.PATH)
          @JsonPropertyDescription("Absolute path in the guest.")
          String path,
      @Pattern(Names.UNIX_NAME)
          @Size(max = Limits.UNIX_NAME)
          @JsonPropertyDescription("Owner of the file. Absent: root.")
          String owner,
      @Pattern(Names.UNIX_NAME)
          @Size(max = Limits.UNIX_NAME)
          @JsonPropertyDescription("Group of the file. Absent: root.")
          String group,
      @Pattern(Names.MODE)
          @Size(max = Limits.MODE)
          @JsonPropertyDescription("Octal mode, for example 0640. Absent: 0644.")
          String mode) {}

  /**
   * A script, run by {@code /bin/bash} as a whole.
   *
   * @param inline the script itself
   * @param from the script in a ConfigMap or Secret
   * @param user who runs it; absent means root
   * @param environment variables; put no secrets here, but into a file
   * @param timeoutSeconds 1 to 86400; absent means 1800
   * @param unless script that runs first; its exit code 0 means that nothing needs to be done
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @ValidationRule(
      value = "has(self.inline) != has(self.from)",
      message = "give either inline or from")
  public record ShellStep(
      @Size(min = 1, max = Limits.SCRIPT) @JsonPropertyDescription("The script itself.")
          String inline,
      @JsonPropertyDescription("Key of a ConfigMap or Secret that has the script.") Source from,
      @Pattern(Names.UNIX_NAME)
          @Size(max = Limits.UNIX_NAME)
          @JsonPropertyDescription("User that runs the script. Absent: root.")
          String user,
      @Size(max = Limits.VARIABLES)
          @JsonPropertyDescription(
              "Environment variables of the script. Put no secrets here: put them into a file.")
          @ValidationRule(
              value =
                  "self.all(k, k.size() <= "
                      + Limits.VARIABLE_NAME
                      + " && k.matches('"
                      + Names.ENVIRONMENT_VARIABLE
                      + "'))",
              message =
                  "every name must be that of an environment variable: letters, digits and _, no digit first")
          Map<String, @Size(max = Limits.VARIABLE_VALUE) String> environment,
      @Min(Limits.MIN_TIMEOUT_SECONDS)
          @Max(Limits.MAX_TIMEOUT_SECONDS)
          @JsonPropertyDescription(
              "Seconds after which the script is ended and has failed. Absent: 1800.")
          Integer timeoutSeconds,
      @Size(min = 1, max = Limits.UNLESS)
          @JsonPropertyDescription(
              "Script that runs first. Its exit code 0 means that nothing needs to be done.")
          String unless) {}
}
