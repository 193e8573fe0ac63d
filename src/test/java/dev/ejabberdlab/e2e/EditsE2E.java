package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Set;
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
}
