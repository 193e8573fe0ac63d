package dev.ejabberdlab.api.v1alpha1;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.re2j.Pattern;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import dev.ejabberdlab.topology.ManagementCidrs;
import dev.ejabberdlab.topology.SpecTrees;
import dev.ejabberdlab.topology.SpecTrees.BadSpec;
import dev.ejabberdlab.topology.SpecTrees.RefusedBy;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.api.model.apiextensions.v1.ValidationRuleBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The CRDs' schemas and rules against good and bad objects, as an API server judges them. */
class SchemaRulesTest {

  private static final JSONSchemaProps LAB = GeneratedCrds.schema(GeneratedCrds.lab());
  private static final JSONSchemaProps HOST = GeneratedCrds.schema(GeneratedCrds.host());
  private static final SchemaRules RULES = new SchemaRules(LAB);
  private static final JsonSchema SCHEMA = schema(LAB);

  static List<BadSpec> badSpecs() {
    return SpecTrees.badSpecs();
  }

  @ParameterizedTest
  @MethodSource("badSpecs")
  void refusesABadSpecAsEarlyAsTheTableSays(BadSpec bad) {
    ObjectNode lab = bad.tree();
    List<String> schema = new ArrayList<>(errors(SCHEMA, lab));
    schema.addAll(duplicates("", LAB, lab));
    if (bad.refusedBy() == RefusedBy.schema) {
      assertThat(schema).isNotEmpty();
    } else {
      assertThat(schema).isEmpty();
      assertThat(RULES.create(lab))
          .containsExactlyElementsOf(bad.rules() == null ? List.of() : bad.rules());
    }
  }

  @Test
  void everyRuleRefusesSomething() {
    Set<String> messages = new TreeSet<>();
    badSpecs().stream().filter(b -> b.rules() != null).forEach(b -> messages.addAll(b.rules()));
    changes().forEach(c -> messages.addAll(messages(c)));
    assertThat(messages).containsExactlyInAnyOrderElementsOf(RULES.messages());
  }

  @SuppressWarnings("unchecked")
  private static List<String> messages(Arguments change) {
    return (List<String>) change.get()[3];
  }

  @ParameterizedTest
  @ValueSource(strings = {"minimal-lab.yaml", "reference-lab.yaml"})
  void acceptsTheSamples(String file) {
    ObjectNode lab = SpecTrees.sample(file);
    assertThat(errors(SCHEMA, lab)).isEmpty();
    assertThat(duplicates("", LAB, lab)).isEmpty();
    assertThat(RULES.create(lab)).isEmpty();
    assertThat(RULES.update(lab, lab)).isEmpty();
  }

