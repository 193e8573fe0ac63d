package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.ejabberdlab.api.v1alpha1.Changes;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.HostEntry;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.api.v1alpha1.Specs;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.TestDriver;
import dev.ejabberdlab.status.Conditions;
import dev.ejabberdlab.topology.SpecTrees;
import dev.ejabberdlab.topology.SpecTrees.BadSpec;
import dev.ejabberdlab.topology.SpecTrees.RefusedBy;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Specs that cannot work, at first and later. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
class BadInputIT {

  private static final int UNPROCESSABLE = 422;

  @TempDir static Path directory;

  @Test
  void everyBadSpecIsRefusedInASentenceAndNothingIsMade() {
    try (ApiStand stand = ApiStand.open(directory)) {
      Map<BadSpec, String> accepted = new LinkedHashMap<>();
      SoftAssertions soft = new SoftAssertions();
      List<BadSpec> specs = SpecTrees.badSpecs();
      for (int i = 0; i < specs.size(); i++) {
        BadSpec bad = specs.get(i);
        try {
          stand.create("bad-" + i, onThisHost(bad.tree(), stand));
          accepted.put(bad, "bad-" + i);
          soft.assertThat(isForTheServer(bad)).as("%s was accepted", bad).isFalse();
        } catch (KubernetesClientException e) {
          soft.assertThat(isForTheServer(bad))
              .as("%s was refused: %s", bad, e.getMessage())
              .isTrue();
          soft.assertThat(e.getCode()).as("%s: %s", bad, e.getMessage()).isEqualTo(UNPROCESSABLE);
          soft.assertThat(e.getMessage()).as(bad.name()).contains("spec");
        }
      }
      Map<String, EjabberdLab> stalled =
          stand.awaitAllStalled(Set.copyOf(accepted.values()), "InvalidSpec");
      Map<String, Event> warnings = stand.awaitEvents(accepted.size(), "InvalidSpec");
      accepted.forEach(
          (bad, name) -> {
            EjabberdLab lab = stalled.get(name);
            String message = ApiStand.condition(lab, Conditions.STALLED).orElseThrow().getMessage();
            soft.assertThat(message).as(bad.name()).startsWith("spec").endsWith(".");
            bad.violations().forEach(f -> soft.assertThat(message).as(bad.name()).contains(f));
            soft.assertThat(ApiStand.condition(lab, Conditions.READY).orElseThrow().getStatus())
                .as(bad.name())
                .isEqualTo("False");
            soft.assertThat(lab.getStatus().phase()).as(bad.name()).isEqualTo(Phase.Stalled);
            soft.assertThat(warnings.get(name).getType()).as(bad.name()).isEqualTo("Warning");
            soft.assertThat(warnings.get(name).getMessage()).as(bad.name()).contains(message);
          });
      soft.assertThat(stand.host.changes()).isEmpty();
      soft.assertThat(stand.secrets()).isEmpty();
      soft.assertAll();
    }
  }

  @Test
  void aRunningLabKeepsRunningWhenItsSpecTurnsBad() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      int changes = stand.host.changes().size();
      List<DomainState> domains = stand.host.domainsOf(lab.getMetadata().getUid());

      edit(
          stand,
          lab,
          spec -> withHosts(spec, List.of(new HostEntry("192.168.1.3", List.of("e1server")))));
      EjabberdLab stalled = stand.awaitStalled(lab, "InvalidSpec");
      assertThat(ApiStand.condition(stalled, Conditions.STALLED).orElseThrow().getMessage())
          .contains("spec.hosts[0]", "e1server");
      assertThat(warning(stand, lab)).contains("spec.hosts[0]");
      assertThat(stalled.getStatus().readyNodes()).isEqualTo("5/5");

