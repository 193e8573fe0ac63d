package dev.ejabberdlab.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/** What users see. */
final class Kubectl {

  private Kubectl() {}

  /** What kubectl prints, both streams; fails when it does. */
  static String run(String... arguments) {
    List<String> command =
        Stream.concat(
                Stream.of("kubectl", "--kubeconfig", OperatorProfile.variable("LAB_KUBECONFIG")),
                Stream.of(arguments))
            .toList();
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new AssertionError(String.join(" ", arguments) + " failed: " + output);
      }
      return output;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
