package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import jakarta.enterprise.context.ApplicationScoped;

/** Is passed at each step of a reconcile; tests let a reconcile fail there. */
@ApplicationScoped
public class Checkpoints {

  /** Called before a step of a lab's reconcile. */
  void reach(Checkpoint step, EjabberdLab lab) {
    // Nothing is to be done in production.
  }
}
