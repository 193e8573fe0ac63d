package dev.ejabberdlab.provision;

import static dev.ejabberdlab.provision.ReferenceLabSteps.LAB;
import static dev.ejabberdlab.provision.ReferenceLabSteps.file;
import static dev.ejabberdlab.provision.ReferenceLabSteps.lab;
import static dev.ejabberdlab.provision.ReferenceLabSteps.step;
import static dev.ejabberdlab.provision.ReferenceLabSteps.steps;
import static dev.ejabberdlab.topology.SpecTrees.YAML;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepNames;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** What the members of ejabberd's cluster get. */
class EjabberdTest {

  @Test
  void oldAndNewClientsCanLogIn() {
    String configuration =
        file(
            step(
                steps(
                    lab(
                        tree -> {
                          ObjectNode mine =
                              ((ObjectNode) tree.path("spec").path("ejabberd"))
                                  .putObject("settings")
                                  .putArray("listen")
                                  .addObject();
                          mine.put("port", 5224).put("module", "ejabberd_c2s");
                          return tree;
                        })),
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
  void ejabberdKeepsEverythingInTheDatabaseThatBelongsToThePrimary() throws IOException {
    Step e1 = step(steps(), "e1server", StepNames.EJABBERD);
    JsonNode yaml = YAML.readTree(e1.files().get("ejabberd.yml"));

    assertThat(yaml.path("hosts")).isEqualTo(YAML.readTree("[domain.local]"));
    assertThat(yaml.path("default_db").asText()).isEqualTo("sql");
    assertThat(yaml.path("sql_server").asText()).isEqualTo(LAB.postgresql().readWriteAddress());
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

    Step e1 = step(steps(credentials), "e1server", StepNames.EJABBERD);

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
  void settingsThatAreReadAtTheStartChangeWhatANodeIsStartedWith() {
    Function<String, Step> with =
        setting ->
            step(
                steps(
                    lab(
                        tree -> {
                          ((ObjectNode) tree.at("/spec/ejabberd"))
                              .putObject("settings")
                              .put(setting, "file");
                          return tree;
                        })),
                "e1server",
                StepNames.EJABBERD);
    String arguments = file(step(steps(), "e1server", StepNames.EJABBERD), "vm.args");

    assertThat(file(with.apply("queue_type"), "vm.args")).isNotEqualTo(arguments);
    assertThat(file(with.apply("language"), "vm.args")).isEqualTo(arguments);
    assertThat(file(with.apply("language"), "ejabberd.yml")).contains("language: \"file\"");
  }
}
