package dev.ejabberdlab.status;

import java.util.Optional;

/** A condition of a lab that is made of what was seen. */
interface LabCondition {

  /** What it is, whatever was seen. */
  Declaration declaration();

  /**
   * What it says.
   *
   * @return one of the reasons that are declared; empty while it is not there, which a part of
   *     Ready never is
   */
  Optional<Finding> finding(StatusInput input);
}
