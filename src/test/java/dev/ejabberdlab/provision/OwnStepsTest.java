package dev.ejabberdlab.provision;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.Step.Obstacle;
import dev.ejabberdlab.topology.Allocations;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Reference;
import dev.ejabberdlab.topology.SpecTrees;
import dev.ejabberdlab.topology.TopologyBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class OwnStepsTest {

  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
  private static final Credentials CREDENTIALS =
      new Credentials("database-secret", "replication-secret", "COOKIESECRET", "digest-secret");
  private static final byte[] BINARY = {0, (byte) 0xff, '\n', 0};
  private static final References FILES =
      new References(
          Map.of(
              Reference.secret("files"), Map.of("key", BINARY),
              Reference.configMap("scripts"), Map.of("run", "echo hello".getBytes())));

  private static List<Step> steps(String provisioning, References references) {
    ObjectNode tree = SpecTrees.sample("reference-lab.yaml");
    try {
      ((ObjectNode) tree.at("/spec")).set("provisioning", YAML.readTree(provisioning));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    LabTopology lab =
        TopologyBuilder.build(
            SpecTrees.lab(tree), Allocations.NONE.withManagementCidr("192.168.121.0/24"));
    return Provisioning.steps(
        lab, new Inputs(CREDENTIALS, Certified.of(lab), references), Instances.of("psql1server"));
  }

  private static String name(Step.Ref ref) {
    return ref.node() + "/" + ref.name();
  }

  private static List<String> names(List<Step> steps, String node) {
    return steps.stream().filter(s -> s.node().equals(node)).map(Step::name).toList();
  }

  private static Step step(List<Step> steps, String ref) {
    return steps.stream().filter(s -> name(s.ref()).equals(ref)).findFirst().orElseThrow();
  }

  private static List<String> requires(List<Step> steps, String ref) {
    return step(steps, ref).requires().stream()
        .map(OwnStepsTest::name)
        .sorted()
        .collect(Collectors.toList());
  }

  private static Step one(String what) {
    return step(
        steps("[{name: demo, nodes: [e2server], " + what + "}]", FILES), "e2server/own-demo");
  }

  @Test
  void theyRunInTheirOrderBeforeTheServicesOrAfterEverything() {
    List<Step> steps =
        steps(
            """
            - {name: late, nodes: [e2server], shell: {inline: "true"}}
            - {name: early, order: before, roles: [ejabberd], shell: {inline: "true"}}
            - {name: later, shell: {inline: "true"}}
            - {name: earlier, order: before, nodes: [e2server], shell: {inline: "true"}}
            """,
            References.NONE);

    assertThat(names(steps, "e2server"))
        .containsExactly(
            "base",
            "own-early",
            "own-earlier",
            "ejabberd",
            "ejabberd-cluster",
            "own-late",
            "own-later");
    assertThat(requires(steps, "e2server/own-early")).containsExactly("e2server/base");
    assertThat(requires(steps, "e2server/own-earlier"))
        .containsExactly("e2server/base", "e2server/own-early");
    assertThat(requires(steps, "e2server/ejabberd"))
        .contains("e2server/own-early", "e2server/own-earlier");
    assertThat(requires(steps, "e2server/own-later"))
        .contains("e2server/ejabberd", "e2server/ejabberd-cluster", "e2server/own-late");
    assertThat(requires(steps, "gw1server/own-later")).containsExactly("gw1server/base");
    assertThat(requires(steps, "e1server/ejabberd")).doesNotContain("e2server/own-early");
    assertThat(steps.stream().filter(s -> s.name().equals("own-later")).count()).isEqualTo(5);
  }

  @Test
  void aFileIsItsBytes() {
    Step file =
        one("file: {path: /etc/x/y.bin, mode: '0600', from: {secret: {name: files, key: key}}}");

    assertThat(file.files()).containsOnlyKeys("content");
    assertThat(file.files().get("content")).isEqualTo(BINARY);
    assertThat(file.values())
        .containsOnly(
            Map.entry("FILE_PATH", "/etc/x/y.bin"),
            Map.entry("FILE_OWNER", "root"),
            Map.entry("FILE_GROUP", "root"),
            Map.entry("FILE_MODE", "0600"));
  }

  @Test
  void aScriptIsAFileAndItsEnvironmentIsData() {
    Step shell =
        one(
            "shell: {inline: 'echo \"$A\"', unless: test -e /x, user: nobody, timeoutSeconds: 7,"
                + " environment: {B: 'x y', A: \"$(id)\\n\"}}");

    assertThat(shell.files().get("script")).asString().isEqualTo("echo \"$A\"");
    assertThat(shell.files().get("unless")).asString().isEqualTo("test -e /x");
    assertThat(shell.files().get("environment")).asString().isEqualTo("A=$(id)\n\0B=x y\0");
    assertThat(shell.timeout()).isEqualTo(Duration.ofSeconds(7));
    assertThat(shell.values())
        .containsOnly(Map.entry("SCRIPT_USER", "nobody"), Map.entry("HIDDEN", "no"));
  }

  @Test
  void theOutputOfASecretScriptIsHidden() {
    assertThat(one("shell: {from: {secret: {name: files, key: key}}}").values())
        .containsEntry("HIDDEN", "yes");
    assertThat(one("shell: {from: {configMap: {name: scripts, key: run}}}").values())
        .containsEntry("HIDDEN", "no");
  }

  @Test
  void whatIsMissingHoldsUpItsStep() {
    List<Step> steps =
        steps(
            """
            - {name: motd, nodes: [gw1server], file: {path: /etc/motd, from: {configMap: {name: texts, key: motd}}}}
            - {name: next, nodes: [gw1server], shell: {inline: "true"}}
            """,
            FILES);

    assertThat(step(steps, "gw1server/own-motd").obstacles())
        .containsExactly(Obstacle.missing("ConfigMap texts does not exist; create it."));
    assertThat(step(steps, "gw1server/own-next").obstacles()).isEmpty();
  }

  @Test
  void onlyContentMakesItRunAgain() {
    String script = "shell: {inline: 'true'";
    String digest = one(script + "}").digest();

    assertThat(one(script + "}, order: before").digest()).isEqualTo(digest);
    assertThat(one(script + ", timeoutSeconds: 9}").digest()).isEqualTo(digest);
    assertThat(one(script + ", user: nobody}").digest()).isNotEqualTo(digest);
    assertThat(one(script + ", environment: {A: b}}").digest()).isNotEqualTo(digest);
    assertThat(one("shell: {inline: 'true '}").digest()).isNotEqualTo(digest);
  }
}
