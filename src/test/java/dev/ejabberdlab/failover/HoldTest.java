package dev.ejabberdlab.failover;

import static dev.ejabberdlab.failover.DatabaseFixture.P1;
import static dev.ejabberdlab.failover.DatabaseFixture.P2;
import static dev.ejabberdlab.failover.DatabaseFixture.WAL;
import static dev.ejabberdlab.failover.DatabaseFixture.decide;
import static dev.ejabberdlab.failover.DatabaseFixture.primary;
import static dev.ejabberdlab.failover.DatabaseFixture.standby;
import static dev.ejabberdlab.failover.DatabaseFixture.working;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot.Past;
import dev.ejabberdlab.plan.Scene;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Why the instance that is to be primary may not accept writes yet. */
class HoldTest {

  @Test
  void nothingNewBeginsInADatabaseThatWas() {
    Scene scene = Scene.ready().reports(P1, LabFixture.report()).power(P2, Power.SHUT_OFF);
    assertThat(decide(scene, working()).held())
        .contains("psql1server has lost its data: its disk is new, and no standby can take over.");
  }

  @Test
  void twoDoNotAcceptWrites() {
    Scene scene = Scene.ready().postgresql(P2, primary(WAL));
    assertThat(decide(scene, working()).held()).contains("psql2server accepts writes.");
  }

  @Test
  void aNewLabIsNotHeldUpByAnInstanceWhoseDiskIsNew() {
    Scene fresh = Scene.up().silent(P2, Duration.ofSeconds(5));
    assertThat(decide(fresh, null).held())
        .as("nobody knows what is on it")
        .contains("There is no record of who is primary, and psql2server could not be asked.");
    assertThat(
            decide(
                    fresh.remembered(
                        P2, p -> new Past(false, "", Optional.empty(), null, false, true)),
                    null)
                .held())
        .isEmpty();
    assertThat(decide(Scene.up(), null).held()).isEmpty();
  }

  @Test
  void anEmptyInstanceDoesNotBeginADatabaseBesideOneThatIsOff() {
    Scene scene = Scene.up().power(P2, Power.SHUT_OFF);
    assertThat(decide(scene, null).held()).isPresent();
    Scene other = Scene.up().postgresql(P2, standby(WAL, false));
    assertThat(decide(other, null).held())
        .contains("psql1server has lost its data: its disk is new, and no standby can take over.");
  }
}
