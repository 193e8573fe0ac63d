package dev.ejabberdlab.plan;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;
import dev.ejabberdlab.hypervisor.DomainDefinition.DirectBoot;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.NetworkDefinition.Nat;
import dev.ejabberdlab.hypervisor.NetworkDefinition.Reservation;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import java.util.List;
import java.util.Optional;

/** What the topology means in the hypervisor's terms. */
final class Desired {

  private Desired() {}

  static Owner owner(LabTopology lab) {
    return new Owner(lab.uid(), lab.namespace(), lab.name());
  }

  /** Reservations only: no address is left to chance, and a stray guest gets none. */
  static NetworkDefinition network(LabTopology lab, LabTopology.Network network) {
    Optional<Nat> nat =
        network.mode() == NetworkMode.isolated
            ? Optional.empty()
            : Optional.of(
                new Nat(
                    network.gateway().orElseThrow(),
                    network.prefixLength(),
                    null,
                    null,
                    reservations(lab, network)));
    return new NetworkDefinition(
        network.uuid(), network.libvirtName(), owner(lab), network.bridge(), nat);
  }

  private static List<Reservation> reservations(LabTopology lab, LabTopology.Network network) {
    return lab.nodes().stream()
        .flatMap(
            node ->
                node.interfaces().stream()
                    .filter(i -> i.network().equals(network.name()))
                    .map(i -> new Reservation(i.mac(), i.address(), node.name())))
        .toList();
  }

  static DomainDefinition domain(
      LabTopology lab, Node node, String pool, Accelerator accelerator, Optional<DirectBoot> boot) {
    return DomainDefinition.builder()
        .uuid(node.uuid())
        .name(node.domain())
        .owner(owner(lab))
        .title(node.title())
        .description(node.description())
        .accelerator(accelerator)
        .vcpus(node.cpus())
        .memoryBytes(node.memoryBytes())
        .pool(pool)
        .volume(node.volume())
        .directBoot(boot)
        .interfaces(
            node.interfaces().stream()
                .map(
                    i ->
                        new DomainDefinition.Interface(
                            lab.network(i.network()).libvirtName(), i.mac()))
                .toList())
        .build();
  }

  /** The same domain with a node's title and description: what can change while it runs. */
  static DomainDefinition relabelled(DomainDefinition domain, Node node) {
    return domain.toBuilder().title(node.title()).description(node.description()).build();
  }
}
