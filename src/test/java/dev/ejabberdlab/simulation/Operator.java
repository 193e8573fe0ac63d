package dev.ejabberdlab.simulation;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.controller.SimulatedOperator;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.provision.Inputs;
import dev.ejabberdlab.provision.Instances;
import dev.ejabberdlab.topology.LabTopology;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** One operator in the simulated world. */
final class Operator implements SimulatedOperator.Surroundings {

  /** Until it has asked everything it can say nothing new. */
  private static final long AWAKE = 60_000;

  final Process process;
  private final World world;
  private final Api api;
  private final Catalogue catalogue;
  private final Disturbances faults;
  private final Witness witness;
  private final Connection connection;
  private final GuestSteps steps;
  private final int beat;
  private final Predicate<Operator> leads;
  private final long startedAt;
  private EjabberdLab cached;
  private SimulatedOperator operator;

  Operator(
      World world,
      Disturbances faults,
      Witness witness,
      Api api,
      Catalogue catalogue,
      Map<String, Integer> failures,
      int number,
      int beat,
      Predicate<Operator> leads) {
    this.world = world;
    this.leads = leads;
    this.api = api;
    this.catalogue = catalogue;
    this.faults = faults;
    this.witness = witness;
    this.beat = beat;
    this.startedAt = world.now();
    this.process = new Process(world, "operator " + number);
    this.connection = new Connection(world, faults, process, witness);
    this.steps = new GuestSteps(world, faults, process, connection, witness, failures);
  }

  void start() {
    world.tell(process + " starts");
    cached = api.lab();
    if (cached == null) {
      return;
    }
    operator =
        new SimulatedOperator(
            this,
            connection,
            steps,
            process,
            world.clock(),
            Host.POOL,
            faults.home().uuid(),
            cached);
    api.watch(lab -> process.after(0, () -> informed(lab)));
    beat();
  }

  boolean isAwake() {
    return process.isAlive() && !process.isFrozen() && world.now() - startedAt > AWAKE;
  }

  private void informed(EjabberdLab lab) {
    if (lab == null) {
      cached = null;
    } else if (cached != null && version(lab) > version(cached)) {
      cached = lab;
      operator.changed();
    }
  }

  private static long version(EjabberdLab lab) {
    return Long.parseLong(lab.getMetadata().getResourceVersion());
  }

  private void beat() {
    process.after(
        beat * 1000L,
        () -> {
          operator.beat();
          beat();
        });
  }

  @Override
  public EjabberdLab cached() {
    return cached;
  }

  @Override
  public void write(EjabberdLab lab, EjabberdLabStatus status) {
    process.reach("before it writes the status");
    try {
      EjabberdLab written = api.write(lab, truth(lab, status));
      if (version(written) > version(cached)) {
        cached = written;
      }
    } catch (KubernetesClientException e) {
      if (world.isInForce(Rule.RECORD)) {
        throw e;
      }
      // It believes what it could not write.
      EjabberdLab believed = new EjabberdLab();
      believed.setMetadata(new ObjectMetaBuilder(lab.getMetadata()).build());
      believed.setSpec(lab.getSpec());
      believed.setStatus(status);
      cached = believed;
    }
    process.reach("after it has written the status");
  }

  /** Without the rule, what was Ready once is called so. */
  private EjabberdLabStatus truth(EjabberdLab lab, EjabberdLabStatus status) {
    EjabberdLabStatus before = lab.getStatus();
    if (world.isInForce(Rule.READY)
        || before == null
        || before.conditions().stream()
            .noneMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"))) {
      return status;
    }
    return status.toBuilder().conditions(before.conditions()).build();
  }

  @Override
  public LabTopology topology(EjabberdLab lab) {
    return catalogue.topology(lab);
  }

  @Override
  public Inputs inputs() {
    return catalogue.inputs(api.credentials());
  }

  @Override
  public List<Step> steps(LabTopology lab, Inputs inputs, Instances instances) {
    return catalogue.steps(lab, inputs, instances);
  }

  @Override
  public Optional<Object> lastValid() {
    return api.lastValid();
  }

  @Override
  public void keep(Object valid) {
    api.keep(valid);
  }

  @Override
  public boolean hasSecrets() {
    return api.hasSecrets();
  }

  @Override
  public boolean hasLease() {
    return leads.test(this);
  }

  @Override
  public void remove() {
    api.remove();
  }

  /** One that dies in the middle of it has failed by that. */
  @Override
  public void bug(String message) {
    if (process.isAlive()) {
      witness.found("a reconcile fails: " + message);
    }
  }

  @Override
  public void later(Duration wait, Runnable work) {
    process.after(wait.toMillis(), work);
  }
}
