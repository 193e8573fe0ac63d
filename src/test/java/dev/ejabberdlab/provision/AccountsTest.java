package dev.ejabberdlab.provision;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.Step.Obstacle;
import dev.ejabberdlab.guest.StepNames;
import dev.ejabberdlab.topology.Allocations;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Reference;
import dev.ejabberdlab.topology.SpecTrees;
import dev.ejabberdlab.topology.TopologyBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AccountsTest {

  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
  private static final Credentials CREDENTIALS =
      new Credentials("database-secret", "replication-secret", "COOKIESECRET", "digest-secret");

  private final ObjectNode tree = SpecTrees.sample("reference-lab.yaml");

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private Step step(String name, References references) {
    LabTopology lab =
        TopologyBuilder.build(
            SpecTrees.lab(tree), Allocations.NONE.withManagementCidr("192.168.121.0/24"));
    return Provisioning.steps(
            lab,
            new Inputs(CREDENTIALS, Certified.of(lab), references),
            Instances.of("psql1server"))
        .stream()
        .filter(s -> s.node().equals("e1server") && s.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static References generated(String admin, String max) {
    return new References(
        Map.of(
            Reference.secret("reference-accounts"),
            Map.of("admin", bytes(admin), "max", bytes(max))));
  }

  private static JsonNode json(Step step, String file) throws IOException {
    return YAML.readTree(step.files().get(file));
  }

  @Test
  void passwordsAreInTheBodiesOfTheApisCommandsAndNowhereElse() throws IOException {
    Step step = step(StepNames.ACCOUNTS, generated("geheim\" $$ \\ 'x'", "пароль"));

    assertThat(step.obstacles()).isEmpty();
    assertThat(step.files().get("accounts")).asString().isEqualTo("admin\nmax\n");
    assertThat(json(step, "admin.password.json"))
        .isEqualTo(
            YAML.createObjectNode()
                .put("user", "admin")
                .put("host", "domain.local")
                .put("password", "geheim\" $$ \\ 'x'"));
    assertThat(json(step, "max.change.json"))
        .isEqualTo(
            YAML.createObjectNode()
                .put("user", "max")
                .put("host", "domain.local")
                .put("newpass", "пароль"));
    assertThat(step.values().values()).noneMatch(v -> v.contains("geheim"));
  }

  @Test
  void aNewPasswordIsANewDigest() {
    assertThat(step(StepNames.ACCOUNTS, generated("a", "b")).digest())
        .isNotEqualTo(step(StepNames.ACCOUNTS, generated("a", "c")).digest())
        .isEqualTo(step(StepNames.ACCOUNTS, generated("a", "b")).digest());
  }

  @Test
  void aPasswordThatIsMissingOrCannotBeOneIsNamed() {
    ((ObjectNode) tree.at("/spec/ejabberd/users/0"))
        .putObject("passwordFrom")
        .put("name", "passwords")
        .put("key", "boss");

    assertThat(step(StepNames.ACCOUNTS, generated("geheim\n", "")).obstacles())
        .containsExactly(
            Obstacle.unusable(
                "The password of account admin, key admin of Secret reference-accounts, ends with a"
                    + " line break; store it without one."),
            Obstacle.missing("Secret passwords does not exist; create it."));
  }

  @Test
  void nothingElseLacksAnything() {
    assertThat(step(StepNames.EJABBERD, References.NONE).obstacles()).isEmpty();
  }

  @Test
  void exactlyTheAdminsMayAdminister() throws IOException {
    assertThat(json(step(StepNames.EJABBERD, References.NONE), "ejabberd.yml").at("/acl/admin"))
        .isEqualTo(YAML.readTree("{user: [admin@domain.local]}"));

    ((ObjectNode) tree.at("/spec/ejabberd")).putArray("admins").addObject().put("name", "boss");
    assertThat(json(step(StepNames.EJABBERD, References.NONE), "ejabberd.yml").at("/acl/admin"))
        .isEqualTo(YAML.readTree("{user: [boss@domain.local]}"));

    ((ObjectNode) tree.at("/spec/ejabberd")).putArray("admins");
    assertThat(json(step(StepNames.EJABBERD, References.NONE), "ejabberd.yml").at("/acl/admin"))
        .isEqualTo(YAML.readTree("{server: invalid}"));
  }
}
