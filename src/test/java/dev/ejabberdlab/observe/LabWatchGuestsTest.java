package dev.ejabberdlab.observe;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static dev.ejabberdlab.observe.LabFixture.done;
import static dev.ejabberdlab.observe.LabFixture.failed;
import static dev.ejabberdlab.observe.LabFixture.report;
import static dev.ejabberdlab.observe.LabFixture.running;
import static dev.ejabberdlab.observe.LabFixture.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.clearInvocations;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import dev.ejabberdlab.guest.GuestChannel.GuestTimeoutException;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.StepLaunchException;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.HypervisorException.AgentUnavailable;
import dev.ejabberdlab.hypervisor.HypervisorException.NotFound;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When guests are asked, and how long what they said stands. */
class LabWatchGuestsTest extends LabWatchFixture {

  @Test
  void oneIsAskedAsSoonAsItsAgentIsThere() {
    domain(E1, Power.RUNNING, false);
    follow();
    verify(steps, never()).report(any());

    domain(E1, Power.RUNNING, true);
    when(steps.report(any())).thenReturn(report(done("base")));
    refresh();

    assertThat(machine(E1).step("base")).isPresent();
    assertThat(machine(E1).reportedAt()).isEqualTo(NOW);
    assertThat(machine(E1).silentSince()).isNull();
  }

  @Test
  void whatItSaidStandsWhenLibvirtIsAskedAndFallsWithItsAgent() {
    domain(E1, Power.RUNNING, true);
    follow();
    clock.advance(Duration.ofSeconds(1));

    refresh();
    assertThat(machine(E1).guest().isPresent()).isTrue();
    assertThat(machine(E1).reportedAt()).isEqualTo(NOW);

    domain(E1, Power.RUNNING, false);
    refresh();
    assertThat(machine(E1).guest().isUnknown()).isTrue();
    assertThat(machine(E1).reportedAt()).isNull();
    assertThat(machine(E1).silentSince()).isEqualTo(NOW.plusSeconds(1));
  }

  @Test
  void afterARebootItIsAskedAgain() {
    domain(E1, Power.RUNNING, true);
    follow();
    domain(E1, Power.RUNNING, false);
    refresh();
    clearInvocations(steps);
    domain(E1, Power.RUNNING, true);

    refresh();

    verify(steps).report(any());
  }

  static List<RuntimeException> failures() {
    return List.of(
        new AgentUnavailable("no answer", null),
        new NotFound("no domain"),
        AWAY,
        new GuestTimeoutException("too slow"),
        new StepLaunchException("no report"),
        new Bug());
  }

  @ParameterizedTest
  @MethodSource("failures")
  void oneThatDoesNotAnswerIsUnknownWhateverTheCause(RuntimeException failure) {
    domain(E1, Power.RUNNING, true);
    follow();
    when(steps.report(any())).thenThrow(failure);

    watch.refreshGuest(E1);
    io.runAll();

    assertThat(machine(E1).guest().isUnknown()).isTrue();
    assertThat(machine(E1).silentSince()).isEqualTo(NOW);
  }

  @Test
  void silenceCountsFromItsBeginning() {
    domain(E1, Power.RUNNING, false);
    follow();
    clock.advance(Duration.ofMinutes(5));

    refresh();

    assertThat(machine(E1).silentSince()).isEqualTo(NOW);
  }

  @Test
  void aMachineThatDoesNotRunIsNotSilent() {
    domain(E1, Power.RUNNING, false);
    follow();
    domain(E1, Power.SHUT_OFF, false);

    refresh();

    assertThat(machine(E1).silentSince()).isNull();
  }

  @Test
  void anAgeIsKeptUpToDateButIsNoChange() {
    domain(E1, Power.RUNNING, true);
    when(steps.report(any())).thenReturn(report(failed("base", 1, 5)));
    follow();
    newChanges();
    when(steps.report(any())).thenReturn(report(failed("base", 1, 10)));
    clock.advance(Duration.ofSeconds(5));

    watch.refreshGuest(E1);
    io.runAll();

    assertThat(newChanges()).isZero();
    assertThat(machine(E1).step("base").orElseThrow().secondsAgo()).isEqualTo(10);
    assertThat(machine(E1).reportedAt()).isEqualTo(NOW.plusSeconds(5));
  }

