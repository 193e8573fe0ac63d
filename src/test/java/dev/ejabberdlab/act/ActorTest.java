package dev.ejabberdlab.act;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.doNothing;
import static org.mockito.Mockito.doThrow;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import dev.ejabberdlab.guest.GuestChannel.GuestTimeoutException;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepLaunchException;
import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.AgentUnavailable;
import dev.ejabberdlab.hypervisor.HypervisorException.NameConflict;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.log.LogContext;
import dev.ejabberdlab.log.LoggedLines;
import dev.ejabberdlab.observe.Bug;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.ManualExecutor;
import dev.ejabberdlab.observe.SettableClock;
import dev.ejabberdlab.plan.Action;
import dev.ejabberdlab.plan.Action.RunStep;
import dev.ejabberdlab.plan.Action.StartDomain;
import dev.ejabberdlab.plan.Action.UndefineDomain;
import dev.ejabberdlab.plan.Failure;
import dev.ejabberdlab.plan.Key;
import dev.ejabberdlab.plan.Progress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mockito.Mock;
import org.mockito.junit.jupiter.MockitoExtension;

@ExtendWith(MockitoExtension.class)
class ActorTest {

  private static final Owner OWNER = new Owner(LabFixture.UID, "default", "demo");
  private static final UUID DOMAIN = new UUID(0, 1);
  private static final Action START = new StartDomain("e1server", DOMAIN, "ejl-e1");
  private static final Action UNDEFINE = new UndefineDomain("e1server", DOMAIN, "ejl-e1");
  private static final Action OTHER = new StartDomain("e2server", new UUID(0, 2), "ejl-e2");
  private static final Key KEY = new Key.Machine("e1server");

  private final ManualExecutor io = new ManualExecutor();
  private final SettableClock clock = new SettableClock();
  private final AtomicInteger changes = new AtomicInteger();
  private final List<CompletableFuture<Void>> looks = new ArrayList<>();
  private final List<Key> takenWhenTold = new ArrayList<>();
  @Mock private Hypervisor hypervisor;
  @Mock private StepRunner steps;
  private final List<Optional<GuestReport>> reports = new ArrayList<>();
  private Function<Action, CompletableFuture<Void>> observe =
      action -> {
        looks.add(new CompletableFuture<>());
        return looks.get(looks.size() - 1);
      };
  private boolean leads = true;
  private Actor actor;

  @BeforeEach
  void actor() {
    actor =
        new Actor(
            "default/demo",
            new ActionRunner(hypervisor, uuid -> null, steps, OWNER),
            io,
            clock,
            (action, report) -> {
              reports.add(report);
              return observe.apply(action);
            },
            () -> {
              changes.incrementAndGet();
              takenWhenTold.addAll(actor.progress().inFlight());
            },
            () -> leads);
  }

  private void start() {
    doNothing().when(hypervisor).startDomain(any(), any());
  }

  private void startThrows(Throwable e) {
    doThrow(e).when(hypervisor).startDomain(any(), any());
  }

  /** Runs an action to the end of its observation. */
  private void run(Action action) {
    actor.submit(List.of(action));
    io.runAll();
    looks.forEach(look -> look.complete(null));
  }

  private Failure failure() {
    return actor.progress().failures().get(KEY);
  }

  @Test
  void nothingHappensInsideTheCall() {
    actor.submit(List.of(START));

    assertThat(actor.progress().inFlight()).containsExactly(KEY);
    assertThat(io.waiting()).isEqualTo(1);
    verify(hypervisor, times(0)).startDomain(any(), any());
  }

  @Test
  void itsLogLinesNameTheLabAndTheNodeInWhateverThreadTheActionEnds() {
    Step step = LabFixture.step("e1server", "base");
    CompletableFuture<GuestReport> end = new CompletableFuture<>();
    when(steps.begin(any(), eq(step), any(), any())).thenReturn(end);
    try (LoggedLines logged = new LoggedLines()) {
      run(new RunStep("e1server", DOMAIN, step, "1"));
      LogContext.NONE.lab("default/other").run(() -> end.completeExceptionally(new Bug()));

      assertThat(logged.lines())
          .hasSize(2)
          .extracting(LoggedLines.Line::about)
          .containsOnly(LogContext.NONE.lab("default/demo").node("e1server"));
    }
  }

