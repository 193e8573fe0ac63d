package dev.ejabberdlab.guest;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One thing to set up in a guest: checked first, applied when needed, then verified. By its digest
 * one sees whether the guest has it already.
 *
 * @param node node it runs on
 * @param name name, unique on the node, for example {@code base} or {@code postgresql-standby}
 * @param script bash with the functions {@code check}, {@code apply} and {@code verify}
 * @param values environment of the script; nothing secret
 * @param files what the script installs, by file name, 0600 in the guest
 * @param requires steps that must be done before, maybe on other nodes
 * @param scope how long the effect lasts
 * @param timeout after which the step has failed
 * @param digest of script, values and files, as lower-case hex; says nothing of secrets because it
 *     is keyed
 * @param obstacles why it cannot run yet, for lack of what it is to be made of; empty when it can
 */
public record Step(
    String node,
    String name,
    String script,
    Map<String, String> values,
    Map<String, byte[]> files,
    Set<Ref> requires,
    Scope scope,
    Duration timeout,
    String digest,
    List<Obstacle> obstacles) {

  /** A step that has all it needs. */
  public Step(
      String node,
      String name,
      String script,
      Map<String, String> values,
      Map<String, byte[]> files,
      Set<Ref> requires,
      Scope scope,
      Duration timeout,
      String digest) {
    this(node, name, script, values, files, requires, scope, timeout, digest, List.of());
  }

  /**
   * Why a step cannot run yet: something that it is made of is missing or cannot be used, or the
   * step has to wait.
   *
   * @param kind which of them
   * @param sentence says what and where, and what would be right; never what is in it
   */
  public record Obstacle(Kind kind, String sentence) {

    /** Whether something is missing, something is wrong, or the step must not run now. */
    public enum Kind {
      MISSING,
      UNUSABLE,
      HELD
    }

    public static Obstacle missing(String sentence) {
      return new Obstacle(Kind.MISSING, sentence);
    }

    public static Obstacle unusable(String sentence) {
      return new Obstacle(Kind.UNUSABLE, sentence);
    }

    public static Obstacle held(String sentence) {
      return new Obstacle(Kind.HELD, sentence);
    }
  }

  /** Another step, by node and name. */
  public record Ref(String node, String name) {}

  /** How long the effect of a step lasts. */
  public enum Scope {
    /** Until the disk is replaced. */
    DISK,
    /** Until the guest reboots: it is established again after each boot. */
    BOOT
  }

  public Ref ref() {
    return new Ref(node, name);
  }

  /** The same step that requires others too. */
  public Step requiring(Set<Ref> others) {
    Set<Ref> all = new HashSet<>(requires);
    all.addAll(others);
    return new Step(
        node, name, script, values, files, Set.copyOf(all), scope, timeout, digest, obstacles);
  }

  /** The same step that lacks something. */
  public Step lacking(List<Obstacle> these) {
    return new Step(
        node, name, script, values, files, requires, scope, timeout, digest, List.copyOf(these));
  }

  /** Names the step, never its files: those may be secret. */
  @Override
  public String toString() {
    return node + "/" + name + "@" + digest.substring(0, Math.min(8, digest.length()));
  }
}
