package dev.ejabberdlab.it;

import dev.ejabberdlab.api.v1alpha1.Changes;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Attachment;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Network;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.api.v1alpha1.Specs;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Edits of running labs, as users make them. */
final class Edits {

  static final List<Network> NETWORKS =
      List.of(
          new Network("management", NetworkMode.nat, null),
          new Network("dmz", NetworkMode.isolated, "192.168.1.0/29"),
          new Network("internal", NetworkMode.isolated, "192.168.1.8/29"));

  /** The reference lab's nodes, written out. */
  static final List<Node> NODES =
      List.of(
          node("gw1server", Role.gateway, at("dmz", "192.168.1.1"), at("internal", "192.168.1.9")),
          node("e1server", Role.ejabberd, at("dmz", "192.168.1.2")),
          node("e2server", Role.ejabberd, at("dmz", "192.168.1.3")),
          node("psql1server", Role.postgresql, at("internal", "192.168.1.10")),
          node("psql2server", Role.postgresql, at("internal", "192.168.1.11")));

  private Edits() {}

  static Node node(String name, Role role, Attachment... isolated) {
    return new Node(
        name,
        role,
        null,
        null,
        null,
        null,
        null,
        Stream.concat(Stream.of(new Attachment("management", null, null)), Arrays.stream(isolated))
            .toList());
  }

  static Node withMemory(Node node, String memory) {
    return new Node(
        node.name(), node.role(), null, memory, null, node.title(), null, node.networks());
  }

  static Node withTitle(Node node, String title) {
    return new Node(
        node.name(), node.role(), null, node.memory(), null, title, null, node.networks());
  }

  static Attachment at(String network, String address) {
    return new Attachment(network, address, null);
  }

  static <T> List<T> plus(List<T> list, List<T> more) {
    return Stream.concat(list.stream(), more.stream()).toList();
  }

  static List<Node> without(String... names) {
    return NODES.stream().filter(n -> !List.of(names).contains(n.name())).toList();
  }

  /** Changes one field of a lab's spec. */
  static EjabberdLab set(ApiStand stand, EjabberdLab lab, String field, Object value) {
    return Changes.edit(
        stand.resource(lab),
        l -> {
          l.setSpec(Specs.with(l.getSpec(), field, value));
          return l;
        });
  }

  static EjabberdLab set(
      ApiStand stand, EjabberdLab lab, List<Network> networks, List<Node> nodes) {
    return Changes.edit(
        stand.resource(lab),
        l -> {
          l.setSpec(Specs.with(Specs.with(l.getSpec(), "networks", networks), "nodes", nodes));
          return l;
        });
  }

  /**
   * @param value null takes the annotation away
   */
  static void annotate(ApiStand stand, EjabberdLab lab, String name, String value) {
    Changes.edit(
        stand.resource(lab),
        l -> {
          Map<String, String> all = new LinkedHashMap<>();
          if (l.getMetadata().getAnnotations() != null) {
            all.putAll(l.getMetadata().getAnnotations());
          }
          if (value == null) {
            all.remove(name);
          } else {
            all.put(name, value);
          }
          l.getMetadata().setAnnotations(all);
          return l;
        });
  }

  /** Boot id by node. */
  static Map<String, String> boots(ApiStand stand, EjabberdLab lab, List<Node> nodes) {
    return nodes.stream()
        .collect(Collectors.toMap(Node::name, n -> stand.guest(lab, n.name()).bootId()));
  }

  /** What was changed on the host since, as METHOD NODE, of domains only. */
  static List<String> domainChanges(ApiStand stand, EjabberdLab lab, int since) {
    List<String> all = stand.host.changes();
    return all.subList(since, all.size()).stream()
        .filter(c -> c.contains("Domain "))
        .map(c -> c.replace(ApiStand.prefix(lab), ""))
        .toList();
  }
}
