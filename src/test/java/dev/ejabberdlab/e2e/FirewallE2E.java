package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Connections between guests: which come through, and which do not. */
@ExtendWith(SharedLab.Extension.class)
class FirewallE2E {

  private static final String OPEN = "open";

  /** The packet came through, but nobody listens. */
  private static final String REFUSED = "refused";

  private static final String FILTERED = "filtered";

  private final SharedLab lab;

  FirewallE2E(SharedLab lab) {
    this.lab = lab.ready();
  }

  private record Way(String from, String to, String network, int port, String outcome) {}

  @Test
  void onlyWhatRolesNeedComesThrough() {
    List<Way> ways =
        List.of(
            // Clients, from the management network.
            new Way("gw1server", "e1server", "management", 5222, OPEN),
            new Way("gw1server", "e1server", "management", 5280, FILTERED),
            new Way("gw1server", "e1server", "management", 4369, FILTERED),
            new Way("gw1server", "psql1server", "management", 5432, FILTERED),
            // The cluster, in the DMZ.
            new Way("e2server", "e1server", "dmz", 4369, OPEN),
            new Way("e2server", "e1server", "dmz", 8080, FILTERED),
            // The database, through the gateway and nothing else.
            new Way("e1server", "psql1server", "internal", 5432, OPEN),
            new Way("e1server", "psql2server", "internal", 5432, OPEN),
            new Way("e1server", "psql1server", "internal", 22, FILTERED),
            new Way("e1server", "psql1server", "internal", 9187, FILTERED),
            new Way("psql1server", "e1server", "dmz", 5222, FILTERED),
            new Way("psql2server", "psql1server", "internal", 5432, OPEN),
            new Way("psql2server", "psql1server", "internal", 8080, FILTERED));
    Map<Way, String> seen = new TreeMap<>(Comparator.comparing(Way::toString));
    Map<Way, String> wanted = new TreeMap<>(Comparator.comparing(Way::toString));
    for (Way way : ways) {
      seen.put(way, connect(way));
      wanted.put(way, way.outcome());
    }
    assertThat(seen).isEqualTo(wanted);
  }

  @Test
  void everythingIsDroppedByDefaultForIpv6Too() {
    for (String node : lab.bootIds().keySet()) {
      assertThat(lab.bash(node, "nft list ruleset"))
          .as(node)
          .contains("table inet lab")
          .contains("hook input priority filter; policy drop;")
          .contains("hook forward priority filter; policy drop;");
    }
  }

  @Tag("long")
  @Test
  void aRuleOfTheSpecOpensAPortAndTheGatewayLetsItThrough() {
    Map<String, String> boots = lab.bootIds();
    String ejabberd = pid();
    Way way = new Way("e1server", "psql1server", "internal", 8080, REFUSED);
    Way other = new Way("e1server", "psql2server", "internal", 8080, FILTERED);
    assertThat(connect(way)).isEqualTo(FILTERED);

    lab.edit(
        spec -> {
          ObjectNode rule = spec.putArray("firewall").addObject();
          rule.put("protocol", "tcp").put("from", "dmz").put("comment", "a web server");
          rule.putArray("nodes").add("psql1server");
          rule.putArray("ports").add("8000-8100");
        });
    lab.awaitReady();
    assertThat(connect(way)).isEqualTo(REFUSED);
    assertThat(connect(other)).isEqualTo(FILTERED);
    assertThat(lab.bash("psql1server", "nft list ruleset")).contains("comment \"a web server\"");

    lab.edit(spec -> spec.remove("firewall"));
    lab.awaitReady();
    assertThat(connect(way)).isEqualTo(FILTERED);
    assertThat(lab.bootIds()).isEqualTo(boots);
    assertThat(pid()).isEqualTo(ejabberd);
  }

  private String pid() {
    return lab.bash("e1server", "systemctl show --property=MainPID --value ejabberd");
  }

  private String connect(Way way) {
    String said =
        lab.bash(
            way.from(),
            "nc -vzn -w 4 %s %d 2>&1 || :"
                .formatted(lab.address(way.to(), way.network()), way.port()));
    if (said.contains("succeeded")) {
      return OPEN;
    }
    return said.contains("refused") ? REFUSED : FILTERED;
  }
}
