package dev.ejabberdlab.provision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ScriptsTest {

  private static final Path PROVISION = Path.of("src", "main", "resources", "provision");

  static List<Path> scripts() throws IOException {
    try (Stream<Path> files = Files.walk(PROVISION)) {
      return files.filter(f -> f.toString().endsWith(".sh")).sorted().toList();
    }
  }

  @Test
  void shellcheckFindsNothing() throws Exception {
    List<String> command = new ArrayList<>(List.of("shellcheck"));
    scripts().forEach(s -> command.add(s.toString()));
    Process shellcheck;
    try {
      shellcheck = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      fail("shellcheck is not installed: run hack/install-deps.sh", e);
      return;
    }
    String output = new String(shellcheck.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    shellcheck.waitFor();

    assertThat(output).isEmpty();
    assertThat(shellcheck.exitValue()).isZero();
    assertThat(command).hasSizeGreaterThan(8);
  }

  @ParameterizedTest
  @MethodSource("scripts")
  void aStepHasExactlyItsThreePhasesForTheRunner(Path script) throws IOException {
    if (script.getParent().endsWith("steps")) {
      assertThat(Files.readString(script))
          .containsOnlyOnce("\ncheck() {")
          .containsOnlyOnce("\napply() {")
          .containsOnlyOnce("\nverify() {");
    }
  }
}
