package dev.ejabberdlab.provision;

import dev.ejabberdlab.guest.Step.Obstacle;
import dev.ejabberdlab.topology.Reference;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What lies in the Secrets and ConfigMaps that a lab reads.
 *
 * @param objects data by object, each value as it is; objects that do not exist are not in it
 */
public record References(Map<Reference, Map<String, byte[]>> objects) {

  /** Nothing exists. */
  public static final References NONE = new References(Map.of());

  /** The value of a key, if the object exists and has the key. */
  public Optional<byte[]> value(Reference.Key key) {
    return Optional.ofNullable(objects.get(key.object())).map(data -> data.get(key.key()));
  }

  /** Why the value of a key cannot be had; empty when it can. */
  public Optional<Obstacle> missing(Reference.Key key) {
    if (!objects.containsKey(key.object())) {
      return Optional.of(Obstacle.missing("%s does not exist; create it.".formatted(key.object())));
    }
    return objects.get(key.object()).containsKey(key.key())
        ? Optional.empty()
        : Optional.of(
            Obstacle.missing("%s has no key %s; add it.".formatted(key.object(), key.key())));
  }

  /** The same with an object as it is now. */
  public References with(Reference object, Map<String, byte[]> data) {
    Map<Reference, Map<String, byte[]>> all = new HashMap<>(objects);
    all.put(object, data);
    return new References(Map.copyOf(all));
  }

  /** By what is in the objects: a byte array itself equals only itself. */
  @Override
  public boolean equals(Object other) {
    return other instanceof References that && texts(objects).equals(texts(that.objects));
  }

  @Override
  public int hashCode() {
    return texts(objects).hashCode();
  }

  private static Map<Reference, Map<String, ByteBuffer>> texts(
      Map<Reference, Map<String, byte[]>> objects) {
    Map<Reference, Map<String, ByteBuffer>> texts = new HashMap<>();
    objects.forEach(
        (object, data) -> {
          Map<String, ByteBuffer> values = new HashMap<>();
          data.forEach((key, value) -> values.put(key, ByteBuffer.wrap(value)));
          texts.put(object, values);
        });
    return texts;
  }

  /** Names the objects, never what is in them. */
  @Override
  public String toString() {
    return "References" + objects.keySet();
  }
}
