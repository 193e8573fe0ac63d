package dev.ejabberdlab.status;

/** A condition's status. */
public enum Truth {
  True,
  False,
  Unknown
}
