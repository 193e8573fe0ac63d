package dev.ejabberdlab.observe;

import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.topology.LabTopology;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Everything on a host that carries a lab's mark, whatever its spec says now. In the order of
 * names: a pool lists its volumes as its file system has them, and the same things are told in the
 * same words.
 *
 * @param domains with the lab's owner mark
 * @param networks with the lab's owner mark
 * @param volumes names of volumes that begin with the lab's prefix
 * @param unseen why the volumes could not be listed; empty when they were
 */
public record Remains(
    List<DomainState> domains,
    List<NetworkState> networks,
    List<String> volumes,
    Optional<String> unseen) {

  public Remains(List<DomainState> domains, List<NetworkState> networks, List<String> volumes) {
    this(domains, networks, volumes, Optional.empty());
  }

  /**
   * Searches a host. A storage pool that cannot be searched hides nothing but its volumes.
   *
   * @param pool storage pool of the lab; a pool that does not exist holds nothing
   * @param volumePrefix with which the names of the lab's volumes begin
   */
  public static Seen<Remains> of(
      Hypervisor hypervisor, UUID owner, String pool, String volumePrefix) {
    Seen<List<VolumeState>> volumes =
        Question.ask(
            "Pool %s on %s, for lab %s".formatted(pool, hypervisor, owner),
            () -> volumes(hypervisor, pool));
    return volumes.isPresent()
        ? of(hypervisor, owner, volumes.value(), volumePrefix)
        : of(hypervisor, owner, List.of(), volumePrefix)
            .map(
                r -> new Remains(r.domains(), r.networks(), List.of(), Optional.of(volumes.why())));
  }

  /** The same of a host whose volumes are known. */
  static Seen<Remains> of(
      Hypervisor hypervisor, UUID owner, List<VolumeState> volumes, String volumePrefix) {
    return Question.ask(
        "What lab %s has on %s".formatted(owner, hypervisor),
        () ->
            new Remains(
                hypervisor.domains().stream()
                    .filter(d -> d.owner().filter(o -> o.uid().equals(owner)).isPresent())
                    .sorted(Comparator.comparing(DomainState::name))
                    .toList(),
                hypervisor.networks().stream()
                    .filter(n -> n.owner().filter(o -> o.uid().equals(owner)).isPresent())
                    .sorted(Comparator.comparing(NetworkState::name))
                    .toList(),
                volumes.stream()
                    .map(VolumeState::name)
                    .filter(name -> name.startsWith(volumePrefix))
                    .sorted()
                    .toList()));
  }

  public boolean isEmpty() {
    return domains.isEmpty() && networks.isEmpty() && volumes.isEmpty() && unseen.isEmpty();
  }

  /** What is left when everything that a lab shall have is taken out. */
  Remains without(LabTopology lab) {
    Set<UUID> wanted =
        Stream.concat(
                lab.nodes().stream().map(LabTopology.Node::uuid),
                lab.networks().stream().map(LabTopology.Network::uuid))
            .collect(Collectors.toSet());
    Set<String> disks =
        lab.nodes().stream().map(LabTopology.Node::volume).collect(Collectors.toSet());
    return new Remains(
        domains.stream().filter(d -> !wanted.contains(d.uuid())).toList(),
        networks.stream().filter(n -> !wanted.contains(n.uuid())).toList(),
        volumes.stream().filter(v -> !disks.contains(v)).toList(),
        unseen);
  }

  private static List<VolumeState> volumes(Hypervisor hypervisor, String pool) {
    try {
      return hypervisor.volumes(pool);
    } catch (HypervisorException.NotFound e) {
      return List.of();
    }
  }
}
