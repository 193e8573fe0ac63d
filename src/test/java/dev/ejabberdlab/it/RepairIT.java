package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.log.LogContext;
import dev.ejabberdlab.log.LoggedLines;
import dev.ejabberdlab.status.Conditions;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Parts of a running lab that somebody takes away. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
class RepairIT {

  @TempDir static Path directory;

  @Test
  void whatIsTakenAwayComesBackAndTheRestIsLeftAlone() {
    try (ApiStand stand = ApiStand.open(directory);
        LoggedLines logged = new LoggedLines()) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      Owner owner = new Owner(ApiStand.uid(lab), stand.namespace(), "demo");
      String untouched = stand.guest(lab, "e1server").bootId();
      Hypervisor libvirt = stand.host.libvirt();

      // Switched off, and it is the primary: its standby takes over, and it comes back as a
      // standby.
      notices(stand, lab, () -> libvirt.destroyDomain(domain(stand, lab, "psql1server"), owner));
      stand.awaitReady(lab);
      assertThat(stand.guest(lab, "psql1server").launched())
          .containsExactly(
              "base", "postgresql-promotion", "postgresql-primary", "postgresql-standby");
      PostgresqlStatus postgresql = stand.now(lab).getStatus().postgresql();
      assertThat(postgresql.currentPrimary()).isEqualTo("psql2server");
      assertThat(postgresql.lastPrimaryChange())
          .extracting(
              PrimaryChange::from, PrimaryChange::to, PrimaryChange::reason, PrimaryChange::state)
          .containsExactly(
              "psql1server",
              "psql2server",
              PrimaryChangeReason.PrimaryStopped,
              PrimaryChangeState.Completed);

      // Gone with its disk: made anew as a whole.
      UUID e2server = domain(stand, lab, "e2server");
      notices(
          stand,
          lab,
          () ->
              stand.host.atOnce(
                  () -> {
                    libvirt.destroyDomain(e2server, owner);
                    libvirt.undefineDomain(e2server, owner);
                    stand.host.loseVolume(ApiStand.prefix(lab) + "e2server.qcow2");
                  }));
      stand.awaitReady(lab);
      assertThat(stand.guest(lab, "e2server").launched())
          .containsExactly("base", "ejabberd", "ejabberd-cluster");

      UUID dmz = network(stand, lab, "dmz").uuid();
      libvirt.deleteNetwork(dmz, owner);
      Awaitility.await("the network is back")
          .atMost(ApiStand.PATIENCE)
          .until(() -> libvirt.network(dmz).filter(NetworkState::active).isPresent());
      stand.awaitReady(lab);
      assertThat(stand.guest(lab, "e1server").bootId()).isEqualTo(untouched);

      saysWhatItIsAbout(logged.lines(), lab);
    }
  }

  /**
   * Each line about the lab names it and its host in its context, those of actions the node too.
   */
  private static void saysWhatItIsAbout(List<LoggedLines.Line> lines, EjabberdLab lab) {
    String name = lab.qualifiedName();
    List<LoggedLines.Line> about = lines.stream().filter(l -> l.text().contains(name)).toList();
    assertThat(about)
        .isNotEmpty()
        .allSatisfy(
            line ->
                assertThat(line.about().fields())
                    .as(line.text())
                    .containsEntry(LogContext.LAB, name)
                    .containsEntry(LogContext.HOST, lab.hostInUse()));
    assertThat(about)
        .extracting(line -> line.about().fields().get(LogContext.NODE))
        .contains("psql2server", "e2server");
  }

  private static void notices(ApiStand stand, EjabberdLab lab, Runnable loss) {
    stand.untilAfter(loss, lab, "notices", l -> !ApiStand.isTrue(l, Conditions.READY));
  }

  private static UUID domain(ApiStand stand, EjabberdLab lab, String node) {
    return stand.host.domainsOf(lab.getMetadata().getUid()).stream()
        .filter(d -> d.name().equals(ApiStand.prefix(lab) + node))
        .map(DomainState::uuid)
        .findFirst()
        .orElseThrow();
  }

  private static NetworkState network(ApiStand stand, EjabberdLab lab, String name) {
    return stand.host.networksOf(lab.getMetadata().getUid()).stream()
        .filter(n -> n.name().equals(ApiStand.prefix(lab) + name))
        .findFirst()
        .orElseThrow();
  }
}
