package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A password or cookie that is changed in the lab's Secret is everywhere, and nobody restarts. */
@ExtendWith(SharedLab.Extension.class)
@Tag("long")
class RotationE2E {

  private static final String CREDENTIALS = SharedLab.NAME + "-credentials";

  private final SharedLab lab;

  RotationE2E(SharedLab lab) {
    this.lab = lab.ready();
  }

  @Test
  void secretsAreRotatedUnderRunningServices() {
    Map<String, String> boots = lab.bootIds();
    Map<String, String> services = lab.services();
    String database = fresh();
    String cookie = fresh();

    lab.editSecret(CREDENTIALS, "database-password", database);
    lab.editSecret(CREDENTIALS, "replication-password", fresh());
    lab.editSecret(CREDENTIALS, "erlang-cookie", cookie);

    lab.until(
        "both members have the new cookie",
        l ->
            List.of("e1server", "e2server").stream()
                .allMatch(n -> lab.bash(n, "cat /var/lib/ejabberd/.erlang.cookie").equals(cookie)));
    lab.awaitReady();
    for (String node : List.of("e1server", "e2server")) {
      assertThat(lab.bash(node, "cat /etc/ejabberd/ejabberd.yml")).contains(database);
      // Asked with the cookie in the file.
      assertThat(lab.erlang(node, "erlang:get_cookie()")).contains(cookie);
      assertThat(lab.ask(node, "list_cluster", "{}"))
          .extracting(JsonNode::asText)
          .containsExactlyInAnyOrder("ejabberd@e1server", "ejabberd@e2server");
    }
    // What was logged in with the old passwords must log in with the new ones.
    lab.sql(
        "psql1server",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('ejabberd', 'replica_role')");
    lab.until(
        "ejabberd and the standby are connected again",
        l ->
            lab.sql(
                    "psql1server",
                    "SELECT count(DISTINCT client_addr) FROM pg_stat_activity WHERE usename = 'ejabberd'"
                        + " UNION ALL SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
                .equals("2\n1"));
    lab.awaitReady();
    assertThat(lab.bootIds()).isEqualTo(boots);
    assertThat(lab.services()).isEqualTo(services);
  }

  private static String fresh() {
    return UUID.randomUUID().toString();
  }
}
