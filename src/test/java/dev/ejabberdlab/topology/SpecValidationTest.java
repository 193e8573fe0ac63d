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
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpecValidationTest {

  @Test
  void namesAsLongAsTheLabsObjectsCanHave() {
    EjabberdLab lab = Labs.reference();
    lab.getMetadata().setName("a".repeat(240));
    assertThat(SpecValidation.faults(lab)).isEmpty();
    lab.getMetadata().setName("a".repeat(253));
    assertThat(SpecValidation.faults(lab))
        .containsExactly(
            "metadata.name: has 253 characters; give 240 at most, so that the lab's Secret NAME-certificates can have its name.");
  }

  private static final Allocations WITH_CIDR =
      Allocations.NONE.withManagementCidr("192.168.121.0/24");

  static Stream<Labs.BadSpec> badSpecs() {
    return Labs.badSpecs().stream().filter(bad -> bad.faults() != null);
  }

  @ParameterizedTest
  @MethodSource("badSpecs")
  void refusesWithAllSentencesAtOnce(Labs.BadSpec bad) {
    EjabberdLab lab = Labs.lab(bad.tree());
    assertThatExceptionOfType(InvalidSpecException.class)
        .isThrownBy(() -> SpecValidation.validate(lab))
        .satisfies(e -> assertThat(e.faults()).containsExactlyElementsOf(bad.faults()));
    assertThatThrownBy(() -> LabTopology.of(lab, WITH_CIDR))
        .isInstanceOf(InvalidSpecException.class);
  }

  @Test
  void everySentenceEndsOnce() {
    assertThat(badSpecs().flatMap(bad -> bad.faults().stream()))
        .allSatisfy(fault -> assertThat(fault).matches("spec[^ ]*: [^\\n]*[^.]\\."));
  }

  @ParameterizedTest
  @ValueSource(strings = {"minimal-lab.yaml", "reference-lab.yaml"})
  void acceptsTheSamples(String file) {
    assertThat(SpecValidation.faults(Labs.lab(Labs.sample(file)))).isEmpty();
  }

  @Test
  void refusesALabWithoutSpec() {
    EjabberdLab lab = new EjabberdLab();
    assertThat(SpecValidation.faults(lab))
        .containsExactly(
            "spec: is missing; give at least spec.image.volume and spec.ejabberd.domain.");
    assertThat(SpecValidation.immutable(lab)).isEmpty();
  }

  /** Whatever is left out or replaced: a sentence or a lab, and nothing else. */
  @Test
  void whatItAcceptsCanBeBuilt() {
    List<String> pointers = new ArrayList<>();
    pointers("/spec", Labs.sample("reference-lab.yaml").get("spec"), pointers);
    int built = 0;
    for (String pointer : pointers) {
      for (String value : List.of("", "null", "'x y'", "[]", "{}", "[null]", "-1", "10.0.0.1")) {
        ObjectNode tree = Labs.sample("reference-lab.yaml");
        if (value.isEmpty()) {
          Labs.remove(tree, pointer);
        } else {
          Labs.set(tree, pointer, Labs.yaml(value));
        }
        EjabberdLab lab;
        try {
          lab = Labs.lab(tree);
        } catch (java.io.UncheckedIOException e) {
          continue;
        }
        if (SpecValidation.faults(lab).isEmpty()) {
          assertThat(LabTopology.of(lab, WITH_CIDR)).as("%s: %s", pointer, value).isNotNull();
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
    assertThat(SpecValidation.faults(Labs.lab(tree))).isEmpty();
    assertThat(LabTopology.of(Labs.lab(tree), Allocations.NONE).nodes())
        .extracting(n -> n.addressIn("management").orElseThrow())
        .containsExactly(
            "192.168.121.2", "192.168.121.3", "192.168.121.4", "192.168.121.5", "192.168.121.6");
  }

  @Test
  void aDatabaseInTheNatNetworkNeedsAnAddressOfItsOwnThere() {
    ObjectNode tree = withoutManagementAddresses("192.168.121.0/29");
    for (int i : List.of(3, 4)) {
      Labs.remove(tree, "/spec/nodes/" + i + "/networks/1");
    }
    Labs.remove(tree, "/spec/postgresql/address");
    Labs.remove(tree, "/spec/hosts");
    assertThat(SpecValidation.faults(Labs.lab(tree)))
        .containsExactly(
            "spec.postgresql.address: network management, 192.168.121.0/29, has no address left for the"
                + " database; give it a shorter prefix or fewer nodes.");
    Labs.set(tree, "/spec/postgresql/address", Labs.yaml("192.168.121.4"));
    assertThat(SpecValidation.faults(Labs.lab(tree))).hasSize(1);
    Labs.set(tree, "/spec/networks/0/cidr", Labs.yaml("192.168.121.0/28"));
    assertThat(SpecValidation.faults(Labs.lab(tree))).isEmpty();
  }

  private static ObjectNode withoutManagementAddresses(String cidr) {
    ObjectNode tree = Labs.sample("reference-lab.yaml");
    Labs.set(tree, "/spec/networks/0/cidr", Labs.yaml(cidr));
    for (int i = 0; i < 5; i++) {
      Labs.remove(tree, "/spec/nodes/" + i + "/networks/0/address");
    }
    return tree;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          host: other | spec.host: cannot be changed from other to "default"; set it back, or delete the lab and create it anew.
          networks: [{name: management}, {name: dmz, cidr: 10.0.0.0/29}] | spec.networks[1].cidr: cannot be changed from 10.0.0.0/29 to "192.168.1.0/29"; set it back, or delete the lab and create it anew.
          networks: [{name: management}, {name: dmz, mode: nat, cidr: 192.168.1.0/29}] | spec.networks[1].mode: cannot be changed from nat to "isolated"; set it back, or delete the lab and create it anew.
          networks: [{name: management, cidr: 10.121.3.0/24}] | spec.networks[0].cidr: cannot be changed from 10.121.3.0/24 to "192.168.121.0/24"; set it back, or delete the lab and create it anew.
          nodes: [{name: e2server, role: plain}] | spec.nodes[2].role: cannot be changed from plain to "ejabberd"; set it back, or delete the lab and create it anew.
          postgresql: {database: other} | spec.postgresql.name: cannot be changed from other to "ejabberd-domain-local"; set it back, or delete the lab and create it anew.
          postgresql: {owner: other} | spec.postgresql.owner: cannot be changed from other to "ejabberd"; set it back, or delete the lab and create it anew.
          networks: [{name: lan}, {name: dmz}] | spec.networks: the management network cannot be exchanged for "management"; keep its name, or delete the lab and create it anew.
          postgresql: {currentPrimary: db9, targetPrimary: db9} | spec.nodes: db9 is the primary of PostgreSQL and cannot be removed; switch over to another instance first.
          postgresql: {targetPrimary: db9} | spec.nodes: db9 is the primary of PostgreSQL and cannot be removed; switch over to another instance first.
          ejabberd: {domain: other.local} | spec.ejabberd.domain: cannot be changed from other.local to "domain.local"; set it back, or delete the lab and create it anew.
          """)
  void refusesChangesOfWhatIsMade(String status, String fault) {
    EjabberdLab lab = withStatus("reference-lab.yaml", status);
    assertThat(SpecValidation.immutable(lab)).containsExactly(fault);
    assertThatExceptionOfType(InvalidSpecException.class)
        .isThrownBy(() -> SpecValidation.validate(lab))
        .satisfies(e -> assertThat(e.faults()).containsExactly(fault));
  }

  @Test
  void refusesDefaultsThatWouldChangeWhatIsMade() {
    EjabberdLab lab =
        withStatus(
            "minimal-lab.yaml", "networks: [{name: management}, {name: dmz, cidr: 10.0.0.0/29}]");
    assertThat(SpecValidation.immutable(lab))
        .containsExactly(
            "spec.networks[1].cidr: cannot be changed from 10.0.0.0/29 to \"192.168.1.0/29\"; set it"
                + " back, or delete the lab and create it anew.");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{host: default, networks: [{name: management}, {name: dmz, cidr: 192.168.1.0/29}, {name: gone, cidr: 10.0.0.0/8}]}",
        "{nodes: [{name: e1server, role: ejabberd}, {name: gone, role: plain}, {name: e2server}]}",
        "{postgresql: {database: ejabberd-domain-local, owner: ejabberd}, ejabberd: {domain: domain.local}}",
        "{postgresql: {readWriteAddress: 192.168.1.12}, ejabberd: {}}",
        "{postgresql: {currentPrimary: psql2server, targetPrimary: psql1server}}"
      })
  void acceptsAStatusThatFits(String status) {
    SpecValidation.validate(withStatus("reference-lab.yaml", status));
    SpecValidation.validate(withStatus("minimal-lab.yaml", status));
  }

  @Test
  void refusesAnAddressThatWasChosenForAnotherNode() {
    ObjectNode tree = withoutManagementAddresses("192.168.121.0/24");
    Labs.set(tree, "/spec/nodes/0/networks/0/address", Labs.yaml("192.168.121.11"));
    Labs.set(
        tree,
        "/status",
        Labs.yaml("nodes: [{name: e1server, addresses: {management: 192.168.121.11}}]"));
    assertThat(SpecValidation.faults(Labs.lab(tree)))
        .containsExactly(
            "spec.nodes: address 192.168.121.11 of node gw1server was chosen for node e1server before;"
                + " give node gw1server another.");
  }

  @Test
  void refusesANodeThatTakesTheReadWriteAddressInUse() {
    ObjectNode tree = Labs.sample("reference-lab.yaml");
    Labs.remove(tree, "/spec/postgresql");
    Labs.remove(tree, "/spec/hosts");
    Labs.set(tree, "/spec/nodes/4/networks/1/address", Labs.yaml("192.168.1.12"));
    Labs.set(tree, "/status", Labs.yaml("postgresql: {readWriteAddress: 192.168.1.12}"));
    assertThat(SpecValidation.faults(Labs.lab(tree)))
        .containsExactly(
            "spec.nodes: address 192.168.1.12 of node psql2server is the database's read-write"
                + " address; give the node another.");
  }

  @Test
  void refusesToMoveTheDatabaseToAnotherNetwork() {
    ObjectNode tree = Labs.sample("reference-lab.yaml");
    Labs.remove(tree, "/spec/postgresql");
    Labs.set(tree, "/status", Labs.yaml("postgresql: {readWriteAddress: 192.168.1.6}"));
    assertThat(SpecValidation.faults(Labs.lab(tree)))
        .containsExactly(
            "spec.nodes: the PostgreSQL nodes would meet in network internal, but the database's"
                + " read-write address is 192.168.1.6; attach all of them to its network.");
  }

  @Test
  void refusesANetworkThatOverlapsTheManagementNetworkTakenFromThePool() {
    ObjectNode tree = withoutManagementAddresses("192.168.121.0/24");
    Labs.remove(tree, "/spec/networks/0/cidr");
    Labs.set(
        tree, "/spec/networks/-", Labs.yaml("{name: more, mode: isolated, cidr: 10.121.0.64/29}"));
    Labs.set(tree, "/status", Labs.yaml("networks: [{name: management, cidr: 10.121.0.0/24}]"));
    assertThat(SpecValidation.faults(Labs.lab(tree)))
        .containsExactly(
            "spec.networks[3].cidr: 10.121.0.64/29 overlaps network management, 10.121.0.0/24; give"
                + " networks that do not overlap.");
  }

  @Test
  void theRecordedHostCountsWhateverTheSpecNames() {
    EjabberdLab lab = withStatus("reference-lab.yaml", "host: other");

    assertThat(lab.hostInUse()).isEqualTo("other");
  }

  private static EjabberdLab withStatus(String sample, String status) {
    ObjectNode tree = Labs.sample(sample);
    return Labs.lab(Labs.set(tree, "/status", Labs.yaml(status)));
  }
}
