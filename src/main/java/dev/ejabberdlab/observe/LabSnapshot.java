package dev.ejabberdlab.observe;

import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.VolumeState;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * What was last seen of a lab.
 *
 * @param image volumes of the lab's image
 * @param networks by name in the spec
 * @param machines by node name
 */
public record LabSnapshot(
    Seen<ImageVolumes> image,
    Map<String, Seen<NetworkState>> networks,
    Map<String, Machine> machines) {

  private static final String NOT_ASKED = "It has not been asked yet.";

  /** A lab of which nothing was asked yet. */
  public static final LabSnapshot NOTHING =
      new LabSnapshot(Seen.unknown(NOT_ASKED), Map.of(), Map.of());

  /**
   * A machine.
   *
   * @param volume its root disk
   * @param domain its libvirt domain
   * @param guest what it says of itself through the agent
   * @param silentSince since when the domain runs without an answer from its agent; null when it
   *     answers or does not run
   */
  public record Machine(
      Seen<VolumeState> volume,
      Seen<DomainState> domain,
      Seen<GuestReport> guest,
      Instant silentSince) {

    static final Machine NOTHING =
        new Machine(
            Seen.unknown(NOT_ASKED), Seen.unknown(NOT_ASKED), Seen.unknown(NOT_ASKED), null);

    /** What the guest remembers of a step; empty when it knows none or could not be asked. */
    public Optional<StepState> step(String name) {
      return guest.known().map(report -> report.steps().get(name));
    }
  }

  public Seen<NetworkState> network(String name) {
    return networks.getOrDefault(name, Seen.unknown(NOT_ASKED));
  }

  public Machine machine(String node) {
    return machines.getOrDefault(node, Machine.NOTHING);
  }
}
