package dev.ejabberdlab.e2e;

import java.io.File;
import java.util.concurrent.TimeUnit;

/** The packaged operator, wherever it runs, so that it can be killed. */
interface Operator {

  /** Where all operators of this run have written to. */
  File LOG = new File("target/e2e/operator.log");

  void start();

  boolean runs();

  /** As {@code kill -9}. */
  void kill();

  /** As {@code kill}. */
  void stop();

  /** Waits until a process that was told to end has done so. */
  static void awaitEnd(Process process) {
    try {
      if (!process.waitFor(2, TimeUnit.MINUTES)) {
        throw new AssertionError("The operator does not end; see " + LOG);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
