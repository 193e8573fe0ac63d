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

  /** Length of the log up to which it was looked at, or faults were provoked on purpose. */
  private static int forgiven;

  private OperatorLog() {}

  /** What was logged up to now was provoked on purpose. */
  static synchronized void forgive() {
    forgiven = text().length();
  }

  /** The log begins anew. */
  static synchronized void restarted() {
    forgiven = 0;
  }

  /** Looks at what was logged since the last look: a fault fails one test, not all after it. */
  static synchronized void assertFaultless() {
    String text = text();
    String news = text.substring(forgiven);
    forgiven = text.length();
    assertThat(news.lines().filter(OperatorLog::isFault)).isEmpty();
  }

  /** Whoever removes finalizers by hand may leave the operator nothing to remove its own from. */
  private static boolean isFault(String line) {
    return FAULT.matcher(line).find()
        && !line.contains(KillableOperator.DEAD)
        && !(line.contains("Uncaught error") && line.contains("code=404"));
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