      edit(stand, lab, spec -> withHosts(spec, null));
      EjabberdLab ready = stand.awaitReady(lab, true);
      assertThat(ready.getStatus().observedGeneration()).isEqualTo(3);
      assertThat(stand.host.changes()).hasSize(changes);
      assertThat(stand.host.domainsOf(lab.getMetadata().getUid()))
          .containsExactlyInAnyOrderElementsOf(domains);
    }
  }

  @Test
  void whatCannotChangeIsRefusedAndTheLabGoesOnWhenItIsSetBack() {
    Map<String, UnaryOperator<EjabberdLabSpec>> edits =
        Map.of(
            "spec.host",
            s -> Specs.with(s, "host", "elsewhere"),
            "spec.postgresql.owner",
            s -> Specs.with(s, "postgresql", Map.of("owner", "somebody")),
            "spec.ejabberd.domain",
            s ->
                Specs.edit(
                    s,
                    tree -> {
                      tree.putObject("postgresql").put("name", "ejabberd-domain-local");
                      tree.putObject("ejabberd").put("domain", "other.local");
                    }));
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      EjabberdLabSpec good = lab.getSpec();
      int changes = stand.host.changes().size();
      edits.forEach(
          (field, change) -> {
            try {
              edit(stand, lab, change);
              EjabberdLab stalled = stand.awaitStalled(lab, "InvalidSpec");
              assertThat(ApiStand.condition(stalled, Conditions.STALLED).orElseThrow().getMessage())
                  .contains(field);
            } catch (KubernetesClientException e) {
              // API servers from 1.25 on know the rule themselves.
              assertThat(e.getMessage()).contains(field);
            }
            edit(stand, lab, spec -> good);
            stand.awaitReady(lab, true);
          });
      assertThat(stand.host.changes()).hasSize(changes);
    }
  }

  @Test
  void whatDoesNotExistYetIsAwaited() {
    try (ApiStand withoutHost = ApiStand.withoutHost(directory);
        ApiStand withoutPool = ApiStand.open(directory);
        ApiStand withoutImage = ApiStand.open(directory)) {
      withoutPool.host.pool(false);
      EjabberdLab noHost = withoutHost.create("no-host");
      EjabberdLab noPool = withoutPool.create("no-pool");
      EjabberdLab noImage = withoutImage.minimal("no-image");
      noImage.setSpec(Specs.with(noImage.getSpec(), "image", Map.of("volume", "later")));
      noImage = withoutImage.create(noImage);

      assertStalled(withoutHost, noHost, "spec.host", withoutHost.hostName());
      assertStalled(withoutPool, noPool, "storage pool", TestDriver.POOL);
      assertStalled(withoutImage, noImage, "spec.image.volume", "later");
      assertThat(withoutPool.host.changes()).isEmpty();
      assertThat(withoutImage.host.changes()).isEmpty();

      withoutHost.createHost();
      withoutPool.host.pool(true);
      String image = "later-0123456789ab.qcow2";
      withoutImage
          .host
          .libvirt()
          .createOverlay(TestDriver.POOL, image, TestDriver.BASE, TestDriver.BASE_BYTES);
      withoutHost.awaitReady(noHost, true);
      withoutPool.awaitReady(noPool, true);
      EjabberdLab ready = withoutImage.awaitReady(noImage, true);
      assertThat(ready.getStatus().image()).isEqualTo(image);

      withoutImage.resource(noImage).delete();
      withoutImage.awaitGone(noImage);
      withoutImage.host.libvirt().deleteVolume(TestDriver.POOL, image);
    }
  }

  /** Whether this API server refuses it; before 1.25 they drop the schema's rules. */
  private static boolean isForTheServer(BadSpec bad) {
    return bad.refusedBy() == RefusedBy.schema
        || bad.refusedBy() == RefusedBy.rule && ApiStand.knowsRules();
  }

  private static ObjectNode onThisHost(ObjectNode tree, ApiStand stand) {
    ObjectNode spec = (ObjectNode) tree.get("spec");
    if (spec.path("host").asText().equals(EjabberdLabSpec.DEFAULT_HOST)) {
      spec.set("host", TextNode.valueOf(stand.hostName()));
    }
    if (spec.at("/image/volume").asText().equals("ejabberd-lab-bookworm")) {
      ((ObjectNode) spec.get("image")).put("volume", TestDriver.BASE);
    }
    return tree;
  }

  private static void assertStalled(ApiStand stand, EjabberdLab lab, String... what) {
    EjabberdLab stalled = stand.awaitStalled(lab, "InvalidSpec");
    assertThat(ApiStand.condition(stalled, Conditions.STALLED).orElseThrow().getMessage())
        .contains(what);
    assertThat(warning(stand, lab)).contains(what);
  }

  /** The message of the Event that warns of the spec. */
  private static String warning(ApiStand stand, EjabberdLab lab) {
    Event event = stand.awaitEvent(stand.now(lab), "InvalidSpec");
    assertThat(event.getType()).isEqualTo("Warning");
    return event.getMessage();
  }

  private static void edit(ApiStand stand, EjabberdLab lab, UnaryOperator<EjabberdLabSpec> change) {
    Changes.edit(
        stand.resource(lab),
        l -> {
          l.setSpec(change.apply(l.getSpec()));
          return l;
        });
  }

  private static EjabberdLabSpec withHosts(EjabberdLabSpec spec, List<HostEntry> hosts) {
    return Specs.with(spec, "hosts", hosts);
  }
}
