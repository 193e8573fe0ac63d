package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.guest.StepNames;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.status.Conditions;
import dev.ejabberdlab.status.Reason;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The record of who is primary is cleared, or an older one is put in its place. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
class LostRecordIT {

  private static final String P1 = "psql1server";
  private static final String P2 = "psql2server";

  @TempDir static Path directory;

  @Test
  void whatTheGuestsKnowIsRecordedAnewAndNobodyIsPromoted() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      EjabberdLabStatus young = lab.getStatus();
      assertThat(young.postgresql().term()).isEqualTo(1);

      failover(stand, lab);
      EjabberdLab after = stand.awaitReady(lab);
      assertThat(after.getStatus().postgresql().currentPrimary()).isEqualTo(P2);
      assertThat(after.getStatus().postgresql().term()).isEqualTo(2);
      assertThat(stand.guest(lab, P1).term().primary()).isEqualTo(P2);
      List<String> ran = stand.guest(lab, P1).launched();

      // Nothing is left of the status at all.
      write(stand, after, null);
      adopted(stand, lab);
      assertThat(stand.guest(lab, P1).launched()).isEqualTo(ran);

      // One from before the failover is restored.
      write(stand, stand.now(lab), young);
      adopted(stand, lab);
      assertThat(stand.awaitEvent(lab, Reason.RecordAdopted.name()).getMessage())
          .contains(P2, "decision 2");
      assertThat(stand.guest(lab, P1).launched())
          .as("who was primary then was not made it again")
          .isEqualTo(ran);

      // And the primary dies with it: the standby takes over as ever.
      failover(stand, lab);
      EjabberdLab last = stand.awaitReady(lab);
      assertThat(last.getStatus().postgresql().currentPrimary()).isEqualTo(P1);
      assertThat(last.getStatus().postgresql().term()).isEqualTo(3);
    }
  }

  @Test
  void aGuestThatKnowsOfALaterDecisionRefusesAnOlderOne() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      // As if another operator had decided meanwhile, and had told this guest.
      stand.guest(lab, P1).obeyed(7, P1);
      stand.until(
          lab,
          "has taken the later decision over",
          l -> l.getStatus().postgresql().term() == 7 && stand.guest(lab, P2).term().number() == 7);
      stand.awaitReady(lab);
    }
  }

  /** What the framework relies upon; a write of somebody who has read an older version. */
  @Test
  void aStatusThatWasMadeFromAnOlderVersionIsRefused() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab old = stand.awaitReady(stand.create("demo"));
      failover(stand, old);
      EjabberdLab now = stand.awaitReady(old);

      EjabberdLab patch = new EjabberdLab();
      patch.getMetadata().setName("demo");
      patch.getMetadata().setNamespace(stand.namespace());
      patch.getMetadata().setResourceVersion(old.getMetadata().getResourceVersion());
      patch.setStatus(old.getStatus());
      Assertions.assertThatThrownBy(
              () ->
                  ApiStand.CLIENT
                      .resource(patch)
                      .subresource("status")
                      .patch(
                          new PatchContext.Builder()
                              .withForce(true)
                              .withFieldManager("ejabberd-lab-operator")
                              .withPatchType(PatchType.SERVER_SIDE_APPLY)
                              .build()))
          .isInstanceOfSatisfying(
              KubernetesClientException.class, e -> assertThat(e.getCode()).isEqualTo(409));
      assertThat(stand.now(old).getStatus().postgresql().term())
          .isEqualTo(now.getStatus().postgresql().term());
    }
  }

  private static void failover(ApiStand stand, EjabberdLab lab) {
    String primary = stand.now(lab).getStatus().postgresql().currentPrimary();
    DomainState domain =
        stand.host.domainsOf(lab.getMetadata().getUid()).stream()
            .filter(d -> d.name().equals(ApiStand.prefix(lab) + primary))
            .findFirst()
            .orElseThrow();
    Owner owner = new Owner(ApiStand.uid(lab), stand.namespace(), lab.getMetadata().getName());
    stand.untilAfter(
        () -> stand.host.libvirt().destroyDomain(domain.uuid(), owner),
        lab,
        "notices",
        l -> !ApiStand.isTrue(l, Conditions.READY));
  }

  private static void adopted(ApiStand stand, EjabberdLab lab) {
    EjabberdLab again =
        stand.until(
            lab,
            "has the record again",
            l -> {
              PostgresqlStatus postgresql =
                  l.getStatus() == null ? null : l.getStatus().postgresql();
              return postgresql != null
                  && P2.equals(postgresql.targetPrimary())
                  && P2.equals(postgresql.currentPrimary())
                  && postgresql.term() == 2
                  && ApiStand.isTrue(l, Conditions.READY);
            });
    assertThat(again.getStatus().postgresql().splitBrain()).isFalse();
    assertThat(stand.guest(lab, P1).launched()).last().isEqualTo(StepNames.POSTGRESQL_STANDBY);
  }

  /** As {@code kubectl edit --subresource=status} does; null leaves nothing. */
  private static void write(ApiStand stand, EjabberdLab lab, EjabberdLabStatus status) {
    EjabberdLab now = stand.now(lab);
    now.setStatus(status);
    ApiStand.CLIENT.resource(now).updateStatus();
  }
}
