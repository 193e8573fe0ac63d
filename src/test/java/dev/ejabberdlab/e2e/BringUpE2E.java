package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.AgentState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.MachineState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.Owner;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/** The lab comes up although its operator is killed, and serves. */
@ExtendWith(SharedLab.Extension.class)
@Order(0)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class BringUpE2E {

  private static final String HOST = "the host";

  private final SharedLab lab;

  BringUpE2E(SharedLab lab) {
    this.lab = lab;
  }

  @Test
  @Order(1)
  void comesUpAlthoughTheOperatorIsKilledOnTheWay() {
    lab.create();
    killWhen(
        "a network is defined",
        () -> lab.stand.hypervisor.networks().stream().anyMatch(n -> isOwn(n.owner())));
    killWhen("a machine runs", () -> anyNode(n -> n.state() == MachineState.Running));
    killWhen(
        "a step runs, or has run",
        () ->
            anyNode(
                n ->
                    n.agent() == AgentState.Connected
                        && (n.step() != null || Boolean.TRUE.equals(n.ready()))));
    killWhen("the database is there", () -> lab.isTrue("DatabaseReady"));
    lab.awaitReady();

    assertThat(lab.stand.hypervisor.domains())
        .filteredOn(d -> isOwn(d.owner()))
        .allSatisfy(d -> assertThat(d.power()).isEqualTo(Power.RUNNING))
        .hasSize(5);
    assertThat(lab.stand.hypervisor.networks()).filteredOn(n -> isOwn(n.owner())).hasSize(3);
    assertThat(lab.stand.inventory()).hasSize(lab.before.size() + 5 + 3 + 5);
    assertThat(lab.status().nodes())
        .allSatisfy(n -> assertThat(n.attempts()).as("%s: %s", n.name(), n.lastError()).isNull());
  }

  @Test
  @Order(2)
  void tellsTheTruthInItsColumns() {
    lab.ready();
    assertThat(lab.kubectl("get", "ejabberdlab", SharedLab.NAME, "--no-headers").split("\\s+"))
        .startsWith(SharedLab.NAME, "True", "Ready", "5/5", "psql1server", "Streaming", "2/2");
    assertThat(
            lab.kubectl("wait", "--for=condition=Ready", "ejl/" + SharedLab.NAME, "--timeout=10s"))
        .contains("condition met");
    EjabberdLab resource = lab.resource();
    assertThat(resource.getStatus().observedGeneration())
        .isEqualTo(resource.getMetadata().getGeneration());
    assertThat(resource.getStatus().conditions())
        .extracting(Condition::getType)
        .doesNotContain("Reconciling", "Stalled");
    assertThat(resource.getStatus().conditions())
        .allSatisfy(c -> assertThat(c.getStatus()).as(c.getType()).isEqualTo("True"));
  }

  @Test
  @Order(3)
  void whatIsWrittenAtTheReadWriteAddressIsOnTheStandby() {
    lab.ready();
    lab.exec(
        "e1server",
        List.of(
            "/bin/bash",
            "-euc",
            "IFS= read -r PGPASSWORD; export PGPASSWORD; exec psql -X -v ON_ERROR_STOP=1 -h \"$0\" -U ejabberd -d ejabberd-domain-local",
            lab.status().postgresql().readWriteAddress()),
        lab.credentials().get("database-password")
            + "\nCREATE TABLE e2e (id int PRIMARY KEY); INSERT INTO e2e VALUES (42);\n");
    await()
        .atMost(GuestStand.PATIENCE)
        .untilAsserted(
            () -> assertThat(lab.sql("psql2server", "SELECT id FROM e2e")).isEqualTo("42"));
    assertThat(lab.sql("psql2server", "SELECT pg_is_in_recovery()")).isEqualTo("t");
    assertThat(lab.sql("psql1server", "SELECT slot_name, active FROM pg_replication_slots"))
        .isEqualTo("psql2server|t");
    assertThat(
            lab.sql(
                "psql1server",
                "SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'ejabberd-domain-local'"))
        .isEqualTo("ejabberd");
  }

  @Test
  @Order(4)
  void everyMemberSeesTheWholeCluster() {
    lab.ready();
    for (String node : List.of("e1server", "e2server")) {
      assertThat(lab.ask(node, "list_cluster", "{}"))
          .extracting(JsonNode::asText)
          .containsExactlyInAnyOrder("ejabberd@e1server", "ejabberd@e2server");
      assertThat(lab.bash(node, "systemctl show --property=ActiveState --value ejabberd"))
          .as("systemd does not take a node that joins for one that stops")
          .isEqualTo("active");
      assertThat(lab.bash(node, "systemctl show --property=WatchdogUSec --value ejabberd"))
          .as("a node has longer while it joins, and the usual time after that")
          .isEqualTo("3min");
    }
  }

  @Test
  @Order(5)
  void aMessageGoesFromAUserOnOneNodeToAUserOnTheOther() {
    lab.ready();
    String alicePassword = UUID.randomUUID().toString();
    String bobPassword = UUID.randomUUID().toString();
    lab.register("alice", alicePassword);
    lab.register("bob", bobPassword);
    String received =
        lab.javaInNamespace(
            XmppExchange.class,
            SharedLab.DOMAIN,
            lab.authority(),
            lab.address("e1server", "management"),
            "alice",
            alicePassword,
            lab.address("e2server", "management"),
            "bob",
            bobPassword,
            "hello from the other side");
    assertThat(received.lines().reduce((a, b) -> b).orElseThrow())
        .startsWith("alice@" + SharedLab.DOMAIN)
        .endsWith("hello from the other side");
    assertThat(
            lab.sql(
                "psql2server",
                "SELECT string_agg(username, ',' ORDER BY username) FROM users WHERE username IN ('alice', 'bob')"))
        .isEqualTo("alice,bob");
  }

  @Tag("long")
  @Test
  @Order(6)
  void anIdleLabWritesNothingAndItsClocksGoRight() {
    lab.ready();
    AtomicReference<String> last = new AtomicReference<>(settled());
    Map<String, Double> before = clocks();
    // A host that stood still may have left a guest's clock behind: that is told, and set right.
    await()
        .during(Duration.ofSeconds(45))
        .atMost(Duration.ofMinutes(3))
        .until(
            () -> {
              String now = version();
              return now.equals(last.getAndSet(now));
            });
    // One that calibrates its TSC while others take the CPU may be wrong by a factor of 11.
    Map<String, Double> after = clocks();
    double host = after.remove(HOST) - before.remove(HOST);
    assertThat(after)
        .allSatisfy(
            (node, time) -> assertThat((time - before.get(node)) / host).isBetween(0.5, 2.0));
  }

  /** Seconds that every guest's clock has gone, and the host's. */
  private Map<String, Double> clocks() {
    Map<String, Double> clocks = new TreeMap<>();
    clocks.put(HOST, System.nanoTime() / 1e9);
    for (NodeStatus node : lab.status().nodes()) {
      clocks.put(
          node.name(),
          Double.parseDouble(lab.bash(node.name(), "read -r up _ </proc/uptime; echo $up")));
    }
    return clocks;
  }

  @Test
  @Order(7)
  void noSecretIsAnywhereButInItsSecret() throws IOException {
    lab.ready();
    String log = Files.readString(Operator.LOG.toPath());
    String resource = Serialization.asYaml(lab.resource());
    String events =
        Serialization.asYaml(
            lab.stand.client.v1().events().inNamespace(GuestStand.NAMESPACE).list());
    String domains =
        GuestStand.run(
            List.of(
                "/bin/bash",
                "-euc",
                "for d in $(virsh -c \"$0\" list --all --name); do virsh -c \"$0\" dumpxml --security-info \"$d\"; done",
                GuestStand.variable("LAB_LIBVIRT_URI")),
            "");
    Map<String, String> secrets = lab.credentials();
    for (String node : List.of("e1server", "psql1server", "psql2server")) {
      String processes = lab.exec(node, List.of("/bin/ps", "-eo", "args"), "");
      secrets.forEach((key, value) -> assertThat(processes).as(key).doesNotContain(value));
    }
    secrets.forEach(
        (key, value) -> {
          assertThat(log).as("%s in the log", key).doesNotContain(value);
          assertThat(resource).as("%s in the resource", key).doesNotContain(value);
          assertThat(events).as("%s in Events", key).doesNotContain(value);
          assertThat(domains).as("%s in domain XML", key).doesNotContain(value);
        });
  }

  private void killWhen(String moment, BooleanSupplier reached) {
    await(moment)
        .atMost(GuestStand.PATIENCE)
        .pollInterval(Duration.ofMillis(200))
        .until(reached::getAsBoolean);
    lab.stand.operator.kill();
    lab.stand.operator.start();
  }

  private boolean anyNode(Predicate<NodeStatus> test) {
    return lab.status() != null
        && lab.status().nodes() != null
        && lab.status().nodes().stream().anyMatch(test);
  }

  private boolean isOwn(Optional<Owner> owner) {
    return owner.filter(o -> o.uid().equals(lab.owner().uid())).isPresent();
  }

  private String version() {
    return lab.resource().getMetadata().getResourceVersion();
  }

  /** The resource's version once it has stopped changing. */
  private String settled() {
    String[] last = {""};
    await()
        .atMost(GuestStand.PATIENCE)
        .pollInterval(Duration.ofSeconds(10))
        .until(
            () -> {
              String now = version();
              boolean same = now.equals(last[0]);
              last[0] = now;
              return same;
            });
    return last[0];
  }
}
