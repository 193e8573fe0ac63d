package dev.ejabberdlab.plan;

import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;
import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.plan.Plan.Restart;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Makes a lab what it shall be and keeps it so: networks, then machines, then steps, each as early
 * as it can be, machines independently of each other; what the lab shall not have goes. What is
 * unknown is left alone.
 */
public final class Planner {

  /** A step that failed this often needs somebody: the lab is Stalled. */
  public static final int MAX_ATTEMPTS = 5;

  /**
   * How often such a step is tried nevertheless: its cause may have been a mirror that was away for
   * some minutes.
   */
  public static final Duration STALLED_RETRY = Duration.ofMinutes(5);

  private Planner() {}

  /**
   * Everything that a decision depends on.
   *
   * @param lab what shall exist
   * @param primacy which PostgreSQL instance is to accept writes, as the status has it
   * @param clustered the ejabberd cluster was seen before
   * @param steps what shall be done in the guests
   * @param pool storage pool of the host
   * @param virtualization as the host's spec has it
   * @param host last view of the host
   * @param snapshot last view of the lab
   * @param progress what is under way
   * @param epoch failures of steps are counted anew when it changes
   * @param now the time
   */
  public record Input(
      LabTopology lab,
      Primacy primacy,
      boolean clustered,
      List<Step> steps,
      String pool,
      Virtualization virtualization,
      HostSnapshot host,
      LabSnapshot snapshot,
      Progress progress,
      String epoch,
      Instant now) {

    /** Name of the node that is to be primary. */
    String primary() {
      return primacy.target();
    }

    public static Builder builder() {
      return new Builder();
    }

    /** Takes the parts one by one, by name. Each of them must be given. */
    public static final class Builder {

      private LabTopology lab;
      private Primacy primacy;
      private boolean clustered;
      private List<Step> steps;
      private String pool;
      private Virtualization virtualization;
      private HostSnapshot host;
      private LabSnapshot snapshot;
      private Progress progress;
      private String epoch;
      private Instant now;

      private Builder() {}

      public Builder lab(LabTopology shall) {
        lab = shall;
        return this;
      }

      public Builder primacy(Primacy decided) {
        primacy = decided;
        return this;
      }

      public Builder clustered(boolean seen) {
        clustered = seen;
        return this;
      }

      public Builder steps(List<Step> wanted) {
        steps = wanted;
        return this;
      }

      public Builder pool(String name) {
        pool = name;
        return this;
      }

      public Builder virtualization(Virtualization wanted) {
        virtualization = wanted;
        return this;
      }

      public Builder host(HostSnapshot seen) {
        host = seen;
        return this;
      }

      public Builder snapshot(LabSnapshot seen) {
        snapshot = seen;
        return this;
      }

      public Builder progress(Progress made) {
        progress = made;
        return this;
      }

      public Builder epoch(String text) {
        epoch = text;
        return this;
      }

      public Builder now(Instant time) {
        now = time;
        return this;
      }

      public Input build() {
        return new Input(
            lab,
            primacy,
            clustered,
            steps,
            pool,
            virtualization,
            host,
            snapshot,
            progress,
            epoch,
            now);
      }
    }
  }

  public static Plan plan(Input input) {
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

  /** What {@code auto} comes to on a host. */
  public static Accelerator accelerator(Virtualization virtualization, HostFacts facts) {
    return switch (virtualization) {
      case kvm -> Accelerator.kvm;
      case qemu -> Accelerator.qemu;
      case auto -> facts.kvm() ? Accelerator.kvm : Accelerator.qemu;
    };
  }
}
