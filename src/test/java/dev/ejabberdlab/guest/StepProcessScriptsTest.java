package dev.ejabberdlab.guest;

import static dev.ejabberdlab.guest.StepStand.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ejabberdlab.guest.StepState.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs launch.sh, run.sh and report.sh for real: steps that take their time, are joined, stopped or
 * killed, and processes that do not end with their step.
 */
@Timeout(120)
class StepProcessScriptsTest {

  @TempDir Path root;
  private StepStand stand;

  @BeforeEach
  void machine() throws IOException {
    stand = new StepStand(root);
  }

  private CompletableFuture<Void> launch(Step step) {
    return CompletableFuture.runAsync(() -> stand.run(step, "1"));
  }

  /** Signals every process of the unit, as systemd does. */
  private void killUnit(String signal) throws Exception {
    String leader = Files.readString(root.resolve("unit.pid")).strip();
    Process kill = new ProcessBuilder("pkill", signal, "--session", leader).inheritIO().start();
    assertThat(kill.waitFor()).isZero();
    if (signal.equals("-KILL")) {
      Files.deleteIfExists(root.resolve("cgroup/lab-step-demo.service"));
    }
  }

  @Test
  void whatTheLastFailureSaidIsSaidUntilTheNextTryHasEnded() throws Exception {
    stand.run(step("d1", "false", "die 'no space left'", "true"), "1");
    Step slow = step("d1", "false", "until [[ -e $GUEST/go ]]; do sleep 0.05; done", "true");
    CompletableFuture<Void> launch = launch(slow);
    await().until(() -> stand.state().status() == Status.RUNNING);

    StepState again = stand.state();
    assertThat(again.attempts()).isEqualTo(1);
    assertThat(again.output()).isEqualTo("no space left\napply failed\n");

    Files.createFile(root.resolve("go"));
    launch.get();
    assertThat(stand.state().output()).isEmpty();
  }

  @Test
  void whatAnotherDigestSaidIsNotSaidOfThisOne() throws Exception {
    stand.run(step("d1", "false", "die 'no space left'", "true"), "1");
    CompletableFuture<Void> launch =
        launch(step("d2", "false", "until [[ -e $GUEST/go ]]; do sleep 0.05; done", "true"));
    await().until(() -> stand.state().status() == Status.RUNNING);

    assertThat(stand.state().output()).isEmpty();

    Files.createFile(root.resolve("go"));
    launch.get();
  }

  @Test
  void aTryAfterAnInterruptionSaysThatItWasInterrupted() throws Exception {
    Step slow = step("d1", "false", "until [[ -e $GUEST/go ]]; do sleep 0.05; done", "true");
    CompletableFuture<Void> first = launch(slow);
    await().until(() -> stand.log().contains("apply"));
    killUnit("-KILL");
    first.get();
    CompletableFuture<Void> second = launch(slow);
    // It runs before it has written what became of the one before it.
    await()
        .untilAsserted(
            () -> {
              StepState state = stand.state();
              assertThat(state.status()).isEqualTo(Status.RUNNING);
              assertThat(state.output()).startsWith("it was interrupted");
            });

    Files.createFile(root.resolve("go"));
    second.get();
  }

  @Test
  void aStepGoesOnWithoutWhoLaunchedItAndTheNextLaunchJoinsIt() throws Exception {
    Step slow = step("d1", "false", "until [[ -e $GUEST/go ]]; do sleep 0.05; done", "true");
    CompletableFuture<Void> first = launch(slow);
    await().until(() -> stand.log().contains("apply"));
    assertThat(stand.state().status()).isEqualTo(Status.RUNNING);

    CompletableFuture<Void> second = launch(slow);
    Files.createFile(root.resolve("go"));
    first.get();
    second.get();

    assertThat(stand.log()).containsExactly("check", "apply", "verify");
    assertThat(stand.state().status()).isEqualTo(Status.DONE);
  }