  @Test
  void aStepThatEndsIsAChange() {
    domain(E1, Power.RUNNING, true);
    follow();
    newChanges();
    when(steps.report(any())).thenReturn(report(done("base")));

    watch.refreshGuest(E1);
    io.runAll();

    assertThat(newChanges()).isEqualTo(1);
  }

  @Test
  void anAnswerThatComesAfterTheAgentHasGoneIsDropped() {
    domain(E1, Power.RUNNING, true);
    follow();
    when(steps.report(any()))
        .thenAnswer(
            call -> {
              domain(E1, Power.SHUT_OFF, false);
              watch.refresh();
              io.runNext();
              return report(done("base"));
            });
    watch.refreshGuest(E1);

    io.runNext();

    assertThat(machine(E1).guest().isUnknown()).isTrue();
  }

  @Test
  void oneWithoutAnAgentIsNotAsked() {
    domain(E1, Power.RUNNING, false);
    follow();

    assertThat(watch.refreshGuest(E1)).isNotCompletedExceptionally();
    io.runAll();

    verify(steps, never()).report(any());
  }

  @Test
  void thoseWithAServiceAreAskedMoreOften() {
    domain(E1, Power.RUNNING, true);
    domain(GW, Power.RUNNING, true);
    follow();
    assertAsked(2, Duration.ZERO, "on connecting");
    assertAsked(0, LabWatch.SERVICE.minusSeconds(1), "too early");
    assertAsked(1, Duration.ofSeconds(1), "the service");
    assertAsked(2, LabWatch.BASE.minus(LabWatch.SERVICE), "both");
  }

  static Stream<Arguments> busy() {
    GuestReport idle = report(done("base"));
    GuestReport step = report(done("base"), running("ejabberd"));
    Postgresql stopped = LabFixture.down();
    Postgresql held = LabFixture.instance().readWriteAddress(true).build();
    return Stream.of(
        Arguments.of("no step", idle, LabWatch.SERVICE),
        Arguments.of("nothing set up yet", step, LabWatch.BASE),
        Arguments.of("starts", with(step, LabFixture.ejabberdDown()), LabWatch.BASE),
        Arguments.of("a member", with(step, LabFixture.ejabberd(E1)), LabWatch.SERVICE),
        Arguments.of("a base backup", with(step, stopped), LabWatch.BASE),
        Arguments.of("a standby", with(step, LabFixture.standby()), LabWatch.SERVICE),
        Arguments.of("a primary", with(step, LabFixture.primary()), LabWatch.SERVICE),
        Arguments.of("the primary restarts", with(step, held), LabWatch.SERVICE),
        Arguments.of("it is down", with(idle, stopped), LabWatch.SERVICE));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("busy")
  void oneThatIsBeingSetUpIsAskedLessOften(String what, GuestReport said, Duration interval) {
    domain(E1, Power.RUNNING, true);
    when(steps.report(any())).thenReturn(said);
    follow();
    assertAsked(1, Duration.ZERO, "on connecting");
    assertAsked(0, interval.minusSeconds(1), "too early");
    assertAsked(1, Duration.ofSeconds(1), what);
  }

  @Test
  void oneThatAnswersSlowlyIsAskedLess() {
    domain(E1, Power.RUNNING, true);
    when(steps.report(any()))
        .thenAnswer(
            call -> {
              clock.advance(LabWatch.SERVICE);
              watch.tick();
              return report();
            });
    follow();
    assertAsked(1, Duration.ZERO, "on connecting, and not again while it answers");
    assertAsked(0, LabWatch.SERVICE.minusSeconds(1), "it has just answered");
    assertAsked(1, Duration.ofSeconds(1), "then again");
  }

  private void assertAsked(int count, Duration later, String why) {
    clock.advance(later);
    watch.tick();
    io.runAll();
    verify(steps, times(count).description(why)).report(any());
    clearInvocations(steps);
  }

  @Test
  void aStepConcernsThePeersButDoesNotWaitForThem() {
    domain(E1, Power.RUNNING, true);
    domain(E2, Power.RUNNING, true);
    domain(GW, Power.RUNNING, true);
    when(steps.report(any())).thenReturn(with(report(), LabFixture.ejabberd(E1)));
    follow();
    clearInvocations(steps);

    CompletableFuture<Void> asked = watch.stepEnded(JOIN, Optional.empty());
    assertThat(io.waiting()).as("e2server and e1server").isEqualTo(2);
    GuestReport said = report(done("ejabberd"));
    when(steps.report(any())).thenReturn(said);
    io.runAll();

    assertThat(asked).isCompleted();
    verify(steps, times(2)).report(any());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "e2server/ejabberd", "psql1server/postgresql-primary"})
  void aStepThatBuildsOnNoPeerConcernsNone(String requires) {
    domain(E1, Power.RUNNING, true);
    domain(E2, Power.RUNNING, true);
    when(steps.report(any())).thenReturn(with(report(), LabFixture.ejabberd(E1)));
    follow();
    String[] required = requires.isEmpty() ? new String[0] : new String[] {requires};

    watch.stepEnded(LabFixture.step(E2, "ejabberd", required), Optional.empty());

    assertThat(io.waiting()).as("e2server alone").isEqualTo(1);
  }

