package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.HostWatch;
import dev.ejabberdlab.provision.Inputs;
import dev.ejabberdlab.provision.Instances;
import dev.ejabberdlab.status.Reason;
import dev.ejabberdlab.topology.LabTopology;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;

/**
 * An operator of one lab without the framework: the real reconciles, over surroundings that are
 * simulated.
 */
public final class SimulatedOperator {

  /** How often the framework lets a lab be reconciled by itself. */
  private static final Duration INTERVAL = Duration.ofMinutes(5);

  private static final Duration FINALIZER_RETRY = Duration.ofSeconds(2);

  /** How long after the last sign of an operator another one becomes the active one. */
  public static final Duration LEASE = Implementations.LEASE;

  /** What an operator asks of the API server, and of time. */
  public interface Surroundings {

    /** The lab as the informer has it; null when there is none. */
    EjabberdLab cached();

    /** Writes a status, and has its version in the cache at once. */
    void write(EjabberdLab lab, EjabberdLabStatus status);

    /** The spec as a topology; throws when it cannot be followed. */
    LabTopology topology(EjabberdLab lab);

    /** What lies in the lab's Secrets, made when it is not there. */
    Inputs inputs();

    List<Step> steps(LabTopology lab, Inputs inputs, Instances instances);

    /** What was last valid, as an earlier operator has kept it. */
    Optional<Object> lastValid();

    void keep(Object valid);

    boolean hasSecrets();

    /** Whether the lease of the active operator is this one's. */
    boolean hasLease();

    /** The lab is taken down: its finalizer goes. */
    void remove();

    void later(Duration wait, Runnable work);

    /** A reconcile has failed by what the code does not expect. */
    void bug(String message);
  }

  private final Surroundings surroundings;
  private final HostWatch host;
  private final LabRuntime runtime;
  private final LibvirtHost resource;
  private final Lease lease;
  private final LabReconciliation reconciliation;
  private final LabDeletion deletion;
  private Optional<Supervised> remembered = Optional.empty();
  private boolean pending;
  private long wakes;

  /**
   * @param expected UUID of the lab's host
   * @param lab the lab as it is at first
   */
  public SimulatedOperator(
      Surroundings surroundings,
      Hypervisor hypervisor,
      StepRunner steps,
      Executor io,
      Clock clock,
      String pool,
      UUID expected,
      EjabberdLab lab) {
    this.surroundings = surroundings;
    this.lease =
        new Lease(
            clock,
            Implementations.LEASE.minus(Implementations.RENEW_DEADLINE),
            surroundings::hasLease);
    lease.win();
    UUID uid = UUID.fromString(lab.getMetadata().getUid());
    this.resource = new LibvirtHost();
    resource.setMetadata(new ObjectMetaBuilder().withName("default").build());
    resource.setSpec(
        new LibvirtHostSpec("qemu:///system", pool, LibvirtHostSpec.Virtualization.qemu, null));
    this.host =
        new HostWatch(
            hypervisor, pool, expected, () -> Optional.of(Set.of(uid)), io, clock, this::changed);
    this.runtime =
        new LabRuntime(
            host,
            "default",
            new Owner(uid, lab.getMetadata().getNamespace(), lab.getMetadata().getName()),
            pool,
            LabTopology.namePrefix(uid),
            steps,
            io,
            clock,
            this::changed,
            lease::isHeld);
    Checkpoints checkpoints = new Checkpoints();
    Attendance attendance = new Attendance(() -> clock.millis() * 1_000_000);
    EventRecorder events =
        (about, transitions) ->
            transitions.stream()
                .filter(t -> t.reason() == Reason.ReconcileFailed)
                .forEach(t -> surroundings.bug(t.message()));
    StatusWriter statuses = new StatusWriter(checkpoints, lease, events, clock);
    this.reconciliation =
        new LabReconciliation(
            checkpoints,
            lease,
            attendance,
            new Supervision(checkpoints, surroundings::steps),
            statuses,
            events,
            clock);
    this.deletion = new LabDeletion(lease, attendance, statuses, events, clock);
    host.tick();
    changed();
  }

  /** The lab is worth a reconcile. */
  public void changed() {
    if (!pending) {
      pending = true;
      surroundings.later(Duration.ofMillis(5), this::reconcile);
    }
  }

  /** What the pulse does. */
  public void beat() {
    lease.beat();
    host.tick();
    if (surroundings.cached() != null) {
      runtime.tick();
    }
  }

  private void reconcile() {
    pending = false;
    EjabberdLab lab = surroundings.cached();
    if (lab == null) {
      return;
    }
    Resources resources = new Resources(lab);
    Optional<Duration> again;
    if (lab.isMarkedForDeletion()) {
      again = deletion.reconcile(lab, resources);
      if (again.isEmpty()) {
        removeFinalizer();
        return;
      }
    } else {
      again = reconciliation.reconcile(lab, resources);
    }
    long number = ++wakes;
    Duration wait = again.filter(w -> w.compareTo(INTERVAL) < 0).orElse(INTERVAL);
    surroundings.later(
        wait,
        () -> {
          if (number == wakes) {
            changed();
          }
        });
  }

  /** As the framework does it: again until it is done. */
  private void removeFinalizer() {
    try {
      surroundings.remove();
    } catch (KubernetesClientException e) {
      surroundings.later(FINALIZER_RETRY, this::changed);
    }
  }

  /** The lab's resources, as the surroundings have them. */
  private final class Resources implements LabResources {

    private final EjabberdLab lab;

    Resources(EjabberdLab lab) {
      this.lab = lab;
    }

    @Override
    public void validate() {
      surroundings.topology(lab);
    }

    @Override
    public Optional<LibvirtHost> host() {
      return Optional.of(resource);
    }

    @Override
    public LabRuntime runtime(LibvirtHost ignored) {
      return runtime;
    }

    @Override
    public Supervised wanted(LibvirtHost at, HostSnapshot seen, Instant now) {
      return new Supervised(
          lab.getMetadata().getGeneration(), at, surroundings.topology(lab), surroundings.inputs());
    }

    @Override
    public void keep(Supervised supervised) {
      remembered = Optional.of(supervised);
      surroundings.keep(supervised);
    }

    @Override
    public Optional<Supervised> lastValid() {
      if (remembered.isEmpty()) {
        remembered = surroundings.lastValid().map(Supervised.class::cast);
      }
      return remembered;
    }

    @Override
    public boolean hasSecrets() {
      return surroundings.hasSecrets();
    }

    @Override
    public boolean store(EjabberdLab read, EjabberdLabStatus status) {
      try {
        surroundings.write(read, status);
        return true;
      } catch (KubernetesClientException e) {
        if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
          return false;
        }
        throw e;
      }
    }

    @Override
    public void release() {
      // Its Secrets go with it.
    }
  }
}