  @Test
  void aKilledStepIsInterruptedCountsAsAnAttemptAndIsRunAgain() throws Exception {
    Step slow = step("d1", "false", "until [[ -e $GUEST/go ]]; do sleep 0.05; done", "true");
    stand.run(step("d1", "false", "false", "true"), "1");
    CompletableFuture<Void> launch = launch(slow);
    await().until(() -> stand.log().stream().filter("apply"::equals).count() == 2);

    killUnit("-KILL");
    launch.get();

    StepState state = stand.state();
    assertThat(state.status()).isEqualTo(Status.INTERRUPTED);
    assertThat(state.digest()).isEqualTo("d1");
    assertThat(state.attempts()).isEqualTo(2);
    assertThat(state.output()).startsWith("it was interrupted");

    Files.createFile(root.resolve("go"));
    assertThat(stand.run(slow, "1").status()).isEqualTo(Status.DONE);
    assertThat(stand.filesBelow("boot/work")).isEmpty();
  }

  @Test
  void aStepThatIsStoppedAtItsLimitHasFailed() throws Exception {
    CompletableFuture<Void> launch = launch(step("d1", "false", "sleep 300", "true"));
    await().until(() -> stand.log().contains("apply"));

    killUnit("-TERM");
    launch.get();

    StepState state = stand.state();
    assertThat(state.status()).isEqualTo(Status.FAILED);
    assertThat(state.attempts()).isEqualTo(1);
    assertThat(state.output()).contains("apply was stopped: the step may take 600 seconds");
  }

  @Test
  void aStepThatIsStoppedByAShutdownIsInterrupted() throws Exception {
    CompletableFuture<Void> launch = launch(step("d1", "false", "sleep 300", "true"));
    await().until(() -> stand.log().contains("apply"));

    stand.guest.systemState("stopping");
    killUnit("-TERM");
    launch.get();

    StepState state = stand.state();
    assertThat(state.status()).isEqualTo(Status.INTERRUPTED);
    assertThat(state.attempts()).isEqualTo(1);
  }

  @Test
  void aStepThatTakesTheGuestDownEachTimeCountsItsAttempts() throws Exception {
    for (int attempt = 1; attempt <= 3; attempt++) {
      // Everything of the unit dies at once, run.sh too.
      CompletableFuture<Void> launch = launch(step("d1", "false", "sleep 300", "true"));
      int runs = attempt;
      await().until(() -> stand.log().stream().filter("apply"::equals).count() == runs);
      killUnit("-KILL");
      launch.get();
      assertThat(stand.state().attempts()).isEqualTo(attempt);
    }
    assertThat(stand.state().epoch()).isEqualTo("1");
    assertThat(stand.run(step("d1", "true", "true", "true"), "2").attempts()).isZero();
  }

  @Test
  void aProcessThatAFailedPhaseLeavesRunningHoldsNothingUp() throws Exception {
    StepState state =
        stand.run(step("d1", "false", "sleep 300 & echo started; false", "true"), "1");

    assertThat(state.status()).isEqualTo(Status.FAILED);
    assertThat(state.output()).startsWith("started\n").endsWith("apply failed\n");
  }

  @Test
  void aProcessThatCannotBeEndedDoesNotHideWhatWentWrong() {
    String apart = "setsid bash -c 'touch \"$GUEST/apart\"; exec sleep 10' & ";
    String wait = "until [[ -e $GUEST/apart ]]; do sleep 0.1; done; false";

    StepState state = stand.run(step("d1", "false", apart + wait, "true"), "1");

    assertThat(state.status()).isEqualTo(Status.FAILED);
    assertThat(state.output()).isEqualTo("apply failed\n");
  }

  @Test
  void aUnitThatCannotBeStartedIsAnErrorAndLeavesTheStateAsItWas() throws IOException {
    stand.run(step("d1", "false", "true", "true"), "1");
    Files.createFile(root.resolve("broken"));

    assertThatThrownBy(() -> stand.run(step("d2", "false", "true", "true"), "1"))
        .isInstanceOf(StepLaunchException.class)
        .hasMessageContaining("unit lab-step-demo could not be started: Failed to connect to bus");

    StepState state = stand.state();
    assertThat(state.digest()).isEqualTo("d1");
    assertThat(state.status()).isEqualTo(Status.DONE);
    assertThat(stand.filesBelow("boot/work")).isEmpty();
  }

  @Test
  void inputsOfAKilledLaunchAreRemovedByTheNext() throws IOException {
    // A process id that no Linux gives away.
    Path left = root.resolve("boot/work/demo.99999999/files");
    Files.createDirectories(left);
    Files.writeString(left.resolve("secret"), "hush");

    stand.run(step("d1", "false", "true", "true"), "1");

    assertThat(stand.filesBelow("boot/work")).isEmpty();
  }
}
