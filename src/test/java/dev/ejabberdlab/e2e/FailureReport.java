package dev.ejabberdlab.e2e;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * How the lab was at the moment when a test failed, in {@code target/e2e/failures}: what a later
 * test finds is another lab.
 */
final class FailureReport {

  private static final Path DIRECTORY = Path.of("target/e2e/failures");

  private final SharedLab lab;

  FailureReport(SharedLab lab) {
    this.lab = lab;
  }

  void write(ExtensionContext test) throws IOException {
    String name =
        test.getRequiredTestClass().getSimpleName()
            + "."
            + test.getTestMethod().map(Method::getName).orElse("constructor");
    Files.createDirectories(DIRECTORY);
    Files.writeString(
        DIRECTORY.resolve(name + ".txt"),
        Stream.of(
                "# " + name,
                section("Status", () -> Serialization.asYaml(lab.status())),
                section("Events", this::events),
                section("ejabberd", this::members))
            .collect(Collectors.joining("\n")));
  }

  /** A report that cannot be made must not hide the failure that it is about. */
  private static String section(String title, Supplier<String> content) {
    String text;
    try {
      text = content.get();
    } catch (RuntimeException | AssertionError e) {
      text = e.toString();
    }
    return "## " + title + "\n" + text;
  }

  /** What each member says of the cluster, and what it has logged about it. */
  private String members() {
    return lab.status().ejabberd().nodes().stream()
        .map(
            member ->
                section(
                    member.name(),
                    () ->
                        lab.bash(
                            member.name(),
                            """
                            curl -sS -m 20 http://127.0.0.1:5280/api/list_cluster/v2
                            echo
                            journalctl -q --no-pager _PID=1 -n 8
                            grep -E '\\[(error|critical)\\]|Mnesia SM|is started in' \
                              /var/log/ejabberd/ejabberd.log | tail -n 12
                            """)))
        .collect(Collectors.joining("\n"));
  }

  private String events() {
    return lab
        .stand
        .client
        .v1()
        .events()
        .inNamespace(GuestStand.NAMESPACE)
        .list()
        .getItems()
        .stream()
        .sorted(Comparator.comparing(FailureReport::time))
        .map(
            e ->
                "%s %s %s: %s"
                    .formatted(
                        time(e), e.getInvolvedObject().getName(), e.getReason(), e.getMessage()))
        .collect(Collectors.joining("\n"));
  }

  private static String time(Event event) {
    return Optional.ofNullable(event.getLastTimestamp())
        .or(() -> Optional.ofNullable(event.getEventTime()).map(t -> t.getTime()))
        .orElse("");
  }
}
