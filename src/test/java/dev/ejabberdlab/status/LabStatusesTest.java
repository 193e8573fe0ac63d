package dev.ejabberdlab.status;

import static dev.ejabberdlab.observe.LabFixture.failed;
import static dev.ejabberdlab.status.Story.condition;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Endpoint;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NetworkStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Scene;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class LabStatusesTest {

  private static final String E1 = "e1server";

  @Nested
  class Idle {

    @Test
    void anIdleLabIsTheSameValueHoweverMuchTimePasses() {
      EjabberdLabStatus before = Story.first(Scene.ready());
      Scene later = Scene.ready();
      later.at(later.now().plusSeconds(3600));

      assertThat(new Story().becomes(before).then(later).status()).isEqualTo(before);
    }

    @Test
    void lagThatStaysInItsBucketIsNoChange() {
      EjabberdLabStatus before = Story.first(Scene.ready());
      Scene breathing =
          Scene.ready()
              .postgresql("psql1server", LabFixture.primary(LabFixture.sender("streaming", 4711)));

      assertThat(new Story().becomes(before).then(breathing).status()).isEqualTo(before);
    }

    @Test
    void itSurvivesTheWayThroughTheApiServer() throws Exception {
      ObjectMapper json = new ObjectMapper();
      for (Scene scene :
          List.of(
              Scene.ready(),
              Scene.untouched(),
              Scene.up().steps(E1, failed("base", 2, 0)),
              Scene.ready().unreachable())) {
        EjabberdLabStatus status = Story.first(scene);

        assertThat(json.readValue(json.writeValueAsString(status), EjabberdLabStatus.class))
            .isEqualTo(status);
      }
    }

    @Test
    void aNewOperatorWritesNothingUntilItHasAskedEverything() {
      EjabberdLabStatus before = Story.first(Scene.ready());
      Story story = new Story().becomes(before);
      Scene scene = Scene.ready();

      assertThat(story.then(Scene.ready().notAsked()).status()).isEqualTo(before);
      scene.machine(
          E1,
          m ->
              new LabSnapshot.Machine(
                  m.volume(),
                  m.domain(),
                  LabSnapshot.NOTHING.machine(E1).guest(),
                  null,
                  scene.now()));
      assertThat(story.then(scene).status()).as("one guest was not asked yet").isEqualTo(before);
      assertThat(story.then(Scene.ready().unreachable()).status()).isNotEqualTo(before);
    }

    @Test
    void butSaysSomethingOfANewSpecAndOfANewLab() {
      assertThat(Story.first(Scene.ready().notAsked()).phase()).isEqualTo(Phase.Pending);
      assertThat(
              new Story()
                  .then(Scene.ready())
                  .specChanges()
                  .then(Scene.ready().notAsked())
                  .status()
                  .observedGeneration())
          .isEqualTo(2);
    }

    @Test
    void aLabThatHasNotBegunGetsItsNetworksIntoTheStatusBeforeTheyAreAsked() {
      EjabberdLabStatus waiting =
          LabStatuses.waiting(
              null, 1, "default", Finding.unknown(Reason.Pending, "Not yet."), LabFixture.NOW);

      Scene scene = Scene.untouched().network("dmz", LabSnapshot.NOTHING.network("dmz"));

      assertThat(new Story().becomes(waiting).then(scene).status().networks()).isNotEmpty();
    }
  }

  @Nested
  class WithoutWork {

    private final Finding reason = Finding.unknown(Reason.Pending, "LibvirtHost h is silent.");

    @Test
    void aWaitingLabIsPendingAndInProgress() {
      EjabberdLabStatus status = LabStatuses.waiting(null, 1, "h", reason, LabFixture.NOW);

      assertThat(status.phase()).isEqualTo(Phase.Pending);
      assertThat(status.host()).isEqualTo("h");
      assertThat(condition(status, "Ready")).isEqualTo("Unknown Pending: LibvirtHost h is silent.");
      assertThat(condition(status, "Reconciling"))
          .isEqualTo("True Pending: LibvirtHost h is silent.");
      assertThat(Kstatus.of(status, 1, false)).isEqualTo(Kstatus.InProgress);
    }

    @Test
    void aRefusedSpecHasFailed() {
      EjabberdLabStatus status = refused(null, 1);

      assertThat(status.phase()).isEqualTo(Phase.Stalled);
      assertThat(status.networks()).isNull();
      assertThat(condition(status, "Ready")).isEqualTo("False InvalidSpec: spec.x: no.");
      assertThat(Kstatus.of(status, 1, false)).isEqualTo(Kstatus.Failed);
    }

    @Test
    void aRefusedChangeLeavesWhatIsKnownOfARunningLab() {
      EjabberdLabStatus before = Story.first(Scene.ready());

      EjabberdLabStatus status = refused(before, 2);

      assertThat(status.observedGeneration()).isEqualTo(2);
      assertThat(status.networks()).isEqualTo(before.networks());
      assertThat(status.nodes()).isEqualTo(before.nodes());
      assertThat(status.postgresql()).isEqualTo(before.postgresql());
      assertThat(status.ejabberd()).isEqualTo(before.ejabberd());
      assertThat(status.endpoints()).isEqualTo(before.endpoints());
      assertThat(Conditions.find(status.conditions(), "DatabaseReady"))
          .as("said of the generation before")
          .map(Condition::getObservedGeneration)
          .contains(1L);
      assertThat(Kstatus.of(status, 2, false)).isEqualTo(Kstatus.Failed);
    }

    @Test
    void aRefusedSpecThatIsMendedGoesOn() {
      EjabberdLabStatus before = Story.first(Scene.ready());

      Story story = new Story().becomes(before).specChanges();
      story.becomes(refused(before, 2)).specChanges();

      assertThat(story.then(Scene.ready()).kstatus()).isEqualTo(Kstatus.Current);
    }

    @Test
    void theSameRefusalAgainIsTheSameValue() {
      EjabberdLabStatus status = refused(Story.first(Scene.ready()), 2);

      assertThat(refused(status, 2)).isEqualTo(status);
    }

    @Test
    void aLabThatIsSupervisedByAnOlderSpecTellsBoth() {
      EjabberdLabStatus before = Story.first(Scene.ready());
      EjabberdLabStatus seen = Story.first(Scene.ready().network("dmz", Seen.missing("")));

      EjabberdLabStatus status =
          LabStatuses.supervised(
              before, seen, 3, Reason.InvalidSpec, "spec.x: no.", false, 1, LabFixture.NOW);

      assertThat(status.observedGeneration()).isEqualTo(3);
      assertThat(status.networks()).isEqualTo(seen.networks());
      assertThat(status.phase()).isEqualTo(Phase.Stalled);
      assertThat(Kstatus.of(status, 3, false)).isEqualTo(Kstatus.Failed);
      assertThat(Conditions.find(status.conditions(), "Ready").orElseThrow())
          .extracting(Condition::getStatus, Condition::getReason, Condition::getMessage)
          .containsExactly(
              "False",
              "InvalidSpec",
              "spec.x: no. The lab is supervised by generation 1 of its spec meanwhile.");
      assertThat(Conditions.find(status.conditions(), "NetworksReady"))
          .map(Condition::getStatus)
          .contains("False");
      assertThat(status.conditions()).extracting(Condition::getType).doesNotHaveDuplicates();
    }

    @Test
    void whatWasSeenBesidesThePartsIsToldOfARefusedLabToo() {
      EjabberdLabStatus seen = Story.first(Scene.ready().onDisk(E1, "/pool/e1.s1"));

      assertThat(refused(seen, 2).conditions())
          .extracting(Condition::getType)
          .contains("ForeignDisk");
      assertThat(
              LabStatuses.supervised(
                      seen, seen, 2, Reason.InvalidSpec, "No.", false, 1, LabFixture.NOW)
                  .conditions())
          .extracting(Condition::getType)
          .contains("ForeignDisk");
    }

    @Test
    void whatWasDecidedIsOnRecordThoughNothingElseCanBeTold() {
      EjabberdLabStatus before = Story.first(Scene.ready());

      PostgresqlStatus after = LabStatuses.decided(before, Primacy.of("psql2server")).postgresql();

      assertThat(Primacy.of("psql2server").isRecordedIn(after)).isTrue();
      assertThat(after.systemIdentifier()).isEqualTo(before.postgresql().systemIdentifier());
      assertThat(after.currentPrimary()).isNull();
      assertThat(LabStatuses.decided(null, Primacy.of("psql2server"))).isNull();
    }

    @Test
    void whatMayPassByItselfIsNotStalled() {
      EjabberdLabStatus before = Story.first(Scene.ready());

      EjabberdLabStatus supervised =
          LabStatuses.supervised(
              before, before, 1, Reason.RequestFailed, "Away.", true, 1, LabFixture.NOW);
      EjabberdLabStatus failed =
          LabStatuses.refused(
              before, 1, "default", Reason.ReconcileFailed, "Oops.", true, LabFixture.NOW);

      assertThat(Kstatus.of(supervised, 1, false)).isEqualTo(Kstatus.InProgress);
      assertThat(Conditions.isTrue(supervised.conditions(), "Ready")).isFalse();
      assertThat(Kstatus.of(failed, 1, false)).isEqualTo(Kstatus.InProgress);
      assertThat(failed.phase()).isEqualTo(Phase.Unknown);
      assertThat(Conditions.find(failed.conditions(), "Ready"))
          .map(Condition::getStatus)
          .contains("Unknown");
    }

    @Test
    void aLabThatIsTakenDownSaysOnlyThat() {
      EjabberdLabStatus before = Story.first(Scene.ready());

      EjabberdLabStatus status =
          LabStatuses.deleting(
              before, 1, "default", Finding.no(Reason.Deleting, "Still there."), LabFixture.NOW);

      assertThat(status.phase()).isEqualTo(Phase.Deleting);
      assertThat(status.conditions()).extracting(Condition::getType).containsExactly("Ready");
      assertThat(Kstatus.of(status, 1, true)).isEqualTo(Kstatus.Terminating);
    }

    @Test
    void anotherHostIsNoLossOfMachines() {
      EjabberdLabStatus before = Story.first(Scene.ready());

      EjabberdLabStatus status = Story.first(Scene.ready().otherHost());

      Condition reachable = Conditions.find(status.conditions(), "HostReachable").orElseThrow();
      assertThat(reachable.getStatus()).isEqualTo("Unknown");
      assertThat(reachable.getReason()).isEqualTo("OtherHost");
      assertThat(reachable.getMessage()).contains("Another host answers", "the right one");
      assertThat(status.conditions()).noneMatch(c -> c.getStatus().equals("False"));
      assertThat(Transitions.between(before, status))
          .extracting(Transition::reason)
          .contains(Reason.OtherHost);
    }

    @Test
    void aForeignDiskIsToldAndTheLabIsReady() {
      EjabberdLabStatus status = Story.first(Scene.ready().onDisk(E1, "/pool/e1.s1"));

      assertThat(Conditions.isTrue(status.conditions(), Conditions.READY)).isTrue();
      Condition foreign = Conditions.find(status.conditions(), "ForeignDisk").orElseThrow();
      assertThat(foreign.getReason()).isEqualTo("ForeignDisk");
      assertThat(foreign.getMessage()).contains("e1server has /pool/e1.s1", "blockcommit");
      assertThat(status.nodes())
          .filteredOn(n -> n.foreignDisk() != null)
          .extracting(NodeStatus::name)
          .containsExactly(E1);
      assertThat(Transitions.between(Story.first(Scene.ready()), status))
          .extracting(Transition::reason)
          .containsExactly(Reason.ForeignDisk);
    }

    private EjabberdLabStatus refused(EjabberdLabStatus previous, long generation) {
      return LabStatuses.refused(
          previous,
          generation,
          "default",
          Reason.InvalidSpec,
          "spec.x: no.",
          false,
          LabFixture.NOW.plusSeconds(generation));
    }
  }

  @Nested
  class Details {

    @Test
    void networks() {
      Scene scene =
          Scene.ready().network("dmz", Seen.missing("")).network("internal", Seen.unknown(""));

      assertThat(Story.first(scene).networks())
          .containsExactly(
              new NetworkStatus(
                  "management",
                  NetworkMode.nat,
                  "192.168.121.0/24",
                  "ejl-1a2b3c4d-management",
                  true),
              new NetworkStatus(
                  "dmz", NetworkMode.isolated, "192.168.1.0/29", "ejl-1a2b3c4d-dmz", false),
              new NetworkStatus(
                  "internal",
                  NetworkMode.isolated,
                  "192.168.1.8/29",
                  "ejl-1a2b3c4d-internal",
                  null));
    }

    @Test
    void endpointsFromTheFirstReadyOn() {
      assertThat(Story.first(Scene.up()).endpoints()).isNull();
      assertThat(Story.first(Scene.ready()).endpoints())
          .hasSize(5)
          .contains(new Endpoint("postgresql", null, "192.168.1.12", 5432))
          .filteredOn(e -> e.name().equals("xmpp"))
          .allSatisfy(e -> assertThat(e.address()).startsWith("192.168.121."))
          .extracting(Endpoint::node)
          .containsExactly("e1server", "e2server");
      assertThat(Story.afterReady(Scene.up()).endpoints()).hasSize(5);
    }

    @Test
    void endpointsOfTheVirtualAddress() {
      Scene scene =
          Scene.ready(
              LabFixture.labWith(
                  "ejabberd", Map.of("domain", "domain.local", "virtualAddress", "192.168.1.5")));

      assertThat(Story.first(scene).endpoints())
          .contains(
              new Endpoint("xmpp", null, "192.168.1.5", 5222),
              new Endpoint("xmpps", null, "192.168.1.5", 5223));
    }

    @Test
    void theImageInUseStandsWhileItCannotBeLookedFor() {
      assertThat(Story.afterReady(Scene.ready().image(Seen.unknown(""))).image())
          .isEqualTo(Scene.IMAGE_VOLUMES.disk());
    }
  }
}
