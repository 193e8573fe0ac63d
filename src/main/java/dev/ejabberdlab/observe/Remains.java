package dev.ejabberdlab.observe;

import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.VolumeState;
import java.util.List;
import java.util.UUID;

/**
 * Everything on a host that carries a lab's mark, whatever its spec says now.
 *
 * @param domains with the lab's owner mark
 * @param networks with the lab's owner mark
 * @param volumes names of volumes that begin with the lab's prefix
 */
public record Remains(
    List<DomainState> domains, List<NetworkState> networks, List<String> volumes) {

  /**
   * Searches a host.
   *
   * @param pool storage pool of the lab; a pool that does not exist holds nothing
   * @param volumePrefix with which the names of the lab's volumes begin
   */
  public static Seen<Remains> of(
      Hypervisor hypervisor, UUID owner, String pool, String volumePrefix) {
    return Question.ask(
        () ->
            new Remains(
                hypervisor.domains().stream()
                    .filter(d -> d.owner().filter(o -> o.uid().equals(owner)).isPresent())
                    .toList(),
                hypervisor.networks().stream()
                    .filter(n -> n.owner().filter(o -> o.uid().equals(owner)).isPresent())
                    .toList(),
                volumes(hypervisor, pool, volumePrefix)));
  }

  public boolean isEmpty() {
    return domains.isEmpty() && networks.isEmpty() && volumes.isEmpty();
  }

  private static List<String> volumes(Hypervisor hypervisor, String pool, String prefix) {
    try {
      return hypervisor.volumes(pool).stream()
          .map(VolumeState::name)
          .filter(name -> name.startsWith(prefix))
          .toList();
    } catch (HypervisorException.NotFound e) {
      return List.of();
    }
  }
}
