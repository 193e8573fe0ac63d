package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.guest.GuestChannel.ExecResult;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.Owner;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** The life of one lab: it comes up although its operator is killed, serves, and goes. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ReferenceLabE2E {

  private static final String NAME = "reference";
  private static final String DOMAIN = "domain.local";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Something on the host that is none of the operator's business. */
  private static final Owner SOMEBODY_ELSE =
      new Owner(UUID.fromString("00000000-0000-4000-8000-000000000001"), "elsewhere", "other");

  private static final NetworkDefinition FOREIGN =
      new NetworkDefinition(
          UUID.fromString("00000000-0000-4000-8000-000000000002"),
          "foreign",
          SOMEBODY_ELSE,
          "foreign0",
          Optional.empty());

  private static Stand stand;
  private static Set<String> before;

  @BeforeAll
  static void open() {
    stand = Stand.open();
    stand.hypervisor.defineNetwork(FOREIGN);
    before = stand.inventory();
    stand.operator.start();
  }

  @AfterAll
  static void close() {
    if (stand != null) {
      stand.hypervisor.deleteNetwork(FOREIGN.uuid(), SOMEBODY_ELSE);
      stand.close();
    }
  }

  @Test
  @Order(1)
  void comesUpAlthoughTheOperatorIsKilledOnTheWay() {
    stand.client.resource(stand.sample("minimal-lab.yaml", NAME)).create();

    List<String> killedAt = new ArrayList<>();
    killWhen(
        "a network is defined",
        killedAt,
        lab -> stand.inventory().stream().anyMatch(this::isNetworkOfLab));
    killWhen(
        "a machine runs",
        killedAt,
        lab -> node(lab, n -> n.state() == EjabberdLabStatus.DomainState.Running));
    killWhen(
        "a step runs",
        killedAt,
        lab ->
            node(
                lab, n -> n.step() != null && n.agent() == EjabberdLabStatus.AgentState.Connected));
    killWhen("the database is there", killedAt, lab -> isTrue(lab, "DatabaseReady"));
    awaitReady();

    assertThat(killedAt).hasSize(4);
    EjabberdLab lab = lab();
    assertThat(stand.hypervisor.domains())
        .filteredOn(d -> owned(d.owner()))
        .allSatisfy(d -> assertThat(d.power()).isEqualTo(DomainState.Power.RUNNING))
        .hasSize(5);
    assertThat(stand.hypervisor.networks()).filteredOn(n -> owned(n.owner())).hasSize(3);
    assertThat(stand.inventory()).hasSize(before.size() + 5 + 3 + 5);
    assertThat(lab.getStatus().nodes())
        .allSatisfy(n -> assertThat(n.attempts()).as("%s: %s", n.name(), n.lastError()).isNull());
  }

  @Test
  @Order(2)
  void tellsTheTruthInItsColumns() {
    assertThat(kubectl("get", "ejabberdlab", NAME, "--no-headers").split("\\s+"))
        .startsWith(NAME, "True", "Ready", "5/5", "psql1server", "Streaming", "2/2");
    assertThat(kubectl("wait", "--for=condition=Ready", "ejl/" + NAME, "--timeout=10s"))
        .contains("condition met");
    EjabberdLab lab = lab();
    assertThat(lab.getStatus().observedGeneration()).isEqualTo(lab.getMetadata().getGeneration());
    assertThat(lab.getStatus().conditions())
        .extracting(Condition::getType)
        .doesNotContain("Reconciling", "Stalled");
    assertThat(lab.getStatus().conditions())
        .allSatisfy(c -> assertThat(c.getStatus()).as(c.getType()).isEqualTo("True"));
  }

  @Test
  @Order(3)
  void whatIsWrittenAtTheReadWriteAddressIsOnTheStandby() throws IOException {
    String address = lab().getStatus().postgresql().readWriteAddress();
    String password = credentials().get("database-password");
    exec(
        "e1server",
        List.of(
            "/bin/bash",
            "-euc",
            "IFS= read -r PGPASSWORD; export PGPASSWORD; exec psql -X -v ON_ERROR_STOP=1 -h \"$0\" -U ejabberd -d ejabberd-domain-local",
            address),
        password + "\nCREATE TABLE e2e (id int PRIMARY KEY); INSERT INTO e2e VALUES (42);\n");
    await()
        .atMost(Stand.PATIENCE)
        .untilAsserted(() -> assertThat(sql("psql2server", "SELECT id FROM e2e")).isEqualTo("42"));
    assertThat(sql("psql2server", "SELECT pg_is_in_recovery()")).isEqualTo("t");
    assertThat(sql("psql1server", "SELECT slot_name, active FROM pg_replication_slots"))
        .isEqualTo("psql2server|t");
    assertThat(
            sql(
                "psql1server",
                "SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'ejabberd-domain-local'"))
        .isEqualTo("ejabberd");
  }

  @Test
  @Order(4)
  void everyMemberSeesTheWholeCluster() throws IOException {
    for (String node : List.of("e1server", "e2server")) {
      JsonNode members = JSON.readTree(api(node, "list_cluster", "{}"));
      assertThat(members)
          .extracting(JsonNode::asText)
          .containsExactlyInAnyOrder("ejabberd@e1server", "ejabberd@e2server");
    }
  }

  @Test
  @Order(5)
  void aMessageGoesFromAUserOnOneNodeToAUserOnTheOther() {
    String alicePassword = UUID.randomUUID().toString();
    String bobPassword = UUID.randomUUID().toString();
    register("alice", alicePassword);
    register("bob", bobPassword);
    String received =
        Stand.run(
            List.of(
                "hack/libvirt.sh",
                "exec",
                Stand.variable("LAB_LIBVIRT_NAME"),
                "--",
                "java",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                XmppExchange.class.getName()),
            String.join(
                "\n",
                DOMAIN,
                address("e1server"),
                "alice",
                alicePassword,
                address("e2server"),
                "bob",
                bobPassword,
                "hello from the other side",
                ""));
    assertThat(received.lines().reduce((a, b) -> b).orElseThrow())
        .startsWith("alice@" + DOMAIN)
        .endsWith("hello from the other side");
    assertThat(
            sql(
                "psql2server",
                "SELECT string_agg(username, ',' ORDER BY username) FROM users WHERE username IN ('alice', 'bob')"))
        .isEqualTo("alice,bob");
  }

  @Test
  @Order(6)
  void anIdleLabWritesNothing() {
    String version = settled();
    await()
        .during(Duration.ofSeconds(45))
        .atMost(Duration.ofSeconds(90))
        .until(() -> lab().getMetadata().getResourceVersion().equals(version));
  }

  @Test
  @Order(7)
  void noSecretIsAnywhereButInItsSecret() throws IOException {
    String log = Files.readString(OperatorProcess.log().toPath());
    String resource = Serialization.asYaml(lab());
    String events =
        Serialization.asYaml(stand.client.v1().events().inNamespace(Stand.NAMESPACE).list());
    String domains =
        Stand.run(
            List.of(
                "/bin/bash",
                "-euc",
                "for d in $(virsh -c \"$0\" list --all --name); do virsh -c \"$0\" dumpxml --security-info \"$d\"; done",
                Stand.variable("LAB_LIBVIRT_URI")),
            "");
    for (String node : List.of("e1server", "psql1server", "psql2server")) {
      String processes = exec(node, List.of("/bin/ps", "-eo", "args"), "");
      credentials().forEach((key, value) -> assertThat(processes).as(key).doesNotContain(value));
    }
    credentials()
        .forEach(
            (key, value) -> {
              assertThat(log).as("%s in the log", key).doesNotContain(value);
              assertThat(resource).as("%s in the resource", key).doesNotContain(value);
              assertThat(events).as("%s in Events", key).doesNotContain(value);
              assertThat(domains).as("%s in domain XML", key).doesNotContain(value);
            });
  }

  @Test
  @Order(8)
  void aDestroyedMachineComesBackAndTheOthersAreLeftAlone() {
    Map<String, String> boots =
        List.of("gw1server", "e1server", "psql1server", "psql2server").stream()
            .collect(Collectors.toMap(n -> n, ReferenceLabE2E::bootId));
    String lost = bootId("e2server");
    UUID domain =
        UUID.fromString(
            lab().getStatus().nodes().stream()
                .filter(n -> n.name().equals("e2server"))
                .findFirst()
                .orElseThrow()
                .uuid());
    stand.hypervisor.destroyDomain(domain, owner());
    await().atMost(Stand.PATIENCE).until(() -> !isTrue(lab(), "Ready"));
    awaitReady();
    assertThat(bootId("e2server")).isNotEqualTo(lost);
    boots.forEach((node, boot) -> assertThat(bootId(node)).as(node).isEqualTo(boot));
  }

  @Test
  @Order(9)
  void goesWithoutATrace() {
    stand.client.resource(lab()).delete();
    await().atMost(Stand.PATIENCE).until(() -> lab() == null);
    assertThat(stand.inventory()).isEqualTo(before);
    assertThat(secret()).isNull();
  }

  private static void killWhen(
      String moment, List<String> killedAt, Predicate<EjabberdLab> reached) {
    await(moment)
        .atMost(Stand.PATIENCE)
        .pollInterval(Duration.ofMillis(200))
        .until(() -> reached.test(lab()));
    stand.operator.kill();
    killedAt.add(moment);
    stand.operator.start();
  }

  private static void awaitReady() {
    await("Ready")
        .atMost(Stand.PATIENCE)
        .pollInterval(Duration.ofSeconds(1))
        .until(
            () -> {
              EjabberdLab lab = lab();
              assertThat(stand.operator.runs()).as("the operator runs").isTrue();
              if (lab.getStatus() != null && lab.getStatus().phase() == Phase.Stalled) {
                throw new AssertionError("Stalled: " + Serialization.asYaml(lab.getStatus()));
              }
              return isTrue(lab, "Ready");
            });
  }

  /** The resource's version once it has stopped changing. */
  private static String settled() {
    String[] last = {""};
    await()
        .atMost(Stand.PATIENCE)
        .pollInterval(Duration.ofSeconds(10))
        .until(
            () -> {
              String now = lab().getMetadata().getResourceVersion();
              boolean same = now.equals(last[0]);
              last[0] = now;
              return same;
            });
    return last[0];
  }

  private static EjabberdLab lab() {
    return stand.lab(NAME);
  }

  private static boolean node(EjabberdLab lab, Predicate<EjabberdLabStatus.NodeStatus> test) {
    return lab.getStatus() != null
        && lab.getStatus().nodes() != null
        && lab.getStatus().nodes().stream().anyMatch(test);
  }

  private static boolean isTrue(EjabberdLab lab, String condition) {
    return lab.getStatus() != null
        && lab.getStatus().conditions().stream()
            .anyMatch(c -> c.getType().equals(condition) && c.getStatus().equals("True"));
  }

  private boolean isNetworkOfLab(String name) {
    return name.startsWith("network ") && !before.contains(name);
  }

  private static Owner owner() {
    return new Owner(UUID.fromString(lab().getMetadata().getUid()), Stand.NAMESPACE, NAME);
  }

  private static boolean owned(Optional<Owner> owner) {
    return owner.filter(o -> o.uid().equals(owner().uid())).isPresent();
  }

  private static String address(String node) {
    return lab().getStatus().nodes().stream()
        .filter(n -> n.name().equals(node))
        .findFirst()
        .orElseThrow()
        .addresses()
        .get("management");
  }

  private static Secret secret() {
    return stand
        .client
        .secrets()
        .inNamespace(Stand.NAMESPACE)
        .withName(NAME + "-credentials")
        .get();
  }

  private static Map<String, String> credentials() {
    return secret().getData().entrySet().stream()
        .collect(
            Collectors.toMap(
                Map.Entry::getKey,
                e -> new String(Base64.getDecoder().decode(e.getValue()), StandardCharsets.UTF_8)));
  }

  private static String kubectl(String... arguments) {
    List<String> command =
        new ArrayList<>(List.of("kubectl", "--kubeconfig", Stand.variable("LAB_KUBECONFIG")));
    command.addAll(List.of("--namespace", Stand.NAMESPACE));
    command.addAll(List.of(arguments));
    return Stand.run(command, "");
  }

  private static String bootId(String node) {
    return exec(node, List.of("/bin/cat", "/proc/sys/kernel/random/boot_id"), "").strip();
  }

  private static String sql(String node, String query) {
    return exec(
            node,
            List.of(
                "/usr/sbin/runuser",
                "-u",
                "postgres",
                "--",
                "psql",
                "-XAt",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                "ejabberd-domain-local"),
            query)
        .strip();
  }

  private static String api(String node, String command, String body) {
    return exec(
        node,
        List.of(
            "/usr/bin/curl",
            "--silent",
            "--show-error",
            "--fail",
            "--max-time",
            "60",
            "--data",
            "@-",
            "http://127.0.0.1:5280/api/" + command),
        body);
  }

  private static void register(String user, String password) {
    api(
        "e1server",
        "register",
        JSON.createObjectNode()
            .put("user", user)
            .put("host", DOMAIN)
            .put("password", password)
            .toString());
  }

  private static String exec(String node, List<String> argv, String stdin) {
    ExecResult result =
        stand.guest(lab(), node).exec(argv, stdin.getBytes(StandardCharsets.UTF_8), Stand.PATIENCE);
    assertThat(result.exitCode()).as(result.stderr()).isZero();
    return result.stdout();
  }
}
