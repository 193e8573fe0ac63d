package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.api.v1alpha1.Changes;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.status.Conditions;
import dev.ejabberdlab.status.LabHistory;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.File;
import java.time.Duration;
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

/**
 * A namespace with the labs of one test: makes them, reads them, and waits for what they become.
 */
abstract class LabNamespace {

  /** No test waits for less: machines that run tests are busy. */
  static final Duration PATIENCE = Duration.ofMinutes(5);

  static final Duration POLL = Duration.ofMillis(200);

  /** The administrator's, shared by all tests of the process. */
  static final KubernetesClient CLIENT =
      new KubernetesClientBuilder()
          .withConfig(Config.fromKubeconfig(new File(OperatorProfile.variable("LAB_KUBECONFIG"))))
          .build();

  private final String name = "it-" + UUID.randomUUID().toString().substring(0, 8);
  private final Set<String> created = new HashSet<>();

  LabNamespace() {
    CLIENT
        .namespaces()
        .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
        .create();
  }

  String namespace() {
    return name;
  }

  /** Creates a lab. */
  EjabberdLab create(EjabberdLab lab) {
    EjabberdLab there = CLIENT.resource(lab).create();
    created.add(there.getMetadata().getName());
    return there;
  }

  /** Creates a lab that types might not be able to say. */
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

  // Waiting

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

  // What a lab's status says

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

  // What else there is

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

  List<Event> events() {
    return CLIENT.v1().events().inNamespace(name).list().getItems();
  }

  /** Events about a lab. */
  List<Event> events(EjabberdLab lab) {
    return events().stream()
        .filter(e -> e.getInvolvedObject().getUid().equals(lab.getMetadata().getUid()))
        .toList();
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

  // The end

  /** Deletes a lab and removes its finalizer, as somebody does who has lost patience. */
  void loseLab(EjabberdLab lab) {
    lose(resource(lab));
  }

  /** Deletes something that somebody still needs, and removes its finalizers. */
  static <T extends HasMetadata> void lose(Resource<T> resource) {
    resource.withTimeoutInMillis(0).delete();
    Awaitility.await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              T now = resource.get();
              if (now != null && !now.getMetadata().getFinalizers().isEmpty()) {
                Changes.edit(
                    resource,
                    r -> {
                      r.getMetadata().setFinalizers(List.of());
                      return r;
                    });
              }
              return resource.get() == null;
            });
  }

  /**
   * Says that nobody may have told of a lab's end: an operator that is killed takes Events along.
   */
  void mayMissEvents(EjabberdLab lab) {
    created.remove(lab.getMetadata().getName());
  }

  /** Deletes all labs, and waits until Events have told of the end of each that was made here. */
  void deleteLabs() {
    labs().forEach(lab -> resource(lab).delete());
    Awaitility.await("all labs are gone")
        .atMost(PATIENCE)
        .pollInterval(POLL)
        .until(() -> labs().isEmpty());
    awaitEvents(created.size(), "Deleted", "Abandoned", "LeftBehind");
  }
}
