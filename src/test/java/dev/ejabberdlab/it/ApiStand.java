package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.api.v1alpha1.Changes;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.api.v1alpha1.Specs;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.hypervisor.TestDriver;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.status.Conditions;
import dev.ejabberdlab.status.LabHistory;
import dev.ejabberdlab.topology.LabTopology;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.VersionInfo;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** What one test has for itself: a namespace and a host. */
final class ApiStand implements AutoCloseable {

  /** No test waits for less: machines that run tests are busy. */
  static final Duration PATIENCE = Duration.ofMinutes(5);

  static final Duration POLL = Duration.ofMillis(200);

  private static final int FIRST_MINOR_WITH_RULES = 25;

  private static final String LABEL = "ejabberdlab.dev/stand";

  /** The administrator's, shared by all tests of the process. */
  static final KubernetesClient CLIENT =
      new KubernetesClientBuilder()
          .withConfig(Config.fromKubeconfig(new File(OperatorProfile.variable("LAB_KUBECONFIG"))))
          .build();

  private final String name = "it-" + UUID.randomUUID().toString().substring(0, 8);
  private final Path description;
  private final Set<String> created = new HashSet<>();
  private Set<String> before;
  final SimulatedHost host;

  private ApiStand(String uri) {
    this.description = Path.of(URI.create(uri).getPath());
    this.host = SimulatedHosts.host(uri);
    CLIENT
        .namespaces()
        .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
        .create();
  }

  /** A stand with a LibvirtHost. */
  static ApiStand open(Path directory) {
    ApiStand stand = withoutHost(directory);
    stand.createHost();
    return stand;
  }

