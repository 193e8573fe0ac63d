package dev.ejabberdlab.observe;

import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.hypervisor.NetworkState;
import java.time.Instant;
import java.util.List;

/**
 * What was last seen of a libvirt host.
 *
 * @param facts unknown while the host is unreachable
 * @param networks every network of the host; the last known ones while it is unreachable
 * @param lastContact time of the last answer; null when there was none yet
 */
public record HostSnapshot(
    Seen<HostFacts> facts, List<NetworkState> networks, Instant lastContact) {

  /** A host that was not asked yet. */
  public static final HostSnapshot NOT_ASKED =
      new HostSnapshot(Seen.unknown("The host has not been asked yet."), List.of(), null);

  public boolean reachable() {
    return facts.isPresent();
  }
}
