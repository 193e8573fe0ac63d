package dev.ejabberdlab.plan;

import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;
import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Instant;
import java.util.List;

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
public record PlanInput(
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

  /** What accelerates guests; to be asked only when the host has answered. */
  Accelerator accelerator() {
    return accelerator(virtualization, host.facts().value());
  }

  /** What {@code auto} comes to on a host. */
  public static Accelerator accelerator(Virtualization virtualization, HostFacts facts) {
    return switch (virtualization) {
      case kvm -> Accelerator.kvm;
      case qemu -> Accelerator.qemu;
      case auto -> facts.kvm() ? Accelerator.kvm : Accelerator.qemu;
    };
  }

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

    public PlanInput build() {
      return new PlanInput(
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
