package dev.ejabberdlab.controller;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is derived from a lab's name is something that Kubernetes takes. */
class LongNamesTest {

  private static final String LABEL = "[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?";
  private static final String NAME =
      "[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*";

  private static EjabberdLab lab(String name) {
    EjabberdLab lab = new EjabberdLab();
    lab.getMetadata().setName(name);
    lab.getMetadata().setUid("5a5a5a5a-0000-4000-8000-000000000000");
    return lab;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 63, 64, 68, 240, 253})
  void labelsFit(int length) {
    String name = "a".repeat(length);
    ObjectMeta metadata = OwnedObjects.metadata(lab(name), name);

    assertThat(metadata.getLabels().values()).allMatch(value -> value.matches(LABEL));
    assertThat(metadata.getOwnerReferences().get(0).getName()).isEqualTo(name);
  }

  @Test
  void aNameThatFitsIsTheLabel() {
    assertThat(OwnedObjects.metadata(lab("demo"), "demo-ca").getLabels())
        .isEqualTo(
            Map.of(
                OwnedObjects.MANAGED_BY,
                OwnedObjects.OPERATOR,
                "app.kubernetes.io/instance",
                "demo"));
  }

  @Test
  void shortNamesDifferAndEndLikeNames() {
    String one = "a".repeat(53) + "." + "b".repeat(199);
    String other = "a".repeat(53) + "." + "c".repeat(199);

    assertThat(ShortNames.of(one, 63)).matches(NAME).hasSizeLessThanOrEqualTo(63);
    assertThat(ShortNames.of(one, 63)).isNotEqualTo(ShortNames.of(other, 63));
    assertThat(ShortNames.of(one, 216)).matches(NAME).hasSize(216);
  }
}