  /** A stand whose LibvirtHost the test creates. */
  static ApiStand withoutHost(Path directory) {
    try {
      return new ApiStand(TestDriver.uri(directory));
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

  /** Labels that this stand's LibvirtHost has and no other. */
  String hostSelector() {
    return LABEL + "=" + name;
  }

  void createHost() {
    createHost("test://" + description);
  }

  /** Makes this stand's LibvirtHost lead to another host. */
  void createHost(String uri) {
    createHost(uri, null);
  }

  /**
   * @param managementCidrs null for the default ones
   */
  void createHost(List<String> managementCidrs) {
    createHost("test://" + description, managementCidrs);
  }

  private void createHost(String uri, List<String> managementCidrs) {
    if (before == null) {
      before = host.inventory();
    }
    LibvirtHost libvirtHost = new LibvirtHost();
    libvirtHost.getMetadata().setName(name);
    libvirtHost.getMetadata().setLabels(Map.of(LABEL, name));
    libvirtHost.setSpec(
        new LibvirtHostSpec(uri, TestDriver.POOL, Virtualization.qemu, managementCidrs));
    CLIENT.resource(libvirtHost).create();
  }

  /** Adds to what the host has, in libvirt's XML; not once the host was asked for something. */
  void describe(String xml) {
    try {
      Files.writeString(
          description, Files.readString(description).replace("</node>", xml + "</node>"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  LibvirtHost libvirtHost() {
    return CLIENT.resources(LibvirtHost.class).withName(name).get();
  }

  /** Lets the LibvirtHost go although labs live on it, as somebody does who removes finalizers. */
  void loseHost() {
    Resource<LibvirtHost> host = CLIENT.resources(LibvirtHost.class).withName(name);
    host.withTimeoutInMillis(0).delete();
    Awaitility.await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              LibvirtHost now = host.get();
              if (now != null && !now.getMetadata().getFinalizers().isEmpty()) {
                Changes.edit(
                    host,
                    h -> {
                      h.getMetadata().setFinalizers(List.of());
                      return h;
                    });
              }
              return host.get() == null;
            });
  }

  /** Deletes a lab and removes its finalizer, as somebody does who has lost patience. */
  void loseLab(EjabberdLab lab) {
    resource(lab).withTimeoutInMillis(0).delete();
    Awaitility.await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              EjabberdLab now = now(lab);
              if (now != null) {
                Changes.edit(
                    resource(lab),
                    l -> {
                      l.getMetadata().setFinalizers(List.of());
                      return l;
                    });
              }
              return now(lab) == null;
            });
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
    lab.setSpec(Specs.minimal(name, TestDriver.BASE));
    return lab;
  }

  /** Creates the reference lab. */
  EjabberdLab create(String labName) {
    return create(minimal(labName));
  }

  /** Creates a lab. */
  EjabberdLab create(EjabberdLab lab) {
    EjabberdLab there = CLIENT.resource(lab).create();
    created.add(there.getMetadata().getName());
    return there;
  }

  /** Creates a lab that types might not be able to say, on this stand's host. */
  void create(String labName, ObjectNode tree) {
    GenericKubernetesResource lab =
        CLIENT.getKubernetesSerialization().convertValue(tree, GenericKubernetesResource.class);
    lab.getMetadata().setName(labName);
    lab.getMetadata().setNamespace(name);
    CLIENT.resource(lab).create();
    created.add(labName);
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

  /**
   * Does something to a lab and waits until its status has been as expected, for however short a
   * time: asking again and again would miss what is mended at once.
   */
  EjabberdLab untilAfter(
      Runnable action, EjabberdLab lab, String what, Predicate<EjabberdLab> expected) {
    try (LabHistory history = new LabHistory(resource(lab))) {
      action.run();
      return history.await(lab.getMetadata().getName() + " " + what, PATIENCE, expected);
    }
  }

  /** The lab once it is Ready; fails when it stalls on the way. */
  EjabberdLab awaitReady(EjabberdLab lab) {
    return awaitReady(lab, false);
  }

  /**
   * @param stalled it may be Stalled now
   */
  EjabberdLab awaitReady(EjabberdLab lab, boolean stalled) {
    return until(
        lab,
        "is Ready",
        l -> {
          if (!stalled && l.getStatus() != null && l.getStatus().phase() == Phase.Stalled) {
            throw new AssertionError("Stalled: " + Serialization.asYaml(l.getStatus()));
          }
          return observed(l) && isTrue(l, Conditions.READY);
        });
  }

  EjabberdLab awaitStalled(EjabberdLab lab, String reason) {
    return until(lab, "is Stalled with reason " + reason, l -> isStalled(l, reason));
  }

  /** All of these labs by name, once each is Stalled for that reason. */
  Map<String, EjabberdLab> awaitAllStalled(Set<String> names, String reason) {
    Map<String, EjabberdLab> stalled = new HashMap<>();
    Awaitility.await("all of %d labs are Stalled".formatted(names.size()))
        .atMost(PATIENCE)
        .pollInterval(POLL)
        .untilAsserted(
            () -> {
              labs().stream()
                  .filter(l -> isStalled(l, reason))
                  .forEach(l -> stalled.put(l.getMetadata().getName(), l));
              // Their names only: hundreds of whole resources are nothing to read.
              assertThat(stalled.keySet()).containsAll(names);
            });
    return stalled;
  }

  private static boolean isStalled(EjabberdLab lab, String reason) {
    return observed(lab)
        && condition(lab, Conditions.STALLED)
            .filter(c -> c.getStatus().equals("True") && c.getReason().equals(reason))
            .isPresent();
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

  /** Whether the API server enforces the schema's rules; before 1.25 they are dropped. */
  static boolean knowsRules() {
    VersionInfo version = CLIENT.getKubernetesVersion();
    int minor = Integer.parseInt(version.getMinor().replaceAll("[^0-9].*", ""));
    return Integer.parseInt(version.getMajor()) > 1 || minor >= FIRST_MINOR_WITH_RULES;
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

  /** What a condition says; empty when there is none. */
  static String message(EjabberdLab lab, String type) {
    return condition(lab, type).map(Condition::getMessage).orElse("");
  }

  static boolean isTrue(EjabberdLab lab, String type) {
    return condition(lab, type).filter(c -> c.getStatus().equals("True")).isPresent();
  }

  List<Secret> secrets() {
    return CLIENT.secrets().inNamespace(name).list().getItems();
  }

  /** Secrets and ConfigMaps that the operator has made, by kind and name. */
  Set<String> objects() {
    String label = "app.kubernetes.io/managed-by";
    return Stream.concat(
            secrets().stream(), CLIENT.configMaps().inNamespace(name).list().getItems().stream())
        .filter(o -> o.getMetadata().getLabels() != null)
        .filter(o -> "ejabberd-lab-operator".equals(o.getMetadata().getLabels().get(label)))
        .map(o -> o.getKind() + " " + o.getMetadata().getName())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /**
   * Says that nobody may have told of a lab's end: an operator that is killed takes Events along.
   */
  void mayMissEvents(EjabberdLab lab) {
    created.remove(lab.getMetadata().getName());
  }

  List<Event> events() {
    return CLIENT.v1().events().inNamespace(name).list().getItems();
  }

  /** Events about a lab. */
  List<Event> events(EjabberdLab lab) {
    return events().stream()
        .filter(e -> e.getInvolvedObject().getUid().equals(lab.getMetadata().getUid()))
        .toList();
  }

  /** The guest of a lab's node. */
  SimulatedGuest guest(EjabberdLab lab, String node) {
    return host.guest(prefix(lab) + node);
  }

  /** With what the names of everything of a lab on its host begin. */
  static String prefix(EjabberdLab lab) {
    return LabTopology.namePrefix(uid(lab));
  }

  /** A text without prefixes of labs. */
  static String withoutPrefix(String text) {
    return text.replaceAll("\\bejl-[0-9a-f]{8}-", "");
  }

  /** Removes everything of a lab from the host, as somebody with virsh does. */
  void removeByHand(EjabberdLab lab) {
    String uid = lab.getMetadata().getUid();
    Owner owner = new Owner(uid(lab), name, lab.getMetadata().getName());
    Hypervisor libvirt = host.libvirt();
    for (DomainState domain : host.domainsOf(uid)) {
      libvirt.destroyDomain(domain.uuid(), owner);
      libvirt.undefineDomain(domain.uuid(), owner);
    }
    host.networksOf(uid).forEach(n -> libvirt.deleteNetwork(n.uuid(), owner));
    libvirt.volumes(TestDriver.POOL).stream()
        .map(VolumeState::name)
        .filter(volume -> volume.startsWith(prefix(lab)))
        .forEach(host::loseVolume);
  }

  static UUID uid(EjabberdLab lab) {
    return UUID.fromString(lab.getMetadata().getUid());
  }

  /** Waits for an Event, which is written in the background. */
  Event awaitEvent(EjabberdLab lab, String reason) {
    return Awaitility.await("Event %s about %s".formatted(reason, lab.getMetadata().getName()))
        .atMost(PATIENCE)
        .pollInterval(POLL)
        .until(
            () -> events(lab).stream().filter(e -> e.getReason().equals(reason)).findFirst(),
            Optional::isPresent)
        .orElseThrow();
  }

  /** Waits for an Event with one of these reasons about so many labs; by the lab's name. */
  Map<String, Event> awaitEvents(int labs, String... reasons) {
    return Awaitility.await("Events %s about %d labs".formatted(List.of(reasons), labs))
        .atMost(PATIENCE)
        .pollInterval(POLL)
        .until(
            () ->
                events().stream()
                    .filter(e -> List.of(reasons).contains(e.getReason()))
                    .collect(
                        Collectors.toMap(
                            e -> e.getInvolvedObject().getName(), e -> e, (one, other) -> one)),
            found -> found.size() >= labs);
  }

  /**
   * Deletes the labs, then what they were made on, and looks for what a test might not have looked
   * at: that nothing is left anywhere, the operator's memory included, that no secret got out of
   * its Secret, and that the operator has met no fault.
   */
  @Override
  public void close() {
    Set<String> values = secretValues();
    String resources = Serialization.asYaml(labs());
    host.mend();
    labs().forEach(lab -> resource(lab).delete());
    Awaitility.await("all labs are gone")
        .atMost(PATIENCE)
        .pollInterval(POLL)
        .until(() -> labs().isEmpty());
    awaitEvents(created.size(), "Deleted", "Abandoned", "LeftBehind");
    if (before != null) {
      assertThat(host.inventory()).isEqualTo(before);
    }
    String events = Serialization.asYaml(events());
    for (String value : values) {
      assertThat(resources.contains(value)).as("a secret is in a status").isFalse();
      assertThat(events.contains(value)).as("a secret is in an Event").isFalse();
    }
    OperatorLog.assertWithout(values);
    loseHost();
    Awaitility.await("the operator forgets the host")
        .atMost(PATIENCE)
        .until(() -> host.connections() == 0 && host.listeners() == 0);
    CLIENT.namespaces().withName(name).delete();
    host.libvirt().close();
    OperatorLog.assertFaultless();
  }

  /** What must not be seen anywhere, as it is and as a Secret has it. */
  private Set<String> secretValues() {
    Set<String> values = new HashSet<>();
    for (Secret secret : secrets()) {
      secret
          .getData()
          .values()
          .forEach(
              value -> {
                values.add(value);
                values.add(new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8));
              });
    }
    return values;
  }
}
