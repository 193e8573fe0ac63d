package dev.ejabberdlab.api.v1alpha1;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apiextensions.v1.ValidationRule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/** Writes the field reference of the CRDs as Markdown: a table for each object. */
final class ReferenceDocs {

  /** What a pattern means, for those whose description does not already say it. */
  private static final Map<String, String> FORMATS =
      Map.of(
          Names.DNS_LABEL, "DNS label",
          Names.DNS_NAME, "DNS name",
          Names.HOSTNAME, "host name",
          Names.IPV4, "IPv4 address",
          Names.CIDR, "CIDR",
          Names.MAC, "MAC address",
          Names.ONE_LINE, "one line");

  private static final Set<String> OF_FIXED_LENGTH = Set.of(Names.IPV4, Names.CIDR, Names.MAC);

  private final StringBuilder text = new StringBuilder();

  private ReferenceDocs() {}

  static String of(List<CustomResourceDefinition> crds) {
    ReferenceDocs docs = new ReferenceDocs();
    docs.line(
        "<!-- Generated from the resources' types by \"make generate\": change it there. -->");
    docs.line("# Reference of the resources");
    docs.line("");
    docs.line(
        "Every field of the API group `%s`, version `%s`. `kubectl explain ejl.spec` tells the same."
            .formatted(EjabberdLab.GROUP, EjabberdLab.VERSION));
    crds.forEach(docs::kind);
    return docs.text.toString();
  }

  private void kind(CustomResourceDefinition crd) {
    JSONSchemaProps root = GeneratedCrds.schema(crd);
    line("");
    line("## " + crd.getSpec().getNames().getKind());
    line("");
    line(root.getDescription());
    line("");
    line(
        "%s, short name `%s`."
            .formatted(
                crd.getSpec().getScope().equals("Namespaced") ? "Namespaced" : "Cluster-scoped",
                crd.getSpec().getNames().getShortNames().get(0)));
    line("");
    line("| Column of `kubectl get` | Field |");
    line("|---|---|");
    crd.getSpec()
        .getVersions()
        .get(0)
        .getAdditionalPrinterColumns()
        .forEach(
            c ->
                line(
                    "| %s%s | `%s` |"
                        .formatted(
                            c.getName(),
                            c.getPriority() != null && c.getPriority() > 0 ? " (wide)" : "",
                            c.getJsonPath())));
    Map<String, JSONSchemaProps> objects = new LinkedHashMap<>();
    collect("spec", root.getProperties().get("spec"), objects);
    collect("status", root.getProperties().get("status"), objects);
    objects.forEach(this::object);
  }

  /** Every object below, by path, in the order of reading. */
  private static void collect(
      String path, JSONSchemaProps schema, Map<String, JSONSchemaProps> objects) {
    if (schema.getProperties() != null && !schema.getProperties().isEmpty()) {
      objects.put(path, schema);
      schema.getProperties().forEach((name, field) -> collect(path + "." + name, field, objects));
    }
    if (schema.getItems() != null) {
      collect(path + "[]", schema.getItems().getSchema(), objects);
    }
  }

  private void object(String path, JSONSchemaProps schema) {
    line("");
    line("### " + path);
    if (schema.getDescription() != null) {
      line("");
      line(schema.getDescription());
    }
    line("");
    line("| Field | Type | Default | Description |");
    line("|---|---|---|---|");
    schema
        .getProperties()
        .forEach(
            (name, field) ->
                line(
                    "| `%s` | %s | %s | %s |"
                        .formatted(
                            name,
                            type(field),
                            schema.getRequired().contains(name)
                                ? "required"
                                : field.getDefault() == null
                                    ? ""
                                    : "`" + field.getDefault().asText() + "`",
                            cell(field.getDescription()))));
    List<String> rules = new ArrayList<>();
    rules(schema).forEach(rules::add);
    schema
        .getProperties()
        .forEach((name, field) -> rules(field).forEach(r -> rules.add("`" + name + "`: " + r)));
    if (!rules.isEmpty()) {
      line("");
      line("Rules:");
      line("");
      rules.forEach(r -> line("- " + r));
    }
  }

  private static List<String> rules(JSONSchemaProps schema) {
    return schema.getXKubernetesValidations() == null
        ? List.of()
        : schema.getXKubernetesValidations().stream().map(ValidationRule::getMessage).toList();
  }

  private static String type(JSONSchemaProps field) {
    if (field.getItems() != null) {
      String bounds =
          field.getMaxItems() == null
              ? ""
              : " of %d to %d"
                  .formatted(
                      field.getMinItems() == null ? 0 : field.getMinItems(), field.getMaxItems());
      return "list%s: %s".formatted(bounds, type(field.getItems().getSchema()));
    }
    if (field.getAdditionalProperties() != null) {
      return "map: " + type(field.getAdditionalProperties().getSchema());
    }
    if (field.getEnum() != null && !field.getEnum().isEmpty()) {
      return field.getEnum().stream()
          .map(e -> "`" + e.asText() + "`")
          .collect(Collectors.joining(", "));
    }
    if (field.getMaximum() != null) {
      return "%s, %d to %d"
          .formatted(
              field.getType(), field.getMinimum().longValue(), field.getMaximum().longValue());
    }
    if ("string".equals(field.getType())) {
      String pattern = Objects.toString(field.getPattern());
      String format =
          FORMATS.getOrDefault(pattern, field.getFormat() == null ? "string" : "date and time");
      return field.getMaxLength() == null || OF_FIXED_LENGTH.contains(pattern)
          ? format
          : "%s, up to %d characters".formatted(format, field.getMaxLength());
    }
    return field.getType() == null ? "anything" : field.getType();
  }

  private static String cell(String description) {
    return description.replace("|", "\\|").replace("<", "&lt;");
  }

  private void line(String line) {
    text.append(line).append('\n');
  }
}
