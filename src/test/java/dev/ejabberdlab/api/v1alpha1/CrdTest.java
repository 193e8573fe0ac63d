package dev.ejabberdlab.api.v1alpha1;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.re2j.Pattern;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every CRD, and the shape of ours. */
class CrdTest {

  static List<CustomResourceDefinition> crds() {
    return List.of(GeneratedCrds.lab(), GeneratedCrds.host());
  }

  @ParameterizedTest
  @MethodSource("crds")
  void everyFieldIsDescribed(CustomResourceDefinition crd) {
    Map<String, JSONSchemaProps> fields = fields(crd);
    assertThat(fields).isNotEmpty();
    assertThat(fields)
        .allSatisfy(
            (path, field) -> {
              if (!path.endsWith("[]") && !path.endsWith("{}")) {
                assertThat(field.getDescription()).as(path).matches("[^\\n]*\\.");
              }
            });
  }

  /** API servers estimate the cost of rules from the bounds, and refuse what has none. */
  @ParameterizedTest
  @MethodSource("crds")
  void everythingInTheSpecIsBounded(CustomResourceDefinition crd) {
    fields(crd)
        .forEach(
            (path, field) -> {
              if (path.startsWith(".spec") && field.getType() != null) {
                switch (field.getType()) {
                  case "string" -> assertThat(field.getMaxLength()).as(path).isNotNull();
                  case "array" -> assertThat(field.getMaxItems()).as(path).isNotNull();
                  case "integer" -> assertThat(field.getMaximum()).as(path).isNotNull();
                  default -> {
                    if (field.getAdditionalProperties() != null) {
                      assertThat(field.getMaxProperties()).as(path).isNotNull();
                    }
                  }
                }
              }
            });
  }

  /** API servers match with Go's regular expressions, which RE2/J has the syntax of. */
  @ParameterizedTest
  @MethodSource("crds")
  void everyPatternIsGo(CustomResourceDefinition crd) {
    fields(crd)
        .forEach(
            (path, field) -> {
              if (field.getPattern() != null) {
                assertThat(field.getPattern()).as(path).startsWith("^").endsWith("$");
                Pattern.compile(field.getPattern());
              }
            });
  }

  @ParameterizedTest
  @MethodSource("crds")
  void noRuleIsThereTwice(CustomResourceDefinition crd) {
    fields(crd)
        .forEach(
            (path, field) -> {
              if (field.getXKubernetesValidations() != null) {
                assertThat(field.getXKubernetesValidations())
                    .as(path)
                    .hasSameSizeAs(new HashSet<>(field.getXKubernetesValidations()));
              }
            });
  }

  @ParameterizedTest
  @MethodSource("crds")
  void noDefaultIsInsideAList(CustomResourceDefinition crd) {
    fields(crd)
        .forEach(
            (path, field) -> {
              if (path.contains("[]")) {
                assertThat(field.getDefault()).as(path).isNull();
              }
            });
  }

  /** Without it an API server refuses the CRD. */
  @ParameterizedTest
  @MethodSource("crds")
  void keysOfListMapsAreRequired(CustomResourceDefinition crd) {
    fields(crd)
        .forEach(
            (path, field) -> {
              if ("map".equals(field.getXKubernetesListType())) {
                assertThat(field.getItems().getSchema().getRequired())
                    .as(path)
                    .containsAll(field.getXKubernetesListMapKeys());
              }
            });
  }

  /** A rule that speaks of oldSelf must lie where the old value can be found. */
  @ParameterizedTest
  @MethodSource("crds")
  void transitionsAreOnlyInListMaps(CustomResourceDefinition crd) {
    Map<String, JSONSchemaProps> fields = fields(crd);
    fields.forEach(
        (path, field) -> {
          if (field.getXKubernetesValidations() != null
              && field.getXKubernetesValidations().stream()
                  .anyMatch(r -> r.getRule().contains("oldSelf"))) {
            for (int i = path.indexOf("[]"); i >= 0; i = path.indexOf("[]", i + 1)) {
              assertThat(fields.get(path.substring(0, i)).getXKubernetesListType())
                  .as(path)
                  .isEqualTo("map");
            }
          }
        });
  }

