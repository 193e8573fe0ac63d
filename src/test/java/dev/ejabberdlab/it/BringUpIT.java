package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From apply to Ready. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
class BringUpIT {

  @TempDir static Path directory;
  @Inject SimulatedHosts hosts;

  @Test
  void comesUp() {
    try (Stand stand = Stand.open(hosts, directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      assertThat(stand.host.domainsOf(lab.getMetadata().getUid())).hasSize(5);
    }
  }
}
