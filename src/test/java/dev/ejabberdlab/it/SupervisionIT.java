package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.Changes;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.HostEntry;
import dev.ejabberdlab.api.v1alpha1.Specs;
import dev.ejabberdlab.controller.OperatorInstance;
import dev.ejabberdlab.guest.TransientStepRunner;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorFactory;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.provision.Credentials;
import dev.ejabberdlab.status.Conditions;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import io.fabric8.kubernetes.api.model.ResourceQuotaStatusBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBuilder;
import io.fabric8.kubernetes.api.model.rbac.PolicyRuleBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.io.File;
import java.net.HttpURLConnection;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.SoftAssertions;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever goes wrong with a lab's resources is told, and the lab is supervised all the same. */
@QuarkusTest
@TestProfile(WithoutOperatorProfile.class)
// Another profile: Quarkus starts anew before it and after it.
@Order(Integer.MAX_VALUE)
// An operator works without being asked.
@SuppressWarnings("try")
class SupervisionIT {

  /** Names of labs whose reconciles fail on purpose begin so. */
  private static final String BROKEN = "broken-";

  /** The first step of a reconcile whose failure nothing can stand in for. */
  private static final String FIRST_OF_THE_CORE = "WATCH";

  /** A step of the core that may fail for good: what was decided is on record all the same. */
  private static final String DESCRIPTION = "STATUS";

  /** How often in a row another step of the core fails. */
  private static final int TIMES = 3;

  @TempDir static Path directory;

  /** An operator of the test's own. */
  private static final class Operator implements AutoCloseable {

    private final KubernetesClient client =
        new KubernetesClientBuilder()
            .withConfig(
                Config.fromKubeconfig(
                    new File(OperatorProfile.variable("LAB_OPERATOR_KUBECONFIG"))))
            .build();

    /** By lab, what makes its reconciles fail. */
    private final Map<String, Failing> failing = new ConcurrentHashMap<>();

    private final OperatorInstance instance;

    private record Failing(String step, AtomicInteger times) {}

    Operator(ApiStand stand) {
      HypervisorFactory hosts =
          uri -> {
            SimulatedHost host = SimulatedHosts.host(uri);
            host.opened();
            return host;
          };
      instance =
          new OperatorInstance(
              client,
              hosts,
              new TransientStepRunner(Clock.systemUTC()),
              Executors.newCachedThreadPool(
                  task -> {
                    Thread thread = new Thread(task);
                    thread.setDaemon(true);
                    return thread;
                  }),
              stand.namespace(),
              stand.hostSelector(),
              this::reached);
    }

    /** Lets each reconcile of a lab fail at a step, so often. */
    void fail(String lab, String step, int times) {
      failing.put(lab, new Failing(step, new AtomicInteger(times)));
    }

    void mend() {
      failing.clear();
    }

    private void reached(String step, String lab) {
      Failing how = failing.get(lab);
      if (how != null && how.step().equals(step) && how.times().getAndDecrement() > 0) {
        throw new IllegalStateException("on purpose at " + step);
      }
    }

    @Override
    public void close() {
      instance.close();
      client.close();
    }
  }

  @Test
  void anErrorAtAnyStepOfAReconcileIsToldAndAPrimaryThatFailsIsTakenOverFrom() {
    ApiStand stand = ApiStand.open(directory);
    try (Operator operator = new Operator(stand)) {
      Map<String, EjabberdLab> labs = new HashMap<>();
      for (String step : OperatorInstance.reconcileSteps()) {
        labs.put(step, stand.create(BROKEN + step.toLowerCase(Locale.ROOT)));
      }
      labs.replaceAll((step, lab) -> stand.awaitReady(lab));
      int core = OperatorInstance.reconcileSteps().indexOf(FIRST_OF_THE_CORE);
      List<String> before = OperatorInstance.reconcileSteps().subList(0, core);
      Set<String> lasting = new HashSet<>(before);
      lasting.add(DESCRIPTION);

      labs.forEach(
          (step, lab) -> {
            operator.fail(
                lab.getMetadata().getName(),
                step,
                lasting.contains(step) ? Integer.MAX_VALUE : TIMES);
            stand.guest(lab, "psql1server").stopPostgresql();
          });

      SoftAssertions soft = new SoftAssertions();
      labs.forEach(
          (step, lab) -> {
            EjabberdLab after =
                stand.until(
                    lab,
                    "is taken over although it fails at " + step,
                    l ->
                        step.equals(DESCRIPTION)
                            ? stand.guest(l, "psql2server").acceptsWrites()
                            : "psql2server".equals(l.getStatus().postgresql().currentPrimary()));
            Event told = stand.awaitEvent(lab, "ReconcileFailed");
            soft.assertThat(told.getType()).as(step).isEqualTo("Warning");
            soft.assertThat(told.getMessage()).as(step).contains("on purpose at " + step);
            soft.assertThat(OperatorLog.about(stand.namespace(), lab.getMetadata().getName()))
                .as(step)
                .anyMatch(line -> line.contains("a reconcile failed"));
            if (lasting.contains(step)) {
              soft.assertThat(ApiStand.condition(after, Conditions.READY).orElseThrow())
                  .as(step)
                  .satisfies(
                      ready -> {
                        assertThat(ready.getStatus())
                            .isEqualTo(step.equals(DESCRIPTION) ? "Unknown" : "False");
                        assertThat(ready.getReason()).isEqualTo("ReconcileFailed");
                      });
            }
          });
      soft.assertAll();
      operator.mend();
      labs.values().forEach(lab -> stand.awaitReady(lab, true));
      OperatorLog.forgive();
      stand.close();
    }
  }

