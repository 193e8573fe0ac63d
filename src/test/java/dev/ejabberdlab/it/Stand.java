package dev.ejabberdlab.it;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.hypervisor.TestDriver;
import dev.ejabberdlab.status.Conditions;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** What one test has for itself: a namespace and a host. */
final class Stand implements AutoCloseable {

  /** No test waits for less: machines that run tests are busy. */
  static final Duration PATIENCE = Duration.ofMinutes(3);

  static final Duration POLL = Duration.ofMillis(200);

  /** The administrator's, shared by all tests of the process. */
  static final KubernetesClient CLIENT =
      new KubernetesClientBuilder()
          .withConfig(Config.fromKubeconfig(new File(OperatorProfile.variable("LAB_KUBECONFIG"))))
          .build();

  private final String name = "it-" + UUID.randomUUID().toString().substring(0, 8);
  private final String uri;
  final SimulatedHost host;

  /**
   * @param uri of the host; there is no LibvirtHost yet
   */
  Stand(SimulatedHosts hosts, String uri) {
    this.uri = uri;
    this.host = hosts.host(uri);
    CLIENT
        .namespaces()
        .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
        .create();
  }

  /** A stand with a LibvirtHost. */
  static Stand open(SimulatedHosts hosts, Path directory) {
    try {
      Stand stand = new Stand(hosts, TestDriver.uri(directory));
      stand.createHost();
      return stand;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String namespace() {
    return name;
  }

  String hostName() {
    return name;
  }

  void createHost() {
    LibvirtHost libvirtHost = new LibvirtHost();
    libvirtHost.getMetadata().setName(name);
    libvirtHost.setSpec(new LibvirtHostSpec(uri, TestDriver.POOL, Virtualization.qemu, null));
    CLIENT.resource(libvirtHost).create();
  }

  LibvirtHost libvirtHost() {
    return CLIENT.resources(LibvirtHost.class).withName(name).get();
  }

  void deleteHost() {
    CLIENT.resources(LibvirtHost.class).withName(name).delete();
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> CLIENT.resources(LibvirtHost.class).withName(name).get() == null);
  }

  /** The reference lab with nothing written out, not created yet. */
  EjabberdLab minimal(String labName) {
    EjabberdLab lab = new EjabberdLab();
    lab.getMetadata().setName(labName);
    lab.getMetadata().setNamespace(name);
    lab.setSpec(
        new EjabberdLabSpec(
            name,
            new EjabberdLabSpec.Image(TestDriver.BASE),
            null,
            null,
            null,
            null,
            null,
            new EjabberdLabSpec.Xmpp("domain.local")));
    return lab;
  }

  /** Creates the reference lab. */
  EjabberdLab create(String labName) {
    return CLIENT.resource(minimal(labName)).create();
  }

  /** Creates a lab that types might not be able to say, on this stand's host. */
  GenericKubernetesResource create(String labName, ObjectNode tree) {
    GenericKubernetesResource lab =
        CLIENT.getKubernetesSerialization().convertValue(tree, GenericKubernetesResource.class);
    lab.getMetadata().setName(labName);
    lab.getMetadata().setNamespace(name);
    return CLIENT.resource(lab).create();
  }

  Resource<EjabberdLab> resource(EjabberdLab lab) {
    return CLIENT
        .resources(EjabberdLab.class)
        .inNamespace(name)
        .withName(lab.getMetadata().getName());
  }

  /** The lab as the API server has it; null when there is none. */
  EjabberdLab now(EjabberdLab lab) {
    return resource(lab).get();
  }

  List<EjabberdLab> labs() {
    return CLIENT.resources(EjabberdLab.class).inNamespace(name).list().getItems();
  }

  /** The lab once it is as expected. */
  EjabberdLab until(EjabberdLab lab, String what, Predicate<EjabberdLab> expected) {
    EjabberdLab[] last = {null};
    try {
      Awaitility.await(lab.getMetadata().getName() + " " + what)
          .atMost(PATIENCE)
          .pollInterval(POLL)
          .pollDelay(Duration.ZERO)
          .until(
              () -> {
                last[0] = now(lab);
                return last[0] != null && expected.test(last[0]);
              });
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(e.getMessage() + "\n" + Serialization.asYaml(last[0]), e);
    }
    return last[0];
  }

  EjabberdLab awaitReady(EjabberdLab lab) {
    return until(
        lab,
        "is Ready",
        l -> {
          if (l.getStatus() != null && l.getStatus().phase() == Phase.Stalled) {
            throw new AssertionError("Stalled: " + Serialization.asYaml(l.getStatus()));
          }
          return observed(l) && isTrue(l, Conditions.READY);
        });
  }

  EjabberdLab awaitStalled(EjabberdLab lab, String reason) {
    return until(
        lab,
        "is Stalled with reason " + reason,
        l ->
            observed(l)
                && condition(l, Conditions.STALLED)
                    .filter(c -> c.getStatus().equals("True") && c.getReason().equals(reason))
                    .isPresent());
  }

  void awaitGone(EjabberdLab lab) {
    try {
      Awaitility.await(lab.getMetadata().getName() + " is gone")
          .atMost(PATIENCE)
          .pollInterval(POLL)
          .until(() -> now(lab) == null);
    } catch (ConditionTimeoutException e) {
      throw new AssertionError(e.getMessage() + "\n" + Serialization.asYaml(now(lab)), e);
    }
  }

  /** Whether the status speaks of the present spec. */
  static boolean observed(EjabberdLab lab) {
    return lab.getStatus() != null
        && lab.getMetadata().getGeneration().equals(lab.getStatus().observedGeneration());
  }

  static Optional<Condition> condition(EjabberdLab lab, String type) {
    return lab.getStatus() == null
        ? Optional.empty()
        : Conditions.find(lab.getStatus().conditions(), type);
  }

  static boolean isTrue(EjabberdLab lab, String type) {
    return condition(lab, type).filter(c -> c.getStatus().equals("True")).isPresent();
  }

  List<Secret> secrets() {
    return CLIENT.secrets().inNamespace(name).list().getItems();
  }

  /** Events about a lab. */
  List<Event> events(EjabberdLab lab) {
    return CLIENT.v1().events().inNamespace(name).list().getItems().stream()
        .filter(e -> e.getInvolvedObject().getUid().equals(lab.getMetadata().getUid()))
        .toList();
  }

  /** Deletes the labs, then what they were made on. */
  @Override
  public void close() {
    List<EjabberdLab> labs = labs();
    labs.forEach(lab -> resource(lab).delete());
    labs.forEach(this::awaitGone);
    deleteHost();
    CLIENT.namespaces().withName(name).delete();
    host.libvirt().close();
  }
}
