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
      LabTopology lab,
      LabTopology.Node node,
      String pool,
      Accelerator accelerator,
      Optional<DirectBoot> boot) {
    return new DomainDefinition(
        node.uuid(),
        node.domain(),
        owner(lab),
        node.title(),
        node.description(),
        accelerator,
        node.cpus(),
        node.memoryBytes(),
        pool,
        node.volume(),
        boot,
        node.interfaces().stream()
            .map(
                i ->
                    new DomainDefinition.Interface(lab.network(i.network()).libvirtName(), i.mac()))
            .toList());
  }

  /** The same domain with a node's title and description: what can change while it runs. */
  static DomainDefinition relabelled(DomainDefinition domain, LabTopology.Node node) {
    return new DomainDefinition(
        domain.uuid(),
        domain.name(),
        domain.owner(),
        node.title(),
        node.description(),
        domain.accelerator(),
        domain.vcpus(),
        domain.memoryBytes(),
        domain.pool(),
        domain.volume(),
        domain.directBoot(),
        domain.interfaces());
  }
}
