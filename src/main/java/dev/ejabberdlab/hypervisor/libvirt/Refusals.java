package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.HypervisorException.NameConflict;
import dev.ejabberdlab.hypervisor.HypervisorException.NotFound;
import dev.ejabberdlab.hypervisor.Owner;
import java.util.Optional;
import java.util.UUID;

/**
 * What is refused before libvirt is asked for it.
 *
 * @param host the URI without parameters, for messages
 */
record Refusals(String host) {

  NotFound missing(ObjectKind kind, UUID uuid) {
    return missing(kind, uuid.toString());
  }

  NotFound missing(ObjectKind kind, String name) {
    return missing("%s '%s'".formatted(kind, name));
  }

  NotFound missingVolume(String pool, String name) {
    return missing("volume '%s' in pool '%s'".formatted(name, pool));
  }

  private NotFound missing(String what) {
    return new NotFound("there is no %s on %s".formatted(what, host));
  }

  /**
   * Refuses a change of an object that belongs to somebody else.
   *
   * @param present whose it is; empty when it carries no mark
   * @throws NameConflict when it is not the owner's
   */
  void refuseOtherOwner(ObjectKind kind, String name, Owner owner, Optional<Owner> present) {
    if (!present.map(Owner::uid).equals(Optional.of(owner.uid()))) {
      throw new NameConflict(
          "%s '%s' on %s %s; it was left alone"
              .formatted(
                  kind,
                  name,
                  host,
                  present
                      .map(o -> "belongs to " + o + " (UID " + o.uid() + ")")
                      .orElse("is not ours")));
    }
  }

  /**
   * Refuses a definition whose name another object has.
   *
   * @param present UUID of what has the name; empty when nothing has
   * @throws NameConflict when it is another UUID
   */
  void refuseOtherUuid(ObjectKind kind, String name, UUID uuid, Optional<UUID> present) {
    if (present.isPresent() && !present.get().equals(uuid)) {
      throw new NameConflict(
          "another %s named '%s' exists on %s (UUID %s); it was left alone: rename or remove it"
              .formatted(kind, name, host, present.get()));
    }
  }
}
