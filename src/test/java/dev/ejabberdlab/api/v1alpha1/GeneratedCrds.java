package dev.ejabberdlab.api.v1alpha1;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaPropsBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/**
 * The CRDs that the resources' types say, with what Fabric8's annotations cannot: list types, the
 * order of printer columns, the schema of conditions.
 */
final class GeneratedCrds {

  private static final List<String> LAB_COLUMNS =
      List.of(
          "READY",
          "STATUS",
          "NODES",
          "PRIMARY",
          "REPLICATION",
          "CLUSTER",
          "AGE",
          "LAG",
          "HOST",
          "REASON",
          "MESSAGE");

  private static final List<String> HOST_COLUMNS =
      List.of("READY", "VIRTUALIZATION", "LABS", "AGE", "FREE", "ORPHANS", "URI", "MESSAGE");

  private static final ObjectMapper YAML =
      new ObjectMapper(
          new YAMLFactory()
              .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
              .disable(YAMLGenerator.Feature.SPLIT_LINES)
              .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
              .enable(YAMLGenerator.Feature.INDENT_ARRAYS_WITH_INDICATOR));

  private GeneratedCrds() {}

  static CustomResourceDefinition lab() {
    CustomResourceDefinition crd = generate(EjabberdLab.class);
    JSONSchemaProps root =
        finish(
            crd,
            LAB_COLUMNS,
            "A gateway, a replicated PostgreSQL and an ejabberd cluster on libvirt virtual machines.",
            "What the lab should be. Only image and ejabberd must be given; a field that is absent is as in the reference lab.",
            "What the lab is.");
    JSONSchemaProps spec = root.getProperties().get("spec");
    JSONSchemaProps nodes = spec.getProperties().get("nodes");
    asMap(spec.getProperties().get("networks"), "name");
    asMap(nodes, "name");
    asMap(nodes.getItems().getSchema().getProperties().get("networks"), "name");
    Map<String, JSONSchemaProps> status = root.getProperties().get("status").getProperties();
    asMap(spec.getProperties().get("ejabberd").getProperties().get("admins"), "name");
    asMap(spec.getProperties().get("ejabberd").getProperties().get("users"), "name");
    asMap(spec.getProperties().get("provisioning"), "name");
    asMap(status.get("networks"), "name");
    asMap(status.get("nodes"), "name");
    asMap(status.get("postgresql").getProperties().get("instances"), "name");
    asMap(status.get("ejabberd").getProperties().get("nodes"), "name");
    nullable(root.getProperties().get("status"));
    return crd;
  }

  static CustomResourceDefinition host() {
    CustomResourceDefinition crd = generate(LibvirtHost.class);
    JSONSchemaProps root =
        finish(
            crd,
            HOST_COLUMNS,
            "A libvirt host that labs may run on; made by an administrator, named by labs.",
            "How to reach the host and what labs may use of it.",
            "What is known of the host.");
    nullable(root.getProperties().get("status"));
    return crd;
  }

  /** Contents by path below the project, as they should be checked in. */
  static Map<Path, String> files() {
    Map<Path, String> files = new LinkedHashMap<>();
    for (CustomResourceDefinition crd : List.of(lab(), host())) {
      files.put(Path.of("crds", crd.getSpec().getNames().getPlural() + ".yaml"), yaml(crd));
    }
    files.put(Path.of("docs", "reference.md"), ReferenceDocs.of(List.of(lab(), host())));
    return files;
  }

  static JSONSchemaProps schema(CustomResourceDefinition crd) {
    return crd.getSpec().getVersions().get(0).getSchema().getOpenAPIV3Schema();
  }

  private static CustomResourceDefinition generate(Class<? extends HasMetadata> kind) {
    ByteArrayOutputStream yaml = new ByteArrayOutputStream();
    new CRDGenerator()
        .customResourceClasses(List.of(kind))
        .forCRDVersions("v1")
        .withOutput(new InMemory(yaml))
        .detailedGenerate();
    return Serialization.unmarshal(
        yaml.toString(StandardCharsets.UTF_8), CustomResourceDefinition.class);
  }

  private static JSONSchemaProps finish(
      CustomResourceDefinition crd,
      List<String> columns,
      String description,
      String specDescription,
      String statusDescription) {
    crd.getMetadata().setAnnotations(null);
    dropDefaultPriorities(crd);
    crd.getSpec()
        .getVersions()
        .forEach(
            v ->
                v.getAdditionalPrinterColumns()
                    .sort(
                        Comparator.comparing(
                            (CustomResourceColumnDefinition c) -> columns.indexOf(c.getName()))));
    JSONSchemaProps root = schema(crd);
    root.setDescription(description);
    root.setRequired(List.of("spec"));
    root.getProperties().get("spec").setDescription(specDescription);
    root.getProperties().get("status").setDescription(statusDescription);
    conditions(root.getProperties().get("status").getProperties().get("conditions"));
    dropRepeatedRules(root);
    boundEnums(root.getProperties().get("spec"));
    return root;
  }

  /**
   * API servers leave out a column's priority of 0: with it in the file, every apply would change
   * the CRD, and a server-side apply after a client-side one would find a conflict.
   */
  private static void dropDefaultPriorities(CustomResourceDefinition crd) {
    crd.getSpec().getVersions().stream()
        .flatMap(v -> v.getAdditionalPrinterColumns().stream())
        .filter(c -> Integer.valueOf(0).equals(c.getPriority()))
        .forEach(c -> c.setPriority(null));
  }

