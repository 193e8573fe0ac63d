package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Network;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Checks that networks do not overlap, and that single addresses are in theirs. */
final class AddressValidation {

  private final Violations violations;

  /** Those that are known and well-formed, by network. */
  private final Map<String, Subnet> subnets = new LinkedHashMap<>();

  /** Notes each network's CIDR, and refuses one that overlaps those before it. */
  AddressValidation(List<Located<Network>> networks, Allocations previous, Violations violations) {
    this.violations = violations;
    networks.forEach(at -> note(at, previous.managementCidr()));
  }

  private void note(Located<Network> at, String managementCidr) {
    Network network = at.value();
    String cidr =
        network.cidr() == null && network.mode() == NetworkMode.nat
            ? managementCidr
            : network.cidr();
    if (cidr == null || Violations.ofCidr(cidr).isPresent()) {
      return;
    }
    Subnet subnet = Subnet.around(cidr);
    subnets.forEach(
        (other, before) -> {
          if (before.overlaps(subnet)) {
            violations.add(
                at.path() + ".cidr",
                "%s overlaps network %s, %s; give networks that do not overlap"
                    .formatted(cidr, other, before.cidr()));
          }
        });
    subnets.put(network.name(), subnet);
  }

  /** Empty when the network's CIDR is not known or not good. */
  Optional<Subnet> subnet(Network network) {
    return Optional.ofNullable(subnets.get(network.name()));
  }

  /**
   * Whether a machine may have the address in the network.
   *
   * @param address a good IPv4 address
   */
  boolean inside(String path, String address, Network network) {
    if (network.cidr() == null) {
      if (network.mode() == NetworkMode.nat) {
        violations.add(
            path,
            "%s is given but network %s has no cidr; give both or neither"
                .formatted(address, network.name()));
      }
      return false;
    }
    Subnet subnet = subnets.get(network.name());
    if (subnet == null) {
      return false;
    }
    long value = Subnet.address(address);
    if (!subnet.hosts(value)) {
      violations.add(
          path,
          "%s is not an address that a machine can have in network %s, %s; give one%s"
              .formatted(address, network.name(), subnet.cidr(), range(network)));
      return false;
    }
    if (network.mode() == NetworkMode.nat && value == subnet.first()) {
      violations.add(
          path,
          "%s is the host's own in network %s; give one%s"
              .formatted(address, network.name(), range(network)));
      return false;
    }
    return true;
  }

  /** From where to where machines have addresses, for the end of a sentence; may be empty. */
  String range(Network network) {
    Subnet subnet = subnets.get(network.name());
    if (subnet == null) {
      return "";
    }
    long first = network.mode() == NetworkMode.nat ? subnet.first() + 1 : subnet.first();
    return " from %s to %s".formatted(Subnet.text(first), Subnet.text(subnet.last()));
  }
}
