package dev.ejabberdlab.provision;

import static dev.ejabberdlab.provision.ReferenceLabSteps.CREDENTIALS;
import static dev.ejabberdlab.provision.ReferenceLabSteps.LAB;
import static dev.ejabberdlab.provision.ReferenceLabSteps.changed;
import static dev.ejabberdlab.provision.ReferenceLabSteps.file;
import static dev.ejabberdlab.provision.ReferenceLabSteps.inputs;
import static dev.ejabberdlab.provision.ReferenceLabSteps.step;
import static dev.ejabberdlab.provision.ReferenceLabSteps.steps;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepNames;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the instances of PostgreSQL get, the primary and its standbys. */
class PostgresqlTest {

  @Test
  void theRolesFollowTheCurrentPrimary() {
    List<Step> steps = Provisioning.steps(LAB, inputs(CREDENTIALS), Instances.of("psql2server"));

    Step standby = step(steps, "psql1server", StepNames.POSTGRESQL_STANDBY);
    assertThat(standby.values())
        .containsEntry("PRIMARY_ADDRESS", "192.168.1.11")
        .containsEntry("SLOT", "psql1server");
    assertThat(step(steps, "psql2server", StepNames.POSTGRESQL_PRIMARY).values())
        .containsEntry("SLOTS", "psql1server");
    assertThat(step(steps, "psql2server", StepNames.POSTGRESQL_PROMOTION).values().get("MAC"))
        .isEqualTo(
            LAB.node("psql2server").interfaces().stream()
                .filter(i -> i.network().equals("internal"))
                .findFirst()
                .orElseThrow()
                .mac());
    // ejabberd knows only the read-write address: it needs nothing new.
    assertThat(changed(steps(), steps)).noneMatch(s -> s.startsWith("e"));
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
}
