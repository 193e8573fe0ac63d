package dev.ejabberdlab.provision;

import static dev.ejabberdlab.provision.ReferenceLabSteps.CERTIFICATES;
import static dev.ejabberdlab.provision.ReferenceLabSteps.CREDENTIALS;
import static dev.ejabberdlab.provision.ReferenceLabSteps.LAB;
import static dev.ejabberdlab.provision.ReferenceLabSteps.changed;
import static dev.ejabberdlab.provision.ReferenceLabSteps.digests;
import static dev.ejabberdlab.provision.ReferenceLabSteps.file;
import static dev.ejabberdlab.provision.ReferenceLabSteps.inputs;
import static dev.ejabberdlab.provision.ReferenceLabSteps.step;
import static dev.ejabberdlab.provision.ReferenceLabSteps.steps;
import static dev.ejabberdlab.topology.SpecTrees.YAML;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepNames;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * All the steps of a lab together: their order, their digests, and who gets which secret and
 * certificate.
 */
class ProvisioningTest {

  @Test
  void newCredentialsConcernOnlyWhatTheyAreIn() {
    Credentials other =
        new Credentials("other-database", "other-replication", "OTHERCOOKIE", "digest-secret");
    List<Step> after = steps(other);

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
  void aPrimaryThatIsNoInstanceIsRefused() {
    assertThatThrownBy(() -> Provisioning.steps(LAB, inputs(CREDENTIALS), Instances.of("e1server")))
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

    assertThat(changed(steps(), steps(Credentials.of(data))))
        .containsExactlyInAnyOrder(expected.split(" "));
  }

  @Test
  void digestsSayNothingOfSecretsToWhoHasNotTheKey() {
    Credentials otherKey =
        new Credentials("database-secret", "replication-secret", "COOKIESECRET", "another-key");

    assertThat(digests(steps(otherKey)).values())
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
    assertThat(CertificateSubjects.of(LAB).get("e1server").dnsNames())
        .containsExactlyInAnyOrder(
            "domain.local", "*.domain.local", "e1server", "e1server.domain.local");
    assertThat(CertificateSubjects.of(LAB).get("psql1server").addresses())
        .contains(LAB.postgresql().readWriteAddress(), "192.168.1.10");
    assertThat(CertificateSubjects.of(LAB)).doesNotContainKey("gw1server");
  }

  @Test
  void aNewCertificateChangesTheStepsOfItsNodeOnly() {
    Map<String, String> kept = new TreeMap<>(CERTIFICATES.toMap());
    kept.remove("e2server.crt");
    Inputs renewed =
        new Inputs(CREDENTIALS, NodeCertificates.of(Certified.certificates(LAB, kept)));

    assertThat(changed(steps(), Provisioning.steps(LAB, renewed, Instances.of("psql1server"))))
        .containsExactly("e2server/ejabberd");
  }

  @Test
  void withoutAnAuthorityOnlyWhatNeedsACertificateWaits() {
    Step.Obstacle obstacle = Step.Obstacle.missing("Secret our-ca does not exist; create it.");
    List<Step> steps =
        Provisioning.steps(
            LAB,
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
}
