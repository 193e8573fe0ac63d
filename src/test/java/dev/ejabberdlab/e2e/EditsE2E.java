package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.topology.LabTopology;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Machines whose hardware changes, and members that come and go, while the lab serves. */
@ExtendWith(SharedLab.Extension.class)
class EditsE2E {

  /** The reference lab's nodes, written out. */
  private static final String NODES =
      """
      - {name: gw1server, role: gateway, networks: [{name: management}, {name: dmz, address: 192.168.1.1}, {name: internal, address: 192.168.1.9}]}
      - {name: e1server, role: ejabberd, networks: [{name: management}, {name: dmz, address: 192.168.1.2}]}
      - {name: e2server, role: ejabberd, networks: [{name: management}, {name: dmz, address: 192.168.1.3}]}
      - {name: psql1server, role: postgresql, networks: [{name: management}, {name: internal, address: 192.168.1.10}]}
      - {name: psql2server, role: postgresql, networks: [{name: management}, {name: internal, address: 192.168.1.11}]}
      """;

  private static final String E3 =
      "{name: e3server, role: ejabberd, networks: [{name: management}, {name: dmz, address: 192.168.1.4}]}";

  private static final String PSQL3 =
      "{name: psql3server, role: postgresql, networks: [{name: management}, {name: internal, address: 192.168.1.13}]}";

  private static final String WEB =
      "{name: web1server, role: plain, networks: [{name: management}, {name: backup, address: 192.168.2.2}]}";

  /** The reference lab's networks, written out, and one more. */
  private static final String NETWORKS =
      """
      - {name: management, mode: nat}
      - {name: dmz, mode: isolated, cidr: 192.168.1.0/29}
      - {name: internal, mode: isolated, cidr: 192.168.1.8/29}
      - {name: backup, mode: isolated, cidr: 192.168.2.0/28}
      """;

  private static final String OWN_STEP =
      "[{name: hello, roles: [plain], shell: {inline: 'echo hello >>/var/tmp/hello'}}]";

  /** Names of the standbys that the primary keeps WAL for, and of those that it sends it to. */
  private static final String SLOTS =
      "SELECT string_agg(slot_name, ' ' ORDER BY slot_name) FROM pg_replication_slots";

  private static final String STREAMS =
      "SELECT string_agg(application_name, ' ' ORDER BY application_name) FROM pg_stat_replication WHERE state = 'streaming'";

  private static final String STANDBY = "psql2server";
  private static final int STANDBY_INDEX = 4;
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  private final SharedLab lab;

  EditsE2E(SharedLab lab) {
    this.lab = lab.ready();
  }

