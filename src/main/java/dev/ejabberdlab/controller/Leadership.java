package dev.ejabberdlab.controller;

/** Whether this process is the active operator. */
interface Leadership {

  /**
   * Whether this process is the active operator at this moment, as far as can be known. A process
   * that was frozen for longer than its lease does not know by itself that another one is active
   * now.
   */
  boolean isHeld();
}
