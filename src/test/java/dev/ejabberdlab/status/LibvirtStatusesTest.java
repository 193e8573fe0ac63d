package dev.ejabberdlab.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.LibvirtStatus;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Scene;
import java.util.List;
import org.junit.jupiter.api.Test;

class LibvirtStatusesTest {

  @Test
  void disksStayInTheRecordUntilTheyAreGone() {
    EjabberdLabStatus first = Story.first(Scene.ready());
    assertThat(first.libvirt().volumes()).hasSize(5);
    String left = "ejl-1a2b3c4d-e3server.qcow2";
    Scene scene = Scene.ready().surplus(Seen.of(new Remains(List.of(), List.of(), List.of(left))));
    EjabberdLabStatus more =
        first.toBuilder()
            .libvirt(new LibvirtStatus("u", "p", List.of(left, "ejl-1a2b3c4d-x.qcow2")))
            .build();

    LibvirtStatus record = new Story().becomes(more).then(scene).status().libvirt();
    assertThat(record.volumes()).hasSize(6).contains(left);
    assertThat(record.pool()).isEqualTo("p");
    assertThat(
            new Story()
                .becomes(more)
                .then(Scene.ready().surplus(Seen.unknown("away")))
                .status()
                .libvirt()
                .volumes())
        .hasSize(7);
  }
}