  @Test
  void aLabIsSupervisedByItsLastValidSpecAlsoByTheNextOperator() {
    ApiStand stand = ApiStand.open(directory);
    EjabberdLab lab;
    try (Operator first = new Operator(stand)) {
      lab = stand.awaitReady(stand.create("demo"));
      edit(stand, lab, List.of(new HostEntry("192.168.1.3", List.of("e1server"))));
      stand.awaitStalled(lab, "InvalidSpec");

      turnOff(stand, lab, "e2server");
    }
    try (Operator second = new Operator(stand)) {
      stand.guest(lab, "psql1server").stopPostgresql();
      EjabberdLab after =
          stand.until(
              lab,
              "is taken over although its spec is refused",
              l -> "psql2server".equals(l.getStatus().postgresql().currentPrimary()));
      assertThat(ApiStand.condition(after, Conditions.STALLED).orElseThrow().getReason())
          .isEqualTo("InvalidSpec");
      assertThat(ApiStand.message(after, Conditions.READY))
          .contains("spec.hosts[0]", "generation 1");
      assertThat(ApiStand.observed(after)).isTrue();

      edit(stand, lab, null);
      stand.awaitReady(lab, true);
      stand.close();
    }
  }

  @Test
  void aLabIsSupervisedAlthoughItsCredentialsCannotBeRead() {
    ApiStand stand = ApiStand.open(directory);
    EjabberdLab lab;
    try (Operator first = new Operator(stand)) {
      lab = stand.awaitReady(stand.create("demo"));
      Secret credentials = secret(stand, "demo-credentials");
      credentials.getData().remove(Credentials.ERLANG_COOKIE);
      ApiStand.CLIENT.resource(credentials).update();
      stand.awaitStalled(lab, "InvalidSpec");
    }
    Map<String, List<String>> launched = stand.host.launched();
    try (Operator second = new Operator(stand)) {
      turnOff(stand, lab, "e1server");
      stand.guest(lab, "psql1server").stopPostgresql();
      stand.until(
          lab,
          "is taken over although its credentials cannot be read",
          l -> "psql2server".equals(l.getStatus().postgresql().currentPrimary()));
      assertThat(stand.host.launched().get("gw1server"))
          .as("no step is run again")
          .isEqualTo(launched.get("gw1server"));
      stand.close();
    }
  }

  @Test
  void whatTheApiServerRefusesIsTold() {
    ApiStand stand = ApiStand.open(directory);
    try (Operator operator = new Operator(stand)) {
      ResourceQuota quota =
          ApiStand.CLIENT
              .resource(
                  new ResourceQuotaBuilder()
                      .withNewMetadata()
                      .withName("no-secrets")
                      .withNamespace(stand.namespace())
                      .endMetadata()
                      .withNewSpec()
                      .addToHard("secrets", new Quantity("0"))
                      .endSpec()
                      .build())
              .create();
      // What the controller of quotas does elsewhere.
      quota.setStatus(
          new ResourceQuotaStatusBuilder()
              .addToHard("secrets", new Quantity("0"))
              .addToUsed("secrets", new Quantity("0"))
              .build());
      ApiStand.CLIENT.resource(quota).updateStatus();
      awaitRefusalOfSecrets(stand);
      EjabberdLab lab = stand.create("demo");
      EjabberdLab refused = stand.awaitStalled(lab, "RequestRefused");
      assertThat(ApiStand.message(refused, Conditions.STALLED)).contains("The API server refused");
      assertThat(stand.host.changes()).isEmpty();

      ApiStand.CLIENT.resource(quota).delete();
      stand.awaitReady(lab, true);
      OperatorLog.forgive();
      stand.close();
    }
  }

