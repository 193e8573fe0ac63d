package dev.ejabberdlab.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.plan.Action;
import dev.ejabberdlab.plan.Failure;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class DeletingTest {

  private static final UUID LAB = UUID.fromString("1a2b3c4d-0000-4000-8000-000000000000");
  private static final Remains VOLUME =
      new Remains(List.of(), List.of(), List.of("ejl-1a2b3c4d-e1.qcow2"));

  @Test
  void whoWaitsForAHostIsToldHowToDoWithoutIt() {
    for (Finding waiting :
        List.of(Deleting.withoutHost("attic"), Deleting.unseen("attic", "no route", false))) {
      assertThat(waiting.truth()).isEqualTo(Truth.Unknown);
      assertThat(waiting.reason()).isEqualTo(Reason.HostUnreachable);
      assertThat(waiting.message())
          .contains("LibvirtHost attic", "ejabberdlab.dev/abandon: \"true\"")
          .endsWith(".");
    }
    assertThat(Deleting.unseen("attic", "No route.", true))
        .isEqualTo(
            Finding.unknown(
                Reason.HostUnreachable,
                "What remains on LibvirtHost attic could not be seen: No route. The lab goes"
                    + " without it, as the annotation ejabberdlab.dev/abandon says, when it has"
                    + " been silent for 20 s."));
  }

  @Test
  void whatFailsIsToldWithWhatIsStillThere() {
    Failure failure =
        new Failure(
            new Action.DeleteVolume("default", "v"),
            "Cannot delete v: busy.",
            false,
            3,
            LabFixture.NOW);

    assertThat(Deleting.remaining(VOLUME, List.of()))
        .isEqualTo(Finding.no(Reason.Deleting, "Still there: volume ejl-1a2b3c4d-e1.qcow2."));
    assertThat(Deleting.remaining(VOLUME, List.of(failure)))
        .isEqualTo(
            Finding.no(
                Reason.HypervisorError,
                "Cannot delete v: busy. Tried again. Still there: volume ejl-1a2b3c4d-e1.qcow2."));
  }

  @Test
  void volumesThatCannotBeSeenHoldUpTheEndAndSayWhy() {
    Remains unseen =
        new Remains(List.of(), List.of(), List.of(), Optional.of("storage pool 'p' is stopped"));

    assertThat(unseen.isEmpty()).isFalse();
    assertThat(Deleting.remaining(unseen, List.of()))
        .isEqualTo(
            Finding.no(
                Reason.HypervisorError,
                "Its volumes could not be seen: storage pool 'p' is stopped. Tried again."));
  }

  @Test
  void whoUsesADiskIsTold() {
    Remains used =
        new Remains(
            List.of(),
            List.of(),
            List.of("ejl-1a2b3c4d-e1.qcow2"),
            Optional.empty(),
            Map.of("ejl-1a2b3c4d-e1.qcow2", Set.of("clone")),
            List.of());

    Finding finding = Deleting.remaining(used, List.of());

    assertThat(finding.reason()).isEqualTo(Reason.HypervisorError);
    assertThat(finding.message())
        .startsWith("Volume ejl-1a2b3c4d-e1.qcow2 is used by domain clone.")
        .contains("ejabberdlab.dev/abandon: \"true\"")
        .endsWith("Still there: volume ejl-1a2b3c4d-e1.qcow2.");
    assertThat(Deleting.mayBeLeft(used)).isTrue();
    assertThat(Deleting.mayBeLeft(VOLUME)).isFalse();
  }

  @Test
  void theEndSaysWhatWasLeftAlone() {
    assertThat(Deleting.deleted(List.of()).message()).isEqualTo("Everything of the lab is gone.");
    assertThat(Deleting.deleted(List.of("volume ejl-1a2b3c4d-e1.s1")).message())
        .isEqualTo(
            "Everything of the lab is gone. Left alone, because the operator did not make it:"
                + " volume ejl-1a2b3c4d-e1.s1.");
  }

  @Test
  void whatIsLeftIsToldWithItsHostAndItsNames() {
    assertThat(Deleting.abandonedWithoutHost(LAB, "attic"))
        .isEqualTo(
            new Transition(
                true,
                Reason.Abandoned,
                "The lab was deleted without LibvirtHost attic; domains, networks and volumes whose"
                    + " names begin with ejl-1a2b3c4d- may be left there. LibvirtHost attic does"
                    + " not exist."));
    assertThat(Deleting.abandonedUnseen(LAB, "attic", "fast", "no route").message())
        .endsWith("Its storage pool is fast, and it could not be asked: no route.");
    assertThat(Deleting.abandonedUnseen(LAB, "attic", "fast", "x".repeat(2000)).message())
        .as("Kubernetes' limit")
        .hasSize(1024);
  }

  @Test
  void namesWhatRemains() {
    DomainState domain =
        new DomainState(
            new UUID(0, 1), "ejl-1-e1", Optional.empty(), Power.RUNNING, true, Optional.empty());
    NetworkState network =
        new NetworkState(
            new UUID(0, 2), "ejl-1-dmz", Optional.empty(), true, List.of(), Optional.empty());

    assertThat(
            Deleting.words(
                new Remains(List.of(domain), List.of(network), List.of("ejl-1-e1.qcow2"))))
        .isEqualTo("domain ejl-1-e1, volume ejl-1-e1.qcow2, network ejl-1-dmz");
  }
}
