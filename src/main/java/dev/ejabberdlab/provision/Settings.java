package dev.ejabberdlab.provision;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/** Merges a user's settings into ejabberd.yml. */
final class Settings {

  private static final String LISTEN = "listen";
  private static final String PORT = "port";

  private Settings() {}

  /**
   * Mappings are merged key by key, null takes a key away, listeners are merged by their port;
   * anything else replaces what is there.
   */
  static void merge(ObjectNode root, Map<String, JsonNode> settings) {
    settings.forEach(
        (key, value) -> {
          if (key.equals(LISTEN) && value.isArray()) {
            listen((ArrayNode) root.path(LISTEN), (ArrayNode) value);
          } else {
            set(root, key, value);
          }
        });
  }

  /**
   * Takes a key away, if it is there.
   *
   * @param keys keys of mappings joined by dots; a key that has dots itself is found too
   */
  static void remove(ObjectNode target, String keys) {
    target.remove(keys);
    for (int dot = keys.lastIndexOf('.'); dot > 0; dot = keys.lastIndexOf('.', dot - 1)) {
      if (target.get(keys.substring(0, dot)) instanceof ObjectNode mapping) {
        remove(mapping, keys.substring(dot + 1));
      }
    }
  }

  private static void set(ObjectNode target, String key, JsonNode value) {
    if (value == null || value.isNull()) {
      target.remove(key);
    } else if (value.isObject()) {
      JsonNode there = target.get(key);
      ObjectNode merged =
          there != null && there.isObject() ? (ObjectNode) there : target.putObject(key);
      value.properties().forEach(entry -> set(merged, entry.getKey(), entry.getValue()));
    } else {
      target.set(key, value.deepCopy());
    }
  }

  private static void listen(ArrayNode target, ArrayNode listeners) {
    for (JsonNode listener : listeners) {
      ObjectNode same = null;
      for (JsonNode there : target) {
        if (there.path(PORT).asText().equals(listener.path(PORT).asText())) {
          same = (ObjectNode) there;
        }
      }
      ObjectNode merged = same == null ? target.addObject() : same;
      listener.properties().forEach(entry -> set(merged, entry.getKey(), entry.getValue()));
    }
  }
}
