package dev.ejabberdlab.provision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.ejabberdlab.certificate.Certificates;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepNames;
import dev.ejabberdlab.topology.Allocations;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import dev.ejabberdlab.topology.SpecTrees;
import dev.ejabberdlab.topology.TopologyBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProvisioningTest {

  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
  private static final Credentials CREDENTIALS =
      new Credentials("database-secret", "replication-secret", "COOKIESECRET", "digest-secret");

  private static final Certificates CERTIFICATES =
      Certified.certificates(lab(tree -> tree), Map.of());

  private final LabTopology lab = lab(tree -> tree);

  private static Inputs inputs(Credentials credentials) {
    return new Inputs(credentials, NodeCertificates.of(CERTIFICATES));
  }

  private static LabTopology lab(Function<ObjectNode, ObjectNode> change) {
    return TopologyBuilder.build(
        SpecTrees.lab(change.apply(SpecTrees.sample("reference-lab.yaml"))),
        Allocations.NONE.withManagementCidr("192.168.121.0/24"));
  }

  private List<Step> steps() {
    return Provisioning.steps(lab, inputs(CREDENTIALS), Instances.of("psql1server"));
  }

  private static Step step(List<Step> steps, String node, String name) {
    return steps.stream()
        .filter(s -> s.node().equals(node) && s.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static String file(Step step, String name) {
    return new String(step.files().get(name), StandardCharsets.UTF_8);
  }

  private static Map<Step.Ref, String> digests(List<Step> steps) {
    return steps.stream().collect(Collectors.toMap(Step::ref, Step::digest));
  }

  private static Set<String> changed(List<Step> before, List<Step> after) {
    Map<Step.Ref, String> old = digests(before);
    return after.stream()
        .filter(s -> !s.digest().equals(old.get(s.ref())))
        .map(s -> s.node() + "/" + s.name())
        .collect(Collectors.toSet());
  }

  @Test
  void oldAndNewClientsCanLogIn() {
    String configuration =
        file(
            step(
                Provisioning.steps(
                    lab(
                        tree -> {
                          ObjectNode mine =
                              ((ObjectNode) tree.path("spec").path("ejabberd"))
                                  .putObject("settings")
                                  .putArray("listen")
                                  .addObject();
                          mine.put("port", 5224).put("module", "ejabberd_c2s");
                          return tree;
                        }),
                    inputs(CREDENTIALS),
                    Instances.of("psql1server")),
                "e1server",
                StepNames.EJABBERD),
            "ejabberd.yml");

    assertThat(configuration)
        .as("it would prevail over the listeners'")
        .doesNotContain("c2s_protocol_options");
    assertThat(configuration.split("no_tlsv1_1", -1))
        .as("three listeners for clients, and other servers")
        .hasSize(1 + 3 + 1);
    assertThat(configuration.split("no_tlsv1_3", -1)).as("port 5222").hasSize(1 + 1);
    assertThat(configuration).contains("plain");
  }

  @Test
  void newCredentialsConcernOnlyWhatTheyAreIn() {
    Credentials other =
        new Credentials("other-database", "other-replication", "OTHERCOOKIE", "digest-secret");
    List<Step> after = Provisioning.steps(lab, inputs(other), Instances.of("psql1server"));

    assertThat(
            steps().stream()
                .filter(s -> !step(after, s.node(), s.name()).digest().equals(s.digest()))
                .map(s -> s.node() + "/" + s.name()))
        .containsExactlyInAnyOrder(
            "psql1server/postgresql-primary",
            "psql2server/postgresql-standby",
            "e1server/ejabberd",
            "e2server/ejabberd",
            "e1server/accounts");
  }

  @Test
  void theReferenceLabsStepsAndWhatEachWaitsFor() {
    assertThat(
            steps().stream()
                .map(
                    s ->
                        s.node()
                            + "/"
                            + s.name()
                            + s.requires().stream()
                                .map(r -> " " + r.node() + "/" + r.name())
                                .sorted()
                                .collect(Collectors.joining())))
        .containsExactly(
            "gw1server/base",
            "e1server/base",
            "e2server/base",
            "psql1server/base",
            "psql2server/base",
            "psql1server/postgresql-promotion psql1server/base",
            "psql1server/postgresql-primary psql1server/base psql1server/postgresql-promotion",
            "psql2server/postgresql-standby psql1server/postgresql-primary psql2server/base",
            "e1server/ejabberd e1server/base gw1server/base psql1server/postgresql-primary"
                + " psql1server/postgresql-promotion",
            "e2server/ejabberd e2server/base gw1server/base psql1server/postgresql-primary"
                + " psql1server/postgresql-promotion",
            "e2server/ejabberd-cluster e1server/ejabberd e2server/ejabberd",
            "e1server/ejabberd-members e1server/ejabberd",
            "e1server/accounts e1server/ejabberd psql1server/postgresql-primary"
                + " psql1server/postgresql-promotion");
  }

  @Test
  void everyStepComesAfterThoseItRequires() {
    Set<Step.Ref> seen = new HashSet<>();
    for (Step step : steps()) {
      assertThat(seen).containsAll(step.requires());
      assertThat(seen.add(step.ref())).isTrue();
    }
  }

  @Test
  void onlyThePermissionToBePrimaryIsGoneAfterAReboot() {
    assertThat(steps().stream().filter(s -> s.scope() == Step.Scope.BOOT).map(Step::name))
        .containsExactly(StepNames.POSTGRESQL_PROMOTION);
  }

  @Test
  void theRolesFollowTheCurrentPrimary() {
    List<Step> steps = Provisioning.steps(lab, inputs(CREDENTIALS), Instances.of("psql2server"));

    Step standby = step(steps, "psql1server", StepNames.POSTGRESQL_STANDBY);
    assertThat(standby.values())
        .containsEntry("PRIMARY_ADDRESS", "192.168.1.11")
        .containsEntry("SLOT", "psql1server");
    assertThat(step(steps, "psql2server", StepNames.POSTGRESQL_PRIMARY).values())
        .containsEntry("SLOTS", "psql1server");
    assertThat(step(steps, "psql2server", StepNames.POSTGRESQL_PROMOTION).values().get("MAC"))
        .isEqualTo(
            lab.node("psql2server").interfaces().stream()
                .filter(i -> i.network().equals("internal"))
                .findFirst()
                .orElseThrow()
                .mac());
    // ejabberd knows only the read-write address: it needs nothing new.
    assertThat(changed(steps(), steps)).noneMatch(s -> s.startsWith("e"));
  }

  @Test
  void aPrimaryThatIsNoInstanceIsRefused() {
    assertThatThrownBy(() -> Provisioning.steps(lab, inputs(CREDENTIALS), Instances.of("e1server")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "Node 'e1server' cannot be the primary: the database has the instances psql1server,"
                + " psql2server.");
  }

  @Test
  void theSameLabHasTheSameDigests() {
    assertThat(digests(steps())).isEqualTo(digests(steps()));
    assertThat(steps()).allMatch(s -> s.digest().matches("[0-9a-f]{64}"));
    assertThat(digests(steps()).values()).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @CsvSource({
    "database-password, psql1server/postgresql-primary e1server/ejabberd e2server/ejabberd"
        + " e1server/accounts",
    "replication-password, psql1server/postgresql-primary psql2server/postgresql-standby",
    "erlang-cookie, e1server/ejabberd e2server/ejabberd",
  })
  void aNewSecretIsBroughtToThoseWhoUseIt(String key, String expected) {
    Map<String, String> data = CREDENTIALS.toMap();
    data.put(key, "another-secret");

    assertThat(
            changed(
                steps(),
                Provisioning.steps(lab, inputs(Credentials.of(data)), Instances.of("psql1server"))))
        .containsExactlyInAnyOrder(expected.split(" "));
  }

  @Test
  void digestsSayNothingOfSecretsToWhoHasNotTheKey() {
    Credentials otherKey =
        new Credentials("database-secret", "replication-secret", "COOKIESECRET", "another-key");

    assertThat(
            digests(Provisioning.steps(lab, inputs(otherKey), Instances.of("psql1server")))
                .values())
        .doesNotContainAnyElementsOf(digests(steps()).values());
  }

  @Test
  void secretsAreInFilesOnly() {
    for (Step step : steps()) {
      Stream<String> open =
          Stream.concat(
              Stream.of(step.script(), step.toString()),
              Stream.concat(step.values().keySet().stream(), step.values().values().stream()));
      assertThat(open.toList())
          .noneMatch(text -> CREDENTIALS.toMap().values().stream().anyMatch(text::contains));
    }
  }

  @Test
  void everybodyHasTheSameHostsFile() {
    List<String> hosts =
        steps().stream()
            .filter(s -> s.name().equals(StepNames.BASE))
            .map(s -> file(s, "hosts"))
            .distinct()
            .toList();

    assertThat(hosts)
        .containsExactly(
            """
            127.0.0.1 localhost
            ::1 localhost ip6-localhost ip6-loopback
            192.168.1.1 gw1server.domain.local gw1server
            192.168.1.2 e1server.domain.local e1server
            192.168.1.3 e2server.domain.local e2server
            192.168.1.10 psql1server.domain.local psql1server
            192.168.1.11 psql2server.domain.local psql2server
            """);
  }

  @Test
  void interfacesAreFoundByTheirMacAndRoutesLieWhereTheirGatewayIs() {
    Step base = step(steps(), "e1server", StepNames.BASE);
    Node e1 = lab.node("e1server");

    assertThat(withoutComments(file(base, "10-lab-management.network")))
        .isEqualTo(
            """
            [Match]
            MACAddress=%s

            [Network]
            Address=%s/24
            Gateway=192.168.121.1
            ConfigureWithoutCarrier=yes
            LinkLocalAddressing=no
            IPv6AcceptRA=no
            """
                .formatted(e1.interfaces().get(0).mac(), e1.addressIn("management").orElseThrow()));
    assertThat(withoutComments(file(base, "10-lab-dmz.network")))
        .isEqualTo(
            """
            [Match]
            MACAddress=%s

            [Network]
            Address=192.168.1.2/29
            ConfigureWithoutCarrier=yes
            LinkLocalAddressing=no
            IPv6AcceptRA=no

            [Route]
            Destination=192.168.1.8/29
            Gateway=192.168.1.1
            """
                .formatted(e1.interfaces().get(1).mac()));
    assertThat(base.values()).containsEntry("ROUTES", "192.168.1.8/29,192.168.1.1");
    assertThat(step(steps(), "gw1server", StepNames.BASE).values()).containsEntry("ROUTES", "");
  }

  private static String withoutComments(String text) {
    return text.lines().filter(l -> !l.startsWith("#")).collect(Collectors.joining("\n", "", "\n"));
  }

  @Test
  void onlyGatewaysForward() {
    for (Node node : lab.nodes()) {
      assertThat(file(step(steps(), node.name(), StepNames.BASE), "90-ejabberd-lab.conf"))
          .contains("net.ipv4.ip_forward = " + (node.name().equals("gw1server") ? "1" : "0") + "\n")
          .contains("net.ipv4.ip_default_ttl = 66\n");
    }
  }

  private List<String> rules(String node, String chain) {
    return rules(lab, node, chain);
  }

  private static List<String> rules(LabTopology lab, String node, String chain) {
    List<Step> steps = Provisioning.steps(lab, inputs(CREDENTIALS), Instances.of("psql1server"));
    List<String> rules = new ArrayList<>();
    String current = "";
    for (String line : file(step(steps, node, StepNames.BASE), "nftables.conf").lines().toList()) {
      String text = line.strip();
      if (text.startsWith("chain ")) {
        current = text.split(" ")[1];
      } else if (current.equals(chain) && text.startsWith("ip saddr")) {
        rules.add(text);
      }
    }
    return rules;
  }

  @Test
  void theFirewallLetsInWhatTheRoleNeeds() {
    String management = "ip saddr { 192.168.121.1 } accept";
    String ssh =
        "ip saddr { 192.168.1.0/29, 192.168.1.8/29, 192.168.121.0/24 } tcp dport { 22 } accept";
    assertThat(rules("gw1server", "input")).containsExactly(management, ssh);
    assertThat(rules("e1server", "input"))
        .containsExactly(
            management,
            ssh,
            "ip saddr { 192.168.121.0/24 } tcp dport { 5222, 5223, 5443 } accept",
            "ip saddr { 192.168.1.0/29 } tcp dport { 5222, 5223, 5269, 5443, 5280, 1883, 4369,"
                + " 4200-4210 } accept",
            "ip saddr { 192.168.1.0/29 } udp dport { 514, 3478 } accept",
            "ip saddr { 192.168.1.0/29 } meta l4proto vrrp accept",
            "ip saddr { 192.168.1.0/29, 192.168.1.8/29, 192.168.121.0/24 } tcp dport { 9100, 9102 }"
                + " accept");
    assertThat(rules("psql2server", "input"))
        .containsExactly(
            management,
            ssh,
            "ip saddr { 192.168.1.0/29, 192.168.1.8/29 } tcp dport { 5432 } accept",
            "ip saddr { 192.168.1.0/29, 192.168.1.8/29, 192.168.121.0/24 } tcp dport { 9100, 9102,"
                + " 9187 } accept");
  }

  @Test
  void rulesOfTheSpecOpenTheirNodesAndTheWayThere() {
    LabTopology lab =
        lab(
            tree -> {
              ObjectNode spec = (ObjectNode) tree.get("spec");
              ObjectNode web = spec.putArray("firewall").addObject();
              web.put("protocol", "tcp").put("from", "dmz").put("comment", "a web server");
              web.putArray("nodes").add("psql1server");
              web.putArray("ports").add("80").add("8000-8100");
              ((ArrayNode) spec.get("firewall")).addObject().put("protocol", "icmp");
              return tree;
            });
    String web = "tcp dport { 80, 8000-8100 } accept comment \"a web server\"";

    assertThat(rules(lab, "psql1server", "input")).contains("ip saddr { 192.168.1.0/29 } " + web);
    assertThat(rules(lab, "psql2server", "input")).noneMatch(r -> r.contains("8100"));
    assertThat(rules(lab, "gw1server", "forward"))
        .contains("ip saddr { 192.168.1.0/29 } ip daddr { 192.168.1.10 } " + web)
        .noneMatch(r -> r.contains("192.168.1.11 } tcp"));
    for (Node node : lab.nodes()) {
      assertThat(
              file(
                  step(
                      Provisioning.steps(lab, inputs(CREDENTIALS), Instances.of("psql1server")),
                      node.name(),
                      StepNames.BASE),
                  "nftables.conf"))
          .contains("\n    meta l4proto icmp accept\n");
    }
  }

  @Test
  void membersShareAVirtualAddressWhenTheSpecHasOne() {
    LabTopology lab =
        lab(
            tree -> {
              ((ObjectNode) tree.at("/spec/ejabberd")).put("virtualAddress", "192.168.121.9");
              return tree;
            });
    List<Step> steps = Provisioning.steps(lab, inputs(CREDENTIALS), Instances.of("psql1server"));
    Step e2 = step(steps, "e2server", StepNames.BASE);

    assertThat(e2.values())
        .containsEntry("VIRTUAL_ADDRESS", "192.168.121.9")
        .containsEntry("VIRTUAL_ADDRESS_MAC", lab.node("e2server").interfaces().get(0).mac());
    assertThat(file(e2, "keepalived.conf"))
        .contains("  priority 199\n")
        .contains("  unicast_src_ip 192.168.121.12\n")
        .contains("  unicast_peer {\n    192.168.121.11\n  }\n")
        .contains("    192.168.121.9/24\n");
    assertThat(rules(lab, "e2server", "input"))
        .contains("ip saddr { 192.168.121.0/24 } meta l4proto vrrp accept");
    assertThat(step(steps, "gw1server", StepNames.BASE).files())
        .doesNotContainKey("keepalived.conf");
    assertThat(step(steps(), "e2server", StepNames.BASE).files())
        .doesNotContainKey("keepalived.conf");
  }

  @Test
  void theGatewayPassesOnNothingButTheDatabase() {
    assertThat(rules("gw1server", "forward"))
        .containsExactly(
            "ip saddr { 192.168.1.0/29 } ip daddr { 192.168.1.8/29 } tcp dport { 5432 } accept");
    assertThat(rules("e1server", "forward")).isEmpty();
  }

  @Test
  void everyFirewallIsExchangedAsAWholeAndDropsByDefault() {
    for (Node node : lab.nodes()) {
      assertThat(file(step(steps(), node.name(), StepNames.BASE), "nftables.conf"))
          .startsWith("flush ruleset\n")
          .contains("table inet lab {")
          .contains("hook input priority filter; policy drop;")
          .contains("hook forward priority filter; policy drop;");
    }
  }

  @Test
  void everyInstanceAcceptsTheSameClients() {
    Step primary = step(steps(), "psql1server", StepNames.POSTGRESQL_PRIMARY);
    Step standby = step(steps(), "psql2server", StepNames.POSTGRESQL_STANDBY);

    assertThat(file(primary, "pg_hba.conf"))
        .isEqualTo(file(standby, "pg_hba.conf"))
        .contains("hostssl \"ejabberd-domain-local\" \"ejabberd\" 192.168.1.0/29 scram-sha-256\n")
        .contains("hostssl replication,postgres \"replica_role\" 192.168.1.10/32 scram-sha-256\n")
        .contains("hostssl replication,postgres \"replica_role\" 192.168.1.11/32 scram-sha-256\n")
        .doesNotContain("trust");
    assertThat(file(standby, "standby.conf"))
        .contains("host=192.168.1.10 ")
        .contains("application_name=psql2server ")
        .contains("primary_slot_name = 'psql2server'\n")
        .doesNotContain("replication-secret");
    for (String conf : List.of("ejabberd-lab.conf", "standby.conf")) {
      assertThat(file(primary, conf).lines().filter(l -> !l.isBlank()))
          .as("scripts read these lines: %s", conf)
          .allMatch(l -> l.matches("#.*|[a-z_]+ = .*"));
    }
    assertThat(file(primary, "ejabberd-lab.conf"))
        .as("what standbys must share is the lab's to give")
        .contains(
            "\nmax_connections = 100\n",
            "\nmax_worker_processes = 8\n",
            "\nmax_wal_senders = 10\n",
            "\nmax_prepared_transactions = 0\n",
            "\nmax_locks_per_transaction = 64\n",
            "\nwal_level = replica\n",
            "\nhot_standby = on\n");
    assertThat(file(primary, "ejabberd-lab.conf"))
        .contains("cluster_name = 'psql1server'\n")
        .contains("max_slot_wal_keep_size = 1GB\n")
        .contains("wal_log_hints = on\n");
  }

  @Test
  void ejabberdKeepsEverythingInTheDatabaseThatBelongsToThePrimary() throws IOException {
    Step e1 = step(steps(), "e1server", StepNames.EJABBERD);
    JsonNode yaml = YAML.readTree(e1.files().get("ejabberd.yml"));

    assertThat(yaml.path("hosts")).isEqualTo(YAML.readTree("[domain.local]"));
    assertThat(yaml.path("default_db").asText()).isEqualTo("sql");
    assertThat(yaml.path("sql_server").asText()).isEqualTo(lab.postgresql().readWriteAddress());
    assertThat(yaml.path("sql_database").asText()).isEqualTo("ejabberd-domain-local");
    assertThat(yaml.path("sql_password").asText()).isEqualTo("database-secret");
    assertThat(yaml.path("auth_password_format").asText()).isEqualTo("scram");
    assertThat(yaml.at("/acl/admin/user/0").asText()).isEqualTo("admin@domain.local");
    // The API answers on the node itself only.
    for (JsonNode listener : yaml.path("listen")) {
      if (listener.path("request_handlers").has("/api")) {
        assertThat(listener.path("ip").asText()).isEqualTo("127.0.0.1");
      }
    }
    // Nothing is left open in the file in the resources.
    assertThat(yaml.findParents("null")).isEmpty();
    assertThat(new String(e1.files().get("ejabberd.yml"), StandardCharsets.UTF_8))
        .doesNotContain(": null");
    assertThat(file(e1, "ejabberd"))
        .contains("ERLANG_NODE=ejabberd@e1server\n")
        .contains("FIREWALL_WINDOW=4200-4210\n");
    assertThat(file(e1, "vm.args"))
        .contains("-kernel inet_dist_use_interface {192,168,1,2}\n")
        .as("a connection that waits for a database that is gone ends")
        .contains("-kernel inet_default_connect_options [{keepalive,true},{raw,6,4,<<10,0,0,0>>},");
    assertThat(file(e1, ".erlang.cookie")).isEqualTo("COOKIESECRET");
  }

  @Test
  void aPasswordThatYamlWouldMisreadArrivesAsItIs() throws IOException {
    String odd = "#'\"{}[]&*!|>%@`,?-";
    Credentials credentials =
        new Credentials(odd, "replication-secret", "COOKIESECRET", "key-key-key");

    Step e1 =
        step(
            Provisioning.steps(lab, inputs(credentials), Instances.of("psql1server")),
            "e1server",
            StepNames.EJABBERD);

    assertThat(YAML.readTree(e1.files().get("ejabberd.yml")).path("sql_password").asText())
        .isEqualTo(odd);
  }

  @Test
  void theOthersJoinTheFirstMember() throws IOException {
    Step join = step(steps(), "e2server", StepNames.EJABBERD_CLUSTER);

    assertThat(YAML.readTree(join.files().get("join.json")))
        .isEqualTo(YAML.readTree("{\"node\":\"ejabberd@e1server\"}"));
    assertThat(join.values())
        .containsOnly(
            Map.entry("ERLANG_NODE", "ejabberd@e2server"),
            Map.entry("CLUSTER_NODE", "ejabberd@e1server"));
  }

  @Test
  void theFirstMemberMakesTheClusterForgetWhoIsGone() {
    assertThat(step(steps(), "e1server", StepNames.EJABBERD_MEMBERS).values())
        .containsOnly(
            Map.entry("ERLANG_NODE", "ejabberd@e1server"),
            Map.entry("MEMBERS", "ejabberd@e1server ejabberd@e2server"));
  }

  @Test
  void everyServiceHasItsOwnCertificateAndTrustsTheAuthority() throws IOException {
    Step e1 = step(steps(), "e1server", StepNames.EJABBERD);
    Step primary = step(steps(), "psql1server", StepNames.POSTGRESQL_PRIMARY);
    Step standby = step(steps(), "psql2server", StepNames.POSTGRESQL_STANDBY);
    JsonNode yaml = YAML.readTree(e1.files().get("ejabberd.yml"));

    assertThat(file(e1, "certificate.pem")).isEqualTo(CERTIFICATES.of("e1server").chain());
    assertThat(file(e1, "key.pem")).isEqualTo(CERTIFICATES.of("e1server").key());
    assertThat(file(e1, "ca.pem")).isEqualTo(Certified.AUTHORITY.certificatePem());
    assertThat(file(primary, "server.crt")).isEqualTo(CERTIFICATES.of("psql1server").chain());
    assertThat(file(standby, "server.key")).isEqualTo(CERTIFICATES.of("psql2server").key());
    assertThat(file(standby, "standby.conf")).contains("sslmode=verify-full");
    assertThat(yaml.path("sql_ssl").asBoolean()).isTrue();
    assertThat(yaml.path("sql_ssl_verify").asBoolean()).isTrue();
    for (JsonNode listener : yaml.path("listen")) {
      if (listener.path("module").asText().equals("ejabberd_c2s")) {
        assertThat(
                listener.path("tls").asBoolean() || listener.path("starttls_required").asBoolean())
            .isTrue();
      }
    }
    assertThat(CertificateSubjects.of(lab).get("e1server").dnsNames())
        .containsExactlyInAnyOrder(
            "domain.local", "*.domain.local", "e1server", "e1server.domain.local");
    assertThat(CertificateSubjects.of(lab).get("psql1server").addresses())
        .contains(lab.postgresql().readWriteAddress(), "192.168.1.10");
    assertThat(CertificateSubjects.of(lab)).doesNotContainKey("gw1server");
  }

  @Test
  void aNewCertificateChangesTheStepsOfItsNodeOnly() {
    Map<String, String> kept = new TreeMap<>(CERTIFICATES.toMap());
    kept.remove("e2server.crt");
    Inputs renewed =
        new Inputs(CREDENTIALS, NodeCertificates.of(Certified.certificates(lab, kept)));

    assertThat(changed(steps(), Provisioning.steps(lab, renewed, Instances.of("psql1server"))))
        .containsExactly("e2server/ejabberd");
  }

  @Test
  void withoutAnAuthorityOnlyWhatNeedsACertificateWaits() {
    Step.Obstacle obstacle = Step.Obstacle.missing("Secret our-ca does not exist; create it.");
    List<Step> steps =
        Provisioning.steps(
            lab,
            new Inputs(CREDENTIALS, NodeCertificates.without(obstacle)),
            Instances.of("psql1server"));

    assertThat(steps)
        .filteredOn(s -> s.obstacles().contains(obstacle))
        .extracting(Step::name)
        .containsExactlyInAnyOrder(
            StepNames.POSTGRESQL_PRIMARY,
            StepNames.POSTGRESQL_STANDBY,
            StepNames.EJABBERD,
            StepNames.EJABBERD);
  }

  @Test
  void settingsThatAreReadAtTheStartChangeWhatANodeIsStartedWith() {
    Function<String, Step> with =
        setting ->
            step(
                Provisioning.steps(
                    lab(
                        tree -> {
                          ((ObjectNode) tree.at("/spec/ejabberd"))
                              .putObject("settings")
                              .put(setting, "file");
                          return tree;
                        }),
                    inputs(CREDENTIALS),
                    Instances.of("psql1server")),
                "e1server",
                StepNames.EJABBERD);
    String arguments = file(step(steps(), "e1server", StepNames.EJABBERD), "vm.args");

    assertThat(file(with.apply("queue_type"), "vm.args")).isNotEqualTo(arguments);
    assertThat(file(with.apply("language"), "vm.args")).isEqualTo(arguments);
    assertThat(file(with.apply("language"), "ejabberd.yml")).contains("language: \"file\"");
  }
}
