package dev.ejabberdlab.hypervisor;

import java.util.Optional;
import java.util.UUID;

/**
 * A domain as libvirt has it.
 *
 * @param uuid libvirt's UUID
 * @param name libvirt's name
 * @param owner our mark; absent on anything that is not ours
 * @param power what it does now
 * @param agentConnected whether the guest agent's channel is open; false unless running
 * @param definition the definition parsed back from the inactive XML; absent when not ours, or when
 *     others have made of it what no definition can say
 * @param disks the files that it uses, whoever it belongs to
 */
public record DomainState(
    UUID uuid,
    String name,
    Optional<Owner> owner,
    Power power,
    boolean agentConnected,
    Optional<DomainDefinition> definition,
    Disks disks) {

  /** A domain of whose disks nothing is known. */
  public DomainState(
      UUID uuid,
      String name,
      Optional<Owner> owner,
      Power power,
      boolean agentConnected,
      Optional<DomainDefinition> definition) {
    this(uuid, name, owner, power, agentConnected, definition, Disks.NONE);
  }

  /** libvirt's domain states; a blocked domain counts as running. */
  public enum Power {
    RUNNING,
    PAUSED,
    SHUTTING_DOWN,
    SHUT_OFF,
    CRASHED
  }
}
