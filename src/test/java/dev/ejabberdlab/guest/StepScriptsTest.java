package dev.ejabberdlab.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ejabberdlab.guest.StepState.Status;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs launch.sh, run.sh and report.sh for real, with stand-ins for systemd. */
@Timeout(120)
class StepScriptsTest {

  private static final Duration WAIT = Duration.ofSeconds(60);

  /** Instead of setpriv: this machine need not have the users of a guest. */
  static final String AS_HIMSELF =
      """
      #!/bin/sh
      while :; do
        case $1 in
          --clear-groups | --init-groups) shift ;;
          --*) shift 2 ;;
          *) exec "$@" ;;
        esac
      done
      """;

  @TempDir Path root;
  private LocalGuest guest;
  private final TransientStepRunner runner = new TransientStepRunner(Clock.systemUTC());

  @BeforeEach
  void machine() throws IOException {
    guest = new LocalGuest(root);
  }

  private static Step step(
      String digest, Step.Scope scope, String script, Map<String, byte[]> files) {
    return Step.builder()
        .node("node")
        .name("demo")
        .script(script)
        .values(Map.of("ODD", "a \"b\" $c\n'd'", "MARKS", "set by the test"))
        .files(files)
        .scope(scope)
        .timeout(Duration.ofSeconds(600))
        .digest(digest)
        .build();
  }

  /** A step whose phases leave their name in a file of the machine, and then do this. */
  private Step step(String digest, String check, String apply, String verify) {
    String script =
        """
        check() { echo check >>"$GUEST/log"; %s
        }
        apply() { echo apply >>"$GUEST/log"; %s
        }
        verify() { echo verify >>"$GUEST/log"; %s
        }
        """
            .formatted(check, apply, verify);
    return step(digest, Step.Scope.DISK, script, Map.of());
  }

  private StepState run(Step step, String epoch) {
    return runner.run(guest, step, epoch, WAIT).steps().get("demo");
  }

  private List<String> log() throws IOException {
    Path log = root.resolve("log");
    return Files.exists(log) ? Files.readAllLines(log) : List.of();
  }

  private List<Path> filesBelow(String directory) throws IOException {
    Path start = root.resolve(directory);
    if (!Files.exists(start)) {
      return List.of();
    }
    try (Stream<Path> paths = Files.walk(start)) {
      return paths.filter(Files::isRegularFile).toList();
    }
  }

  @Test
  void aStepIsCheckedAppliedAndVerified() throws IOException {
    StepState state = run(step("d1", "false", "true", "true"), "1");

    assertThat(log()).containsExactly("check", "apply", "verify");
    assertThat(state.status()).isEqualTo(Status.DONE);
    assertThat(state.digest()).isEqualTo("d1");
    assertThat(state.attempts()).isZero();
    assertThat(state.epoch()).isEqualTo("1");
    assertThat(state.output()).isEmpty();
    assertThat(state.secondsAgo()).isBetween(0L, 60L);
  }

  @Test
  void whatHoldsAlreadyIsNotApplied() throws IOException {
    StepState state = run(step("d1", "true", "true", "true"), "1");

    assertThat(log()).containsExactly("check");
    assertThat(state.status()).isEqualTo(Status.DONE);
  }

  @Test
  void aStepThatIsDoneIsNotRunAgainUnlessItsDigestChanges() throws IOException {
    run(step("d1", "false", "true", "true"), "1");
    run(step("d1", "false", "true", "true"), "2");
    assertThat(log()).containsExactly("check", "apply", "verify");

    StepState state = run(step("d2", "false", "true", "true"), "2");

    assertThat(log()).hasSize(6);
    assertThat(state.digest()).isEqualTo("d2");
    assertThat(state.status()).isEqualTo(Status.DONE);
  }

  @Test
  void anyFailingCommandFailsThePhase() throws IOException {
    StepState state = run(step("d1", "false; true", "false; true", "true"), "1");

    assertThat(log()).containsExactly("check", "apply");
    assertThat(state.status()).isEqualTo(Status.FAILED);
    assertThat(state.output()).contains("step.sh line 3: exit code 1").endsWith("apply failed\n");
  }

