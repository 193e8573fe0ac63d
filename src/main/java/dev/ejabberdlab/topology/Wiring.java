package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Attachment;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Network;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Who reaches whom, by names alone.
 *
 * <ul>
 *   <li>Nodes of a role meet in the first isolated network, in the order of the spec, that all of
 *       them are attached to; without one, in the nat network if all are attached to that.
 *   <li>A node that is no gateway reaches an isolated network that it is not attached to through
 *       the first gateway node, in the order of the spec, that is attached to it and to an isolated
 *       network of the node. There is one hop at most, and none through the nat network.
 * </ul>
 *
 * @param networks in the order of the spec
 * @param nodes in the order of the spec
 */
record Wiring(List<Network> networks, List<Node> nodes) {

  /**
   * The way from a node into a network that it is not attached to.
   *
   * @param gateway name of the gateway node
   * @param through isolated network in which the node meets the gateway
   */
  record Hop(String gateway, String through) {}

  /**
   * The management network.
   *
   * @throws java.util.NoSuchElementException when no network has mode nat
   */
  Network nat() {
    return networks.stream().filter(w -> w.mode() == NetworkMode.nat).findFirst().orElseThrow();
  }

  /** The network in which the nodes of a role meet; empty when there is none, or no such node. */
  Optional<Network> meeting(Role role) {
    List<Node> peers = nodes(role);
    if (peers.isEmpty()) {
      return Optional.empty();
    }
    List<Network> common =
        networks.stream()
            .filter(w -> peers.stream().allMatch(n -> isAttached(n, w.name())))
            .toList();
    return common.stream()
        .filter(w -> w.mode() == NetworkMode.isolated)
        .findFirst()
        .or(() -> common.stream().findFirst());
  }

  /** The network with a CIDR of its own that has the address and every member. */
  Optional<Network> home(String address) {
    return networks.stream()
        .filter(w -> w.cidr() != null)
        .filter(
            w ->
                Subnet.tryAround(w.cidr())
                    .filter(subnet -> subnet.contains(Subnet.address(address)))
                    .isPresent())
        .filter(w -> nodes(Role.ejabberd).stream().allMatch(n -> isAttached(n, w.name())))
        .findFirst();
  }

  /** The gateway that takes a node into a network; empty when there is none. */
  Optional<Hop> hop(Node from, String network) {
    return nodes(Role.gateway).stream()
        .filter(gateway -> isAttached(gateway, network))
        .flatMap(
            gateway ->
                attachments(from)
                    .map(Attachment::name)
                    .filter(this::isIsolated)
                    .filter(through -> isAttached(gateway, through))
                    .map(through -> new Hop(gateway.name(), through)))
        .findFirst();
  }

  List<Node> nodes(Role role) {
    return nodes.stream().filter(n -> n.role() == role).toList();
  }

  boolean isIsolated(String network) {
    return networks.stream()
        .anyMatch(w -> w.name().equals(network) && w.mode() == NetworkMode.isolated);
  }

  static boolean isAttached(Node node, String network) {
    return attachments(node).anyMatch(a -> a.name().equals(network));
  }

  private static Stream<Attachment> attachments(Node node) {
    return node.networks() == null
        ? Stream.empty()
        : node.networks().stream().filter(Objects::nonNull).filter(a -> a.name() != null);
  }
}
