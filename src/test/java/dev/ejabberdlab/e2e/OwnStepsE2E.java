package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.util.Base64;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The user's own files and scripts in guests. */
@ExtendWith(SharedLab.Extension.class)
class OwnStepsE2E {

  private static final String NAME = "own";
  private static final byte[] BINARY = {0, 1, (byte) 0xff, '\n', 0, '\n'};

  private final SharedLab lab;

  OwnStepsE2E(SharedLab lab) {
    this.lab = lab.ready();
  }

  @AfterEach
  void withoutOwnSteps() {
    lab.edit(spec -> spec.remove("provisioning"));
    lab.awaitReady();
    lab.stand.client.secrets().inNamespace(GuestStand.NAMESPACE).withName(NAME).delete();
    lab.stand.client.configMaps().inNamespace(GuestStand.NAMESPACE).withName(NAME).delete();
  }

  private static ObjectNode step(ArrayNode steps, String name, String node) {
    ObjectNode step = steps.addObject().put("name", name);
    step.putArray("nodes").add(node);
    return step;
  }

  private static ObjectNode file(ObjectNode step, String path, String kind, String key) {
    ObjectNode file = step.putObject("file").put("path", path);
    file.putObject("from").putObject(kind).put("name", NAME).put("key", key);
    return file;
  }

  private static ObjectNode shell(ObjectNode step, String script) {
    return step.putObject("shell").put("inline", script);
  }

  private void edit(Consumer<ArrayNode> steps) {
    lab.edit(spec -> steps.accept(spec.putArray("provisioning")));
  }

  private void motd(String text) {
    lab.stand
        .client
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName(NAME)
                .withNamespace(GuestStand.NAMESPACE)
                .endMetadata()
                .withData(Map.of("motd", text))
                .build())
        .createOr(r -> r.update());
  }

  @Test
  void filesAndScriptsRunOncePerContent() {
    Map<String, String> boots = lab.bootIds();
    lab.stand
        .client
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName(NAME)
                .withNamespace(GuestStand.NAMESPACE)
                .endMetadata()
                .withData(Map.of("blob", Base64.getEncoder().encodeToString(BINARY)))
                .build())
        .create();
    motd("Hello from $HOSTNAME\n");
    edit(
        steps -> {
          file(step(steps, "blob", "psql2server"), "/etc/own/blob", "secret", "blob")
              .put("mode", "0640")
              .put("group", "postgres");
          file(step(steps, "motd", "e2server"), "/etc/motd", "configMap", "motd");
          ObjectNode shell =
              shell(
                  step(steps, "demo", "e2server"),
                  "echo \"$(id -un) $WORDS\" >>/var/tmp/demo; cat /etc/motd >>/var/tmp/demo");
          shell.put("user", "nobody").putObject("environment").put("WORDS", "it's \"$5\"");
          shell(step(steps, "never", "e2server"), "exit 1").put("unless", "test -e /etc/motd");
        });
    lab.awaitReady();

    assertThat(lab.bash("psql2server", "stat -c '%U %G %a %s' /etc/own/blob"))
        .isEqualTo("root postgres 640 6");
    assertThat(lab.bash("psql2server", "base64 /etc/own/blob"))
        .isEqualTo(Base64.getEncoder().encodeToString(BINARY));
    String once = "nobody it's \"$5\"\nHello from $HOSTNAME";
    assertThat(lab.bash("e2server", "cat /var/tmp/demo")).isEqualTo(once);

    motd("Changed\n");
    Awaitility.await("the file follows the ConfigMap")
        .atMost(GuestStand.PATIENCE)
        .until(() -> lab.bash("e2server", "cat /etc/motd").equals("Changed"));
    lab.awaitReady();
    assertThat(lab.bash("e2server", "cat /var/tmp/demo")).as("the script ran once").isEqualTo(once);
    assertThat(lab.bootIds()).isEqualTo(boots);
  }

  @Test
  @Tag("long")
  void stepsThatFailHangFloodOrRebootHarmNobodyElse() {
    Map<String, String> boots = lab.bootIds();
    edit(
        steps -> {
          shell(step(steps, "fails", "gw1server"), "echo the reason; exit 3");
          shell(step(steps, "floods", "e1server"), "yes flood").put("timeoutSeconds", 10);
          shell(
                  step(steps, "hangs", "psql1server"),
                  """
                  setsid bash -c 'trap "" TERM; echo $$ >>/var/tmp/hangs; while :; do sleep 1000; done' &
                  sleep 100000
                  """)
              .put("timeoutSeconds", 10);
          shell(
                  step(steps, "reboots", "psql2server"),
                  "echo >>/var/tmp/reboots; systemctl reboot; sleep 1000")
              .put("unless", "test -e /var/tmp/reboots");
        });

    untilSays("gw1server", "the reason", "exit code 3");
    untilSays("e1server", "flood", "the step may take 10 seconds");
    untilSays("psql1server", "the step may take 10 seconds");
    lab.until("is back", l -> lab.node("psql2server").ready());
    assertThat(lab.node("e2server").ready()).isTrue();
    assertThat(lab.isTrue("ClusterFormed")).isTrue();
    // It would not listen: it is killed half a minute later.
    lab.bash(
        "psql1server",
        "pid=$(head -n 1 /var/tmp/hangs); until [[ ! -e /proc/$pid ]]; do sleep 1; done");
    assertThat(lab.bash("psql2server", "wc -l </var/tmp/reboots")).isEqualTo("1");

    withoutOwnSteps();
    Map<String, String> after = lab.bootIds();
    assertThat(after.remove("psql2server")).isNotEqualTo(boots.remove("psql2server"));
    assertThat(after).isEqualTo(boots);
  }

  private void untilSays(String node, String... words) {
    lab.until(
        node + " says what went wrong",
        l -> {
          NodeStatus status = lab.node(node);
          return !status.ready()
              && status.lastError() != null
              && status.lastError().length() <= 1024
              && Stream.of(words).allMatch(status.lastError()::contains);
        });
  }
}
