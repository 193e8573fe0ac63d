package dev.ejabberdlab.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.guest.StepState.Status;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs own-file.sh and own-shell.sh for real, by launch.sh and run.sh; as root, as in guests. */
@Timeout(120)
class OwnStepScriptsTest {

  private static final Path STEPS = Path.of("src/main/resources/provision/steps");
  private static final Duration WAIT = Duration.ofSeconds(60);

  @TempDir Path root;
  private LocalGuest guest;
  private final TransientStepRunner runner = new TransientStepRunner(Clock.systemUTC());
  private int digests;

  @BeforeEach
  void machine() throws IOException {
    guest = new LocalGuest(root);
  }

  private StepState run(String script, Map<String, String> values, Map<String, byte[]> files)
      throws IOException {
    digests++;
    Step step =
        Step.builder()
            .node("node")
            .name("own-demo")
            .script(Files.readString(STEPS.resolve(script)))
            .values(values)
            .files(files)
            .timeout(Duration.ofSeconds(600))
            .digest("d" + digests)
            .build();
    runner.run(guest, step, "1", WAIT);
    return runner.report(guest).steps().get("own-demo");
  }

  private StepState file(Path path, String mode, byte[] content) throws IOException {
    return run(
        "own-file.sh",
        Map.of(
            "FILE_PATH",
            path.toString(),
            "FILE_OWNER",
            "root",
            "FILE_GROUP",
            "root",
            "FILE_MODE",
            mode),
        Map.of("content", content));
  }

  private StepState asRoot(String script, String unless, String... environment) throws IOException {
    return shell(script, unless, "root", "no", environment);
  }

  private StepState shell(
      String script, String unless, String user, String hidden, String... environment)
      throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    files.put("script", script.getBytes(StandardCharsets.UTF_8));
    files.put("unless", unless.getBytes(StandardCharsets.UTF_8));
    files.put(
        "environment",
        (environment.length == 0 ? "" : String.join("\0", environment) + "\0")
            .getBytes(StandardCharsets.UTF_8));
    return run("own-shell.sh", Map.of("SCRIPT_USER", user, "HIDDEN", hidden), files);
  }

  @Test
  void aFileArrivesByteForByteInADirectoryThatIsMadeForIt() throws IOException {
    Path path = root.resolve("etc/new/odd.bin");
    byte[] content = {0, 1, '\n', (byte) 0xff, 0, '\n', '\n'};

    assertThat(file(path, "0640", content).status()).isEqualTo(Status.DONE);

    assertThat(Files.readAllBytes(path)).isEqualTo(content);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-r-----");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path.getParent())))
        .isEqualTo("rwxr-xr-x");
    assertThat(path.getParent().toFile().list()).containsExactly("odd.bin");
  }

  @Test
  void aFileIsReplacedAsAWholeAndItsModeFollows() throws IOException {
    Path path = root.resolve("demo");
    file(path, "600", "longer than the next\n".getBytes(StandardCharsets.UTF_8));
    Object before = Files.getAttribute(path, "unix:ino");
    assertThat(file(path, "0600", Files.readAllBytes(path)).status()).isEqualTo(Status.DONE);
    assertThat(Files.getAttribute(path, "unix:ino")).isEqualTo(before);

    assertThat(file(path, "0755", new byte[] {'x'}).status()).isEqualTo(Status.DONE);

    assertThat(Files.readString(path)).isEqualTo("x");
    assertThat(Files.getAttribute(path, "unix:ino")).isNotEqualTo(before);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rwxr-xr-x");
  }

  @Test
  void aFileThatCannotBeThereSaysWhy() throws IOException {
    assertThat(file(root, "0600", new byte[] {'x'}).output()).contains(root + " is a directory");
    assertThat(
            run(
                    "own-file.sh",
                    Map.of(
                        "FILE_PATH",
                        root + "/x",
                        "FILE_OWNER",
                        "nobody-here",
                        "FILE_GROUP",
                        "root",
                        "FILE_MODE",
                        "0600"),
                    Map.of("content", new byte[0]))
                .output())
        .contains("there is no user nobody-here on this node");
    assertThat(root.resolve("x")).doesNotExist();
  }

  @Test
  void aScriptHasItsEnvironmentAndNothingElse() throws IOException {
    StepState state =
        asRoot(
            """
            [[ $ODD == $'a "b" $c\\n\\'d\\'' && -z ${LAB_FILES-} && -z ${SCRIPT_USER-} ]]
            printf '%%s|%%s|%%s|%%s' "$USER" "$HOME" "$(pwd)" "$(umask)" >%s/said
            """
                .formatted(root),
            "",
            "ODD=a \"b\" $c\n'd'",
            "EMPTY=");

    assertThat(state.output()).isEmpty();
    assertThat(state.status()).isEqualTo(Status.DONE);
    assertThat(Files.readString(root.resolve("said"))).isEqualTo("root|/root|/root|0022");
  }

  @Test
  void aScriptRunsAsItsUser() throws IOException {
    Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxrwxrwx"));
    Path said = root.resolve("said");

    assertThat(shell("id -un >%s; id -Gn >>%s".formatted(said, said), "", "nobody", "no").status())
        .isEqualTo(Status.DONE);

    assertThat(Files.readAllLines(said)).containsExactly("nobody", "nogroup");
    assertThat(shell("true", "", "nobody-here", "no").output())
        .contains("there is no user nobody-here on this node");
  }

  @Test
  void aScriptThatFailsShowsTheEndOfWhatItSaid() throws IOException {
    StepState state = asRoot("seq 100000; echo the last words >&2; exit 3", "");

    assertThat(state.status()).isEqualTo(Status.FAILED);
    assertThat(state.output().length()).isLessThanOrEqualTo(1024);
    assertThat(state.output()).contains("100000\nthe last words\n", "exit code 3");
  }

  @Test
  void aSecretScriptShowsNothing() throws IOException {
    StepState state = shell("echo geheim; if geheim", "", "root", "yes");

    assertThat(state.status()).isEqualTo(Status.FAILED);
    assertThat(state.output()).doesNotContain("geheim").contains("the script comes from a Secret");
  }

  @Test
  void aScriptIsNotRunWhenNothingNeedsToBeDone() throws IOException {
    Path ran = root.resolve("ran");
    String script = "echo x >>" + ran;

    assertThat(asRoot(script, "test -e " + ran).status()).isEqualTo(Status.DONE);
    assertThat(asRoot(script, "test -e " + ran).status()).isEqualTo(Status.DONE);
    assertThat(Files.readAllLines(ran)).hasSize(1);
    assertThat(asRoot(script, "false").status()).isEqualTo(Status.DONE);
    assertThat(Files.readAllLines(ran)).hasSize(2);
  }

  @Test
  void aScriptReadsNothingOfItselfFromItsInput() throws IOException {
    StepState state = asRoot("cat >/dev/null\necho after >%s/after\n".formatted(root), "");

    assertThat(state.status()).isEqualTo(Status.DONE);
    assertThat(root.resolve("after")).hasContent("after");
  }
}
