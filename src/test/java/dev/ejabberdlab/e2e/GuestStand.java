package dev.ejabberdlab.e2e;

import static org.awaitility.Awaitility.await;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec;
import dev.ejabberdlab.guest.AgentGuestChannel;
import dev.ejabberdlab.guest.GuestChannel;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.hypervisor.libvirt.LibvirtHypervisorFactory;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The API server, the libvirt and the operator that the tests of this package share. {@code
 * hack/test.sh e2e} starts the first two and names them in the environment.
 */
final class GuestStand implements AutoCloseable {

  static final String NAMESPACE = "default";
  static final String POOL = "default";

  /** No test waits for less: an emulated guest on a busy machine has its own idea of time. */
  static final Duration PATIENCE = Duration.ofMinutes(20);

  private static final String NAME = "default";

  final KubernetesClient client;
  final Hypervisor hypervisor;
  final Operator operator;

  private GuestStand(KubernetesClient client, Hypervisor hypervisor, Operator operator) {
    this.client = client;
    this.hypervisor = hypervisor;
    this.operator = operator;
  }

  static GuestStand open() {
    File kubeconfig = new File(variable("LAB_KUBECONFIG"));
    String uri = variable("LAB_LIBVIRT_URI");
    KubernetesClient client =
        new KubernetesClientBuilder().withConfig(Config.fromKubeconfig(kubeconfig)).build();
    String image = System.getenv("LAB_OPERATOR_IMAGE");
    GuestStand stand =
        new GuestStand(
            client,
            new LibvirtHypervisorFactory().open(uri),
            image == null
                ? new OperatorProcess(new File(variable("LAB_OPERATOR_KUBECONFIG")))
                : OperatorPod.install(client, kubeconfig.toPath(), image, uri));
    await().atMost(PATIENCE).ignoreExceptions().untilAsserted(() -> stand.hypervisor.facts());
    LibvirtHost host = new LibvirtHost();
    host.getMetadata().setName(NAME);
    host.setSpec(
        new LibvirtHostSpec(
            image == null ? uri : OperatorPod.LIBVIRT,
            POOL,
            LibvirtHostSpec.Virtualization.qemu,
            null));
    client.resource(host).serverSideApply();
    return stand;
  }

  /** A sample of deploy/samples. */
  EjabberdLab sample(String file, String name) {
    EjabberdLab lab =
        client.resources(EjabberdLab.class).load(new File("deploy/samples", file)).item();
    lab.getMetadata().setName(name);
    lab.getMetadata().setNamespace(NAMESPACE);
    return lab;
  }

  /** The lab as the API server has it; null when there is none. */
  EjabberdLab lab(String name) {
    return client.resources(EjabberdLab.class).inNamespace(NAMESPACE).withName(name).get();
  }

  /** The way into a node's guest. */
  GuestChannel guest(EjabberdLab lab, String node) {
    UUID domain =
        lab.getStatus().nodes().stream()
            .filter(n -> n.name().equals(node))
            .map(n -> UUID.fromString(n.uuid()))
            .findFirst()
            .orElseThrow();
    return new AgentGuestChannel(hypervisor, domain);
  }

  /** Everything on the host by name: domains, networks, volumes. */
  Set<String> inventory() {
    return Stream.of(
            hypervisor.domains().stream().map(DomainState::name).map("domain "::concat),
            hypervisor.networks().stream().map(NetworkState::name).map("network "::concat),
            hypervisor.volumes(POOL).stream().map(VolumeState::name).map("volume "::concat))
        .flatMap(s -> s)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Runs a program and returns what it printed, both streams; fails when it does. */
  static String run(List<String> command, String stdin) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      try (var out = process.outputWriter(StandardCharsets.UTF_8)) {
        out.write(stdin);
      }
      String output = new String(process.getInputStream().readAllBytes());
      if (process.waitFor() != 0) {
        throw new AssertionError(command.get(0) + " failed: " + output);
      }
      return output;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  static String variable(String name) {
    String value = System.getenv(name);
    if (value == null || value.isBlank()) {
      throw new IllegalStateException(
          name + " is not set: run these tests with 'make test-e2e', or see docs/development.md.");
    }
    return value;
  }

  @Override
  public void close() {
    operator.stop();
    hypervisor.close();
    client.close();
  }
}
