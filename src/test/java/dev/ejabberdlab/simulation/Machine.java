package dev.ejabberdlab.simulation;

import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.Owner;
import java.util.Optional;
import java.util.UUID;

/** A domain, with the guest in it. */
final class Machine {

  final UUID uuid;
  final String name;

  /** What the spec calls it; empty for somebody else's. */
  final String node;

  Optional<Owner> owner;
  DomainDefinition definition;
  Power power = Power.SHUT_OFF;

  /** Volume that it boots from. */
  String volume;

  /** While it runs or is paused; and when it is saved. */
  Optional<Boot> boot = Optional.empty();

  /** libvirt says that it is off, and it is not. */
  boolean believedOff;

  boolean saved;
  boolean resumed;
  boolean autostart;

  /** A memory that somebody has written to a file. */
  Optional<Boot> file = Optional.empty();

  Machine(UUID uuid, String name, String node, Optional<Owner> owner, DomainDefinition definition) {
    this.uuid = uuid;
    this.name = name;
    this.node = node;
    this.owner = owner;
    this.definition = definition;
    this.volume = definition == null ? name + ".qcow2" : definition.volume();
  }

  boolean runs() {
    return power == Power.RUNNING;
  }

  boolean isOff() {
    return power == Power.SHUT_OFF;
  }
}
