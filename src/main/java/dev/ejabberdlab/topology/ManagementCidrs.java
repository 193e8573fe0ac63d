package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Network;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec;
import dev.ejabberdlab.api.v1alpha1.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Which network a lab's nat network gets: the host has an address in it, so that no two may
 * overlap, unlike isolated networks.
 *
 * <p>"In use" below maps a CIDR to the words for its owner, for example {@code 192.168.122.0/24} to
 * {@code libvirt network default}. It holds what the host itself can see and what other labs of the
 * host were given; never what belongs to the lab in question. A bare default route ({@code
 * 0.0.0.0/0}) is no network in use and is passed over.
 */
public final class ManagementCidrs {

  private ManagementCidrs() {}

  /** The CIDR that the spec gives its nat network. */
  public static Optional<String> given(EjabberdLab lab) {
    return CompleteSpec.of(lab.getSpec()).spec().networks().stream()
        .filter(n -> n != null && n.mode() == NetworkMode.nat && n.cidr() != null)
        .map(Network::cidr)
        .findFirst();
  }

  /**
   * The first /24 of the pool that overlaps nothing in use and no isolated network of the lab, and
   * that all nodes of the lab fit into. A pool entry smaller than /24 is taken whole.
   *
   * @param lab a lab that {@link SpecValidation#validate} accepts
   * @param pool {@link LibvirtHostSpec#managementCidrs}; null or empty means {@link
   *     LibvirtHostSpec#DEFAULT_MANAGEMENT_CIDRS}
   * @param inUse owner by CIDR
   * @return empty when the pool is exhausted
   * @throws IllegalArgumentException when a key of {@code inUse} is no CIDR
   */
  public static Optional<String> choose(
      EjabberdLab lab, List<String> pool, Map<String, String> inUse) {
    List<Subnet> taken = new ArrayList<>();
    subnets(inUse).forEach(taken::add);
    EjabberdLabSpec spec = CompleteSpec.of(lab.getSpec()).spec();
    spec.networks().stream()
        .filter(n -> n != null && n.mode() == NetworkMode.isolated && n.cidr() != null)
        .flatMap(n -> Subnet.tryAround(n.cidr()).stream())
        .forEach(taken::add);
    int machines = spec.nodes().size() + 2;
    return orDefault(pool).stream()
        .filter(cidr -> cidr != null && cidr.matches(Names.CIDR))
        .filter(cidr -> Subnet.around(cidr).unusable().isEmpty())
        .flatMap(cidr -> Subnet.around(cidr).carve())
        .filter(candidate -> candidate.size() >= machines)
        .filter(candidate -> candidate.isApartFrom(taken))
        .map(Subnet::cidr)
        .findFirst();
  }

  /**
   * A sentence about the first network in use that a given CIDR overlaps.
   *
   * @throws IllegalArgumentException when the CIDR or a key of {@code inUse} is none
   */
  public static Optional<String> overlap(String cidr, Map<String, String> inUse) {
    Subnet given = Subnet.around(cidr);
    return new TreeMap<>(inUse)
        .entrySet().stream()
            .filter(e -> isNetwork(e.getKey()) && Subnet.around(e.getKey()).overlaps(given))
            .map(
                e ->
                    "Network %s overlaps %s of %s; give a network that the host does not use, or none."
                        .formatted(cidr, Subnet.around(e.getKey()).cidr(), e.getValue()))
            .findFirst();
  }

  /** What is wrong with a host's pool, one sentence each. */
  public static List<String> violations(List<String> pool) {
    Violations violations = new Violations();
    List<String> entries = orDefault(pool);
    for (int i = 0; i < entries.size(); i++) {
      violations.cidr("spec.managementCidrs[" + i + "]", entries.get(i));
    }
    return violations.sentences();
  }

  private static List<String> orDefault(List<String> pool) {
    return pool == null || pool.isEmpty() ? LibvirtHostSpec.DEFAULT_MANAGEMENT_CIDRS : pool;
  }

  private static List<Subnet> subnets(Map<String, String> inUse) {
    return inUse.keySet().stream().filter(ManagementCidrs::isNetwork).map(Subnet::around).toList();
  }

  /** IPv6 networks never overlap ours, and a default route would overlap everything. */
  private static boolean isNetwork(String cidr) {
    return !cidr.contains(":") && !cidr.endsWith("/0");
  }
}
