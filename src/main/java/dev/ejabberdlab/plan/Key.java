package dev.ejabberdlab.plan;

import java.util.Optional;

/** What an action works on. */
public sealed interface Key {

  /** A network, by its name in the spec. */
  record Network(String network) implements Key {}

  /** A machine, by its node's name, for everything but turning it off. */
  record Machine(String node) implements Key {
    @Override
    public Optional<String> nodeName() {
      return Optional.of(node);
    }
  }

  /** What turns a machine off, by its node's name; it does not wait for a step that runs there. */
  record Power(String node) implements Key {
    @Override
    public Optional<String> nodeName() {
      return Optional.of(node);
    }
  }

  /** What sets a guest's clock, by its node's name, whatever else is done to the machine. */
  record Clock(String node) implements Key {
    @Override
    public Optional<String> nodeName() {
      return Optional.of(node);
    }
  }

  /** A volume, by its name in the pool. */
  record Volume(String volume) implements Key {}

  /** The node that it is about; empty for what belongs to none. */
  default Optional<String> nodeName() {
    return Optional.empty();
  }

  /** For a machine the key of what turns it off; any other key as it is. */
  default Key power() {
    return this instanceof Machine machine ? new Power(machine.node()) : this;
  }
}
