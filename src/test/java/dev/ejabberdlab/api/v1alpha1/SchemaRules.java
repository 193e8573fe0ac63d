package dev.ejabberdlab.api.v1alpha1;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableCollection;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.CelType;
import dev.cel.common.types.CelTypeProvider;
import dev.cel.common.types.ListType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.extensions.CelExtensions;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apiextensions.v1.ValidationRule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Judges values by a schema's x-kubernetes-validations as an API server from 1.25 on does: the
 * rules are checked against the schema's types, with CEL's standard macros and string extensions; a
 * rule that speaks of oldSelf is skipped where there is no old value; entries of a list of type map
 * are matched by its key.
 */
final class SchemaRules {

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.USE_LONG_FOR_INTS);

  private final JSONSchemaProps root;
  private final Map<String, StructType> structs = new LinkedHashMap<>();
  private final Map<String, CelRuntime.Program> programs = new HashMap<>();
  private final Set<String> messages = new TreeSet<>();
  private final Map<String, Double> costs = new LinkedHashMap<>();
  private final CelRuntime runtime =
      CelRuntimeFactory.standardCelRuntimeBuilder().addLibraries(CelExtensions.strings()).build();

  /**
   * @throws IllegalArgumentException when a rule does not compile
   */
  SchemaRules(JSONSchemaProps root) {
    this.root = root;
    compile("root", root, 1);
  }

  /** The messages of the rules that refuse a new object. */
  List<String> create(JsonNode object) {
    return update(null, object);
  }

  /** The messages of the rules that refuse a change. */
  List<String> update(JsonNode old, JsonNode object) {
    List<String> messages = new ArrayList<>();
    judge("root", root, old == null ? null : value(old), value(object), messages);
    return messages;
  }

  /** The messages of all rules. */
  Set<String> messages() {
    return messages;
  }

  /** What each rule may cost wherever it applies, by place and rule. */
  Map<String, Double> costs() {
    return costs;
  }

  private static Object value(JsonNode node) {
    return JSON.convertValue(node, Object.class);
  }

  private static List<ValidationRule> rules(JSONSchemaProps schema) {
    return schema.getXKubernetesValidations() == null
        ? List.of()
        : schema.getXKubernetesValidations();
  }

  private void compile(String path, JSONSchemaProps schema, double places) {
    for (ValidationRule rule : rules(schema)) {
      CelCompiler compiler =
          CelCompilerFactory.standardCelCompilerBuilder()
              .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
              .addLibraries(CelExtensions.strings())
              .addVar("self", type(path, schema))
              .addVar("oldSelf", type(path, schema))
              .setTypeProvider(new Structs())
              .build();
      messages.add(rule.getMessage());
      try {
        CelAbstractSyntaxTree ast = compiler.compile(rule.getRule()).getAst();
        programs.put(path + " " + rule.getRule(), runtime.createProgram(ast));
        costs.put(path + " " + rule.getRule(), places * RuleCosts.of(ast, schema));
      } catch (CelValidationException | CelEvaluationException e) {
        throw new IllegalArgumentException(path + ": " + rule.getRule() + ": " + e.getMessage(), e);
      }
    }
    double below = places * RuleCosts.places(schema);
    children(path, schema).forEach((name, child) -> compile(name, child, below));
  }

  private static Map<String, JSONSchemaProps> children(String path, JSONSchemaProps schema) {
    Map<String, JSONSchemaProps> children = new LinkedHashMap<>();
    if (schema.getProperties() != null) {
      schema.getProperties().forEach((name, child) -> children.put(path + "." + name, child));
    }
    if (schema.getItems() != null) {
      children.put(path + "[]", schema.getItems().getSchema());
    }
    return children;
  }

  private CelType type(String path, JSONSchemaProps schema) {
    if (schema.getType() == null) {
      return SimpleType.DYN;
    }
    switch (schema.getType()) {
      case "string":
        return SimpleType.STRING;
      case "integer":
        return SimpleType.INT;
      case "boolean":
        return SimpleType.BOOL;
      case "array":
        return ListType.create(type(path + "[]", schema.getItems().getSchema()));
      default:
        if (schema.getAdditionalProperties() != null) {
          return MapType.create(
              SimpleType.STRING, type(path + "{}", schema.getAdditionalProperties().getSchema()));
        }
        return structs.computeIfAbsent(
            path,
            name ->
                StructType.create(
                    name,
                    ImmutableSet.copyOf(schema.getProperties().keySet()),
                    field ->
                        Optional.ofNullable(schema.getProperties().get(field))
                            .map(child -> type(path + "." + field, child))));
    }
  }

  private void judge(
      String path, JSONSchemaProps schema, Object old, Object value, List<String> messages) {
    for (ValidationRule rule : rules(schema)) {
      if (old == null && rule.getRule().contains("oldSelf")) {
        continue;
      }
      Map<String, Object> variables = new HashMap<>();
      variables.put("self", value);
      variables.put("oldSelf", old == null ? value : old);
      try {
        if (!(Boolean) programs.get(path + " " + rule.getRule()).eval(variables)) {
          messages.add(rule.getMessage());
        }
      } catch (CelEvaluationException e) {
        throw new IllegalStateException(path + ": " + rule.getRule() + ": " + e.getMessage(), e);
      }
    }
    if (value instanceof Map<?, ?> object && schema.getProperties() != null) {
      schema
          .getProperties()
          .forEach(
              (name, child) -> {
                if (object.get(name) != null) {
                  Object before = old instanceof Map<?, ?> o ? o.get(name) : null;
                  judge(path + "." + name, child, before, object.get(name), messages);
                }
              });
    } else if (value instanceof List<?> list) {
      for (Object item : list) {
        judge(
            path + "[]",
            schema.getItems().getSchema(),
            counterpart(schema, old, item),
            item,
            messages);
      }
    }
  }

  private static Object counterpart(JSONSchemaProps list, Object old, Object item) {
    if (!"map".equals(list.getXKubernetesListType()) || !(old instanceof List<?> before)) {
      return null;
    }
    String key = list.getXKubernetesListMapKeys().get(0);
    return before.stream()
        .filter(o -> ((Map<?, ?>) o).get(key).equals(((Map<?, ?>) item).get(key)))
        .findFirst()
        .orElse(null);
  }

  /** Finds the struct types by name. */
  private final class Structs implements CelTypeProvider {

    @Override
    public ImmutableCollection<CelType> types() {
      return ImmutableList.copyOf(structs.values());
    }

    @Override
    public Optional<CelType> findType(String name) {
      return Optional.ofNullable(structs.get(name));
    }
  }
}
