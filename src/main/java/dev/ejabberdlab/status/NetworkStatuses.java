package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NetworkStatus;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.observe.Seen;
import java.util.List;

/** What is said of each network. */
final class NetworkStatuses {

  private NetworkStatuses() {}

  static List<NetworkStatus> of(StatusInput input) {
    return input.lab().networks().stream()
        .map(
            n ->
                new NetworkStatus(
                    n.name(),
                    n.mode(),
                    n.cidr(),
                    n.libvirtName(),
                    active(input.snapshot().network(n.name()))))
        .toList();
  }

  /** Null while it could not be asked. */
  private static Boolean active(Seen<NetworkState> seen) {
    return seen.isUnknown() ? null : seen.is(NetworkState::active);
  }
}
