package dev.ejabberdlab.controller;

import dev.ejabberdlab.guest.Step.Obstacle;
import dev.ejabberdlab.status.Reason;

/** Something that the spec names does not exist or cannot be used. */
final class LackingException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final transient Obstacle obstacle;

  LackingException(Obstacle obstacle) {
    super(obstacle.sentence());
    this.obstacle = obstacle;
  }

  Reason reason() {
    return obstacle.kind() == Obstacle.Kind.MISSING
        ? Reason.ReferenceMissing
        : Reason.ReferenceUnusable;
  }
}
