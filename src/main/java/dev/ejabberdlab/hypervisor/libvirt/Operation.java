package dev.ejabberdlab.hypervisor.libvirt;

import java.util.UUID;

/**
 * What a call does. Two that are equal do the same to the same object: so a call is known again
 * that hangs.
 */
sealed interface Operation {

  /** A few words for messages, as in "cannot …". */
  String words();

  /** What is done to an object. */
  enum Verb {
    LOOK_UP("look up"),
    CREATE("create"),
    DEFINE("define"),
    START("start"),
    RESUME("resume"),
    SHUT_DOWN("shut down"),
    DESTROY("destroy"),
    UNDEFINE("undefine"),
    DELETE("delete");

    private final String words;

    Verb(String words) {
      this.words = words;
    }

    @Override
    public String toString() {
      return words;
    }
  }

  /** Something that is about the host as a whole, in the words given. */
  record OnHost(String words) implements Operation {}

  /** Something that is done to an object of that name. */
  record OnObject(Verb verb, ObjectKind kind, String name) implements Operation {

    @Override
    public String words() {
      return "%s %s '%s'".formatted(verb, kind, name);
    }
  }

  /** Looks an object up by its UUID. */
  record LookUp(ObjectKind kind, UUID uuid) implements Operation {

    @Override
    public String words() {
      return "%s %s %s".formatted(Verb.LOOK_UP, kind, uuid);
    }
  }

  /** Something that is done to a volume of a pool. */
  record OnVolume(Verb verb, String pool, String name) implements Operation {

    @Override
    public String words() {
      return "%s volume '%s' %s pool '%s'"
          .formatted(verb, name, verb == Verb.CREATE ? "in" : "of", pool);
    }
  }

  /** Lists the volumes of a pool. */
  record ListVolumes(String pool) implements Operation {

    @Override
    public String words() {
      return "list the volumes of pool '%s'".formatted(pool);
    }
  }

  /** Sends a command to the agent of a domain; which one makes no difference. */
  record CommandAgent(UUID domain) implements Operation {

    @Override
    public String words() {
      return "send a command to the agent of domain " + domain;
    }
  }
}
