package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;

/** The status of a lab could not be made; what was decided can be written all the same. */
@SuppressWarnings("serial")
final class UndescribedException extends RuntimeException {

  private final transient EjabberdLabStatus decided;

  /**
   * @param decided the last status with what was decided since
   */
  UndescribedException(EjabberdLabStatus decided, Throwable cause) {
    super(cause);
    this.decided = decided;
  }

  EjabberdLabStatus decided() {
    return decided;
  }
}
