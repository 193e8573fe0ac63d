package dev.ejabberdlab.status;

import static dev.ejabberdlab.observe.LabFixture.primary;
import static dev.ejabberdlab.observe.LabFixture.standby;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Instance;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.plan.Scene;
import org.junit.jupiter.api.Test;

class WaitedForTest {

  private static final String P1 = "psql1server";
  private static final String P2 = "psql2server";

  private static Scene with(Postgresql first, Postgresql second) {
    return Scene.ready().postgresql(P1, first).postgresql(P2, second);
  }

  /** A primary that no standby streams from, with so much WAL. */
  private static Postgresql alone(long lsn) {
    return primary().toBuilder().lsn(lsn).build();
  }

  /** A row that only it acknowledged would be lost if it were forgotten. */
  @Test
  void aStandbyForWhichCommitsWaitedIsRememberedWhenItGoes() {
    Primacy active = Primacy.builder(P1).synchrony(Synchrony.Blocked).build();
    Scene waits = with(primary(new Standby(P2, "streaming", 0, true)), standby()).primacy(active);
    Story story = new Story();
    EjabberdLabStatus first = story.then(waits).status();
    assertThat(instance(first).synchronous()).isTrue();
    assertThat(instance(first).synchronousUpTo()).isNull();

    EjabberdLabStatus gone = story.then(with(alone(77), standby()).primacy(active)).status();
    assertThat(instance(gone).synchronous()).isTrue();
    assertThat(instance(gone).synchronousUpTo()).isEqualTo(77);

    EjabberdLabStatus later = story.then(with(alone(99), standby()).primacy(active)).status();
    assertThat(instance(later).synchronousUpTo())
        .as("nothing was acknowledged since")
        .isEqualTo(77);
  }

  private static Instance instance(EjabberdLabStatus status) {
    return status.postgresql().instances().get(1);
  }
}
