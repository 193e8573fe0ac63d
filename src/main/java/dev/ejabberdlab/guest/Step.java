package dev.ejabberdlab.guest;

import java.time.Duration;
import java.util.Map;
import java.util.Set;

/**
 * One thing to establish in a guest: checked before, applied when needed, verified after. Its
 * digest says whether the guest has it already.
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
    String digest) {

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

  /** Names the step, never its files: those may be secret. */
  @Override
  public String toString() {
    return node + "/" + name + "@" + digest.substring(0, Math.min(8, digest.length()));
  }
}
