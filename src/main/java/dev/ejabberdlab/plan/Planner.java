package dev.ejabberdlab.plan;

import dev.ejabberdlab.plan.Plan.Restart;
import java.util.List;

/**
 * Makes a lab what it shall be and keeps it so: networks, then machines, then steps, each as early
 * as it can be, machines independently of each other; what the lab shall not have goes. What is
 * unknown is left alone.
 */
public final class Planner {

  private Planner() {}

  public static Plan plan(PlanInput input) {
    PlanBuilder plan = new PlanBuilder(input.progress(), input.now());
    Steps steps = new Steps(input, plan);
    List<Restart> restarts = List.of();
    if (input.host().reachable()) {
      Networks networks = new Networks(input.lab(), input.snapshot(), plan);
      if (input.lab().running()) {
        // Nobody else goes down while the primary changes.
        restarts = input.primacy().underWay().isEmpty() ? new Rollout(input).restarts() : List.of();
        networks.bringUp();
        new Machines(input, plan, restarts, steps).bringUp();
      } else {
        networks.keepDefined();
        new Machines(input, plan, restarts, steps).keepDefined();
        new Halt(input.lab(), input.snapshot(), input.primary(), plan).proceed();
      }
      new Surplus(input.lab(), input.snapshot(), input.pool(), input.primacy(), plan).remove();
    }
    input.primacy().wakeAt().ifPresent(plan::wake);
    return plan.build(steps.stalled(), restarts);
  }
}