  @Test
  void whatItSaysAtTheEndOfAStepIsTakenOver() {
    domain(E2, Power.RUNNING, true);
    follow();
    newChanges();
    clock.advance(Duration.ofSeconds(4));

    assertThat(watch.stepEnded(JOIN, Optional.of(report(done("ejabberd-cluster"))))).isCompleted();

    assertThat(io.waiting()).as("it has told").isZero();
    assertThat(machine(E2).step("ejabberd-cluster")).isPresent();
    assertThat(machine(E2).reportedAt()).isEqualTo(NOW.plusSeconds(4));
    assertThat(newChanges()).isEqualTo(1);
    clearInvocations(steps);
    assertAsked(0, LabWatch.SERVICE.minusSeconds(1), "not long ago");
  }

  @Test
  void whatItWasAskedBeforeTheEndOfAStepIsOutdated() {
    domain(E2, Power.RUNNING, true);
    follow();
    when(steps.report(any()))
        .thenAnswer(
            call -> {
              clock.advance(Duration.ofHours(-1));
              watch.stepEnded(JOIN, Optional.of(report(done("ejabberd-cluster"))));
              return report(running("ejabberd-cluster"));
            });

    watch.refreshGuest(E2);
    io.runAll();

    assertThat(machine(E2).step("ejabberd-cluster")).contains(done("ejabberd-cluster"));
  }

  @Test
  void whatItIsAskedAfterTheClockWasSetBackIsNot() {
    domain(E2, Power.RUNNING, true);
    follow();
    clock.advance(Duration.ofHours(-1));
    when(steps.report(any())).thenReturn(report(running("ejabberd-cluster")));

    watch.refreshGuest(E2);
    io.runAll();

    assertThat(machine(E2).step("ejabberd-cluster")).isPresent();
  }

  @Test
  void whatItSaysAfterItsAgentHasGoneIsDropped() {
    domain(E2, Power.RUNNING, false);
    follow();

    watch.stepEnded(JOIN, Optional.of(report(done("ejabberd-cluster"))));

    assertThat(machine(E2).guest().isUnknown()).isTrue();
  }

  @Test
  void aPeerWithoutAServiceHasNoViewOfIt() {
    domain(E1, Power.RUNNING, true);
    domain(E2, Power.RUNNING, true);
    when(steps.report(any())).thenReturn(with(report(), LabFixture.ejabberdDown()));
    follow();

    watch.stepEnded(JOIN, Optional.empty());

    assertThat(io.waiting()).as("e2server alone").isEqualTo(1);
  }

  @Test
  void aSlowPeerHoldsNobodyUp() {
    domain(E1, Power.RUNNING, true);
    domain(E2, Power.RUNNING, true);
    when(steps.report(any())).thenReturn(with(report(), LabFixture.ejabberd(E1)));
    follow();

    CompletableFuture<Void> asked = watch.stepEnded(JOIN, Optional.empty());
    io.runLast();

    assertThat(io.waiting()).as("e1server does not answer yet").isEqualTo(1);
    assertThat(asked).isCompleted();
  }
}
