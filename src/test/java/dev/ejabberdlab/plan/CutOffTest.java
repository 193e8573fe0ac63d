package dev.ejabberdlab.plan;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What was cut off is neither done nor failed: only a look at the world tells. */
class CutOffTest {

  private static final String NODE = "e1server";
  private static final DomainState DOMAIN = Scene.ready().domain(NODE, Power.RUNNING, true).value();
  private static final Action SHUTDOWN =
      new Action.ShutdownDomain(NODE, DOMAIN.uuid(), DOMAIN.name());
  private static final Action DESTROY =
      new Action.DestroyDomain(NODE, DOMAIN.uuid(), DOMAIN.name());
  private static final Action START = new Action.StartDomain(NODE, DOMAIN.uuid(), DOMAIN.name());

  private static Progress cutOff(Action action, Instant first, Instant at) {
    return new Progress(
        Set.of(), Map.of(), Map.of(), Map.of(action.key(), new Progress.CutOff(action, first, at)));
  }

  private static List<Action> actions(Progress progress, Instant now) {
    PlanBuilder plan = new PlanBuilder(progress, now);
    new Shutdown(plan, Progress.SHUTDOWN_GRACE).turnOff(NODE, DOMAIN);
    return plan.build(List.of(), List.of()).actions();
  }

  @Test
  void aGuestThatMayNotHaveBeenAskedToShutDownIsAskedAgainAndNotPulledThePlug() {
    Progress progress = cutOff(SHUTDOWN, NOW, NOW);
    assertThat(actions(progress, NOW.plusSeconds(1))).as("not at once").isEmpty();
    assertThat(actions(progress, NOW.plus(Progress.PACE))).containsExactly(SHUTDOWN);
    assertThat(actions(progress, NOW.plus(Progress.SHUTDOWN_GRACE))).containsExactly(SHUTDOWN);
  }

  @Test
  void oneThatCannotBeAskedIsTurnedOffInTheEnd() {
    Instant last = NOW.plus(Progress.SHUTDOWN_GRACE);
    assertThat(actions(cutOff(SHUTDOWN, NOW, last), last.plus(Progress.PACE)))
        .containsExactly(DESTROY);
  }

  @Test
  void itIsNoRestartThatAPrimaryThatIsOffIsForgiven() {
    assertThat(cutOff(SHUTDOWN, NOW, NOW).isRestarting(NODE)).isFalse();
    Progress started =
        new Progress(
            Set.of(),
            Map.of(),
            Map.of(SHUTDOWN.key(), new Progress.End(SHUTDOWN, NOW, NOW)),
            Map.of(START.key(), new Progress.CutOff(START, NOW, NOW.plusSeconds(1))));
    assertThat(started.isRestarting(NODE)).isFalse();
  }

  @Test
  void nothingIsDoneByIt() {
    Progress progress = cutOff(START, NOW, NOW);
    assertThat(progress.ended(START)).isFalse();
    assertThat(progress.workedSince(NODE, NOW.minusSeconds(1))).as("but it may be").isTrue();
    assertThat(progress.notBefore(START, NOW.plusSeconds(1))).contains(NOW.plus(Progress.PACE));
    assertThat(progress.notBefore(START, NOW.plus(Duration.ofMinutes(1)))).isEmpty();
  }

  /**
   * As after a change of the spec: the definition was not written, so it is written before the
   * start.
   */
  @Test
  void aDefinitionThatMayNotHaveBeenWrittenIsWrittenBeforeTheStart() {
    Scene scene =
        Scene.ready()
            .power(NODE, Power.SHUT_OFF)
            .defined(
                NODE,
                d ->
                    new dev.ejabberdlab.hypervisor.DomainDefinition(
                        d.uuid(),
                        d.name(),
                        d.owner(),
                        d.title(),
                        d.description(),
                        d.accelerator(),
                        d.vcpus(),
                        d.memoryBytes() + 1,
                        d.pool(),
                        d.volume(),
                        d.directBoot(),
                        d.interfaces()));
    Action define = scene.actions(new Key.Machine(NODE)).get(0);
    assertThat(define).isInstanceOf(Action.DefineDomain.class);
    assertThat(scene.cutOff(define, Duration.ofMinutes(1)).actions(new Key.Machine(NODE)))
        .containsExactly(define);
    assertThat(scene.ended(define, Duration.ofMinutes(1)).actions(new Key.Machine(NODE)))
        .as("libvirt does not give it back")
        .doesNotContain(define);
  }
}
