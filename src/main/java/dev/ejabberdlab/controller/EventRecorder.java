package dev.ejabberdlab.controller;

import dev.ejabberdlab.status.Reason;
import dev.ejabberdlab.status.Transition;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.List;

/** Tells what happens to a resource, as Kubernetes Events. */
@FunctionalInterface
interface EventRecorder {

  /** Returns at once; what cannot be told is lost. */
  void publish(HasMetadata about, List<Transition> transitions);

  default void publish(HasMetadata about, Reason reason, String message) {
    publish(about, List.of(new Transition(false, reason, message)));
  }

  default void warn(HasMetadata about, Reason reason, String message) {
    publish(about, List.of(new Transition(true, reason, message)));
  }
}