  @Test
  void whatAGuestSaysAtTheEndOfAStepIsHandedOn() {
    Step step = LabFixture.step("e1server", "base");
    GuestReport said = LabFixture.report(LabFixture.done("base"));
    when(steps.begin(any(), eq(step), any(), any())).thenReturn(completedFuture(said));

    run(new RunStep("e1server", DOMAIN, step, "1"));
    run(OTHER);

    assertThat(reports).containsExactly(Optional.of(said), Optional.empty());
  }

  @Test
  void aStepThatEndsLaterIsUnderWayUntilThen() {
    Step step = LabFixture.step("e1server", "base");
    CompletableFuture<GuestReport> end = new CompletableFuture<>();
    when(steps.begin(any(), eq(step), any(), any())).thenReturn(end);

    run(new RunStep("e1server", DOMAIN, step, "1"));
    assertThat(actor.progress().inFlight()).containsExactly(KEY);
    assertThat(looks).isEmpty();

    end.completeExceptionally(new Unreachable("the host is away", null));
    looks.forEach(look -> look.complete(null));
    assertThat(actor.progress().cutOffs()).containsKey(KEY);
    assertThat(actor.progress().failures()).isEmpty();
  }

  @Test
  void oneActionForAKeyAndManyKeysAtOnce() {
    actor.submit(List.of(START, OTHER, UNDEFINE));

    assertThat(io.waiting()).isEqualTo(2);
    assertThat(actor.progress().inFlight())
        .containsExactlyInAnyOrder(KEY, new Key.Machine("e2server"));
    actor.submit(List.of(UNDEFINE));
    assertThat(io.waiting()).as("left for the next plan").isEqualTo(2);
  }

  @Test
  void theKeyStaysTakenUntilSomebodyHasLooked() {
    actor.submit(List.of(START));
    io.runAll();

    verify(hypervisor).startDomain(DOMAIN, OWNER);
    assertThat(actor.progress().inFlight()).containsExactly(KEY);
    assertThat(changes).hasValue(0);

    looks.get(0).complete(null);
    assertThat(actor.progress().inFlight()).isEmpty();
    assertThat(changes).hasValue(1);
  }

  @Test
  void anEndIsToldOnlyWhenItCanBeSeen() {
    actor.submit(List.of(START));
    io.runAll();
    assertThat(actor.progress().ends()).as("the machine still seems to be off").isEmpty();

    clock.advance(Duration.ofSeconds(7));
    looks.get(0).complete(null);
    assertThat(actor.progress().ends()).containsEntry(KEY, new Progress.End(START, NOW, NOW));
  }

  @Test
  void aFailureIsToldOnlyWhenWhatItLeftCanBeSeen() {
    startThrows(new HypervisorException("no memory"));
    actor.submit(List.of(START));
    io.runAll();
    assertThat(actor.progress().failures()).isEmpty();

    looks.get(0).complete(null);
    assertThat(failure().at()).isEqualTo(NOW);
  }

  @Test
  void theKeyIsFreeWhenTheChangeIsTold() {
    run(START);

    assertThat(changes).hasValue(1);
    assertThat(takenWhenTold).isEmpty();
  }

  @Test
  void whatEndedWellIsRemembered() {
    clock.advance(Duration.ofSeconds(7));

    run(START);

    assertThat(actor.progress().ends())
        .containsEntry(KEY, new Progress.End(START, NOW.plusSeconds(7), NOW.plusSeconds(7)));
    assertThat(actor.lastEnd()).isEqualTo(NOW.plusSeconds(7));
  }

