package dev.ejabberdlab.hypervisor;

import java.util.Optional;
import java.util.Set;
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
 * @param traits what else is to be known of it; empty for most
 */
public record DomainState(
    UUID uuid,
    String name,
    Optional<Owner> owner,
    Power power,
    boolean agentConnected,
    Optional<DomainDefinition> definition,
    Disks disks,
    Set<Trait> traits) {

  /** A domain of whose disks nothing is known, and nothing else either. */
  public DomainState(
      UUID uuid,
      String name,
      Optional<Owner> owner,
      Power power,
      boolean agentConnected,
      Optional<DomainDefinition> definition) {
    this(uuid, name, owner, power, agentConnected, definition, Disks.NONE, Set.of());
  }

  /** A domain of which nothing is to be known but its disks. */
  public DomainState(
      UUID uuid,
      String name,
      Optional<Owner> owner,
      Power power,
      boolean agentConnected,
      Optional<DomainDefinition> definition,
      Disks disks) {
    this(uuid, name, owner, power, agentConnected, definition, disks, Set.of());
  }

  /** A domain of whose disks nothing is known. */
  public DomainState(
      UUID uuid,
      String name,
      Optional<Owner> owner,
      Power power,
      boolean agentConnected,
      Optional<DomainDefinition> definition,
      Set<Trait> traits) {
    this(uuid, name, owner, power, agentConnected, definition, Disks.NONE, traits);
  }

  /** libvirt's domain states; a blocked domain counts as running. */
  public enum Power {
    RUNNING,
    PAUSED,
    SHUTTING_DOWN,
    SHUT_OFF,
    CRASHED
  }

  /** What a domain's power does not tell. */
  public enum Trait {
    /** It is off, and libvirt keeps its memory: an ordinary start would resume it. */
    SAVED,
    /** Its memory was loaded from a file or a snapshot: it did not boot. */
    RESUMED,
    /** libvirt starts it together with the host. */
    AUTOSTART,
    /**
     * Its inactive XML is not what this operator writes for its definition: an older operator wrote
     * it, or others have changed what no definition says.
     */
    OUTDATED
  }

  public DomainState {
    traits = Set.copyOf(traits);
  }

  /** Whether it has the owner mark of the lab with that UID. */
  public boolean belongsTo(UUID lab) {
    return owner.filter(o -> o.uid().equals(lab)).isPresent();
  }

  /** Whether that is true of it. */
  public boolean is(Trait trait) {
    return traits.contains(trait);
  }

  /** Whether it is off, and a start by whomever would boot it: nothing of its memory is left. */
  public boolean isOffForGood() {
    return power == Power.SHUT_OFF && !is(Trait.SAVED);
  }
}