  @Test
  void acceptsTheSampleHost() {
    ObjectNode host = SpecTrees.sample("libvirt-host.yaml");
    assertThat(errors(schema(HOST), host)).isEmpty();
    assertThat(new SchemaRules(HOST).create(host)).isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("changes")
  void judgesChanges(String name, ObjectNode before, ObjectNode after, List<String> messages) {
    assertThat(RULES.create(before)).isEmpty();
    assertThat(RULES.update(before, after)).containsExactlyElementsOf(messages);
  }

  static Stream<Arguments> changes() {
    String host = "spec.host cannot be changed: a lab does not move between hosts";
    String domain = "spec.ejabberd.domain cannot be changed: delete the lab and create it anew";
    String database = "spec.postgresql.name cannot be changed: delete the lab and create it anew";
    String owner = "spec.postgresql.owner cannot be changed: delete the lab and create it anew";
    String cidr = "the cidr of a network cannot be changed: delete the lab and create it anew";
    String mode = "the mode of a network cannot be changed: delete the lab and create it anew";
    String role = "the role of a node cannot be changed: remove the node and add another";
    ObjectNode minimal = SpecTrees.sample("minimal-lab.yaml");
    ObjectNode reference = SpecTrees.sample("reference-lab.yaml");
    ObjectNode named = with(minimal, "/spec/postgresql", "{name: other, owner: someone}");
    ObjectNode chosen = reference.deepCopy();
    ((ObjectNode) chosen.at("/spec/networks/0")).remove("cidr");
    chosen.at("/spec/nodes").forEach(n -> ((ObjectNode) n.at("/networks/0")).remove("address"));
    ObjectNode reordered = reference.deepCopy();
    reordered.withArray("/spec/nodes").add(reordered.withArray("/spec/nodes").remove(0));
    ObjectNode swapped = with(reference, "/spec/networks/0/mode", "isolated");
    return Stream.of(
        arguments("host", reference, with(reference, "/spec/host", "other"), List.of(host)),
        arguments(
            "domain with a named database",
            reference,
            with(reference, "/spec/ejabberd/domain", "other.local"),
            List.of(domain)),
        arguments(
            "domain that names the database",
            minimal,
            with(minimal, "/spec/ejabberd/domain", "other.local"),
            List.of(domain)),
        arguments(
            "database name",
            reference,
            with(reference, "/spec/postgresql/name", "other"),
            List.of(database)),
        arguments("database named anew", minimal, named, List.of(database, owner)),
        arguments("database's name left out", named, minimal, List.of(database, owner)),
        arguments(
            "default written out",
            minimal,
            with(minimal, "/spec/postgresql", "{name: ejabberd-domain-local, owner: ejabberd}"),
            List.of()),
        arguments(
            "default left out", reference, without(reference, "/spec", "database"), List.of()),
        arguments(
            "database address",
            reference,
            with(reference, "/spec/postgresql/address", "192.168.1.13"),
            List.of()),
        arguments(
            "cidr of an isolated network",
            reference,
            with(reference, "/spec/networks/1/cidr", "192.168.2.0/29"),
            List.of(cidr)),
        arguments(
            "cidr of the nat network",
            reference,
            with(reference, "/spec/networks/0/cidr", "192.168.122.0/24"),
            List.of(cidr)),
        arguments("cidr left out", reference, chosen, List.of(cidr)),
        arguments(
            "cidr given later",
            chosen,
            with(chosen, "/spec/networks/0/cidr", "192.168.121.0/24"),
            List.of()),
        arguments(
            "modes swapped",
            reference,
            with(swapped, "/spec/networks/1/mode", "nat"),
            List.of(mode, mode)),
        arguments("role", reference, with(reference, "/spec/nodes/0/role", "plain"), List.of(role)),
        arguments("order of nodes", reference, reordered, List.of()),
        arguments(
            "more memory", reference, with(reference, "/spec/nodes/0/memory", "2Gi"), List.of()));
  }

  @Test
  void aHostKeepsItsUri() {
    ObjectNode host = SpecTrees.sample("libvirt-host.yaml");
    assertThat(
            new SchemaRules(HOST).update(host, with(host, "/spec/uri", "qemu+tls://other/system")))
        .containsExactly("spec.uri cannot be changed: create another LibvirtHost");
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.0/16", "169.254.0.0/24", "224.0.0.0/8", "240.0.0.0/8"})
  void aHostHasOnlyNetworksThatLabsCanUse(String cidr) {
    ObjectNode host = SpecTrees.sample("libvirt-host.yaml");
    assertThat(
            new SchemaRules(HOST)
                .create(with(host, "/spec/managementCidrs", "[10.0.0.0/8, %s]".formatted(cidr))))
        .containsExactly(
            "no lab can use 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/4 and 240.0.0.0/4: give private networks like 10.121.0.0/16");
    assertThat(ManagementCidrs.violations(List.of(cidr))).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/spec/uri: 'http://example.org'",
        "/spec/uri: ''",
        "/spec/pool: '../images'",
        "/spec/virtualization: xen",
        "/spec/managementCidrs: [192.168.121.0]",
        "/spec/managementCidrs: 192.168.121.0/24"
      })
  void refusesBadHosts(String change) {
    String pointer = change.substring(0, change.indexOf(": "));
    ObjectNode host =
        with(
            SpecTrees.sample("libvirt-host.yaml"), pointer, change.substring(pointer.length() + 2));
    assertThat(errors(schema(HOST), host)).isNotEmpty();
  }

  /** Far from what API servers refuse: their estimates have grown before. */
  @Test
  void rulesAreCheapEnoughForEveryApiServer() {
    Map<String, Double> costs = RULES.costs();
    assertThat(costs)
        .allSatisfy((rule, cost) -> assertThat(cost).isLessThan(0.4 * RuleCosts.LIMIT));
    assertThat(costs.values().stream().mapToDouble(cost -> cost).sum())
        .isLessThan(0.4 * RuleCosts.LIMIT_OF_ALL);
  }

  /** What API servers refused: 1.33 and later the loops, 1.25.10 the replacement. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "self.nodes.all(n, n.networks.all(a, !has(a.address) || self.nodes.all(m, m.name == n.name"
            + " || !m.networks.exists(b, has(b.address) && b.address == a.address))))",
        "self.nodes.all(n, n.networks.all(a, !has(a.mac) || self.nodes.all(m, m.name == n.name"
            + " || !m.networks.exists(b, has(b.mac) && b.mac == a.mac))))",
        "self.ejabberd.domain.replace('.', '-') == self.postgresql.name.replace('.', '-')"
      })
  void findsTooDearWhatApiServersDo(String rule) {
    JSONSchemaProps schema = GeneratedCrds.schema(GeneratedCrds.lab());
    schema
        .getProperties()
        .get("spec")
        .setXKubernetesValidations(
            List.of(new ValidationRuleBuilder().withRule(rule).withMessage("").build()));
    assertThat(new SchemaRules(schema).costs().get("root.spec " + rule))
        .isGreaterThan(RuleCosts.LIMIT);
  }

  private static ObjectNode with(ObjectNode tree, String pointer, String yaml) {
    try {
      ObjectNode copy = tree.deepCopy();
      int last = pointer.lastIndexOf('/');
      JsonNode parent = copy.at(pointer.substring(0, last));
      ((ObjectNode) parent).set(pointer.substring(last + 1), SpecTrees.YAML.readTree(yaml));
      return copy;
    } catch (IOException e) {
      throw new IllegalArgumentException(yaml, e);
    }
  }

  private static ObjectNode without(ObjectNode tree, String parent, String field) {
    ObjectNode copy = tree.deepCopy();
    ((ObjectNode) copy.at(parent)).remove(field);
    return copy;
  }

  /** With Go's regular expressions, as API servers have them. */
  private static JsonSchema schema(JSONSchemaProps schema) {
    SchemaValidatorsConfig config =
        SchemaValidatorsConfig.builder()
            .regularExpressionFactory(
                regex -> {
                  Pattern pattern = Pattern.compile(regex);
                  return value -> pattern.matcher(value).find();
                })
            .build();
    try {
      return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
          .getSchema(SpecTrees.YAML.readTree(Serialization.asJson(schema)), config);
    } catch (IOException e) {
      throw new IllegalStateException("A schema is always JSON", e);
    }
  }

  private static List<String> errors(JsonSchema schema, JsonNode object) {
    return schema.validate(object).stream().map(ValidationMessage::getMessage).toList();
  }

  /** Entries that share the key of their list, which API servers refuse. */
  private static List<String> duplicates(String path, JSONSchemaProps schema, JsonNode value) {
    List<String> duplicates = new ArrayList<>();
    if (schema.getProperties() != null && value.isObject()) {
      schema
          .getProperties()
          .forEach(
              (name, child) -> {
                if (value.has(name)) {
                  duplicates.addAll(duplicates(path + "." + name, child, value.get(name)));
                }
              });
    }
    if (schema.getItems() != null && value.isArray()) {
      Set<String> keys = new HashSet<>();
      for (JsonNode item : value) {
        if ("map".equals(schema.getXKubernetesListType())
            && !keys.add(item.path(schema.getXKubernetesListMapKeys().get(0)).asText())) {
          duplicates.add(path);
        }
        duplicates.addAll(duplicates(path + "[]", schema.getItems().getSchema(), item));
      }
    }
    return duplicates;
  }
}
