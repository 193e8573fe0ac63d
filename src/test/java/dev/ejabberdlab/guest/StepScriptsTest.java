package dev.ejabberdlab.guest;

import static dev.ejabberdlab.guest.StepStand.step;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.guest.StepState.Status;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs launch.sh, run.sh and report.sh for real, with stand-ins for systemd. */
@Timeout(120)
class StepScriptsTest {

  @TempDir Path root;
  private StepStand stand;

  @BeforeEach
  void machine() throws IOException {
    stand = new StepStand(root);
  }

  @Test
  void aStepIsCheckedAppliedAndVerified() throws IOException {
    StepState state = stand.run(step("d1", "false", "true", "true"), "1");

    assertThat(stand.log()).containsExactly("check", "apply", "verify");
    assertThat(state.status()).isEqualTo(Status.DONE);
    assertThat(state.digest()).isEqualTo("d1");
    assertThat(state.attempts()).isZero();
    assertThat(state.epoch()).isEqualTo("1");
    assertThat(state.output()).isEmpty();
    assertThat(state.secondsAgo()).isBetween(0L, 60L);
  }

  @Test
  void whatHoldsAlreadyIsNotApplied() throws IOException {
    StepState state = stand.run(step("d1", "true", "true", "true"), "1");

    assertThat(stand.log()).containsExactly("check");
    assertThat(state.status()).isEqualTo(Status.DONE);
  }

  @Test
  void aStepThatIsDoneIsNotRunAgainUnlessItsDigestChanges() throws IOException {
    stand.run(step("d1", "false", "true", "true"), "1");
    stand.run(step("d1", "false", "true", "true"), "2");
    assertThat(stand.log()).containsExactly("check", "apply", "verify");

    StepState state = stand.run(step("d2", "false", "true", "true"), "2");

    assertThat(stand.log()).hasSize(6);
    assertThat(state.digest()).isEqualTo("d2");
    assertThat(state.status()).isEqualTo(Status.DONE);
  }

  @Test
  void anyFailingCommandFailsThePhase() throws IOException {
    StepState state = stand.run(step("d1", "false; true", "false; true", "true"), "1");

    assertThat(stand.log()).containsExactly("check", "apply");
    assertThat(state.status()).isEqualTo(Status.FAILED);
    assertThat(state.output()).contains("step.sh line 3: exit code 1").endsWith("apply failed\n");
  }

  @Test
  void aFailingVerifyFailsTheStep() throws IOException {
    StepState state = stand.run(step("d1", "false", "true", "die 'it does not answer'"), "1");

    assertThat(stand.log()).containsExactly("check", "apply", "verify");
    assertThat(state.status()).isEqualTo(Status.FAILED);
    assertThat(state.output()).isEqualTo("it does not answer\nverify failed\n");
  }

  @Test
  void attemptsCountFailuresOfOneDigestInOneEpoch() {
    Step failing = step("d1", "false", "false", "true");
    List<Integer> attempts = new ArrayList<>();
    attempts.add(stand.run(failing, "1").attempts());
    attempts.add(stand.run(failing, "1").attempts());
    attempts.add(stand.run(failing, "1").attempts());
    attempts.add(stand.run(failing, "2").attempts());
    attempts.add(stand.run(failing, "2").attempts());
    attempts.add(stand.run(step("d2", "false", "false", "true"), "2").attempts());

    assertThat(attempts).containsExactly(1, 2, 3, 1, 2, 1);

    StepState mended = stand.run(step("d2", "false", "true", "true"), "2");
    assertThat(mended.status()).isEqualTo(Status.DONE);
    assertThat(mended.output()).isEmpty();
  }

  @Test
  void outputIsTheBoundedEndAndStaysValidJson() {
    StepState state =
        stand.run(
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
        stand.run(
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
    assertThat(stand.filesBelow("boot/work")).isEmpty();
    assertThat(stand.filesBelow("disk")).allMatch(p -> p.toString().contains("/steps/"));
  }

  @Test
  void aFileIsReplacedAsAWhole() throws IOException {
    Files.writeString(root.resolve("conf"), "old and much longer than the new content\n");
    Object inode = Files.getAttribute(root.resolve("conf"), "unix:ino");

    stand.run(
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
  void whatLastsUntilTheRebootIsForgottenByIt() throws IOException {
    Step boot =
        step(
            "d1",
            Step.Scope.BOOT,
            "check() { false; }; apply() { echo >>\"$GUEST/log\"; }; verify() { :; }",
            Map.of());
    stand.run(boot, "1");
    stand.run(boot, "1");
    assertThat(stand.log()).hasSize(1);

    for (Path file : stand.filesBelow("boot")) {
      Files.delete(file);
    }

    assertThat(stand.report().steps()).isEmpty();
    stand.run(boot, "1");
    assertThat(stand.log()).hasSize(2);
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
    assertThat(stand.report().term()).isEqualTo(GuestReport.Term.NONE);

    stand.run(decision("d1", "3", "psql1server"), "1");
    stand.run(decision("d2", "10", "psql2server"), "1");
    assertThat(stand.report().term()).isEqualTo(new GuestReport.Term(10, "psql2server"));

    StepState refused = stand.run(decision("d3", "9", "psql1server"), "1");
    assertThat(refused.status()).isEqualTo(Status.FAILED);
    assertThat(refused.output())
        .contains(
            GuestReport.Term.STALE
                + "by decision 10, which was obeyed here, psql2server is primary; decision 9 for"
                + " psql1server is older");
    StepState other = stand.run(decision("d4", "10", "psql1server"), "1");
    assertThat(other.output()).contains(GuestReport.Term.STALE, "was for psql2server");
    assertThat(stand.log()).containsExactly("applied 3", "applied 10");

    assertThat(stand.run(decision("d5", "10", "psql2server"), "1").status()).isEqualTo(Status.DONE);
    assertThat(stand.log()).as("it is known already").hasSize(2);
    assertThat(stand.report().term().number()).isEqualTo(10);
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
