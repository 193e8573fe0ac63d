package dev.ejabberdlab.e2e;

import java.io.File;

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
}
