package dev.ejabberdlab.it;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * The operator as it is deployed, but on the API server that {@code hack/test.sh it} names in the
 * environment.
 */
public final class OperatorProfile implements QuarkusTestProfile {

  /**
   * Added to the names of what each of the processes that share the tests has for itself: nothing
   * in the first.
   */
  private static final String PROCESS =
      System.getProperty("lab.process", "").replaceFirst("^process(_1)?", "");

  /** What the operator logs during all tests of this process. */
  static final Path LOG = Path.of("target", "it", "operator%s.log".formatted(PROCESS));

  @Override
  public Map<String, String> getConfigOverrides() {
    variable("LAB_KUBECONFIG");
    // Where the client looks first, whatever KUBECONFIG or ~/.kube/config say.
    System.setProperty("kubeconfig", variable("LAB_OPERATOR_KUBECONFIG"));
    try {
      // Tests look for faults in it; those of the last run are not theirs.
      Files.deleteIfExists(LOG);
      OperatorLog.restarted();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Map.of(
        "quarkus.kubernetes-client.devservices.enabled", "false",
        "quarkus.http.test-port", "0",
        "quarkus.log.file.enabled", "true",
        "quarkus.log.file.path", LOG.toString(),
        "quarkus.log.file.rotation.rotate-on-boot", "false",
        "quarkus.log.file.rotation.max-file-size", "1G",
        "quarkus.log.console.level", "ERROR");
  }

  static String variable(String each) {
    String name = each + PROCESS;
    String value = System.getenv(name);
    if (value == null || value.isBlank()) {
      throw new IllegalStateException(
          name + " is not set: run these tests with 'make test-it', or see docs/development.md.");
    }
    return value;
  }
}
