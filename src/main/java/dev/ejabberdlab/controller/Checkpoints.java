package dev.ejabberdlab.controller;

import jakarta.enterprise.context.ApplicationScoped;

/** Is passed at each step of a reconcile; tests let a reconcile fail there. */
@ApplicationScoped
public class Checkpoints {

  /** Called before a step of a lab's reconcile. */
  void reach(Checkpoint step) {
    // Nothing is to be done in production.
  }
}
