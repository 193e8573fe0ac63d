package dev.ejabberdlab.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class InstalledCrdsTest {

  @Test
  void theSameAndANewerOneFit() {
    assertThat(InstalledCrds.fault(crd(), crd())).isEmpty();
    assertThat(
            InstalledCrds.fault(
                crd(), changed(s -> s.getProperties().put("later", new JSONSchemaProps()))))
        .isEmpty();
  }

  @Test
  void oneThatIsNotThereIsMissed() {
    assertThat(InstalledCrds.fault(crd(), null))
        .contains(
            "There is no CustomResourceDefinition ejabberdlabs.ejabberdlab.dev; apply the crds/ of this operator's version.");
  }

  @Test
  void anOlderOneLacksAFieldHoweverDeep() {
    assertThat(
            InstalledCrds.fault(
                crd(),
                changed(
                    schema ->
                        schema
                            .getProperties()
                            .get("status")
                            .getProperties()
                            .get("nodes")
                            .getItems()
                            .getSchema()
                            .getProperties()
                            .remove("drift"))))
        .contains(
            "CustomResourceDefinition ejabberdlabs.ejabberdlab.dev is older than this operator, it lacks status.nodes[].drift; apply the crds/ of this operator's version.");
  }

  @Test
  void anOlderOneLacksAValueOrAVersion() {
    assertThat(
            InstalledCrds.fault(
                crd(),
                changed(
                    schema ->
                        schema
                            .getProperties()
                            .get("status")
                            .getProperties()
                            .get("phase")
                            .getEnum()
                            .removeIf(value -> value.asText().equals("Halted")))))
        .hasValueSatisfying(fault -> assertThat(fault).contains("status.phase: \"Halted\""));
    CustomResourceDefinition other = crd();
    other.getSpec().getVersions().get(0).setName("v1alpha0");
    assertThat(InstalledCrds.fault(crd(), other))
        .hasValueSatisfying(fault -> assertThat(fault).contains("it lacks version v1alpha1"));
  }

  private static CustomResourceDefinition changed(Consumer<JSONSchemaProps> change) {
    CustomResourceDefinition crd = crd();
    change.accept(crd.getSpec().getVersions().get(0).getSchema().getOpenAPIV3Schema());
    return crd;
  }

  private static CustomResourceDefinition crd() {
    try (InputStream in = InstalledCrdsTest.class.getResourceAsStream("/crds/ejabberdlabs.yaml")) {
      return new KubernetesSerialization().unmarshal(in, CustomResourceDefinition.class);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
