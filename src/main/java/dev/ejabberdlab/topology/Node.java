package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Protocol;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * A node of a {@link LabTopology}.
 *
 * @param name host name
 * @param role what it is for
 * @param uuid libvirt's UUID of the domain
 * @param domain libvirt's name of the domain, {@code ejl-<8 hex>-<name>}
 * @param volume name of its root disk, {@code ejl-<8 hex>-<name>.qcow2}
 * @param cpus virtual CPUs
 * @param memoryBytes memory
 * @param diskBytes virtual size of the root disk
 * @param title of the domain
 * @param description of the domain; may be empty
 * @param interfaces in the guest's order
 * @param routes static routes beside the default one through the management network
 * @param firewall what it lets in beside what its role needs, in the order of the spec
 */
public record Node(
    String name,
    Role role,
    UUID uuid,
    String domain,
    String volume,
    int cpus,
    long memoryBytes,
    long diskBytes,
    String title,
    String description,
    List<Interface> interfaces,
    List<Route> routes,
    List<FirewallRule> firewall) {

  /** The address in the named network, if the node is attached to it. */
  public Optional<String> addressIn(String network) {
    return interfaces.stream()
        .filter(i -> i.network().equals(network))
        .map(Interface::address)
        .findFirst();
  }

  /**
   * A node's interface.
   *
   * @param network name in the spec
   * @param address IPv4
   * @param prefixLength of the network
   * @param mac lower case
   */
  public record Interface(String network, String address, int prefixLength, String mac) {}

  /**
   * A static route.
   *
   * @param destination CIDR
   * @param via address of the gateway node in a network of this node
   */
  public record Route(String destination, String via) {}

  /**
   * Something that a node lets in.
   *
   * @param protocol tcp, udp or icmp
   * @param ports destination ports or ranges; empty with icmp
   * @param source CIDR; empty means anywhere
   * @param comment may be empty
   */
  public record FirewallRule(
      Protocol protocol, List<String> ports, Optional<String> source, String comment) {}

  /** A node to be, attached to no network; what it does not say is empty. */
  public static Builder builder() {
    return new Builder();
  }

  /** A node to be that says the same, until told otherwise. */
  public Builder toBuilder() {
    return new Builder()
        .name(name)
        .role(role)
        .uuid(uuid)
        .domain(domain)
        .volume(volume)
        .cpus(cpus)
        .memoryBytes(memoryBytes)
        .diskBytes(diskBytes)
        .title(title)
        .description(description)
        .interfaces(interfaces)
        .routes(routes)
        .firewall(firewall);
  }

  /** A node whose values are named; each is described at {@link Node}. */
  public static final class Builder {

    private String name;
    private Role role;
    private UUID uuid;
    private String domain;
    private String volume;
    private int cpus;
    private long memoryBytes;
    private long diskBytes;
    private String title = "";
    private String description = "";
    private List<Interface> interfaces = List.of();
    private List<Route> routes = List.of();
    private List<FirewallRule> firewall = List.of();

    private Builder() {}

    public Builder name(String value) {
      name = value;
      return this;
    }

    public Builder role(Role value) {
      role = value;
      return this;
    }

    public Builder uuid(UUID value) {
      uuid = value;
      return this;
    }

    public Builder domain(String value) {
      domain = value;
      return this;
    }

    public Builder volume(String value) {
      volume = value;
      return this;
    }

    public Builder cpus(int value) {
      cpus = value;
      return this;
    }

    public Builder memoryBytes(long value) {
      memoryBytes = value;
      return this;
    }

    public Builder diskBytes(long value) {
      diskBytes = value;
      return this;
    }

    public Builder title(String value) {
      title = value;
      return this;
    }

    public Builder description(String value) {
      description = value;
      return this;
    }

    public Builder interfaces(List<Interface> value) {
      interfaces = value;
      return this;
    }

    public Builder routes(List<Route> value) {
      routes = value;
      return this;
    }

    public Builder firewall(List<FirewallRule> value) {
      firewall = value;
      return this;
    }

    /**
     * The node.
     *
     * @throws NullPointerException when the name, the role, the UUID, the domain or the volume was
     *     not given
     */
    public Node build() {
      return new Node(
          Objects.requireNonNull(name, "name"),
          Objects.requireNonNull(role, "role"),
          Objects.requireNonNull(uuid, "uuid"),
          Objects.requireNonNull(domain, "domain"),
          Objects.requireNonNull(volume, "volume"),
          cpus,
          memoryBytes,
          diskBytes,
          title,
          description,
          interfaces,
          routes,
          firewall);
    }
  }
}
