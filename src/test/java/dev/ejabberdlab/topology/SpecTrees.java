package dev.ejabberdlab.topology;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** SpecTrees for tests: the samples, and what is made of them by changing single fields. */
public final class SpecTrees {

  public static final ObjectMapper YAML =
      new ObjectMapper(new YAMLFactory()).enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  public static final Path SAMPLES = Path.of("deploy", "samples");

  static final String UID = "3f0c9a52-7d3e-4b54-9a63-2f6f5f1f7b10";

  /** Who refuses a bad spec first. */
  public enum RefusedBy {
    schema,
    rule,
    operator
  }

  /**
   * A spec that cannot work.
   *
   * @param name what is wrong
   * @param set new values in the reference lab by JSON pointer below the resource; {@code -}
   *     appends
   * @param remove JSON pointers of what is left out, done first
   * @param refusedBy who refuses it first
   * @param rules messages of the schema's rules that refuse it; null means none
   * @param violations sentences of the operator
   */
  public record BadSpec(
      String name,
      Map<String, JsonNode> set,
      List<String> remove,
      RefusedBy refusedBy,
      List<String> rules,
      List<String> violations) {

    public ObjectNode tree() {
      ObjectNode tree = sample("reference-lab.yaml");
      (remove == null ? List.<String>of() : remove).forEach(p -> SpecTrees.remove(tree, p));
      (set == null ? Map.<String, JsonNode>of() : set).forEach((p, v) -> SpecTrees.set(tree, p, v));
      return tree;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private SpecTrees() {}

  public static List<BadSpec> badSpecs() {
    try (InputStream in = SpecTrees.class.getResourceAsStream("bad-specs.yaml")) {
      return List.of(YAML.readValue(in, BadSpec[].class));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A file of deploy/samples. */
  public static ObjectNode sample(String file) {
    try {
      return (ObjectNode) YAML.readTree(SAMPLES.resolve(file).toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The resource as the operator reads it, with a UID and namespace. */
  public static EjabberdLab lab(ObjectNode tree) {
    try {
      EjabberdLab lab = YAML.treeToValue(tree, EjabberdLab.class);
      lab.getMetadata().setUid(UID);
      lab.getMetadata().setNamespace("default");
      return lab;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static EjabberdLab minimal() {
    return lab(sample("minimal-lab.yaml"));
  }

  static EjabberdLab reference() {
    return lab(sample("reference-lab.yaml"));
  }

  /** A sample that the operator has written a status of. */
  static EjabberdLab withStatus(String sample, String status) {
    return lab(set(sample(sample), "/status", yaml(status)));
  }

  /** A tree out of YAML text. */
  static JsonNode yaml(String text) {
    try {
      return YAML.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static ObjectNode set(ObjectNode tree, String pointer, JsonNode value) {
    JsonPointer at = JsonPointer.compile(pointer);
    JsonNode parent = tree.at(at.head());
    String last = at.last().getMatchingProperty();
    if (parent instanceof ArrayNode array) {
      if (last.equals("-")) {
        array.add(value);
      } else {
        array.set(Integer.parseInt(last), value);
      }
    } else {
      ((ObjectNode) parent).set(last, value);
    }
    return tree;
  }

  static ObjectNode remove(ObjectNode tree, String pointer) {
    JsonPointer at = JsonPointer.compile(pointer);
    JsonNode parent = tree.at(at.head());
    if (parent instanceof ArrayNode array) {
      array.remove(at.last().getMatchingIndex());
    } else {
      ((ObjectNode) parent).remove(at.last().getMatchingProperty());
    }
    return tree;
  }
}
