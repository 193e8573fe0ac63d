package dev.ejabberdlab.topology;

/**
 * A Secret or ConfigMap in the lab's namespace that the lab reads.
 *
 * @param kind which of the two
 * @param name of the object
 */
public record Reference(Kind kind, String name) {

  /** Kinds of objects that a lab reads. */
  public enum Kind {
    ConfigMap,
    Secret
  }

  public static Reference configMap(String name) {
    return new Reference(Kind.ConfigMap, name);
  }

  public static Reference secret(String name) {
    return new Reference(Kind.Secret, name);
  }

  /** One key of the object's data. */
  public Key key(String key) {
    return new Key(this, key);
  }

  /** For sentences: {@code Secret passwords}. */
  @Override
  public String toString() {
    return kind + " " + name;
  }

  /**
   * A key of such an object.
   *
   * @param object where it is
   * @param key in its data
   */
  public record Key(Reference object, String key) {

    /** For sentences: {@code key max of Secret passwords}. */
    @Override
    public String toString() {
      return "key " + key + " of " + object;
    }
  }
}
