package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Endpoint;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostStatus;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.TestDriver;
import dev.ejabberdlab.status.Conditions;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From apply to Ready, and what users read then. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
class BringUpIT {

  @TempDir static Path directory;
  private static final AtomicReference<Optional<EjabberdLab>> AT_FIRST_CHANGE =
      new AtomicReference<>();
  private static ApiStand stand;
  private static EjabberdLab lab;
  @Inject KubernetesClient operator;

  @BeforeAll
  static void bringUp() {
    stand = ApiStand.open(directory);
    stand.host.beforeChange(
        () -> AT_FIRST_CHANGE.compareAndSet(null, stand.labs().stream().findFirst()));
    lab = stand.awaitReady(stand.create("demo"));
  }

  @AfterAll
  static void close() {
    stand.close();
  }

  @Test
  void theStatusIsThereBeforeAnythingOnTheHost() {
    EjabberdLab first = AT_FIRST_CHANGE.get().orElseThrow();
    assertThat(first.getStatus().observedGeneration()).isEqualTo(1);
    assertThat(ApiStand.condition(first, Conditions.READY).orElseThrow().getStatus())
        .isIn("False", "Unknown");
    assertThat(ApiStand.isTrue(first, Conditions.RECONCILING)).isTrue();
    assertThat(first.getStatus().networks())
        .hasSize(3)
        .allSatisfy(n -> assertThat(n.libvirtName()).isNotBlank());
    assertThat(first.getStatus().nodes()).hasSize(5);
    assertThat(first.getMetadata().getFinalizers()).isNotEmpty();
  }

  @Test
  void aReadyLabSaysSoAndNothingElse() {
    assertThat(lab.getStatus().phase()).isEqualTo(Phase.Ready);
    assertThat(lab.getStatus().conditions())
        .extracting(Condition::getType)
        .startsWith(Conditions.READY)
        .doesNotContain(Conditions.RECONCILING, Conditions.STALLED);
    assertThat(lab.getStatus().conditions())
        .allSatisfy(
            c -> {
              assertThat(c.getStatus()).as(c.getType()).isEqualTo("True");
              assertThat(c.getObservedGeneration()).as(c.getType()).isEqualTo(1);
              assertThat(c.getMessage()).as(c.getType()).endsWith(".");
            });
    assertThat(lab.getStatus().image()).isEqualTo(TestDriver.BASE);
    assertThat(lab.getStatus().endpoints())
        .extracting(Endpoint::name)
        .containsExactly("xmpp", "xmpps", "xmpp", "xmpps", "postgresql");
  }

  @Test
  void kubectlShowsItInColumns() {
    List<String> table =
        Kubectl.run("get", "ejabberdlab", "--namespace", stand.namespace(), "-o", "wide")
            .lines()
            .toList();
    assertThat(table).hasSize(2);
    assertThat(table.get(0).split("\\s+"))
        .containsExactly(
            "NAME",
            "READY",
            "STATUS",
            "NODES",
            "PRIMARY",
            "REPLICATION",
            "CLUSTER",
            "AGE",
            "LAG",
            "HOST",
            "REASON",
            "MESSAGE");
    String[] row = table.get(1).split("\\s+");
    assertThat(row)
        .startsWith("demo", "True", "Ready", "5/5", "psql1server", "Streaming", "2/2")
        .contains("<1MiB", stand.hostName(), "Ready");
    assertThat(row[7]).as("age").matches("\\d+[smh]\\w*");
  }

  @Test
  void theHostHasWhatTheLabSaysAndAllOfItRuns() {
    String uid = lab.getMetadata().getUid();
    assertThat(stand.host.domainsOf(uid))
        .extracting(DomainState::power)
        .containsOnly(DomainState.Power.RUNNING)
        .hasSize(5);
    assertThat(stand.host.networksOf(uid))
        .allMatch(NetworkState::active)
        .extracting(NetworkState::name)
        .containsExactlyInAnyOrderElementsOf(
            lab.getStatus().networks().stream().map(n -> n.libvirtName()).toList());
  }

  @Test
  void nothingWasDoneTwice() {
    assertThat(stand.host.changes()).doesNotHaveDuplicates().hasSize(2 * 3 + 3 * 5);
    Map<String, List<String>> steps =
        Map.of(
            "gw1server", List.of("base"),
            "e1server", List.of("base", "ejabberd", "ejabberd-members", "accounts"),
            "e2server", List.of("base", "ejabberd", "ejabberd-cluster"),
            "psql1server", List.of("base", "postgresql-promotion", "postgresql-primary"),
            "psql2server", List.of("base", "postgresql-standby"));
    steps.forEach(
        (node, expected) -> assertThat(guest(node).launched()).as(node).isEqualTo(expected));
  }

  @Test
  void theCredentialsBelongToTheLab() {
    assertThat(stand.secrets())
        .extracting(s -> s.getMetadata().getName())
        .containsOnly(
            "demo-credentials", "demo-accounts", "demo-ca", "demo-certificates", "demo-last-valid");
    assertThat(stand.secrets())
        .allSatisfy(
            secret ->
                assertThat(secret.getMetadata().getOwnerReferences())
                    .singleElement()
                    .satisfies(
                        owner -> {
                          assertThat(owner.getUid()).isEqualTo(lab.getMetadata().getUid());
                          assertThat(owner.getKind()).isEqualTo(EjabberdLab.KIND);
                          assertThat(owner.getController()).isTrue();
                        }));
  }

  @Test
  void eventsTellItOnceAndWarnOfNothing() {
    stand.awaitEvent(lab, "Ready");
    // They are written in the background, each lot by its own.
    Awaitility.await()
        .atMost(ApiStand.PATIENCE)
        .untilAsserted(
            () ->
                assertThat(stand.events(lab))
                    .filteredOn(e -> e.getReason().equals("MachineStarted"))
                    .hasSizeGreaterThanOrEqualTo(5));
    List<Event> events = stand.events(lab);
    assertThat(events).extracting(Event::getType).containsOnly("Normal");
    assertThat(events).filteredOn(e -> e.getReason().equals("MachineStarted")).hasSize(5);
    assertThat(events).filteredOn(e -> e.getReason().equals("StepDone")).isNotEmpty();
    assertThat(events).extracting(Event::getCount).containsOnly(1);
  }

  /** Or the other tests would prove nothing about them. */
  @Test
  void theOperatorHasItsOwnRightsAndNoMore() {
    assertThat(mayOperator("list", "", "secrets")).isTrue();
    assertThat(mayOperator("create", "", "pods")).isFalse();
    assertThat(mayOperator("create", EjabberdLab.GROUP, "ejabberdlabs")).isFalse();
  }

  @Test
  void theHostSaysThatItAnswersAndHowManyLabsItHas() {
    Awaitility.await()
        .atMost(ApiStand.PATIENCE)
        .untilAsserted(
            () -> {
              LibvirtHostStatus status = stand.libvirtHost().getStatus();
              assertThat(Conditions.isTrue(status.conditions(), Conditions.READY)).isTrue();
              assertThat(status.labs()).isEqualTo(1);
            });
  }

  private boolean mayOperator(String verb, String group, String resource) {
    return operator
        .authorization()
        .v1()
        .selfSubjectAccessReview()
        .create(
            new SelfSubjectAccessReviewBuilder()
                .withNewSpec()
                .withNewResourceAttributes()
                .withVerb(verb)
                .withGroup(group)
                .withResource(resource)
                .endResourceAttributes()
                .endSpec()
                .build())
        .getStatus()
        .getAllowed();
  }

  private static SimulatedGuest guest(String node) {
    return stand.guest(lab, node);
  }
}
