package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.status.Conditions;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Accounts of the spec: who can log in with which password. */
@ExtendWith(SharedLab.Extension.class)
@Tag("long")
class AccountsE2E {

  /** Nothing in it may mean anything to a shell, JSON, SQL or YAML. */
  private static final String ODD = " it's \"odd\", $$ `id` \\n ${x} & пароль # ";

  private static final String SECRET = "passwords";

  private final SharedLab lab;

  AccountsE2E(SharedLab lab) {
    this.lab = lab.ready();
  }

  @Test
  void accountsFollowTheSpecAndTheirSecrets() {
    Map<String, String> boots = lab.bootIds();
    Map<String, String> servers = servers();
    Map<String, String> generated = lab.secret(SharedLab.NAME + "-accounts");
    assertThat(generated).containsKeys("admin", "max");
    assertThat(login("e1server", "admin", generated.get("admin"))).isEqualTo("in");
    assertThat(login("e2server", "max", generated.get("max"))).isEqualTo("in");
    assertThat(login("e2server", "max", "wrong")).isEqualTo("refused");
    lab.register("foreign", "somebody else's");

    // New, and its Secret comes later: the lab waits, and everybody else can log in.
    lab.edit(
        spec -> {
          ArrayNode users = ((ObjectNode) spec.path("ejabberd")).putArray("users");
          users.addObject().put("name", "max");
          users
              .addObject()
              .put("name", "eve")
              .putObject("passwordFrom")
              .put("name", SECRET)
              .put("key", "eve");
        });
    lab.until(
        "waits for the Secret",
        l ->
            Conditions.find(l.getStatus().conditions(), Conditions.READY)
                .filter(c -> c.getReason().equals("ReferenceMissing"))
                .filter(c -> c.getMessage().contains("Secret passwords does not exist"))
                .isPresent());
    assertThat(login("e1server", "max", generated.get("max"))).isEqualTo("in");
    password(ODD);
    lab.awaitReady();
    assertThat(login("e2server", "eve", ODD)).isEqualTo("in");

    // Changed.
    password("another one");
    awaitLogin("e1server", "eve", "another one");
    assertThat(login("e2server", "eve", ODD)).isEqualTo("refused");

    // One that no client could send: named and not shown, and nothing changes.
    password("two\nlines");
    lab.until(
        "refuses the password",
        l ->
            Conditions.find(l.getStatus().conditions(), Conditions.STALLED)
                .filter(c -> c.getReason().equals("ReferenceUnusable"))
                .filter(c -> c.getMessage().contains("key eve of Secret passwords"))
                .filter(c -> !c.getMessage().contains("lines"))
                .isPresent());
    assertThat(login("e1server", "eve", "another one")).isEqualTo("in");

    // No longer in the spec: gone. Who was never in it stays.
    lab.edit(spec -> ((ObjectNode) spec.path("ejabberd")).remove("users"));
    lab.awaitReady();
    assertThat(login("e1server", "eve", "another one")).isEqualTo("refused");
    assertThat(login("e2server", "foreign", "somebody else's")).isEqualTo("in");
    assertThat(login("e2server", "max", generated.get("max"))).isEqualTo("in");
    assertThat(
            lab.sql(
                "psql2server",
                "SELECT string_agg(name, ' ' ORDER BY name) FROM ejabberd_lab.accounts"))
        .as("what the operator has registered is on the standby, too")
        .isEqualTo("admin max");

    for (String node : servers.keySet()) {
      assertThat(lab.bash(node, "cat /var/log/ejabberd/*.log"))
          .as("log of %s", node)
          .doesNotContain("another one")
          .doesNotContain("$$ `id`")
          .doesNotContain(generated.get("max"));
    }
    assertThat(servers()).as("ejabberd was not restarted").isEqualTo(servers);
    assertThat(lab.bootIds()).isEqualTo(boots);
    lab.api("e1server", "unregister", "{\"user\":\"foreign\",\"host\":\"domain.local\"}");
    lab.stand.client.secrets().inNamespace(GuestStand.NAMESPACE).withName(SECRET).delete();
  }

  private void password(String password) {
    lab.stand
        .client
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName(SECRET)
                .withNamespace(GuestStand.NAMESPACE)
                .endMetadata()
                .withStringData(Map.of("eve", password))
                .build())
        .createOr(r -> r.update());
  }

  private Map<String, String> servers() {
    Map<String, String> pids = new TreeMap<>();
    for (String node : new String[] {"e1server", "e2server"}) {
      pids.put(node, lab.bash(node, "systemctl show --property=MainPID --value ejabberd"));
    }
    return pids;
  }

  private String login(String node, String user, String password) {
    String said =
        lab.javaInNamespace(
            XmppLogin.class,
            SharedLab.DOMAIN,
            lab.authority(),
            lab.address(node, "management"),
            Integer.toString(XmppTls.STARTTLS_PORT),
            user,
            password);
    // "in" is followed by a certificate's number.
    return said.strip().lines().reduce((first, last) -> last).orElse("").split(" ")[0];
  }

  private void awaitLogin(String node, String user, String password) {
    await(user + " can log in")
        .atMost(GuestStand.PATIENCE)
        .pollInterval(Duration.ofSeconds(5))
        .until(() -> login(node, user, password).equals("in"));
  }
}