  /**
   * When server-side apply removes an object, API servers of 1.20 leave null behind, and the client
   * sends an empty text as null: each of them would make the server refuse the whole status. An
   * enum has no null.
   */
  private static void nullable(JSONSchemaProps schema) {
    if (schema.getProperties() != null) {
      schema.getProperties().values().stream()
          .filter(p -> p.getEnum() == null || p.getEnum().isEmpty())
          .filter(p -> p.getXKubernetesListType() == null)
          .forEach(p -> p.setNullable(true));
      schema
          .getProperties()
          .forEach(
              (name, p) -> {
                if (Objects.requireNonNullElse(schema.getRequired(), List.of()).contains(name)) {
                  p.setNullable(null);
                }
              });
    }
    children(schema).forEach(GeneratedCrds::nullable);
  }

  /**
   * A record's component carries its annotations on the field and the accessor: rules come twice.
   */
  private static void dropRepeatedRules(JSONSchemaProps schema) {
    if (schema.getXKubernetesValidations() != null) {
      schema.setXKubernetesValidations(
          new ArrayList<>(new LinkedHashSet<>(schema.getXKubernetesValidations())));
    }
    children(schema).forEach(GeneratedCrds::dropRepeatedRules);
  }

  /**
   * API servers before 1.27 do not derive a length from an enum, and then find rules too costly.
   */
  private static void boundEnums(JSONSchemaProps schema) {
    if (schema.getEnum() != null && !schema.getEnum().isEmpty()) {
      schema.setMaxLength(
          schema.getEnum().stream().mapToLong(e -> e.asText().length()).max().getAsLong());
    }
    children(schema).forEach(GeneratedCrds::boundEnums);
  }

  static List<JSONSchemaProps> children(JSONSchemaProps schema) {
    List<JSONSchemaProps> children = new ArrayList<>();
    if (schema.getProperties() != null) {
      children.addAll(schema.getProperties().values());
    }
    if (schema.getItems() != null) {
      children.add(schema.getItems().getSchema());
    }
    if (schema.getAdditionalProperties() != null
        && schema.getAdditionalProperties().getSchema() != null) {
      children.add(schema.getAdditionalProperties().getSchema());
    }
    return children;
  }

  /** The API server refuses lists with two entries of one key, and merges entries by it. */
  private static void asMap(JSONSchemaProps list, String key) {
    list.setXKubernetesListType("map");
    list.setXKubernetesListMapKeys(List.of(key));
    JSONSchemaProps item = list.getItems().getSchema();
    TreeSet<String> required = new TreeSet<>(item.getRequired());
    required.add(key);
    item.setRequired(new ArrayList<>(required));
  }

  /** As in Kubernetes' own metav1.Condition. */
  private static void conditions(JSONSchemaProps list) {
    Map<String, JSONSchemaProps> fields = new LinkedHashMap<>();
    fields.put(
        "lastTransitionTime", string("When status last changed.").withFormat("date-time").build());
    fields.put("message", string("Details for people.").withMaxLength(32768L).build());
    fields.put(
        "observedGeneration",
        new JSONSchemaPropsBuilder()
            .withType("integer")
            .withFormat("int64")
            .withMinimum(0.0)
            .withDescription("Generation of the spec that the condition speaks of.")
            .build());
    fields.put(
        "reason",
        string("Why, as one word for programs.")
            .withMinLength(1L)
            .withMaxLength(1024L)
            .withPattern("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")
            .build());
    fields.put(
        "status",
        string("True, False or Unknown.")
            .withEnum(
                List.of("True", "False", "Unknown").stream()
                    .map(s -> (JsonNode) YAML.getNodeFactory().textNode(s))
                    .toList())
            .build());
    fields.put("type", string("What is true or not.").withMaxLength(316L).build());
    list.getItems().getSchema().setProperties(fields);
    list.getItems()
        .getSchema()
        .setRequired(List.of("lastTransitionTime", "message", "reason", "status", "type"));
    asMap(list, "type");
  }

  private static JSONSchemaPropsBuilder string(String description) {
    return new JSONSchemaPropsBuilder().withType("string").withDescription(description);
  }

  private static String yaml(CustomResourceDefinition crd) {
    try {
      JsonNode tree = YAML.readTree(Serialization.asJson(crd));
      return "# Generated from dev.ejabberdlab.api.v1alpha1 by \"make generate\": change it there.\n"
          + YAML.writeValueAsString(wholeNumbers(tree));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A CRD is always JSON", e);
    }
  }

  /** Fabric8's model holds minimum and maximum as double: 64.0 for an integer field. */
  private static JsonNode wholeNumbers(JsonNode node) {
    if (node instanceof ObjectNode object) {
      object.properties().forEach(e -> e.setValue(wholeNumbers(e.getValue())));
    } else if (node instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        array.set(i, wholeNumbers(array.get(i)));
      }
    } else if (node.isDouble() && node.doubleValue() == node.longValue()) {
      return YAML.getNodeFactory().numberNode(node.longValue());
    }
    return node;
  }

  /** Takes the generator's output into memory. */
  private static final class InMemory
      extends CRDGenerator.AbstractCRDOutput<ByteArrayOutputStream> {

    private final ByteArrayOutputStream stream;

    InMemory(ByteArrayOutputStream stream) {
      this.stream = stream;
    }

    @Override
    protected ByteArrayOutputStream createStreamFor(String crdName) {
      return stream;
    }
  }
}
