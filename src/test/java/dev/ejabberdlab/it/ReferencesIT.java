package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.api.v1alpha1.Changes;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.api.v1alpha1.Specs;
import dev.ejabberdlab.plan.Plan;
import dev.ejabberdlab.status.Conditions;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Secrets and ConfigMaps that a lab names, and the user's own steps. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
class ReferencesIT {

  private static final String HIDDEN = "geheim";

  @TempDir static Path directory;

  private static EjabberdLab create(ApiStand stand, Consumer<ObjectNode> change) {
    EjabberdLab lab = stand.minimal("demo");
    lab.setSpec(Specs.edit(lab.getSpec(), change));
    return stand.create(lab);
  }

  private static void step(ObjectNode spec, String name, String node, Consumer<ObjectNode> what) {
    ObjectNode step = spec.withArray("provisioning").addObject().put("name", name);
    step.putArray("nodes").add(node);
    what.accept(step);
  }

  private static void file(ObjectNode step, String kind, String object, String key) {
    step.putObject("file")
        .put("path", "/etc/motd")
        .putObject("from")
        .putObject(kind)
        .put("name", object)
        .put("key", key);
  }

  private static ConfigMap configMap(ApiStand stand, String name, Map<String, String> data) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace(stand.namespace())
        .endMetadata()
        .withData(data)
        .build();
  }

  private static Secret secret(ApiStand stand, String name, Map<String, String> data) {
    return new SecretBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace(stand.namespace())
        .endMetadata()
        .withStringData(data)
        .build();
  }

  private static String message(EjabberdLab lab) {
    return ApiStand.condition(lab, Conditions.READY).orElseThrow().getMessage();
  }

  private static boolean isWaiting(EjabberdLab lab, String sentence) {
    return ApiStand.observed(lab)
        && ApiStand.condition(lab, Conditions.READY)
            .filter(c -> c.getReason().equals("ReferenceMissing"))
            .filter(c -> c.getMessage().contains(sentence))
            .isPresent();
  }

  private static NodeStatus node(EjabberdLab lab, String name) {
    return lab.getStatus().nodes().stream()
        .filter(n -> n.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static long launches(ApiStand stand, EjabberdLab lab, String node, String step) {
    return Collections.frequency(stand.guest(lab, node).launched(), step);
  }

  private static void awaitLaunches(
      ApiStand stand, EjabberdLab lab, String node, String step, int count) {
    Awaitility.await("%s has run %s at least %d times".formatted(node, step, count))
        .atMost(ApiStand.PATIENCE)
        .pollInterval(ApiStand.POLL)
        .until(() -> launches(stand, lab, node, step) >= count);
  }

  @Test
  void whatIsMissingIsAwaitedAndHoldsUpOnlyWhatNeedsIt() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab =
          create(
              stand,
              spec -> {
                step(spec, "motd", "e2server", s -> file(s, "configMap", "texts", "motd"));
                step(spec, "next", "e2server", s -> s.putObject("shell").put("inline", "true"));
              });
      EjabberdLab waiting =
          stand.until(
              lab,
              "waits for the ConfigMap",
              l ->
                  isWaiting(l, "ConfigMap texts does not exist")
                      && l.getStatus().readyNodes().equals("4/5"));
      assertThat(ApiStand.isTrue(waiting, Conditions.STALLED)).isFalse();
      assertThat(ApiStand.isTrue(waiting, "ClusterFormed")).isTrue();
      assertThat(node(waiting, "e2server").step()).isEqualTo("own-motd");
      assertThat(stand.awaitEvent(lab, "ReferenceMissing").getType()).isEqualTo("Warning");

      ConfigMap texts = ApiStand.CLIENT.resource(configMap(stand, "texts", Map.of())).create();
      stand.until(
          lab, "waits for the key", l -> isWaiting(l, "ConfigMap texts has no key motd; add it."));
      texts.setData(Map.of("motd", HIDDEN));
      ApiStand.CLIENT.resource(texts).update();
      stand.awaitReady(lab, true);
      assertThat(stand.guest(lab, "e2server").launched()).endsWith("own-motd", "own-next");

      // Changed: run again. Gone: nothing is undone. The same again: nothing is run.
      ApiStand.CLIENT.resource(configMap(stand, "texts", Map.of("motd", "another"))).update();
      awaitLaunches(stand, lab, "e2server", "own-motd", 2);
      stand.awaitReady(lab, true);
      ApiStand.CLIENT.resource(configMap(stand, "texts", Map.of())).delete();
      stand.until(
          lab, "waits again", l -> isWaiting(l, "ConfigMap texts does not exist; create it."));
      ApiStand.CLIENT.resource(configMap(stand, "texts", Map.of("motd", "another"))).create();
      stand.awaitReady(lab, true);
      assertThat(launches(stand, lab, "e2server", "own-motd")).isEqualTo(2);
      assertThat(launches(stand, lab, "e2server", "own-next")).isEqualTo(1);
      assertThat(stand.events(lab)).noneMatch(e -> e.getMessage().contains(HIDDEN));
    }
  }

  @Test
  void anAccountsPasswordIsFollowedAndOneThatCannotBeUsedStallsUntilItIsEdited() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab =
          create(
              stand,
              spec ->
                  ((ObjectNode) spec.path("ejabberd"))
                      .putArray("users")
                      .addObject()
                      .put("name", "eve")
                      .putObject("passwordFrom")
                      .put("name", "passwords")
                      .put("key", "eve"));
      ApiStand.CLIENT.resource(secret(stand, "passwords", Map.of("eve", HIDDEN + "\n"))).create();
      EjabberdLab stalled = stand.awaitStalled(lab, "ReferenceUnusable");
      assertThat(ApiStand.condition(stalled, Conditions.STALLED).orElseThrow().getMessage())
          .isEqualTo(
              "The password of account eve, key eve of Secret passwords, ends with a line break;"
                  + " store it without one.");

      ApiStand.CLIENT.resource(secret(stand, "passwords", Map.of("eve", HIDDEN))).update();
      stand.awaitReady(lab, true);
      assertThat(launches(stand, lab, "e1server", "accounts")).isEqualTo(1);

      ApiStand.CLIENT
          .resource(secret(stand, "passwords", Map.of("eve", "another-hidden")))
          .update();
      awaitLaunches(stand, lab, "e1server", "accounts", 2);

      // Generated ones can be edited too, and one that is deleted is made anew.
      Secret generated =
          ApiStand.CLIENT.secrets().inNamespace(stand.namespace()).withName("demo-accounts").get();
      assertThat(generated.getData()).containsOnlyKeys("admin");
      ApiStand.CLIENT
          .resource(new SecretBuilder(generated).addToStringData("admin", "edited-hidden").build())
          .update();
      awaitLaunches(stand, lab, "e1server", "accounts", 3);
      ApiStand.CLIENT.resource(generated).delete();
      awaitLaunches(stand, lab, "e1server", "accounts", 4);
      stand.awaitReady(lab, true);
      assertThat(launches(stand, lab, "e1server", "accounts")).isEqualTo(4);
      assertThat(stand.events(lab)).noneMatch(e -> e.getMessage().contains(HIDDEN));
      assertThat(message(stand.now(lab))).doesNotContain(HIDDEN);
      assertThat(stand.guest(lab, "e2server").launched()).doesNotHaveDuplicates();
    }
  }

  @Test
  void anOwnStepThatKeepsFailingStopsOnlyWhatComesAfterItOnItsNode() {
    try (ApiStand stand = ApiStand.open(directory)) {
      stand.host.agents(false);
      EjabberdLab lab =
          create(
              stand,
              spec -> {
                step(spec, "bad", "e2server", s -> s.putObject("shell").put("inline", "exit 3"));
                step(spec, "next", "e2server", s -> s.putObject("shell").put("inline", "true"));
              });
      stand.guest(lab, "e2server").fail("own-bad", "the reason\nexit code 3\n");
      stand.host.agents(true);

      EjabberdLab stalled = stand.awaitStalled(lab, "StepFailed");

      assertThat(ApiStand.condition(stalled, Conditions.STALLED).orElseThrow().getMessage())
          .contains("own-bad", "e2server");
      assertThat(node(stalled, "e2server").lastError()).contains("the reason");
      assertThat(node(stalled, "e2server").attempts()).isEqualTo(Plan.MAX_ATTEMPTS);
      assertThat(node(stalled, "e2server").ready()).isFalse();
      assertThat(stalled.getStatus().readyNodes()).isEqualTo("4/5");
      assertThat(ApiStand.isTrue(stalled, "ClusterFormed")).isTrue();
      assertThat(stand.guest(lab, "e1server").launched()).contains("accounts");
      assertThat(stand.guest(lab, "e2server").launched()).doesNotContain("own-next");

      // Left out of the spec, it is forgotten; what came after it runs.
      Changes.edit(
          stand.resource(lab),
          l -> {
            l.setSpec(
                Specs.edit(
                    l.getSpec(),
                    spec ->
                        spec.putArray("provisioning")
                            .addObject()
                            .put("name", "next")
                            .putObject("shell")
                            .put("inline", "true")));
            return l;
          });
      stand.awaitReady(lab, true);
      assertThat(List.of("gw1server", "e1server", "e2server", "psql1server", "psql2server"))
          .allSatisfy(n -> assertThat(stand.guest(lab, n).launched()).endsWith("own-next"));
    }
  }
}
