package dev.ejabberdlab.observe;

/** A fault that nobody expects, without a stack trace to fill the log of the tests with. */
public final class Bug extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public Bug() {
    super("a bug, made for this test", null, false, false);
  }
}