  @Test
  void aFinalizerThatIsRefusedIsTold() {
    ApiStand stand = ApiStand.open(directory);
    try (Operator operator = new Operator(stand)) {
      Resource<ClusterRole> role =
          ApiStand.CLIENT.rbac().clusterRoles().withName("ejabberd-lab-operator");
      ClusterRole whole = role.get();
      EjabberdLab lab;
      try {
        Changes.edit(role, SupervisionIT::withoutTheRightToChangeLabs);
        lab = stand.create(BROKEN + "finalizer");
        EjabberdLab refused = stand.awaitStalled(lab, "RequestRefused");
        assertThat(ApiStand.message(refused, Conditions.READY)).contains("cannot patch resource");
        assertThat(stand.awaitEvent(lab, "RequestRefused").getType()).isEqualTo("Warning");
        assertThat(stand.host.changes()).isEmpty();
      } finally {
        Changes.edit(role, r -> new ClusterRoleBuilder(r).withRules(whole.getRules()).build());
      }
      stand.awaitReady(lab, true);
      OperatorLog.forgive();
      stand.close();
    }
  }

  private static ClusterRole withoutTheRightToChangeLabs(ClusterRole role) {
    return new ClusterRoleBuilder(role)
        .withRules(
            role.getRules().stream()
                .map(
                    rule ->
                        rule.getResources().contains("ejabberdlabs")
                            ? new PolicyRuleBuilder(rule).withVerbs("get", "list", "watch").build()
                            : rule)
                .toList())
        .build();
  }

  @Test
  void aSecretOfOursThatCannotBeChangedIsToldAndTheLabIsSupervised() {
    ApiStand stand = ApiStand.open(directory);
    try (Operator operator = new Operator(stand)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      Secret certificates = secret(stand, "demo-certificates");
      certificates.setImmutable(true);
      ApiStand.CLIENT.resource(certificates).update();
      Changes.edit(
          stand.resource(lab),
          l -> {
            l.setSpec(Specs.with(l.getSpec(), "tls", Map.of("certificateDays", 30)));
            return l;
          });
      EjabberdLab refused = stand.awaitStalled(lab, "RequestRefused");
      assertThat(ApiStand.message(refused, Conditions.STALLED)).contains("immutable");

      stand.guest(lab, "psql1server").stopPostgresql();
      stand.until(
          lab,
          "is taken over",
          l -> "psql2server".equals(l.getStatus().postgresql().currentPrimary()));
      ApiStand.CLIENT.resource(secret(stand, "demo-certificates")).delete();
      stand.awaitReady(lab, true);
      stand.close();
    }
  }

  private static void edit(ApiStand stand, EjabberdLab lab, List<HostEntry> hosts) {
    Changes.edit(
        stand.resource(lab),
        l -> {
          l.setSpec(Specs.with(l.getSpec(), "hosts", hosts));
          return l;
        });
  }

  /** Turns a machine off, and waits until it runs again. */
  private static void turnOff(ApiStand stand, EjabberdLab lab, String node) {
    Hypervisor libvirt = stand.host.libvirt();
    UUID domain =
        stand.host.domainsOf(lab.getMetadata().getUid()).stream()
            .filter(d -> d.name().equals(ApiStand.prefix(lab) + node))
            .map(DomainState::uuid)
            .findFirst()
            .orElseThrow();
    libvirt.destroyDomain(
        domain, new Owner(ApiStand.uid(lab), stand.namespace(), lab.getMetadata().getName()));
    Awaitility.await(node + " runs again")
        .atMost(ApiStand.PATIENCE)
        .pollInterval(ApiStand.POLL)
        .until(() -> libvirt.domain(domain).filter(d -> d.power() == Power.RUNNING).isPresent());
  }

  /** The API server learns of a quota after a moment. */
  private static void awaitRefusalOfSecrets(ApiStand stand) {
    Secret probe =
        new SecretBuilder()
            .withNewMetadata()
            .withName("probe")
            .withNamespace(stand.namespace())
            .endMetadata()
            .build();
    Awaitility.await("Secrets are refused")
        .atMost(ApiStand.PATIENCE)
        .pollInterval(ApiStand.POLL)
        .until(
            () -> {
              try {
                ApiStand.CLIENT.resource(probe).create();
                ApiStand.CLIENT.resource(probe).delete();
                return false;
              } catch (KubernetesClientException e) {
                return e.getCode() == HttpURLConnection.HTTP_FORBIDDEN;
              }
            });
  }

  private static Secret secret(ApiStand stand, String name) {
    return ApiStand.CLIENT.secrets().inNamespace(stand.namespace()).withName(name).get();
  }
}
