package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Attachment;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * Addresses that the spec may leave open: of nodes in the management network, and of the database.
 * What is given is taken, then what was chosen before, then the first free ones for the rest.
 */
final class Addresses {

  /** Management addresses are chosen from the tenth on, and below it when those are taken. */
  private static final int FIRST_CHOSEN = 10;

  private final EjabberdLabSpec spec;
  private final Wiring wiring;
  private final Map<String, Subnet> subnets;
  private final Allocations previous;
  private final String nat;
  private final Subnet management;
  private final Set<Long> taken = new HashSet<>();
  private final Map<String, String> managementAddresses = new HashMap<>();
  private final String readWriteAddress;

  /**
   * @param spec complete and good
   * @param wiring of its networks and nodes
   * @param subnets by network
   */
  Addresses(
      EjabberdLabSpec spec, Wiring wiring, Map<String, Subnet> subnets, Allocations previous) {
    this.spec = spec;
    this.wiring = wiring;
    this.subnets = subnets;
    this.previous = previous;
    this.nat = wiring.nat().name();
    this.management = subnets.get(nat);
    List<Node> attached = wiring.nodes().stream().filter(n -> Wiring.isAttached(n, nat)).toList();
    takeGiven();
    attached.forEach(this::takePrevious);
    // Before a node may take it: so it stays put. A new one comes last, to leave nodes their
    // places.
    String early = earlyReadWriteAddress();
    attached.forEach(this::takeFree);
    this.readWriteAddress = early == null ? readWriteAddress(management) : early;
  }

  /** The address of a node in the management network; null when it is not attached to it. */
  String inManagement(String node) {
    return managementAddresses.get(node);
  }

  /** The address that belongs to whoever is primary. */
  String readWriteAddress() {
    return readWriteAddress;
  }

  private void takeGiven() {
    taken.add(management.first());
    for (Node node : wiring.nodes()) {
      for (Attachment a : node.networks()) {
        if (a.address() != null) {
          taken.add(Subnet.address(a.address()));
          if (a.name().equals(nat)) {
            managementAddresses.put(node.name(), a.address());
          }
        }
      }
    }
    if (spec.postgresql().address() != null) {
      taken.add(Subnet.address(spec.postgresql().address()));
    }
    if (spec.ejabberd().virtualAddress() != null) {
      taken.add(Subnet.address(spec.ejabberd().virtualAddress()));
    }
  }

  private void takePrevious(Node node) {
    String before = previous.managementAddresses().get(node.name());
    if (before != null
        && !managementAddresses.containsKey(node.name())
        && management.hosts(Subnet.address(before))
        && taken.add(Subnet.address(before))) {
      managementAddresses.put(node.name(), before);
    }
  }

  private void takeFree(Node node) {
    if (managementAddresses.containsKey(node.name())) {
      return;
    }
    long first = management.network() + FIRST_CHOSEN;
    long address =
        LongStream.concat(
                management.addresses().filter(a -> a >= first),
                management.addresses().filter(a -> a < first))
            .filter(taken::add)
            .findFirst()
            .orElseThrow();
    managementAddresses.put(node.name(), Subnet.text(address));
  }

  /** Null when it is one of the management network and none was chosen before. */
  private String earlyReadWriteAddress() {
    if (spec.postgresql().address() != null) {
      return spec.postgresql().address();
    }
    String network = wiring.meeting(Role.postgresql).orElseThrow().name();
    return network.equals(nat) && previous.readWriteAddress() == null
        ? null
        : readWriteAddress(subnets.get(network));
  }

  private String readWriteAddress(Subnet subnet) {
    if (previous.readWriteAddress() != null) {
      long before = Subnet.address(previous.readWriteAddress());
      if (subnet.hosts(before) && taken.add(before)) {
        return previous.readWriteAddress();
      }
    }
    return Subnet.text(subnet.addresses().filter(taken::add).findFirst().orElseThrow());
  }
}
