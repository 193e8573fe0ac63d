package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.Specs;
import dev.ejabberdlab.certificate.Authority;
import dev.ejabberdlab.status.Conditions;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Secrets and the ConfigMap with a lab's CA and certificates. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
class CertificatesIT {

  @TempDir static Path directory;

  @Test
  void aCertificateThatIsTakenAwayIsIssuedAnewForItsNodeOnly() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      Secret before = secret(stand, "demo-certificates");
      assertThat(configMap(stand).getData()).containsOnlyKeys("ca.crt");
      assertThat(lab.getStatus().tls().configMap()).isEqualTo("demo-ca");
      assertThat(Instant.parse(lab.getStatus().tls().notAfter())).isAfter(Instant.now());

      Secret without = secret(stand, "demo-certificates");
      without.getData().remove("e1server.crt");
      ApiStand.CLIENT.resource(without).update();
      Awaitility.await()
          .atMost(ApiStand.PATIENCE)
          .until(() -> secret(stand, "demo-certificates").getData().containsKey("e1server.crt"));
      Awaitility.await("the node gets it")
          .atMost(ApiStand.PATIENCE)
          .until(() -> ejabberdSteps(stand, lab, "e1server") >= 2);

      stand.awaitReady(lab);
      assertThat(ejabberdSteps(stand, lab, "e1server")).isEqualTo(2);
      assertThat(ejabberdSteps(stand, lab, "e2server")).isEqualTo(1);
      Map<String, String> after = secret(stand, "demo-certificates").getData();
      assertThat(after.get("e1server.key")).isNotEqualTo(before.getData().get("e1server.key"));
      assertThat(after.get("e2server.crt")).isEqualTo(before.getData().get("e2server.crt"));
    }
  }

  @Test
  void aLabWaitsForTheAuthorityThatItNames() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab wanted = stand.minimal("demo");
      wanted.setSpec(
          Specs.edit(wanted.getSpec(), spec -> spec.putObject("tls").put("caSecret", "our-ca")));
      EjabberdLab lab = stand.create(wanted);

      Awaitility.await("it says what it waits for")
          .atMost(ApiStand.PATIENCE)
          .until(
              () ->
                  ApiStand.condition(stand.now(lab), Conditions.READY)
                      .filter(c -> c.getMessage().contains("Secret our-ca does not exist"))
                      .isPresent());
      Authority authority = Authority.generate("ours", Instant.now(), new SecureRandom());
      Secret incomplete =
          ApiStand.CLIENT
              .resource(
                  new SecretBuilder()
                      .withNewMetadata()
                      .withName("our-ca")
                      .withNamespace(stand.namespace())
                      .endMetadata()
                      .addToStringData("tls.crt", authority.certificatePem())
                      .addToStringData("tls.key", "rubbish")
                      .build())
              .create();
      EjabberdLab stalled = stand.awaitStalled(lab, "ReferenceUnusable");
      assertThat(ApiStand.condition(stalled, Conditions.STALLED).orElseThrow().getMessage())
          .contains("Secret our-ca: key 'tls.key' cannot be used");

      ApiStand.CLIENT
          .resource(
              new SecretBuilder(incomplete).addToStringData("tls.key", authority.keyPem()).build())
          .update();
      stand.awaitReady(lab, true);
      assertThat(configMap(stand).getData()).containsEntry("ca.crt", authority.certificatePem());
      assertThat(secret(stand, "demo-ca")).isNull();
    }
  }

  private static long ejabberdSteps(ApiStand stand, EjabberdLab lab, String node) {
    return stand.guest(lab, node).launched().stream().filter("ejabberd"::equals).count();
  }

  private static Secret secret(ApiStand stand, String name) {
    return ApiStand.CLIENT.secrets().inNamespace(stand.namespace()).withName(name).get();
  }

  private static ConfigMap configMap(ApiStand stand) {
    return ApiStand.CLIENT.configMaps().inNamespace(stand.namespace()).withName("demo-ca").get();
  }
}
