package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The end of the shared lab; nothing that needs it comes after. */
@ExtendWith(SharedLab.Extension.class)
@Order(Integer.MAX_VALUE - 1)
class DeletionE2E {

  private final SharedLab lab;

  DeletionE2E(SharedLab lab) {
    this.lab = lab.ready();
  }

  @Test
  void theLabGoesWithoutATrace() {
    lab.handle().delete();
    Awaitility.await().atMost(GuestStand.PATIENCE).until(() -> lab.resource() == null);
    assertThat(lab.stand.inventory()).isEqualTo(lab.before);
    assertThat(
            lab.stand.client.secrets().inNamespace(GuestStand.NAMESPACE).list().getItems().stream()
                .map(s -> s.getMetadata().getName())
                .filter(n -> n.startsWith(SharedLab.NAME)))
        .isEmpty();
  }
}
