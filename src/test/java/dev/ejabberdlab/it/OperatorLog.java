package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;

/** What the operator has logged since the tests began. */
final class OperatorLog {

  /**
   * What no test may provoke: an internal error, or a request that the operator's rights do not
   * allow.
   */
  private static final Pattern FAULT =
      Pattern.compile("\\bERROR\\b|Uncaught error|code=403|is forbidden|cannot \\w+ resource");

  /** Length of the log up to which a test has provoked faults on purpose. */
  private static int forgiven;

  private OperatorLog() {}

  /** What was logged up to now was provoked on purpose. */
  static void forgive() {
    forgiven = text().length();
  }

  /** The log begins anew. */
  static void restarted() {
    forgiven = 0;
  }

  static void assertFaultless() {
    assertThat(
            text()
                .substring(forgiven)
                .lines()
                .filter(line -> FAULT.matcher(line).find() && !line.contains(Tether.DEAD)))
        .isEmpty();
  }

  /** Lines about a lab. */
  static List<String> about(String namespace, String lab) {
    return text().lines().filter(line -> line.contains(namespace + "/" + lab + ":")).toList();
  }

  static void assertWithout(Collection<String> secrets) {
    String text = text();
    secrets.forEach(s -> assertThat(text.contains(s)).as("a secret is in the log").isFalse());
  }

  private static String text() {
    try {
      return new String(Files.readAllBytes(OperatorProfile.LOG), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
