package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What the operator has chosen for a lab and must choose again: read back from the lab's status.
 *
 * @param managementCidr network taken from the host's pool, used only when the spec gives none;
 *     null when nothing was taken yet
 * @param managementAddresses address by node name, used only where the spec gives none
 * @param readWriteAddress the database's address, used only when the spec gives none; null when
 *     none was chosen yet
 */
public record Allocations(
    String managementCidr, Map<String, String> managementAddresses, String readWriteAddress) {

  /** A lab that has nothing yet. */
  public static final Allocations NONE = new Allocations(null, Map.of(), null);

  public Allocations {
    managementAddresses = Map.copyOf(managementAddresses);
  }

  /** The same without a read-write address. */
  public Allocations(String managementCidr, Map<String, String> managementAddresses) {
    this(managementCidr, managementAddresses, null);
  }

  /** The same with another management network. */
  public Allocations withManagementCidr(String cidr) {
    return new Allocations(cidr, managementAddresses, readWriteAddress);
  }

  /** What the lab's status holds; {@link #NONE} when it has no status yet. */
  public static Allocations recorded(EjabberdLab lab) {
    EjabberdLabStatus status = lab.getStatus();
    if (status == null) {
      return NONE;
    }
    Optional<String> management = managementNetwork(lab.getSpec());
    Map<String, String> addresses = new LinkedHashMap<>();
    if (management.isPresent() && status.nodes() != null) {
      status.nodes().stream()
          .filter(n -> n != null && n.name() != null && n.addresses() != null)
          .filter(n -> n.addresses().get(management.get()) != null)
          .forEach(n -> addresses.put(n.name(), n.addresses().get(management.get())));
    }
    return new Allocations(
        management.flatMap(name -> recordedCidr(lab, name)).orElse(null),
        addresses,
        status.postgresql() == null ? null : status.postgresql().readWriteAddress());
  }

  /** The CIDR that the lab's status holds for a network. */
  static Optional<String> recordedCidr(EjabberdLab lab, String network) {
    return recorded(lab, network).map(EjabberdLabStatus.NetworkStatus::cidr);
  }

  /** What the lab's status holds of a network. */
  static Optional<EjabberdLabStatus.NetworkStatus> recorded(EjabberdLab lab, String network) {
    if (lab.getStatus() == null || lab.getStatus().networks() == null) {
      return Optional.empty();
    }
    return lab.getStatus().networks().stream()
        .filter(n -> n != null && network.equals(n.name()))
        .findFirst();
  }

  private static Optional<String> managementNetwork(EjabberdLabSpec spec) {
    return CompleteSpec.of(spec).spec().networks().stream()
        .filter(Objects::nonNull)
        .filter(n -> n.mode() == NetworkMode.nat)
        .map(EjabberdLabSpec.Network::name)
        .filter(Objects::nonNull)
        .findFirst();
  }
}