  @Test
  void whatTheLastFailureSaidIsSaidUntilTheNextTryHasEnded() throws Exception {
    run(step("d1", "false", "die 'no space left'", "true"), "1");
    Step slow = step("d1", "false", "until [[ -e $GUEST/go ]]; do sleep 0.05; done", "true");
    CompletableFuture<Void> launch = launch(slow);
    await().until(() -> runner.report(guest).steps().get("demo").status() == Status.RUNNING);

    StepState again = runner.report(guest).steps().get("demo");
    assertThat(again.attempts()).isEqualTo(1);
    assertThat(again.output()).isEqualTo("no space left\napply failed\n");

    Files.createFile(root.resolve("go"));
    launch.get();
    assertThat(runner.report(guest).steps().get("demo").output()).isEmpty();
  }

  @Test
  void whatAnotherDigestSaidIsNotSaidOfThisOne() throws Exception {
    run(step("d1", "false", "die 'no space left'", "true"), "1");
    CompletableFuture<Void> launch =
        launch(step("d2", "false", "until [[ -e $GUEST/go ]]; do sleep 0.05; done", "true"));
    await().until(() -> runner.report(guest).steps().get("demo").status() == Status.RUNNING);

    assertThat(runner.report(guest).steps().get("demo").output()).isEmpty();

    Files.createFile(root.resolve("go"));
    launch.get();
  }

  @Test
  void aTryAfterAnInterruptionSaysThatItWasInterrupted() throws Exception {
    Step slow = step("d1", "false", "until [[ -e $GUEST/go ]]; do sleep 0.05; done", "true");
    CompletableFuture<Void> first = launch(slow);
    await().until(() -> log().contains("apply"));
    killUnit("-KILL");
    first.get();
    CompletableFuture<Void> second = launch(slow);
    // It runs before it has written what became of the one before it.
    await()
        .untilAsserted(
            () -> {
              StepState state = runner.report(guest).steps().get("demo");
              assertThat(state.status()).isEqualTo(Status.RUNNING);
              assertThat(state.output()).startsWith("it was interrupted");
            });

    Files.createFile(root.resolve("go"));
    second.get();
  }

  @Test
  void aFailingVerifyFailsTheStep() throws IOException {
    StepState state = run(step("d1", "false", "true", "die 'it does not answer'"), "1");

    assertThat(log()).containsExactly("check", "apply", "verify");
    assertThat(state.status()).isEqualTo(Status.FAILED);
    assertThat(state.output()).isEqualTo("it does not answer\nverify failed\n");
  }

  @Test
  void attemptsCountFailuresOfOneDigestInOneEpoch() {
    Step failing = step("d1", "false", "false", "true");
    List<Integer> attempts = new ArrayList<>();
    attempts.add(run(failing, "1").attempts());
    attempts.add(run(failing, "1").attempts());
    attempts.add(run(failing, "1").attempts());
    attempts.add(run(failing, "2").attempts());
    attempts.add(run(failing, "2").attempts());
    attempts.add(run(step("d2", "false", "false", "true"), "2").attempts());

    assertThat(attempts).containsExactly(1, 2, 3, 1, 2, 1);

    StepState mended = run(step("d2", "false", "true", "true"), "2");
    assertThat(mended.status()).isEqualTo(Status.DONE);
    assertThat(mended.output()).isEmpty();
  }

  @Test
  void outputIsTheBoundedEndAndStaysValidJson() {
    StepState state =
        run(
            step(
                "d1",
                "false",
                "for ((i = 0; i < 5000; i++)); do echo \"line $i\"; done;"
                    + " printf 'odd \\x00 \\xff \\x1b[31m \\\\ \" \\t grün\\n'; exit 3",
                "true"),
            "1");

    assertThat(state.output().length()).isLessThanOrEqualTo(1024);
    assertThat(state.output())
        .contains("line 4999\n")
        .doesNotContain("line 1\n")
        .contains("\\ \" \t grün\n")
        .doesNotContain("\u001b")
        .doesNotContain("\u0000")
        .endsWith("apply failed\n");
  }

