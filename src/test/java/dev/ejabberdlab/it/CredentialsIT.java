package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.provision.Credentials;
import dev.ejabberdlab.status.Conditions;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Secret of a lab, when others touch it. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
class CredentialsIT {

  @TempDir static Path directory;

  @Test
  void aDeletedSecretIsMadeAnewAndEveryMachineGetsWhatIsInIt() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      Map<String, String> before = secret(stand, lab).getData();

      ApiStand.CLIENT.resource(secret(stand, lab)).delete();
      Awaitility.await()
          .atMost(ApiStand.PATIENCE)
          .until(() -> secret(stand, lab) != null && !secret(stand, lab).getData().equals(before));
      Awaitility.await("both ejabberd nodes get the new cookie")
          .atMost(ApiStand.PATIENCE)
          .until(
              () ->
                  stand.guest(lab, "e1server").launched().stream()
                          .filter("ejabberd"::equals)
                          .count()
                      >= 2);

      EjabberdLab after = stand.awaitReady(lab);
      assertThat(stand.guest(lab, "e1server").launched().stream().filter("base"::equals))
          .as("a step in which no password is was not done again")
          .hasSize(1);
      assertThat(after.getStatus().nodes())
          .allSatisfy(n -> assertThat(n.steps()).matches("([1-9])/\\1"));
      assertThat(stand.events(lab)).noneMatch(e -> e.getMessage().contains("0/0"));
    }
  }

  @Test
  void aSecretThatBelongsToSomebodyElseIsLeftAlone() {
    try (ApiStand stand = ApiStand.open(directory)) {
      Secret theirs =
          ApiStand.CLIENT
              .resource(
                  new SecretBuilder()
                      .withNewMetadata()
                      .withName("demo-credentials")
                      .withNamespace(stand.namespace())
                      .endMetadata()
                      .addToStringData("theirs", "and only theirs")
                      .build())
              .create();

      EjabberdLab lab = stand.awaitStalled(stand.create("demo"), "InvalidSpec");
      assertThat(ApiStand.condition(lab, Conditions.STALLED).orElseThrow().getMessage())
          .contains("demo-credentials");
      assertThat(stand.host.changes()).isEmpty();
      assertThat(secret(stand, lab).getMetadata().getResourceVersion())
          .isEqualTo(theirs.getMetadata().getResourceVersion());

      ApiStand.CLIENT.resource(theirs).delete();
      stand.awaitReady(lab, true);
    }
  }

  @Test
  void aSecretWithoutAKeySaysWhichAndTheMachinesKeepRunning() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      Secret whole = secret(stand, lab);
      int changes = stand.host.changes().size();

      Secret broken = secret(stand, lab);
      broken.getData().remove(Credentials.ERLANG_COOKIE);
      ApiStand.CLIENT.resource(broken).update();
      EjabberdLab stalled = stand.awaitStalled(lab, "InvalidSpec");
      assertThat(ApiStand.condition(stalled, Conditions.STALLED).orElseThrow().getMessage())
          .contains(Credentials.ERLANG_COOKIE);

      Secret mended = secret(stand, lab);
      mended.setData(whole.getData());
      ApiStand.CLIENT.resource(mended).update();
      stand.awaitReady(lab, true);
      assertThat(stand.host.changes()).hasSize(changes);
    }
  }

  private static Secret secret(ApiStand stand, EjabberdLab lab) {
    return ApiStand.CLIENT
        .secrets()
        .inNamespace(stand.namespace())
        .withName(lab.getMetadata().getName() + "-credentials")
        .get();
  }
}
