package dev.ejabberdlab.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChangeValidationTest {

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
          postgresql: {targetPrimary: psql1server, instances: [{name: psql1server}, {name: db9}, {name: db8}]} | spec.nodes: db9, db8 cannot be removed while no instance is seen to accept writes: the primary or the last copy of a commit could go; put it back, or wait until the database works.
          ejabberd: {domain: other.local} | spec.ejabberd.domain: cannot be changed from other.local to "domain.local"; set it back, or delete the lab and create it anew.
          """)
  void refusesChangesOfWhatIsMade(String status, String change) {
    EjabberdLab lab = SpecTrees.withStatus("reference-lab.yaml", status);
    assertThat(changes(lab)).containsExactly(change);
    assertThatExceptionOfType(InvalidSpecException.class)
        .isThrownBy(() -> SpecValidation.validate(lab))
        .satisfies(e -> assertThat(e.violations()).containsExactly(change));
  }

  @Test
  void refusesDefaultsThatWouldChangeWhatIsMade() {
    EjabberdLab lab =
        SpecTrees.withStatus(
            "minimal-lab.yaml", "networks: [{name: management}, {name: dmz, cidr: 10.0.0.0/29}]");
    assertThat(changes(lab))
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
        "{postgresql: {currentPrimary: psql2server, targetPrimary: psql1server}}",
        "{postgresql: {currentPrimary: psql2server, instances: [{name: psql2server}, {name: db9}]}}",
        "{postgresql: {targetPrimary: psql2server, instances: [{name: psql1server}, {name: psql2server}]}}"
      })
  void acceptsAStatusThatFits(String status) {
    SpecValidation.validate(SpecTrees.withStatus("reference-lab.yaml", status));
    SpecValidation.validate(SpecTrees.withStatus("minimal-lab.yaml", status));
  }

  /** In a lab that is halted no instance is seen: there the record counts. */
  @ParameterizedTest
  @CsvSource({"false, 7309, true", "false, , false", "true, 7309, false", "true, , false"})
  void anInstanceMayLeaveALabThatIsHalted(boolean running, String system, boolean accepted) {
    ObjectNode halted =
        SpecTrees.set(
            SpecTrees.sample("reference-lab.yaml"), "/spec/running", BooleanNode.valueOf(running));
    EjabberdLab lab =
        SpecTrees.lab(
            SpecTrees.set(
                halted,
                "/status",
                SpecTrees.yaml(
                    "postgresql: {systemIdentifier: %s, targetPrimary: psql1server, instances: [{name: psql1server}, {name: db9}]}"
                        .formatted(system == null ? "null" : "'" + system + "'"))));

    assertThat(changes(lab).isEmpty()).isEqualTo(accepted);
  }

  @Test
  void noInstanceLeavesALabWhoseStatusWasLost() {
    List<String> two = List.of("psql1server", "psql2server");
    List<String> three = List.of("psql1server", "psql2server", "psql3server");
    EjabberdLab lost = SpecTrees.reference();
    SpecValidation.keepsInstances(lost, () -> two, two);
    SpecValidation.keepsInstances(lost, () -> two, three);
    SpecValidation.keepsInstances(lost, List::of, two);
    SpecValidation.keepsInstances(
        SpecTrees.withStatus("reference-lab.yaml", "postgresql: {currentPrimary: psql1server}"),
        () -> three,
        two);

    assertThatExceptionOfType(InvalidSpecException.class)
        .isThrownBy(() -> SpecValidation.keepsInstances(lost, () -> three, two))
        .satisfies(
            e ->
                assertThat(e.violations())
                    .containsExactly(
                        "spec.nodes: psql3server cannot be removed while no instance is seen to accept writes: the primary or the last copy of a commit could go; put it back, or wait until the database works."));
  }

  private static List<String> changes(EjabberdLab lab) {
    return ChangeValidation.violations(lab, CompleteSpec.of(lab.getSpec()));
  }
}
