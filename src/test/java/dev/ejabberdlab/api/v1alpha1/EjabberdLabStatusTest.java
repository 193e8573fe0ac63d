package dev.ejabberdlab.api.v1alpha1;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.EjabberdStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Records with a second constructor must still be read by their components. */
class EjabberdLabStatusTest {

  @Test
  void survivesJson() {
    PostgresqlStatus postgresql =
        PostgresqlStatus.builder()
            .currentPrimary("psql1server")
            .targetPrimary("psql1server")
            .readWriteAddress("192.168.1.12")
            .timeline(1)
            .systemIdentifier("7350000000000000001")
            .replication("Streaming")
            .lag("<1MiB")
            .instances(
                List.of(
                    new PostgresqlStatus.Instance(
                        "psql1server",
                        EjabberdLabStatus.InstanceRole.primary,
                        "running",
                        null,
                        null,
                        1)))
            .database("ejabberd-domain-local")
            .owner("ejabberd")
            .splitBrain(false)
            .fenced(List.of())
            .lastPrimaryChange(
                new PostgresqlStatus.PrimaryChange(
                    "psql2server",
                    "psql1server",
                    PostgresqlStatus.PrimaryChangeReason.PrimaryStopped,
                    PostgresqlStatus.PrimaryChangeState.Completed,
                    0L,
                    "2026-01-01T00:00:00Z",
                    "2026-01-01T00:00:04Z"))
            .synchronous(PostgresqlStatus.Synchrony.Active)
            .build();
    EjabberdStatus ejabberd =
        new EjabberdStatus(2, 1, "1/2", false, List.of(), "domain.local", null);
    assertThat(again(postgresql, PostgresqlStatus.class)).isEqualTo(postgresql);
    assertThat(again(ejabberd, EjabberdStatus.class)).isEqualTo(ejabberd);
    assertThat(Serialization.asJson(new EjabberdStatus(2, 2, "2/2", true, List.of())))
        .doesNotContain("domain");
  }

  private static <T> T again(T value, Class<T> type) {
    return Serialization.unmarshal(Serialization.asJson(value), type);
  }
}
