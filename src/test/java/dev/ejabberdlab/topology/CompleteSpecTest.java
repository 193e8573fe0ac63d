package dev.ejabberdlab.topology;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Account;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CompleteSpecTest {

  @ParameterizedTest
  @ValueSource(strings = {"minimal-lab.yaml", "reference-lab.yaml"})
  void whatIsCompleteStaysAsItIs(String file) {
    EjabberdLabSpec spec = complete(SpecTrees.sample(file)).spec();
    assertThat(CompleteSpec.of(spec).spec()).isEqualTo(spec);
  }

  @Test
  void noSpecIsTheReferenceLab() {
    CompleteSpec none = CompleteSpec.of(null);
    EjabberdLabSpec minimal = complete(SpecTrees.sample("minimal-lab.yaml")).spec();
    assertThat(none.spec().networks()).isEqualTo(minimal.networks());
    assertThat(none.spec().nodes()).isEqualTo(minimal.nodes());
    assertThat(none.spec().image()).isNull();
    assertThat(none.spec().ejabberd().domain()).isNull();
    assertThat(none.spec().postgresql().name()).isNull();
    assertThat(none.lacksNodes()).isFalse();
  }

  @Test
  void knowsWhatTheUserWrote() {
    CompleteSpec minimal = complete(SpecTrees.sample("minimal-lab.yaml"));
    assertThat(minimal.networks())
        .extracting(Located::path)
        .containsExactly("network management", "network dmz", "network internal");
    assertThat(minimal.nodes()).extracting(Located::path).contains("node e1server");
    assertThat(minimal.adminsPath()).isEqualTo("the default of spec.ejabberd.admins");
    assertThat(minimal.namesDatabase()).isFalse();

    CompleteSpec reference = complete(SpecTrees.sample("reference-lab.yaml"));
    assertThat(reference.networks())
        .extracting(Located::path)
        .containsExactly("spec.networks[0]", "spec.networks[1]", "spec.networks[2]");
    assertThat(reference.nodes()).extracting(Located::path).contains("spec.nodes[1]");
    assertThat(reference.namesDatabase()).isTrue();
  }

  @Test
  void theDefaultNodesBelongIntoTheDefaultNetworks() {
    ObjectNode tree = SpecTrees.sample("reference-lab.yaml");
    SpecTrees.remove(tree, "/spec/nodes");
    assertThat(complete(tree).lacksNodes()).isTrue();
    SpecTrees.remove(tree, "/spec/networks");
    assertThat(complete(tree).lacksNodes()).isFalse();
  }

  @Test
  void anAdministratorIsNoDefaultUser() {
    ObjectNode tree = SpecTrees.sample("minimal-lab.yaml");
    SpecTrees.set(
        tree, "/spec/ejabberd/admins", SpecTrees.yaml("[{name: max}, {name: admin}, null]"));
    assertThat(complete(tree).spec().ejabberd().users()).isEmpty();
    SpecTrees.set(tree, "/spec/ejabberd/admins", SpecTrees.yaml("[]"));
    assertThat(complete(tree).spec().ejabberd().users())
        .isEqualTo(List.of(new Account("max", null)));
  }

  private static CompleteSpec complete(ObjectNode tree) {
    return CompleteSpec.of(SpecTrees.lab(tree).getSpec());
  }
}
