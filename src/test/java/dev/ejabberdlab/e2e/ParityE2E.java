package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.NetworkState;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What docs/parity.md promises and no other class looks at, seen inside the guests. */
@ExtendWith(SharedLab.Extension.class)
class ParityE2E {

  private static final List<String> SERVICE_NODES =
      List.of("e1server", "e2server", "psql1server", "psql2server");

  private final SharedLab lab;

  ParityE2E(SharedLab lab) {
    this.lab = lab.ready();
  }

  @Test
  void machinesAreAsTheSpecHasThem() {
    for (String node : lab.bootIds().keySet()) {
      assertThat(
              lab.bash(
                  node,
                  "nproc; . /etc/os-release; echo $ID $VERSION_ID; cat /proc/sys/kernel/hostname"))
          .isEqualTo("1\ndebian 12\n" + node);
      assertThat(Long.parseLong(lab.bash(node, "awk '/MemTotal/ {print $2}' /proc/meminfo")))
          .as("KiB of memory that 1 GiB leaves on %s", node)
          .isBetween(850_000L, 1_048_576L);
      DomainDefinition definition =
          lab.stand.hypervisor.domain(lab.domain(node)).orElseThrow().definition().orElseThrow();
      assertThat(definition.title()).isEqualTo("default/reference/" + node);
      assertThat(definition.description()).endsWith(" of the lab");
    }
  }

  @Test
  void networksAreApartAndTheManagementNetworkHasReservations() {
    Map<String, NetworkDefinition> networks =
        lab.stand.hypervisor.networks().stream()
            .filter(n -> n.owner().equals(Optional.of(lab.owner())))
            .map(NetworkState::definition)
            .flatMap(Optional::stream)
            .collect(
                Collectors.toMap(
                    n -> n.name().substring(n.name().lastIndexOf('-') + 1), Function.identity()));
    assertThat(networks).containsOnlyKeys("management", "dmz", "internal");
    assertThat(networks.get("dmz").nat()).isEmpty();
    assertThat(networks.get("internal").nat()).isEmpty();
    assertThat(networks.get("management").nat().orElseThrow().reservations()).hasSize(5);

    String host = lab.inNamespace("", List.of("ip", "-4", "-brief", "address"));
    assertThat(host)
        .contains(networks.get("management").nat().orElseThrow().address() + "/24")
        .doesNotContain("192.168.1.");
    assertThat(lab.bash("e1server", "ip -4 -brief address")).contains("192.168.1.2/29");
    assertThat(lab.bash("psql1server", "ip -4 -brief address")).contains("192.168.1.10/29");
  }

  @Test
  void everyNodeKnowsTheSameNames() {
    String hosts = lab.bash("gw1server", "cat /etc/hosts");
    for (String node : SERVICE_NODES) {
      assertThat(lab.bash(node, "cat /etc/hosts")).as(node).isEqualTo(hosts);
      assertThat(hosts.lines().filter(l -> l.endsWith(" %s.domain.local %s".formatted(node, node))))
          .as(node)
          .hasSize(1);
    }
  }

  @Test
  void routesLeadThroughTheGatewayWhichAloneForwards() {
    assertThat(lab.bash("e1server", "ip -4 route")).contains("192.168.1.8/29 via 192.168.1.1");
    assertThat(lab.bash("psql2server", "ip -4 route")).contains("192.168.1.0/29 via 192.168.1.9");
    for (String node : lab.bootIds().keySet()) {
      assertThat(
              lab.bash(node, "cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/net/ipv4/ip_forward"))
          .as(node)
          .isEqualTo("66\n" + (node.equals("gw1server") ? "1" : "0"));
    }
  }

  @Test
  void packagesHaveTheirVersions() {
    String versions =
        lab.bash(
            "e1server",
            "dpkg-query -W -f '${Package} ${Version}\\n' ejabberd erlang-p1-pgsql postgresql-15");
    assertThat(versions)
        .containsPattern("(?m)^ejabberd 24\\.12-\\S*~bpo12")
        .containsPattern("(?m)^erlang-p1-pgsql \\S*~bpo12")
        .containsPattern("(?m)^postgresql-15 15\\.");
  }

  @Test
  void theDatabaseIsEjabberdsOwn() {
    assertThat(
            lab.sql(
                "psql1server",
                """
                SELECT pg_get_userbyid(datdba), shobj_description(oid, 'pg_database')
                  FROM pg_database WHERE datname = 'ejabberd-domain-local';
                SELECT rolcanlogin, coalesce(rolvaliduntil, 'infinity'), rolsuper FROM pg_roles WHERE rolname = 'ejabberd';
                SELECT has_database_privilege('ejabberd', 'ejabberd-domain-local', 'CREATE, CONNECT, TEMP'),
                  has_schema_privilege('ejabberd', 'public', 'CREATE');
                SELECT left(rolpassword, 14) FROM pg_authid WHERE rolname IN ('ejabberd', 'replica_role');
                SHOW server_version_num;
                """))
        .matches(
            "ejabberd\\|ejabberd database\nt\\|infinity\\|f\nt\\|t\nSCRAM-SHA-256\\$\nSCRAM-SHA-256\\$\n15\\d{4}");
    String tables =
        "SELECT count(*) FROM pg_tables WHERE tablename IN ('users', 'spool', 'rosterusers', 'vcard')";
    assertThat(lab.sql("psql1server", tables)).isEqualTo("4");
    assertThat(lab.sql("psql2server", tables)).isEqualTo("4");
  }

  @Test
  void onlyWhoMustMayLogInToTheDatabase() {
    for (String node : List.of("psql1server", "psql2server")) {
      assertThat(
              lab.sql(
                  node, "SELECT DISTINCT auth_method FROM pg_hba_file_rules WHERE type <> 'local'"))
          .as(node)
          .isEqualTo("scram-sha-256");
      assertThat(
              lab.sql(
                  node,
                  "SELECT address FROM pg_hba_file_rules WHERE 'replication' = ANY (database) AND address LIKE '192%' ORDER BY 1"))
          .as(node)
          .isEqualTo("192.168.1.10\n192.168.1.11");
    }
  }

  @Test
  void ejabberdKeepsEverythingInTheDatabaseAndItsClusterPortsAreFixed() {
    for (String node : List.of("e1server", "e2server")) {
      assertThat(lab.bash(node, "cat /etc/ejabberd/ejabberd.yml"))
          .contains("default_db: \"sql\"")
          .contains("auth_method:")
          .contains("sql_server: \"" + lab.status().postgresql().readWriteAddress() + "\"");
      assertThat(lab.bash(node, "cat /etc/default/ejabberd"))
          .contains("ERLANG_NODE=ejabberd@" + node)
          .contains("FIREWALL_WINDOW=4200-4210");
      assertThat(lab.bash(node, "stat -c '%a %U' /var/lib/ejabberd/.erlang.cookie"))
          .isEqualTo("400 ejabberd");
    }
    String cookie = "sha256sum </var/lib/ejabberd/.erlang.cookie";
    assertThat(lab.bash("e1server", cookie)).isEqualTo(lab.bash("e2server", cookie));
  }
}