  static List<RuntimeException> refusals() {
    return List.of(
        new HypervisorException("no space left"),
        new AgentUnavailable("no space left", null),
        new GuestTimeoutException("no space left"),
        new StepLaunchException("no space left."));
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void aFailureIsASentenceForTheUser(RuntimeException refusal) {
    startThrows(refusal);

    run(START);

    assertThat(failure()).isEqualTo(new Failure(START, "No space left.", false, 1, NOW));
    assertThat(actor.progress().ends()).doesNotContainKey(KEY);
    assertThat(changes).hasValue(1);
  }

  @Test
  void aConflictIsToldFromOtherFailures() {
    startThrows(new NameConflict("it is not ours"));

    run(START);

    assertThat(failure().conflict()).isTrue();
  }

  @Test
  void aBugIsAFailureThatDoesNotShowItsInside() {
    startThrows(new Bug());

    run(START);

    assertThat(failure().message())
        .isEqualTo(
            "Could not start domain ejl-e1 because of an internal error; see the operator's log.");
  }

  @Test
  void anErrorDoesNotKeepTheKey() {
    startThrows(
        new Error("for this test", null, false, false) {
          private static final long serialVersionUID = 1L;
        });

    run(START);

    assertThat(actor.progress().inFlight()).isEmpty();
    assertThat(failure().count()).isEqualTo(1);
  }

  @Test
  void failuresInARowAreCountedUntilOneSucceeds() {
    startThrows(new HypervisorException("no"));
    run(START);
    clock.advance(Duration.ofSeconds(5));
    run(START);
    assertThat(failure().count()).isEqualTo(2);
    assertThat(failure().at()).isEqualTo(NOW.plusSeconds(5));

    start();
    run(START);
    assertThat(failure()).isNull();

    startThrows(new HypervisorException("no"));
    run(START);
    assertThat(failure().count()).isEqualTo(1);
  }

  @Test
  void anotherActionOfTheKeyHasItsOwnCount() {
    startThrows(new HypervisorException("no"));
    run(START);
    run(START);
    doThrow(new HypervisorException("no")).when(hypervisor).undefineDomain(any(), any());

    run(UNDEFINE);

    assertThat(failure().count()).isEqualTo(1);
    assertThat(failure().action()).isEqualTo(UNDEFINE);
  }

  static List<RuntimeException> interruptions() {
    return List.of(new Unreachable("away", null), new CancellationException("the operator ends"));
  }

  @ParameterizedTest
  @MethodSource("interruptions")
  void whatCouldNotBeAskedForHasNotFailed(RuntimeException interruption) {
    startThrows(interruption);

    run(START);

    assertThat(actor.progress().failures()).isEmpty();
    assertThat(actor.progress().ends()).as("nor is it done").isEmpty();
    assertThat(actor.progress().cutOffs())
        .as("but is not asked for again at once")
        .containsEntry(KEY, new Progress.CutOff(START, NOW, NOW));
    assertThat(actor.progress().inFlight()).isEmpty();
  }

  @Test
  void whatWasCutOffIsNotKnownToHoldAnyMoreUntilItComesToAnEnd() {
    start();
    run(START);
    startThrows(new Unreachable("away", null));
    clock.advance(Duration.ofSeconds(5));
    run(START);
    clock.advance(Duration.ofSeconds(5));
    run(START);

    assertThat(actor.progress().ends()).isEmpty();
    assertThat(actor.progress().cutOffs())
        .containsEntry(KEY, new Progress.CutOff(START, NOW.plusSeconds(5), NOW.plusSeconds(10)));

    start();
    run(START);
    assertThat(actor.progress().cutOffs()).isEmpty();
    assertThat(actor.progress().ends()).containsKey(KEY);
  }

  @Test
  void whoDoesNotLeadAnyMoreDoesNothing() {
    leads = false;

    run(START);

    verify(hypervisor, times(0)).startDomain(any(), any());
    assertThat(actor.progress().ends()).isEmpty();
    assertThat(actor.progress().failures()).isEmpty();
    assertThat(actor.progress().inFlight()).isEmpty();
  }

  @Test
  void aHostThatGoesAwayDoesNotMendAFailure() {
    startThrows(new HypervisorException("no"));
    run(START);
    startThrows(new Unreachable("away", null));

    run(START);

    assertThat(failure().count()).isEqualTo(1);
  }

  @Test
  void anObservationThatFailsDoesNotKeepTheKey() {
    observe = action -> CompletableFuture.failedFuture(new Bug());
    run(START);
    assertThat(actor.progress().inFlight()).isEmpty();

    observe =
        action -> {
          throw new Bug();
        };
    run(START);
    assertThat(actor.progress().inFlight()).isEmpty();
    assertThat(changes).hasValue(2);
  }

  @Test
  void theEndIsRememberedBeforeSomebodyLooks() {
    observe =
        action -> {
          assertThat(actor.lastEnd()).isEqualTo(NOW);
          return CompletableFuture.completedFuture(null);
        };
    doAnswer(call -> null).when(hypervisor).startDomain(any(), any());

    run(START);

    assertThat(changes).hasValue(1);
  }
}