  @Test
  void listsAreMapsWhereEntriesHaveNames() {
    Map<String, String> keys = new LinkedHashMap<>();
    fields(GeneratedCrds.lab())
        .forEach(
            (path, field) -> {
              if (field.getXKubernetesListMapKeys() != null
                  && !field.getXKubernetesListMapKeys().isEmpty()) {
                keys.put(path, String.join(",", field.getXKubernetesListMapKeys()));
              }
            });
    assertThat(keys)
        .isEqualTo(
            Map.ofEntries(
                Map.entry(".spec.networks", "name"),
                Map.entry(".spec.nodes", "name"),
                Map.entry(".spec.nodes[].networks", "name"),
                Map.entry(".spec.ejabberd.admins", "name"),
                Map.entry(".spec.ejabberd.users", "name"),
                Map.entry(".spec.provisioning", "name"),
                Map.entry(".status.conditions", "type"),
                Map.entry(".status.networks", "name"),
                Map.entry(".status.nodes", "name"),
                Map.entry(".status.postgresql.instances", "name"),
                Map.entry(".status.ejabberd.nodes", "name")));
  }

  @Test
  void columnsOfLabs() {
    assertThat(columns(GeneratedCrds.lab(), 0))
        .containsExactly("READY", "STATUS", "NODES", "PRIMARY", "REPLICATION", "CLUSTER", "AGE");
    assertThat(columns(GeneratedCrds.lab(), 1)).containsExactly("LAG", "HOST", "REASON", "MESSAGE");
  }

  @Test
  void columnsOfHosts() {
    assertThat(columns(GeneratedCrds.host(), 0))
        .containsExactly("READY", "VIRTUALIZATION", "LABS", "AGE");
    assertThat(columns(GeneratedCrds.host(), 1))
        .containsExactly("FREE", "ORPHANS", "URI", "MESSAGE");
  }

  /** The API server drops them: each apply would change the CRD again. */
  @ParameterizedTest
  @MethodSource("crds")
  void saysNoDefaultsOfColumns(CustomResourceDefinition crd) {
    assertThat(crd.getSpec().getVersions().get(0).getAdditionalPrinterColumns())
        .extracting(CustomResourceColumnDefinition::getPriority)
        .doesNotContain(0);
  }

  private static List<String> columns(CustomResourceDefinition crd, int priority) {
    return crd.getSpec().getVersions().get(0).getAdditionalPrinterColumns().stream()
        .filter(c -> Objects.requireNonNullElse(c.getPriority(), 0) == priority)
        .map(CustomResourceColumnDefinition::getName)
        .toList();
  }

  @ParameterizedTest
  @MethodSource("crds")
  void statusIsASubresource(CustomResourceDefinition crd) {
    assertThat(crd.getSpec().getVersions().get(0).getSubresources().getStatus()).isNotNull();
    assertThat(GeneratedCrds.schema(crd).getRequired()).containsExactly("spec");
  }

  /**
   * Every field below spec and status by path; entries of lists end in [], values of maps in {}.
   */
  private static Map<String, JSONSchemaProps> fields(CustomResourceDefinition crd) {
    Map<String, JSONSchemaProps> fields = new LinkedHashMap<>();
    collect("", GeneratedCrds.schema(crd), fields);
    return fields;
  }

  private static void collect(
      String path, JSONSchemaProps schema, Map<String, JSONSchemaProps> fields) {
    if (schema.getProperties() != null) {
      new ArrayList<>(schema.getProperties().entrySet())
          .forEach(
              e -> {
                fields.put(path + "." + e.getKey(), e.getValue());
                collect(path + "." + e.getKey(), e.getValue(), fields);
              });
    }
    if (schema.getItems() != null) {
      fields.put(path + "[]", schema.getItems().getSchema());
      collect(path + "[]", schema.getItems().getSchema(), fields);
    }
    if (schema.getAdditionalProperties() != null) {
      fields.put(path + "{}", schema.getAdditionalProperties().getSchema());
    }
  }
}
