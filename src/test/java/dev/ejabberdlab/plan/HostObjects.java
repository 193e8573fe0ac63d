package dev.ejabberdlab.plan;

import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.hypervisor.Disks;
import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.DomainState.Trait;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * What a host may have of a lab: as it should be, as others have made it, or as the lab does not
 * have it any more.
 */
public record HostObjects(LabTopology lab, Virtualization virtualization) {

  /** As it should be. */
  Seen<NetworkState> network(String name, boolean active) {
    LabTopology.Network network = lab.network(name);
    return Seen.of(
        new NetworkState(
            network.uuid(),
            network.libvirtName(),
            Optional.of(Desired.owner(lab)),
            active,
            List.of(),
            Optional.of(Desired.network(lab, network))));
  }

  /** A network of that UUID without our mark. */
  public Seen<NetworkState> foreignNetwork(String name) {
    NetworkState ours = network(name, true).value();
    return Seen.of(
        new NetworkState(
            ours.uuid(), ours.name(), Optional.empty(), true, ours.cidrs(), Optional.empty()));
  }

  /** Ours, but not as it should be. */
  public Seen<NetworkState> outdated(String name) {
    NetworkState ours = network(name, true).value();
    return Seen.of(
        new NetworkState(
            ours.uuid(),
            ours.name(),
            ours.owner(),
            true,
            ours.cidrs(),
            ours.definition()
                .map(
                    d -> new NetworkDefinition(d.uuid(), d.name(), d.owner(), "virbr7", d.nat()))));
  }

  /** An empty disk. */
  Seen<VolumeState> disk(String node) {
    return Seen.of(new VolumeState(lab.node(node).volume(), 6L << 30, Instant.EPOCH));
  }

  /** The same where libvirt says in which file it is. */
  static VolumeState withPath(VolumeState volume) {
    return new VolumeState(
        volume.name(),
        volume.capacityBytes(),
        volume.modified(),
        true,
        "/pool/" + volume.name(),
        Optional.empty());
  }

  /** As it should be, in that state. */
  Seen<DomainState> domain(String node, Power power, boolean agent) {
    DomainDefinition wanted =
        Desired.domain(
            lab,
            lab.node(node),
            Scene.POOL,
            PlanInput.accelerator(virtualization, Scene.FACTS),
            Scene.IMAGE_VOLUMES.directBoot());
    return Seen.of(
        new DomainState(
            wanted.uuid(),
            wanted.name(),
            Optional.of(wanted.owner()),
            power,
            agent,
            Optional.of(wanted)));
  }

  static DomainState with(Set<Trait> traits, DomainState domain) {
    return new DomainState(
        domain.uuid(),
        domain.name(),
        domain.owner(),
        domain.power(),
        domain.agentConnected(),
        domain.definition(),
        traits);
  }

  static DomainState with(UnaryOperator<DomainDefinition> change, DomainState domain) {
    return new DomainState(
        domain.uuid(),
        domain.name(),
        domain.owner(),
        domain.power(),
        domain.agentConnected(),
        domain.definition().map(change));
  }

  static DomainState with(Disks disks, DomainState domain) {
    return new DomainState(
        domain.uuid(),
        domain.name(),
        domain.owner(),
        domain.power(),
        domain.agentConnected(),
        domain.definition(),
        disks);
  }

  /** A domain of that UUID with somebody else's mark. */
  public Seen<DomainState> foreignDomain(String node, Power power) {
    DomainState ours = domain(node, power, power == Power.RUNNING).value();
    return Seen.of(
        new DomainState(
            ours.uuid(),
            ours.name(),
            Optional.of(Scene.STRANGER),
            power,
            ours.agentConnected(),
            Optional.empty()));
  }

  /** A domain with the lab's mark that the lab does not have. */
  public DomainState surplusDomain(String node, Power power, String... networks) {
    DomainDefinition definition =
        new DomainDefinition(
            UUID.nameUUIDFromBytes(node.getBytes()),
            LabTopology.namePrefix(lab.uid()) + node,
            Desired.owner(lab),
            "",
            "",
            DomainDefinition.Accelerator.qemu,
            1,
            1L << 30,
            Scene.POOL,
            LabTopology.namePrefix(lab.uid()) + node + ".qcow2",
            Optional.empty(),
            Stream.of(networks)
                .map(
                    n ->
                        new DomainDefinition.Interface(
                            LabTopology.namePrefix(lab.uid()) + n, "52:54:00:00:00:01"))
                .toList());
    return new DomainState(
        definition.uuid(),
        definition.name(),
        Optional.of(definition.owner()),
        power,
        power == Power.RUNNING,
        Optional.of(definition));
  }

  /** A network with the lab's mark that the lab does not have. */
  public NetworkState surplusNetwork(String name) {
    return new NetworkState(
        UUID.nameUUIDFromBytes(name.getBytes()),
        LabTopology.namePrefix(lab.uid()) + name,
        Optional.of(Desired.owner(lab)),
        true,
        List.of(),
        Optional.empty());
  }
}