  @Test
  void valuesArriveAsTheyAreAndFilesArePrivate() throws IOException {
    String script =
        """
        check() { false; }
        apply() {
          printf '%s' "$ODD" >"$GUEST/odd"
          stat -c %a "$LAB_FILES/secret" "$LAB_FILES" >"$GUEST/modes"
          place 0640 root "$GUEST" secret
        }
        verify() { placed "$GUEST" secret; }
        """;

    StepState state =
        run(
            step(
                "d1",
                Step.Scope.DISK,
                script,
                Map.of("secret", "hush\n".getBytes(StandardCharsets.UTF_8))),
            "1");

    assertThat(state.output()).isEmpty();
    assertThat(state.status()).isEqualTo(Status.DONE);
    assertThat(root.resolve("odd")).hasContent("a \"b\" $c\n'd'");
    assertThat(Files.readAllLines(root.resolve("modes"))).containsExactly("600", "700");
    assertThat(root.resolve("secret")).hasContent("hush\n");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("secret"))))
        .isEqualTo("rw-r-----");
    // No second copy of a secret lies around.
    assertThat(filesBelow("boot/work")).isEmpty();
    assertThat(filesBelow("disk")).allMatch(p -> p.toString().contains("/steps/"));
  }

  @Test
  void aFileIsReplacedAsAWhole() throws IOException {
    Files.writeString(root.resolve("conf"), "old and much longer than the new content\n");
    Object inode = Files.getAttribute(root.resolve("conf"), "unix:ino");

    run(
        step(
            "d1",
            Step.Scope.DISK,
            "check() { placed \"$GUEST\" conf; }; apply() { place 0644 root \"$GUEST\" conf; };"
                + " verify() { check; }",
            Map.of("conf", "new\n".getBytes(StandardCharsets.UTF_8))),
        "1");

    assertThat(root.resolve("conf")).hasContent("new\n");
    assertThat(Files.getAttribute(root.resolve("conf"), "unix:ino")).isNotEqualTo(inode);
  }

  @Test
  void aStepGoesOnWithoutWhoLaunchedItAndTheNextLaunchJoinsIt() throws Exception {
    Step slow = step("d1", "false", "until [[ -e $GUEST/go ]]; do sleep 0.05; done", "true");
    CompletableFuture<Void> first = launch(slow);
    await().until(() -> log().contains("apply"));
    assertThat(runner.report(guest).steps().get("demo").status()).isEqualTo(Status.RUNNING);

    CompletableFuture<Void> second = launch(slow);
    Files.createFile(root.resolve("go"));
    first.get();
    second.get();

    assertThat(log()).containsExactly("check", "apply", "verify");
    assertThat(runner.report(guest).steps().get("demo").status()).isEqualTo(Status.DONE);
  }

  @Test
  void aKilledStepIsInterruptedCountsAsAnAttemptAndIsRunAgain() throws Exception {
    Step slow = step("d1", "false", "until [[ -e $GUEST/go ]]; do sleep 0.05; done", "true");
    run(step("d1", "false", "false", "true"), "1");
    CompletableFuture<Void> launch = launch(slow);
    await().until(() -> log().stream().filter("apply"::equals).count() == 2);

    killUnit("-KILL");
    launch.get();

    StepState state = runner.report(guest).steps().get("demo");
    assertThat(state.status()).isEqualTo(Status.INTERRUPTED);
    assertThat(state.digest()).isEqualTo("d1");
    assertThat(state.attempts()).isEqualTo(2);
    assertThat(state.output()).startsWith("it was interrupted");

    Files.createFile(root.resolve("go"));
    assertThat(run(slow, "1").status()).isEqualTo(Status.DONE);
    assertThat(filesBelow("boot/work")).isEmpty();
  }

  @Test
  void aStepThatIsStoppedAtItsLimitHasFailed() throws Exception {
    CompletableFuture<Void> launch = launch(step("d1", "false", "sleep 300", "true"));
    await().until(() -> log().contains("apply"));

    killUnit("-TERM");
    launch.get();

    StepState state = runner.report(guest).steps().get("demo");
    assertThat(state.status()).isEqualTo(Status.FAILED);
    assertThat(state.attempts()).isEqualTo(1);
    assertThat(state.output()).contains("apply was stopped: the step may take 600 seconds");
  }

  @Test
  void aStepThatIsStoppedByAShutdownIsInterrupted() throws Exception {
    CompletableFuture<Void> launch = launch(step("d1", "false", "sleep 300", "true"));
    await().until(() -> log().contains("apply"));

    guest.systemState("stopping");
    killUnit("-TERM");
    launch.get();

    StepState state = runner.report(guest).steps().get("demo");
    assertThat(state.status()).isEqualTo(Status.INTERRUPTED);
    assertThat(state.attempts()).isEqualTo(1);
  }

  @Test
  void aStepThatTakesTheGuestDownEachTimeCountsItsAttempts() throws Exception {
    for (int attempt = 1; attempt <= 3; attempt++) {
      // Everything of the unit dies at once, run.sh too.
      CompletableFuture<Void> launch = launch(step("d1", "false", "sleep 300", "true"));
      int runs = attempt;
      await().until(() -> log().stream().filter("apply"::equals).count() == runs);
      killUnit("-KILL");
      launch.get();
      assertThat(runner.report(guest).steps().get("demo").attempts()).isEqualTo(attempt);
    }
    assertThat(runner.report(guest).steps().get("demo").epoch()).isEqualTo("1");
    assertThat(run(step("d1", "true", "true", "true"), "2").attempts()).isZero();
  }

  @Test
  void aProcessThatAFailedPhaseLeavesRunningHoldsNothingUp() throws Exception {
    StepState state = run(step("d1", "false", "sleep 300 & echo started; false", "true"), "1");

    assertThat(state.status()).isEqualTo(Status.FAILED);
    assertThat(state.output()).startsWith("started\n").endsWith("apply failed\n");
  }

  @Test
  void aProcessThatCannotBeEndedDoesNotHideWhatWentWrong() {
    String apart = "setsid bash -c 'touch \"$GUEST/apart\"; exec sleep 10' & ";
    String wait = "until [[ -e $GUEST/apart ]]; do sleep 0.1; done; false";

    StepState state = run(step("d1", "false", apart + wait, "true"), "1");

    assertThat(state.status()).isEqualTo(Status.FAILED);
    assertThat(state.output()).isEqualTo("apply failed\n");
  }

  @Test
  void whatLastsUntilTheRebootIsForgottenByIt() throws IOException {
    Step boot =
        step(
            "d1",
            Step.Scope.BOOT,
            "check() { false; }; apply() { echo >>\"$GUEST/log\"; }; verify() { :; }",
            Map.of());
    run(boot, "1");
    run(boot, "1");
    assertThat(log()).hasSize(1);

    for (Path file : filesBelow("boot")) {
      Files.delete(file);
    }

    assertThat(runner.report(guest).steps()).isEmpty();
    run(boot, "1");
    assertThat(log()).hasSize(2);
  }

  @Test
  void aUnitThatCannotBeStartedIsAnErrorAndLeavesTheStateAsItWas() throws IOException {
    run(step("d1", "false", "true", "true"), "1");
    Files.createFile(root.resolve("broken"));

    assertThatThrownBy(() -> run(step("d2", "false", "true", "true"), "1"))
        .isInstanceOf(StepLaunchException.class)
        .hasMessageContaining("unit lab-step-demo could not be started: Failed to connect to bus");

    StepState state = runner.report(guest).steps().get("demo");
    assertThat(state.digest()).isEqualTo("d1");
    assertThat(state.status()).isEqualTo(Status.DONE);
    assertThat(filesBelow("boot/work")).isEmpty();
  }

  @Test
  void inputsOfAKilledLaunchAreRemovedByTheNext() throws IOException {
    // A process id that no Linux gives away.
    Path left = root.resolve("boot/work/demo.99999999/files");
    Files.createDirectories(left);
    Files.writeString(left.resolve("secret"), "hush");

    run(step("d1", "false", "true", "true"), "1");

    assertThat(filesBelow("boot/work")).isEmpty();
  }

  private CompletableFuture<Void> launch(Step step) {
    return CompletableFuture.runAsync(() -> runner.run(guest, step, "1", WAIT));
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

  /** A step that watches these lines, and whose apply makes the machine as it should be. */
  private Step watching(String... lines) {
    return step(
        "d1",
        Step.Scope.DISK,
        """
        check() { echo check >>"$GUEST/log"; false; }
        apply() { echo apply >>"$GUEST/log"; echo good >"$GUEST/file"; mkdir -p "$LAB_CGROUP/fine.service"; }
        verify() { echo verify >>"$GUEST/log"; }
        watch() { cat <<END
        %s
        END
        }
        """
            .formatted(String.join("\n", lines)),
        Map.of());
  }

  /** What has drifted, as if the last look was long ago. */
  private List<String> drift() throws IOException {
    Path looked = root.resolve("boot/drift/demo");
    Files.deleteIfExists(looked);
    return runner.report(guest).steps().get("demo").drift();
  }

  @Test
  void whatWasChangedUnderAStepIsTold() throws IOException {
    Path file = root.resolve("file");
    Path setting = root.resolve("sys/net/ipv4/ip_default_ttl");
    Files.createDirectories(setting.getParent());
    Files.writeString(setting, "66\n");
    Files.writeString(root.resolve("rules"), "drop\n");
    run(
        watching(
            "file $GUEST/file",
            "service fine.service",
            "service waits.service $GUEST/permission",
            "address 127.0.0.1",
            "setting net.ipv4.ip_default_ttl 66",
            "output firewall $(cksum <$GUEST/rules | tr ' ' :) cat $GUEST/rules"),
        "1");
    assertThat(drift()).isEmpty();

    Files.writeString(file, "bad");
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().plusSeconds(1)));
    Files.delete(root.resolve("cgroup/fine.service"));
    Files.writeString(setting, "64\n");
    Files.writeString(root.resolve("rules"), "accept\n");
    assertThat(drift())
        .containsExactly(
            file + " was changed",
            "fine.service does not run",
            "net.ipv4.ip_default_ttl is 64 instead of 66",
            "the firewall was changed");
    Files.delete(file);
    assertThat(drift()).contains(file + " is gone");
  }

  @Test
  void whatIsAsItShouldBeAMomentLaterHasNotDrifted() throws IOException {
    Path rules = Files.writeString(root.resolve("rules"), "drop\n");
    run(watching("output firewall $(cksum <$GUEST/rules | tr ' ' :) cat $GUEST/rules"), "1");
    guest.program("sleep", "#!/bin/sh\necho drop >\"$GUEST/rules\"\n");
    Files.writeString(rules, "accept\n");
    assertThat(drift()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "0, it lets clients in,",
    "1, it refuses them while it starts,",
    "2, it says nothing, fine.service does not answer",
    "3, it could not be asked,"
  })
  void aServerThatSaysNothingHasDriftedUnlessItDoesNotRun(
      int exitCode, String what, String sentence) throws IOException {
    guest.program("setpriv", AS_HIMSELF);
    guest.program(
        "pg_isready", "#!/bin/sh\necho \"$*\" >\"$GUEST/asked\"\nexit %d\n".formatted(exitCode));
    guest.program("sleep", "#!/bin/sh\n");
    run(watching("answers fine.service", "answers none.service"), "1");
    assertThat(drift())
        .as(what)
        .containsExactlyElementsOf(Optional.ofNullable(sentence).map(List::of).orElse(List.of()));
    assertThat(root.resolve("asked"))
        .as("whom the server does not know is a line of its log")
        .content()
        .contains("-d postgres");
  }

  @Test
  void aGuestThatStartsOrStopsHasNotDrifted() throws IOException {
    run(watching("service none.service"), "1");
    assertThat(drift()).containsExactly("none.service does not run");
    for (String state : List.of("starting", "stopping", "initializing")) {
      guest.systemState(state);
      assertThat(drift()).as(state).isEmpty();
    }
  }

  @Test
  void whatHasDriftedIsAppliedAgainWithoutACheck() throws IOException {
    Step step = watching("file $GUEST/file");
    run(step, "1");
    Files.delete(root.resolve("file"));
    assertThat(drift()).hasSize(1);
    Files.delete(root.resolve("log"));

    StepState state = run(step, "1");

    assertThat(log()).containsExactly("apply", "verify");
    assertThat(state.status()).isEqualTo(Status.DONE);
    assertThat(state.drift()).isEmpty();
    assertThat(drift()).isEmpty();
  }

  @Test
  void theGuestLooksOnlyNowAndThen() throws IOException {
    run(watching("file $GUEST/file"), "1");
    Files.delete(root.resolve("file"));

    assertThat(runner.report(guest).steps().get("demo").drift())
        .as("the step has just seen to it")
        .isEmpty();
    assertThat(drift()).hasSize(1);
    Files.writeString(root.resolve("file"), "good");
    Files.setLastModifiedTime(root.resolve("file"), FileTime.from(Instant.EPOCH));
    assertThat(drift()).isEmpty();
    Files.delete(root.resolve("file"));

    assertThat(runner.report(guest).steps().get("demo").drift()).isEmpty();
    assertThat(drift()).hasSize(1);
    assertThat(runner.report(guest).steps().get("demo").drift()).hasSize(1);
  }

  @Test
  void aStepThatCannotSayWhatToWatchHasFailed() throws IOException {
    Step step =
        step(
            "d1",
            Step.Scope.DISK,
            "check() { :; }; apply() { :; }; verify() { :; }; watch() { die 'no idea'; }",
            Map.of());
    assertThat(run(step, "1").status()).isEqualTo(Status.FAILED);
  }

  /**
   * A step that obeys a decision who is primary before it does anything, as those of PostgreSQL do.
   */
  private Step decision(String digest, String term, String node) {
    return Step.builder()
        .node("node")
        .name("demo")
        .script(
            """
            check() { term_known; }
            apply() { obey_term; echo "applied $PRIMARY_TERM" >>"$GUEST/log"; }
            verify() { :; }
            """)
        .values(Map.of("PRIMARY_TERM", term, "PRIMARY_NODE", node))
        .timeout(Duration.ofSeconds(600))
        .digest(digest)
        .build();
  }

  @Test
  void aStepOfAnEarlierDecisionIsRefused() throws IOException {
    assertThat(runner.report(guest).term()).isEqualTo(GuestReport.Term.NONE);

    run(decision("d1", "3", "psql1server"), "1");
    run(decision("d2", "10", "psql2server"), "1");
    assertThat(runner.report(guest).term()).isEqualTo(new GuestReport.Term(10, "psql2server"));

    StepState refused = run(decision("d3", "9", "psql1server"), "1");
    assertThat(refused.status()).isEqualTo(Status.FAILED);
    assertThat(refused.output())
        .contains(
            GuestReport.Term.STALE
                + "by decision 10, which was obeyed here, psql2server is primary; decision 9 for"
                + " psql1server is older");
    StepState other = run(decision("d4", "10", "psql1server"), "1");
    assertThat(other.output()).contains(GuestReport.Term.STALE, "was for psql2server");
    assertThat(log()).containsExactly("applied 3", "applied 10");

    assertThat(run(decision("d5", "10", "psql2server"), "1").status()).isEqualTo(Status.DONE);
    assertThat(log()).as("it is known already").hasSize(2);
    assertThat(runner.report(guest).term().number()).isEqualTo(10);
  }

  /** Before anything else that they do. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "postgresql-promotion",
        "postgresql-primary",
        "postgresql-standby",
        "postgresql-demotion"
      })
  void everyStepThatDependsOnWhoIsPrimaryObeysTheDecision(String step) throws IOException {
    String script = Files.readString(Path.of("src/main/resources/provision/steps/" + step + ".sh"));
    assertThat(script).containsPattern("check\\(\\) \\{\n  term_known\n");
    String apply = script.substring(script.indexOf("\napply() {"));
    assertThat(apply.lines().skip(2).filter(l -> !l.matches(" +(local|drop_in=).*")).findFirst())
        .contains("  obey_term");
  }
}
