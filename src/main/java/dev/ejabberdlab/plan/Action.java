package dev.ejabberdlab.plan;

import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import java.util.Set;
import java.util.UUID;

/**
 * One change to the world, safe to repeat. Actions with the same key never run at the same time;
 * those with different keys do.
 */
public sealed interface Action {

  /** What it works on. */
  Key key();

  /** A few words for people, for example {@code start domain ejl-1a2b3c4d-e1server}. */
  String description();

  /** Creates or redefines a network. */
  record DefineNetwork(String network, NetworkDefinition definition) implements Action {
    @Override
    public Key key() {
      return new Key.Network(network);
    }

    @Override
    public String description() {
      return "define network " + definition.name();
    }
  }

  /** Starts a network, and plugs in guests that run already. */
  record StartNetwork(String network, UUID uuid, String libvirtName, Set<UUID> guests)
      implements Action {
    @Override
    public Key key() {
      return new Key.Network(network);
    }

    @Override
    public String description() {
      return "start network " + libvirtName;
    }
  }

  /** Stops and undefines a network. */
  record DeleteNetwork(String network, UUID uuid, String libvirtName) implements Action {
    @Override
    public Key key() {
      return new Key.Network(network);
    }

    @Override
    public String description() {
      return "delete network " + libvirtName;
    }
  }

  /** Creates a machine's root disk. */
  record CreateVolume(String node, String pool, String volume, String base, long capacityBytes)
      implements Action {
    @Override
    public Key key() {
      return new Key.Machine(node);
    }

    @Override
    public String description() {
      return "create volume " + volume;
    }
  }

  /** Creates or redefines a machine's domain. */
  record DefineDomain(String node, DomainDefinition definition) implements Action {
    @Override
    public Key key() {
      return new Key.Machine(node);
    }

    @Override
    public String description() {
      return "define domain " + definition.name();
    }
  }

  /** Boots a machine. */
  record StartDomain(String node, UUID uuid, String domain) implements Action {
    @Override
    public Key key() {
      return new Key.Machine(node);
    }

    @Override
    public String description() {
      return "start domain " + domain;
    }
  }

  /** Lets a paused machine go on. */
  record ResumeDomain(String node, UUID uuid, String domain) implements Action {
    @Override
    public Key key() {
      return new Key.Machine(node);
    }

    @Override
    public String description() {
      return "resume domain " + domain;
    }
  }

  /** Sets a guest's clock by the operator's; waits for nothing and holds nothing up. */
  record SetClock(String node, UUID uuid) implements Action {
    @Override
    public Key key() {
      return new Key.Clock(node);
    }

    @Override
    public String description() {
      return "set the clock of " + node;
    }
  }

  /** Runs a step in a guest, or waits for its end when it runs already. */
  record RunStep(String node, UUID uuid, Step step, String epoch) implements Action {
    @Override
    public Key key() {
      return new Key.Machine(node);
    }

    @Override
    public String description() {
      return "run step " + step.name() + " on " + node;
    }
  }

  /** Asks a guest to shut down. */
  record ShutdownDomain(String node, UUID uuid, String domain) implements Action {
    @Override
    public Key key() {
      return new Key.Power(node);
    }

    @Override
    public String description() {
      return "shut down domain " + domain;
    }
  }

  /** Pulls a machine's plug. */
  record DestroyDomain(String node, UUID uuid, String domain) implements Action {
    @Override
    public Key key() {
      return new Key.Power(node);
    }

    @Override
    public String description() {
      return "destroy domain " + domain;
    }
  }

  /** Undefines a machine's domain. */
  record UndefineDomain(String node, UUID uuid, String domain) implements Action {
    @Override
    public Key key() {
      return new Key.Machine(node);
    }

    @Override
    public String description() {
      return "undefine domain " + domain;
    }
  }

  /** Deletes a volume. */
  record DeleteVolume(String pool, String volume) implements Action {
    @Override
    public Key key() {
      return new Key.Volume(volume);
    }

    @Override
    public String description() {
      return "delete volume " + volume;
    }
  }
}
