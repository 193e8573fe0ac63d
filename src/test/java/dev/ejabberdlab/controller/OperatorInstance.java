package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.hypervisor.HypervisorFactory;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.function.BiConsumer;

/**
 * The operator with everything that it holds in memory, wired as in production but without Quarkus:
 * it starts in a moment, and there may be many in one process. It works on the labs of one
 * namespace.
 */
public final class OperatorInstance implements AutoCloseable {

  /** As in application.properties. */
  private static final Duration TERMINATION = Duration.ofSeconds(10);

  private final BackgroundThreads background = new BackgroundThreads();
  private final Hosts hosts;
  private final LabRuntimes labs;
  private final ReferenceWatches references;
  private final ObservationTimer timer;
  private final Operator operator;

  /**
   * Starts it.
   *
   * @param client is left open
   * @param reconciles threads of the reconciles; ended with the instance
   * @param namespace of the labs
   * @param hostSelector labels of the LibvirtHosts that the instance reports on
   */
  public OperatorInstance(
      KubernetesClient client,
      HypervisorFactory hypervisors,
      StepRunner steps,
      ExecutorService reconciles,
      String namespace,
      String hostSelector) {
    this(client, hypervisors, steps, reconciles, namespace, hostSelector, (step, lab) -> {});
  }

  /**
   * Starts one whose reconciles can be made to fail.
   *
   * @param reached is told each step of each reconcile before it is done, by the step's and the
   *     lab's name; what it throws the reconcile throws
   */
  public OperatorInstance(
      KubernetesClient client,
      HypervisorFactory hypervisors,
      StepRunner steps,
      ExecutorService reconciles,
      String namespace,
      String hostSelector,
      BiConsumer<String, String> reached) {
    Events events = new Events(client, background);
    hosts = new Hosts(hypervisors, background);
    labs = new LabRuntimes(hosts, steps, background, () -> true);
    references = new ReferenceWatches(client);
    Attendance attendance = new Attendance();
    timer = new ObservationTimer(hosts, labs, attendance, new LagMetric(new SimpleMeterRegistry()));
    operator =
        new Operator(
            o ->
                o.withKubernetesClient(client)
                    .withMetrics(new FrameworkFailures(client, background, attendance, events))
                    .withCloseClientOnStop(false)
                    .withReconciliationTerminationTimeout(TERMINATION)
                    // By default the process ends.
                    .withInformerStoppedHandler((informer, cause) -> {})
                    .withExecutorService(reconciles));
    operator.register(
        new LibvirtHostReconciler(hosts, events), o -> o.withLabelSelector(hostSelector));
    operator.register(
        new EjabberdLabReconciler(
            labs,
            hosts,
            new ManagementClaims(),
            new CredentialsSecrets(client, events),
            new AccountsSecrets(client, events),
            new LabCertificates(client, events),
            references,
            new LastValid(client),
            attendance,
            new Checkpoints() {
              @Override
              void reach(Checkpoint step, EjabberdLab lab) {
                reached.accept(step.name(), lab.getMetadata().getName());
              }
            },
            events,
            () -> true),
        o -> o.settingNamespace(namespace));
    operator.start();
    timer.start(null);
  }

  /** Names of the steps of a reconcile, in their order. */
  public static List<String> reconcileSteps() {
    return Arrays.stream(Checkpoint.values()).map(Checkpoint::name).toList();
  }

  @Override
  public void close() {
    timer.stop();
    operator.stop();
    labs.close();
    references.close();
    hosts.close();
    background.stop();
  }
}
