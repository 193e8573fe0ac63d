package dev.ejabberdlab.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ContainerNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpecValidationTest {

  @Test
  void namesAsLongAsTheLabsObjectsCanHave() {
    EjabberdLab lab = SpecTrees.reference();
    lab.getMetadata().setName("a".repeat(240));
    assertThat(SpecValidation.violations(lab)).isEmpty();
    lab.getMetadata().setName("a".repeat(253));
    assertThat(SpecValidation.violations(lab))
        .containsExactly(
            "metadata.name: has 253 characters; give 240 at most, so that the lab's Secret NAME-certificates can have its name.");
  }

  private static final Allocations WITH_CIDR =
      Allocations.NONE.withManagementCidr("192.168.121.0/24");

  static Stream<SpecTrees.BadSpec> badSpecs() {
    return SpecTrees.badSpecs().stream().filter(bad -> bad.violations() != null);
  }

  @ParameterizedTest
  @MethodSource("badSpecs")
  void refusesWithAllSentencesAtOnce(SpecTrees.BadSpec bad) {
    EjabberdLab lab = SpecTrees.lab(bad.tree());
    assertThatExceptionOfType(InvalidSpecException.class)
        .isThrownBy(() -> SpecValidation.validate(lab))
        .satisfies(e -> assertThat(e.violations()).containsExactlyElementsOf(bad.violations()));
    assertThatThrownBy(() -> TopologyBuilder.build(lab, WITH_CIDR))
        .isInstanceOf(InvalidSpecException.class);
  }

  @Test
  void everySentenceEndsOnce() {
    assertThat(badSpecs().flatMap(bad -> bad.violations().stream()))
        .allSatisfy(sentence -> assertThat(sentence).matches("spec[^ ]*: [^\\n]*[^.]\\."));
  }

  @ParameterizedTest
  @ValueSource(strings = {"minimal-lab.yaml", "reference-lab.yaml"})
  void acceptsTheSamples(String file) {
    assertThat(SpecValidation.violations(SpecTrees.lab(SpecTrees.sample(file)))).isEmpty();
  }

  @Test
  void refusesALabWithoutSpec() {
    EjabberdLab lab = new EjabberdLab();
    assertThat(SpecValidation.violations(lab))
        .containsExactly(
            "spec: is missing; give at least spec.image.volume and spec.ejabberd.domain.");
    assertThat(ChangeValidation.violations(lab, CompleteSpec.of(null))).isEmpty();
  }

  /** Whatever is left out or replaced: a sentence or a lab, and nothing else. */
  @Test
  void whatItAcceptsCanBeBuilt() {
    List<String> pointers = new ArrayList<>();
    pointers("/spec", SpecTrees.sample("reference-lab.yaml").get("spec"), pointers);
    int built = 0;
    for (String pointer : pointers) {
      for (String value : List.of("", "null", "'x y'", "[]", "{}", "[null]", "-1", "10.0.0.1")) {
        ObjectNode tree = SpecTrees.sample("reference-lab.yaml");
        if (value.isEmpty()) {
          SpecTrees.remove(tree, pointer);
        } else {
          SpecTrees.set(tree, pointer, SpecTrees.yaml(value));
        }
        EjabberdLab lab;
        try {
          lab = SpecTrees.lab(tree);
        } catch (java.io.UncheckedIOException e) {
          continue;
        }
        if (SpecValidation.violations(lab).isEmpty()) {
          assertThat(TopologyBuilder.build(lab, WITH_CIDR))
              .as("%s: %s", pointer, value)
              .isNotNull();
          built++;
        }
      }
    }
    assertThat(pointers).hasSizeGreaterThan(100);
    assertThat(built).isGreaterThan(100);
  }

  private static void pointers(String path, JsonNode node, List<String> pointers) {
    pointers.add(path);
    if (node instanceof ContainerNode) {
      node.properties().forEach(e -> pointers(path + "/" + e.getKey(), e.getValue(), pointers));
      for (int i = 0; node.isArray() && i < node.size(); i++) {
        pointers(path + "/" + i, node.get(i), pointers);
      }
    }
  }

  @Test
  void acceptsANatNetworkThatJustHoldsAllNodes() {
    ObjectNode tree = withoutManagementAddresses("192.168.121.0/29");
    assertThat(SpecValidation.violations(SpecTrees.lab(tree))).isEmpty();
    assertThat(TopologyBuilder.build(SpecTrees.lab(tree), Allocations.NONE).nodes())
        .extracting(n -> n.addressIn("management").orElseThrow())
        .containsExactly(
            "192.168.121.2", "192.168.121.3", "192.168.121.4", "192.168.121.5", "192.168.121.6");
  }

  @Test
  void aDatabaseInTheNatNetworkNeedsAnAddressOfItsOwnThere() {
    ObjectNode tree = withoutManagementAddresses("192.168.121.0/29");
    for (int i : List.of(3, 4)) {
      SpecTrees.remove(tree, "/spec/nodes/" + i + "/networks/1");
    }
    SpecTrees.remove(tree, "/spec/postgresql/address");
    SpecTrees.remove(tree, "/spec/hosts");
    assertThat(SpecValidation.violations(SpecTrees.lab(tree)))
        .containsExactly(
            "spec.postgresql.address: network management, 192.168.121.0/29, has no address left for the"
                + " database; give it a shorter prefix or fewer nodes.");
    SpecTrees.set(tree, "/spec/postgresql/address", SpecTrees.yaml("192.168.121.4"));
    assertThat(SpecValidation.violations(SpecTrees.lab(tree))).hasSize(1);
    SpecTrees.set(tree, "/spec/networks/0/cidr", SpecTrees.yaml("192.168.121.0/28"));
    assertThat(SpecValidation.violations(SpecTrees.lab(tree))).isEmpty();
  }

  private static ObjectNode withoutManagementAddresses(String cidr) {
    ObjectNode tree = SpecTrees.sample("reference-lab.yaml");
    SpecTrees.set(tree, "/spec/networks/0/cidr", SpecTrees.yaml(cidr));
    for (int i = 0; i < 5; i++) {
      SpecTrees.remove(tree, "/spec/nodes/" + i + "/networks/0/address");
    }
    return tree;
  }

  @Test
  void refusesAnAddressThatWasChosenForAnotherNode() {
    ObjectNode tree = withoutManagementAddresses("192.168.121.0/24");
    SpecTrees.set(tree, "/spec/nodes/0/networks/0/address", SpecTrees.yaml("192.168.121.11"));
    SpecTrees.set(
        tree,
        "/status",
        SpecTrees.yaml("nodes: [{name: e1server, addresses: {management: 192.168.121.11}}]"));
    assertThat(SpecValidation.violations(SpecTrees.lab(tree)))
        .containsExactly(
            "spec.nodes: address 192.168.121.11 of node gw1server was chosen for node e1server before;"
                + " give node gw1server another.");
  }

  @Test
  void refusesANodeThatTakesTheReadWriteAddressInUse() {
    ObjectNode tree = SpecTrees.sample("reference-lab.yaml");
    SpecTrees.remove(tree, "/spec/postgresql");
    SpecTrees.remove(tree, "/spec/hosts");
    SpecTrees.set(tree, "/spec/nodes/4/networks/1/address", SpecTrees.yaml("192.168.1.12"));
    SpecTrees.set(tree, "/status", SpecTrees.yaml("postgresql: {readWriteAddress: 192.168.1.12}"));
    assertThat(SpecValidation.violations(SpecTrees.lab(tree)))
        .containsExactly(
            "spec.nodes: address 192.168.1.12 of node psql2server is the database's read-write"
                + " address; give the node another.");
  }

  @Test
  void refusesToMoveTheDatabaseToAnotherNetwork() {
    ObjectNode tree = SpecTrees.sample("reference-lab.yaml");
    SpecTrees.remove(tree, "/spec/postgresql");
    SpecTrees.set(tree, "/status", SpecTrees.yaml("postgresql: {readWriteAddress: 192.168.1.6}"));
    assertThat(SpecValidation.violations(SpecTrees.lab(tree)))
        .containsExactly(
            "spec.nodes: the PostgreSQL nodes would meet in network internal, but the database's"
                + " read-write address is 192.168.1.6; attach all of them to its network.");
  }

  @Test
  void refusesANetworkThatOverlapsTheManagementNetworkTakenFromThePool() {
    ObjectNode tree = withoutManagementAddresses("192.168.121.0/24");
    SpecTrees.remove(tree, "/spec/networks/0/cidr");
    SpecTrees.set(
        tree,
        "/spec/networks/-",
        SpecTrees.yaml("{name: more, mode: isolated, cidr: 10.121.0.64/29}"));
    SpecTrees.set(
        tree, "/status", SpecTrees.yaml("networks: [{name: management, cidr: 10.121.0.0/24}]"));
    assertThat(SpecValidation.violations(SpecTrees.lab(tree)))
        .containsExactly(
            "spec.networks[3].cidr: 10.121.0.64/29 overlaps network management, 10.121.0.0/24; give"
                + " networks that do not overlap.");
  }

  @Test
  void theRecordedHostCountsWhateverTheSpecNames() {
    EjabberdLab lab = SpecTrees.withStatus("reference-lab.yaml", "host: other");

    assertThat(lab.hostInUse()).isEqualTo("other");
  }
}
