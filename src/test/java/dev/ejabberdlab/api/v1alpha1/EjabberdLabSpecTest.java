package dev.ejabberdlab.api.v1alpha1;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import org.junit.jupiter.api.Test;

class EjabberdLabSpecTest {

  @Test
  void readsWhatAnEarlierOperatorKept() {
    EjabberdLabSpec spec =
        new KubernetesSerialization()
            .unmarshal(
                """
                {"image": {"volume": "image"}, "database": {"primary": "psql2server"},
                 "xmpp": {"domain": "domain.local"}}
                """,
                EjabberdLabSpec.class);

    assertThat(spec.postgresql().primary()).isEqualTo("psql2server");
    assertThat(spec.ejabberd().domain()).isEqualTo("domain.local");
  }
}
