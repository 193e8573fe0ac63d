package dev.ejabberdlab.guest;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  /** A step to be, without values and files, that requires no other and lacks nothing. */
  public static Builder builder() {
    return new Builder();
  }

  /** A step to be that says the same, until told otherwise. */
  public Builder toBuilder() {
    return new Builder()
        .node(node)
        .name(name)
        .script(script)
        .values(values)
        .files(files)
        .requires(requires)
        .scope(scope)
        .timeout(timeout)
        .digest(digest)
        .obstacles(obstacles);
  }

  public Ref ref() {
    return new Ref(node, name);
  }

  /** The same step that requires others too. */
  public Step requiring(Set<Ref> others) {
    Set<Ref> all = new HashSet<>(requires);
    all.addAll(others);
    return toBuilder().requires(Set.copyOf(all)).build();
  }

  /** The same step that lacks something. */
  public Step lacking(List<Obstacle> these) {
    return toBuilder().obstacles(List.copyOf(these)).build();
  }

  /** Names the step, never its files: those may be secret. */
  @Override
  public String toString() {
    return node + "/" + name + "@" + digest.substring(0, Math.min(8, digest.length()));
  }

  /**
   * A step whose values are named; each is described at {@link Step}. Its effect lasts until the
   * disk is replaced, unless told otherwise.
   */
  public static final class Builder {

    private String node;
    private String name;
    private String script;
    private Map<String, String> values = Map.of();
    private Map<String, byte[]> files = Map.of();
    private Set<Ref> requires = Set.of();
    private Scope scope = Scope.DISK;
    private Duration timeout;
    private String digest;
    private List<Obstacle> obstacles = List.of();

    private Builder() {}

    public Builder node(String value) {
      node = value;
      return this;
    }

    public Builder name(String value) {
      name = value;
      return this;
    }

    public Builder script(String value) {
      script = value;
      return this;
    }

    public Builder values(Map<String, String> value) {
      values = value;
      return this;
    }

    public Builder files(Map<String, byte[]> value) {
      files = value;
      return this;
    }

    public Builder requires(Set<Ref> value) {
      requires = value;
      return this;
    }

    public Builder scope(Scope value) {
      scope = value;
      return this;
    }

    public Builder timeout(Duration value) {
      timeout = value;
      return this;
    }

    public Builder digest(String value) {
      digest = value;
      return this;
    }

    public Builder obstacles(List<Obstacle> value) {
      obstacles = value;
      return this;
    }

    /**
     * The step.
     *
     * @throws NullPointerException when the node, the name, the script, the timeout or the digest
     *     was not given
     */
    public Step build() {
      return new Step(
          Objects.requireNonNull(node, "node"),
          Objects.requireNonNull(name, "name"),
          Objects.requireNonNull(script, "script"),
          values,
          files,
          requires,
          scope,
          Objects.requireNonNull(timeout, "timeout"),
          Objects.requireNonNull(digest, "digest"),
          obstacles);
    }
  }
}
