package dev.ejabberdlab.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.plan.Scene;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.ArrayList;
import java.util.List;

/** A lab's status and Events from scene to scene, as the operator would write them. */
final class Story {

  static final String PRIMARY = "psql1server";

  private final List<Transition> events = new ArrayList<>();
  private EjabberdLabStatus status;
  private long generation = 1;
  private boolean autoKvm;

  /** The status that a lab without one gets. */
  static EjabberdLabStatus first(Scene scene) {
    return new Story().then(scene).status();
  }

  /** The status of a lab that was ready before. */
  static EjabberdLabStatus afterReady(Scene scene) {
    return new Story().then(Scene.ready()).then(scene).status();
  }

  Story then(Scene scene) {
    return becomes(LabStatuses.of(input(scene)));
  }

  Story becomes(EjabberdLabStatus next) {
    events.addAll(Transitions.between(status, next));
    status = next;
    List<String> types = next.conditions().stream().map(Condition::getType).toList();
    assertThat(types)
        .doesNotHaveDuplicates()
        .contains("Ready")
        .as("never both")
        .satisfies(t -> assertThat(t.contains("Reconciling") && t.contains("Stalled")).isFalse());
    assertThat(next.observedGeneration()).isEqualTo(generation);
    return this;
  }

  Story specChanges() {
    generation++;
    return this;
  }

  Story autoKvm() {
    autoKvm = true;
    return this;
  }

  StatusInput input(Scene scene) {
    return StatusInput.builder()
        .generation(generation)
        .previous(status)
        .lab(scene.lab())
        .primacy(scene.input().primacy())
        .steps(scene.steps())
        .host(scene.host())
        .autoKvm(autoKvm)
        .snapshot(scene.snapshot())
        .plan(scene.plan())
        .now(scene.now())
        .build();
  }

  EjabberdLabStatus status() {
    return status;
  }

  long generation() {
    return generation;
  }

  Kstatus kstatus() {
    return Kstatus.of(status, generation, false);
  }

  /** The Events since the last call. */
  List<Transition> events() {
    List<Transition> since = List.copyOf(events);
    events.clear();
    return since;
  }

  /** A condition as {@code STATUS REASON: MESSAGE}. */
  static String condition(EjabberdLabStatus status, String type) {
    return Conditions.find(status.conditions(), type)
        .map(c -> c.getStatus() + " " + c.getReason() + ": " + c.getMessage())
        .orElse("absent");
  }
}