  private static JsonNode yaml(String text) {
    try {
      return YAML.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ArrayNode nodes() {
    return (ArrayNode) yaml(NODES);
  }

  private void edit(ArrayNode nodes) {
    lab.edit(spec -> spec.set("nodes", nodes));
    lab.awaitReady();
  }

  /** As the sample has it. */
  private void restore() {
    lab.edit(spec -> spec.remove("nodes"));
    lab.awaitReady();
  }

  private long megabytes(String node) {
    return Long.parseLong(lab.bash(node, "awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo"));
  }

  /** A time of the guest's clock, since 1970. */
  private long seconds(String node, String script) {
    return Long.parseLong(lab.bash(node, script));
  }

  @Test
  void aStandbyWithMoreMemoryRestartsAndNobodyElse() {
    Map<String, String> before = lab.bootIds();
    long memory = megabytes(STANDBY);
    ArrayNode nodes = nodes();
    ((ObjectNode) nodes.get(STANDBY_INDEX)).put("memory", "1280Mi");

    edit(nodes);

    assertThat(megabytes(STANDBY)).isGreaterThan(memory + 200);
    assertThat(lab.sql(STANDBY, "SELECT status FROM pg_stat_wal_receiver")).isEqualTo("streaming");
    restore();
    assertThat(megabytes(STANDBY)).isEqualTo(memory);
    Map<String, String> after = lab.bootIds();
    assertThat(after.remove(STANDBY)).isNotEqualTo(before.remove(STANDBY));
    assertThat(after).isEqualTo(before);
  }

  @Test
  @Tag("long")
  void aMemberComesAndGoesAndTheOthersRunOn() {
    Map<String, String> before = lab.bootIds();
    Set<String> inventory = lab.stand.inventory();

    edit(nodes().add(yaml(E3)));

    assertThat(lab.ask("e1server", "list_cluster", "{}")).hasSize(3);
    assertThat(lab.ask("e3server", "list_cluster", "{}")).hasSize(3);
    restore();
    assertThat(lab.stand.inventory()).isEqualTo(inventory);
    assertThat(lab.bootIds()).isEqualTo(before);
    assertThat(
            lab.bash(
                "e1server",
                "setpriv --reuid ejabberd --regid ejabberd --init-groups env HOME=/var/lib/ejabberd"
                    + " erl_call -sname ejabberd@e1server -a 'ejabberd_cluster get_known_nodes []'"))
        .contains("e2server")
        .doesNotContain("e3server");
  }

  @Test
  @Tag("long")
  void aStandbyAPlainNodeAndANetworkComeAndGoAndTheOthersRunOn() {
    Map<String, String> before = lab.bootIds();
    Map<String, String> services = lab.services();
    Set<String> inventory = lab.stand.inventory();
    String slots = lab.sql("psql1server", SLOTS);

    lab.edit(
        spec -> {
          spec.set("networks", yaml(NETWORKS));
          spec.set("nodes", nodes().add(yaml(PSQL3)).add(yaml(WEB)));
          spec.set("provisioning", yaml(OWN_STEP));
        });
    lab.awaitReady();

    assertThat(lab.status().readyNodes()).isEqualTo("7/7");
    assertThat(lab.sql("psql1server", STREAMS)).isEqualTo("psql2server psql3server");
    assertThat(lab.sql("psql1server", SLOTS)).startsWith(slots + " ");
    assertThat(lab.sql("psql3server", "SELECT pg_is_in_recovery()")).isEqualTo("t");
    assertThat(lab.bash("web1server", "cat /var/tmp/hello")).isEqualTo("hello");
    assertThat(lab.bash("web1server", "ip -4 -o address show to 192.168.2.2")).isNotEmpty();

    lab.edit(spec -> spec.remove(List.of("networks", "nodes", "provisioning")));
    lab.awaitReady();

    assertThat(lab.sql("psql1server", SLOTS)).as("its slot is dropped").isEqualTo(slots);
    assertThat(lab.stand.inventory()).isEqualTo(inventory);
    assertThat(lab.bootIds()).isEqualTo(before);
    assertThat(lab.services()).isEqualTo(services);
  }

  @Test
  @Tag("long")
  void moreMemoryForEverybodyRestartsOneGuestAfterTheOther() {
    Map<String, String> before = lab.bootIds();
    PostgresqlStatus postgresql = lab.status().postgresql();
    Owner owner = lab.owner();
    ArrayNode nodes = nodes();
    nodes.forEach(node -> ((ObjectNode) node).put("memory", "1088Mi"));

    Set<Set<String>> down = ConcurrentHashMap.newKeySet();
    ScheduledExecutorService observer = Executors.newSingleThreadScheduledExecutor();
    try {
      observer.scheduleWithFixedDelay(() -> down.add(down(owner)), 0, 250, TimeUnit.MILLISECONDS);
      edit(nodes);
    } finally {
      observer.shutdownNow();
    }

    assertThat(down).as("who was down together").allMatch(names -> names.size() <= 1);
    assertThat(down.stream().flatMap(Set::stream)).hasSameElementsAs(before.keySet());
    Map<String, String> after = lab.bootIds();
    before.forEach((node, boot) -> assertThat(after).as(node).doesNotContainEntry(node, boot));
    assertThat(seconds("e1server", "awk '$1 == \"btime\" {print $2}' /proc/stat"))
        .as("e1server went down when ejabberd on e2server was up")
        .isGreaterThan(
            seconds(
                "e2server",
                "date +%s -d \"$(systemctl show --property=ActiveEnterTimestamp --value ejabberd)\""));
    assertThat(lab.status().postgresql().currentPrimary()).isEqualTo(postgresql.currentPrimary());
    assertThat(lab.status().postgresql().lastPrimaryChange())
        .isEqualTo(postgresql.lastPrimaryChange());
    restore();
  }

  /** Names of the lab's domains that do not run at this moment. */
  private Set<String> down(Owner owner) {
    String prefix = LabTopology.namePrefix(owner.uid());
    return lab.stand.hypervisor.domains().stream()
        .filter(d -> d.owner().equals(Optional.of(owner)) && d.power() != Power.RUNNING)
        .map(d -> d.name().substring(prefix.length()))
        .collect(Collectors.toSet());
  }
}
