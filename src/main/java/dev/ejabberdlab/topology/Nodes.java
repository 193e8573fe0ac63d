package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Attachment;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.topology.Node.FirewallRule;
import dev.ejabberdlab.topology.Node.Interface;
import dev.ejabberdlab.topology.Node.Route;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Makes the nodes of a {@link LabTopology} out of a spec that is complete and good. */
final class Nodes {

  private final String lab;
  private final EjabberdLabSpec spec;
  private final Identity identity;
  private final Wiring wiring;
  private final Map<String, Subnet> subnets;
  private final Addresses addresses;

  /** By "node/network". */
  private final Map<String, String> macs;

  /**
   * @param lab namespace/name, with which the titles of domains begin
   * @param spec complete and good
   * @param wiring of its networks and nodes
   * @param subnets by network
   */
  Nodes(
      String lab,
      EjabberdLabSpec spec,
      Identity identity,
      Wiring wiring,
      Map<String, Subnet> subnets,
      Addresses addresses) {
    this.lab = lab;
    this.spec = spec;
    this.identity = identity;
    this.wiring = wiring;
    this.subnets = subnets;
    this.addresses = addresses;
    this.macs = macs();
  }

  /** In the order of the spec. */
  List<Node> nodes() {
    return wiring.nodes().stream().map(this::node).toList();
  }

  private Node node(EjabberdLabSpec.Node node) {
    return Node.builder()
        .name(node.name())
        .role(node.role())
        .uuid(identity.domainUuid(node.name()))
        .domain(identity.name(node.name()))
        .volume(LabTopology.diskName(identity.uid(), node.name()))
        .cpus(node.cpus())
        .memoryBytes(Size.of(node.memory()).bytes())
        .diskBytes(Size.of(node.disk()).bytes())
        .title(node.title() == null ? lab + "/" + node.name() : node.title())
        .description(node.description())
        .interfaces(interfaces(node))
        .routes(routes(node))
        .firewall(firewall(node))
        .build();
  }

  private List<Interface> interfaces(EjabberdLabSpec.Node node) {
    return node.networks().stream()
        .map(
            a ->
                new Interface(
                    a.name(),
                    a.address() == null ? addresses.inManagement(node.name()) : a.address(),
                    subnets.get(a.name()).prefixLength(),
                    macs.get(node.name() + "/" + a.name())))
        .toList();
  }

  /** What is given stays, the rest avoids it and each other. */
  private Map<String, String> macs() {
    Map<String, String> all = new HashMap<>();
    Map<String, String[]> rest = new TreeMap<>();
    for (EjabberdLabSpec.Node node : wiring.nodes()) {
      for (Attachment a : node.networks()) {
        String key = node.name() + "/" + a.name();
        if (a.mac() != null) {
          all.put(key, a.mac());
        } else {
          rest.put(key, new String[] {node.name(), a.name()});
        }
      }
    }
    Set<String> taken = new HashSet<>(all.values());
    rest.forEach(
        (key, at) -> {
          int attempt = 0;
          while (!taken.add(identity.mac(at[0], at[1], attempt))) {
            attempt++;
          }
          all.put(key, identity.mac(at[0], at[1], attempt));
        });
    return all;
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
  private String givenAddress(String node, String network) {
    return wiring.nodes().stream()
        .filter(n -> n.name().equals(node))
        .flatMap(n -> n.networks().stream())
        .filter(a -> a.name().equals(network))
        .findFirst()
        .orElseThrow()
        .address();
  }

  private List<FirewallRule> firewall(EjabberdLabSpec.Node node) {
    return spec.firewall().stream()
        .filter(r -> new NodeSelection(r.nodes(), r.roles()).includes(node))
        .map(
            r ->
                new FirewallRule(
                    r.protocol(),
                    r.ports() == null ? List.of() : List.copyOf(r.ports()),
                    Optional.ofNullable(r.from())
                        .map(f -> subnets.containsKey(f) ? subnets.get(f).cidr() : f),
                    r.comment()))
        .toList();
  }
}
