package dev.ejabberdlab.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * This machine as a guest that runs the step {@code demo}, and what can be seen of it: what the
 * guest reports, what the step wrote to its log, and which files there are.
 */
final class StepStand {

  private static final Duration WAIT = Duration.ofSeconds(60);

  final LocalGuest guest;
  private final TransientStepRunner runner = new TransientStepRunner(Clock.systemUTC());

  StepStand(Path root) throws IOException {
    guest = new LocalGuest(root);
  }

  static Step step(String digest, Step.Scope scope, String script, Map<String, byte[]> files) {
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

  /** A step whose phases leave their name in the log, and then do this. */
  static Step step(String digest, String check, String apply, String verify) {
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

  StepState run(Step step, String epoch) {
    return runner.run(guest, step, epoch, WAIT).steps().get("demo");
  }

  GuestReport report() {
    return runner.report(guest);
  }

  /** What the guest reports of the step; null when it knows nothing of it. */
  StepState state() {
    return report().steps().get("demo");
  }

  List<String> log() throws IOException {
    Path log = guest.root.resolve("log");
    return Files.exists(log) ? Files.readAllLines(log) : List.of();
  }

  List<Path> filesBelow(String directory) throws IOException {
    Path start = guest.root.resolve(directory);
    if (!Files.exists(start)) {
      return List.of();
    }
    try (Stream<Path> paths = Files.walk(start)) {
      return paths.filter(Files::isRegularFile).toList();
    }
  }
}
