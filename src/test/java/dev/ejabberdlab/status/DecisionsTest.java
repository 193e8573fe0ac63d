package dev.ejabberdlab.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.plan.Scene;
import org.junit.jupiter.api.Test;

class DecisionsTest {

  private static EjabberdLabStatus status(String target, PrimaryChangeState state) {
    PrimaryChange change =
        new PrimaryChange(
            "psql1server",
            "psql2server",
            PrimaryChangeReason.PrimaryStopped,
            state,
            0L,
            "2026-05-04T03:02:01Z",
            state == PrimaryChangeState.Completed ? "2026-05-04T03:02:05Z" : null);
    return Story.first(Scene.ready().primacy(Primacy.builder(target).change(change).build()));
  }

  @Test
  void eachStageOfAChangeIsTold() {
    EjabberdLabStatus ready = Story.first(Scene.ready());
    EjabberdLabStatus fencing = status("psql1server", PrimaryChangeState.Fencing);
    EjabberdLabStatus promoting = status("psql2server", PrimaryChangeState.Promoting);

    assertThat(Decisions.between(null, ready)).containsExactly("psql1server is to be primary.");
    assertThat(Decisions.between(ready, ready)).isEmpty();
    assertThat(Decisions.between(ready, fencing))
        .containsExactly(
            "change of the primary from psql1server to psql2server, reason PrimaryStopped, begun"
                + " at 2026-05-04T03:02:01Z: Fencing, 0 bytes behind.");
    assertThat(Decisions.between(fencing, promoting))
        .containsExactly(
            "psql2server is to be primary, no longer psql1server.",
            "change of the primary from psql1server to psql2server, reason PrimaryStopped, begun"
                + " at 2026-05-04T03:02:01Z: Promoting, 0 bytes behind.");
    assertThat(Decisions.between(promoting, promoting)).isEmpty();
  }
}
