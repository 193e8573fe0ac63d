package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NetworkStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many labs at once, and what they cost when nothing happens. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
class ManyLabsIT {

  private static final int LABS = 30;

  /** Longer than every interval at which something is looked at anew. */
  private static final Duration QUIET = Duration.ofSeconds(40);

  /** At most one for each guest that is asked, and a few for the host. */
  private static final int THREADS = LABS * 5 + 10;

  @TempDir static Path directory;

  @Test
  void allComeUpAndThenThereIsSilence() {
    try (ApiStand stand = ApiStand.open(directory)) {
      List<EjabberdLab> labs = new ArrayList<>();
      for (int i = 0; i < LABS; i++) {
        labs.add(stand.create("lab-" + i));
      }
      labs.forEach(stand::awaitReady);

      assertThat(stand.labs())
          .flatExtracting(lab -> lab.getStatus().networks())
          .filteredOn(n -> n.name().equals("management"))
          .extracting(NetworkStatus::cidr)
          .doesNotHaveDuplicates()
          .hasSize(LABS);
      assertThat(stand.host.changes()).doesNotHaveDuplicates();

      Map<String, String> settled = settled(stand);
      Awaitility.await("silence")
          .during(QUIET)
          .atMost(ApiStand.PATIENCE)
          .pollInterval(Duration.ofSeconds(2))
          .until(() -> versions(stand).equals(settled));
      assertThat(threads()).isLessThan(THREADS);
    }
  }

  /** Versions of everything that the operator writes, once they have stopped changing. */
  private static Map<String, String> settled(ApiStand stand) {
    List<Map<String, String>> last = new ArrayList<>(List.of(Map.of()));
    Awaitility.await("nothing more is written")
        .atMost(ApiStand.PATIENCE)
        .pollInterval(Duration.ofSeconds(8))
        .until(
            () -> {
              Map<String, String> now = versions(stand);
              return now.equals(last.set(0, now));
            });
    return last.get(0);
  }

  private static Map<String, String> versions(ApiStand stand) {
    Map<String, String> versions = new TreeMap<>();
    for (EjabberdLab lab : stand.labs()) {
      versions.put("lab " + lab.getMetadata().getName(), lab.getMetadata().getResourceVersion());
    }
    for (Event event : stand.events()) {
      versions.put(
          "event " + event.getMetadata().getName(), event.getMetadata().getResourceVersion());
    }
    stand
        .secrets()
        .forEach(
            s ->
                versions.put(
                    "secret " + s.getMetadata().getName(), s.getMetadata().getResourceVersion()));
    versions.put("host", stand.libvirtHost().getMetadata().getResourceVersion());
    return versions;
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(
            t -> t.getName().startsWith("background-") || t.getName().startsWith("libvirt-call"))
        .count();
  }
}
