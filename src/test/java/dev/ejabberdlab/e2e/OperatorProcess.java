package dev.ejabberdlab.e2e;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The operator in a process of this machine. */
final class OperatorProcess implements Operator {

  private static final File JAR = new File("target/quarkus-app/quarkus-run.jar");

  private final File kubeconfig;
  private Process process;

  /**
   * @param kubeconfig with the rights of deploy/rbac.yaml and no more
   */
  OperatorProcess(File kubeconfig) {
    this.kubeconfig = kubeconfig;
  }

  @Override
  public void start() {
    if (!JAR.exists()) {
      throw new IllegalStateException(JAR + " is missing: run 'make build' first.");
    }
    LOG.getParentFile().mkdirs();
    ProcessBuilder builder =
        new ProcessBuilder(
                "java",
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dquarkus.http.host=127.0.0.1",
                "-Dquarkus.http.port=0",
                "-jar",
                JAR.getPath())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(LOG));
    builder.environment().put("KUBECONFIG", kubeconfig.getPath());
    // As a container that is restarted in its pod.
    builder.environment().put("EJABBERD_LAB_IDENTITY", "e2e");
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    // A test run that is killed leaves no operator behind.
    Process started = process;
    Runtime.getRuntime().addShutdownHook(new Thread(started::destroyForcibly));
  }

  @Override
  public boolean runs() {
    return process != null && process.isAlive();
  }

  @Override
  public void kill() {
    process.destroyForcibly();
    Operator.awaitEnd(process);
  }

  @Override
  public void stop() {
    if (process == null) {
      return;
    }
    process.destroy();
    Operator.awaitEnd(process);
  }
}
