package dev.ejabberdlab.status;

import static dev.ejabberdlab.observe.LabFixture.done;
import static dev.ejabberdlab.observe.LabFixture.failed;
import static dev.ejabberdlab.status.Story.condition;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Endpoint;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.LibvirtStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NetworkStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.guest.Step.Obstacle;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Action;
import dev.ejabberdlab.plan.Key;
import dev.ejabberdlab.plan.Scene;
import dev.ejabberdlab.status.Conditions.Finding;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LabStatusesTest {

  private static final String E1 = "e1server";
  private static final String NO_IMAGE = "spec.image.volume: there is no such image; publish it.";
  private static final Duration LONG = LabSnapshot.GUEST_SILENCE;

  private static Key machineKey(String node) {
    return new Key.Machine(node);
  }

  private static Scene withFailedStart(Scene scene) {
    Action start = scene.power(E1, Power.SHUT_OFF).actions(machineKey(E1)).get(0);
    return scene.failed(start, 2, Duration.ZERO);
  }

  private static Scene withConflict() {
    Scene scene = Scene.untouched();
    return scene.conflict(scene.actions(machineKey(E1)).get(0));
  }

  private static Scene withStepThatCannotBeLaunched() {
    Scene scene = Scene.ready().steps(E1);
    return scene.failed(scene.actions(machineKey(E1)).get(0), 1, Duration.ZERO);
  }

  @Nested
  class ConditionTable {

    static Stream<Arguments> table() {
      Scene off = Scene.ready().power(E1, Power.SHUT_OFF);
      return Stream.of(
          is("HostReachable", Scene.ready(), "True HostConnected: host1 answers (libvirt 9.0.0)."),
          is(
              "HostReachable",
              Scene.ready().unreachable(),
              "Unknown HostUnreachable: LibvirtHost default does not answer; last contact"
                  + " 2026-05-04T03:02:01Z. Nothing is done until it does."),
          is(
              "HostReachable",
              Scene.untouched().neverReached(),
              "Unknown Pending: LibvirtHost default has not answered yet: connection refused"),
          is("NetworksReady", Scene.ready(), "True NetworksActive: All 3 networks are active."),
          is(
              "NetworksReady",
              Scene.ready().network("dmz", Seen.missing("")),
              "False NetworksPending: Not active yet: dmz."),
          is(
              "NetworksReady",
              Scene.ready().network("dmz", off.inactive("dmz")),
              "False NetworksPending: Not active yet: dmz."),
          is(
              "NetworksReady",
              Scene.ready().network("dmz", Seen.unknown("")),
              "Unknown NotObserved: Could not be asked: dmz."),
          is(
              "NetworksReady",
              Scene.ready().unreachable(),
              "Unknown HostUnreachable: LibvirtHost default does not answer; last contact"
                  + " 2026-05-04T03:02:01Z. Nothing is done until it does."),
          is(
              "MachinesReady",
              Scene.ready(),
              "True MachinesRunning: All 5 machines run and their agents answer."),
          is(
              "MachinesReady",
              Scene.ready().power(E1, Power.SHUT_OFF).power("e2server", Power.CRASHED),
              "False MachinesPending: Not running: e1server (ShutOff), e2server (Crashed)."),
          is(
              "MachinesReady",
              Scene.ready().domain(E1, Seen.unknown("")),
              "Unknown NotObserved: Could not be asked: e1server."),
          is(
              "MachinesReady",
              Scene.ready().domain(E1, Seen.unknown("")).power("e2server", Power.PAUSED),
              "False MachinesPending: Not running: e2server (Paused)."),
          is(
              "MachinesReady",
              withFailedStart(Scene.ready()),
              "False HypervisorError: Libvirt said no."),
          is(
              "MachinesReady",
              Scene.ready().silent(E1, LONG.minusSeconds(1)),
              "False AgentPending: No guest agent yet: e1server; a booting guest takes a while."),
          is(
              "MachinesReady",
              Scene.ready().mute(E1, "timed out", LONG.minusSeconds(1)),
              "False AgentPending: The guest agent is there but has not answered: e1server."),
          is(
              "MachinesReady",
              Scene.ready().silent(E1, LONG),
              "False AgentSilent: No answer from the guest agent for more than 6 minutes:"
                  + " e1server. Look at the guest's console, and whether the image has"
                  + " qemu-guest-agent."),
          is(
              "MachinesReady",
              Scene.ready().mute(E1, "its disk is full", LONG),
              "False AgentSilent: No answer from the guest agent for more than 6 minutes:"
                  + " e1server. The last attempt said: its disk is full"),
          is("Provisioned", Scene.ready(), "True StepsDone: Every step is done on all 5 nodes."),
          is(
              "Provisioned",
              Scene.ready().steps(E1, done("base")),
              "False StepsPending: 4 of 5 nodes are ready; e1server runs ejabberd."),
          is(
              "Provisioned",
              Scene.ready().steps("psql1server", done("base")).steps("psql2server", done("base")),
              "False StepsPending: 3 of 5 nodes are ready; psql1server runs postgresql-promotion;"
                  + " psql2server waits with postgresql-standby for postgresql-primary on"
                  + " psql1server."),
          is(
              "Provisioned",
              Scene.ready().steps(E1, failed("base", 2, 0)),
              "False StepRetrying: 4 of 5 nodes are ready; e1server retries base, which failed 2"
                  + " times: no space left on device."),
          is(
              "Provisioned",
              Scene.ready().steps(E1, failed("base", 5, 0)),
              "False StepFailed: 4 of 5 nodes are ready; e1server seldom retries base, which failed"
                  + " 5 times: no space left on device."),
          is(
              "Provisioned",
              withStepThatCannotBeLaunched(),
              "False StepRetrying: 4 of 5 nodes are ready; e1server cannot run base: Libvirt said"
                  + " no."),
          is(
              "Provisioned",
              Scene.ready().silent(E1, Duration.ZERO),
              "Unknown NotObserved: 4 of 5 nodes are ready; e1server boots."),
          is(
              "Provisioned",
              Scene.ready().mute(E1, "timed out", Duration.ZERO),
              "Unknown NotObserved: 4 of 5 nodes are ready; e1server has not answered."),
          is(
              "Provisioned",
              off,
              "Unknown NotObserved: 4 of 5 nodes are ready; e1server is not running."),
          is(
              "Provisioned",
              Scene.ready().domain(E1, Seen.missing("")),
              "False StepsPending: 4 of 5 nodes are ready; e1server does not exist yet."));
    }

    private static Arguments is(String type, Scene scene, String expected) {
      return arguments(type, scene, expected);
    }

    @ParameterizedTest(name = "{0}: {2}")
    @MethodSource("table")
    void says(String type, Scene scene, String expected) {
      assertThat(condition(Story.first(scene), type)).isEqualTo(expected);
    }

    @Test
    void advisesAgainstKvmThatDoesNotWork() {
      EjabberdLabStatus status = new Story().autoKvm().then(Scene.up().silent(E1, LONG)).status();

      assertThat(condition(status, "MachinesReady"))
          .endsWith("set spec.virtualization to qemu on LibvirtHost default.");
    }
  }

  @Nested
  class Ready {

    @Test
    void aReadyLab() {
      Story story = new Story().then(Scene.ready());

      assertThat(condition(story.status(), "Ready"))
          .isEqualTo("True Ready: The lab is what its spec says.");
      assertThat(condition(story.status(), "Reconciling")).isEqualTo("absent");
      assertThat(condition(story.status(), "Stalled")).isEqualTo("absent");
      assertThat(story.status().phase()).isEqualTo(Phase.Ready);
      assertThat(story.status().readyNodes()).isEqualTo("5/5");
      assertThat(story.status().image()).isEqualTo(Scene.IMAGE_VOLUMES.disk());
      assertThat(story.kstatus()).isEqualTo(Kstatus.Current);
      assertThat(story.status().conditions())
          .extracting(Condition::getType)
          .containsExactly(
              "Ready",
              "HostReachable",
              "NetworksReady",
              "MachinesReady",
              "Provisioned",
              "DatabaseReady",
              "ReplicationHealthy",
              "ClusterFormed");
    }

    @Test
    void saysTheFirstThingThatIsWrongInTheOrderOfBringingUp() {
      Scene scene =
          Scene.ready()
              .ejabberd(E1, LabFixture.ejabberdDown())
              .postgresql("psql1server", LabFixture.down());
      assertReadyIsAs(scene, "DatabaseReady");
      assertReadyIsAs(scene.steps("gw1server"), "Provisioned");
      assertReadyIsAs(scene.power("e2server", Power.CRASHED), "MachinesReady");
      assertReadyIsAs(scene.network("dmz", Seen.missing("")), "NetworksReady");
      assertReadyIsAs(scene.unreachable(), "HostReachable");
    }

    @Test
    void whatIsKnownToBeWrongComesBeforeWhatIsUnknown() {
      assertReadyIsAs(
          Scene.ready()
              .domain("gw1server", Seen.unknown(""))
              .ejabberd(E1, LabFixture.ejabberdDown()),
          "ClusterFormed");
    }

    private void assertReadyIsAs(Scene scene, String type) {
      EjabberdLabStatus status = Story.first(scene);

      assertThat(condition(status, "Ready")).isEqualTo(condition(status, type));
      assertThat(condition(status, "Reconciling"))
          .as("the same in other words")
          .startsWith("True ")
          .endsWith(condition(status, type).replaceFirst("^\\w+ ", ""));
    }
  }

  @Nested
  class Phases {

    static Stream<Arguments> table() {
      return Stream.of(
          arguments("never asked", Scene.untouched().notAsked(), Phase.Pending, Kstatus.InProgress),
          arguments(
              "never reached", Scene.untouched().neverReached(), Phase.Pending, Kstatus.InProgress),
          arguments("nothing there", Scene.untouched(), Phase.Provisioning, Kstatus.InProgress),
          arguments("machines up", Scene.up(), Phase.Provisioning, Kstatus.InProgress),
          arguments(
              "a step fails",
              Scene.up().steps(E1, failed("base", 4, 0)),
              Phase.Provisioning,
              Kstatus.InProgress),
          arguments(
              "a step has failed",
              Scene.up().steps(E1, failed("base", 5, 0)),
              Phase.Stalled,
              Kstatus.Failed),
          arguments(
              "no image",
              Scene.untouched().image(Seen.missing(NO_IMAGE)),
              Phase.Stalled,
              Kstatus.Failed),
          arguments("a conflict", withConflict(), Phase.Stalled, Kstatus.Failed),
          arguments("ready", Scene.ready(), Phase.Ready, Kstatus.Current));
    }

    @ParameterizedTest(name = "{0}: {2}, {3}")
    @MethodSource("table")
    void onTheWayUp(String name, Scene scene, Phase phase, Kstatus kstatus) {
      Story story = new Story().then(scene);

      assertThat(story.status().phase()).isEqualTo(phase);
      assertThat(story.kstatus()).isEqualTo(kstatus);
    }

    static Stream<Arguments> afterReady() {
      return Stream.of(
          arguments("ready", Scene.ready(), Phase.Ready, Kstatus.Current),
          arguments(
              "a machine is off",
              Scene.ready().power(E1, Power.SHUT_OFF),
              Phase.Degraded,
              Kstatus.InProgress),
          arguments(
              "a guest cannot be asked",
              Scene.ready().domain("gw1server", Seen.unknown("")),
              Phase.Unknown,
              Kstatus.InProgress),
          arguments(
              "the host cannot be asked",
              Scene.ready().unreachable(),
              Phase.Unknown,
              Kstatus.InProgress),
          arguments(
              "a new operator cannot reach the host",
              Scene.ready().neverReached(),
              Phase.Unknown,
              Kstatus.InProgress),
          arguments(
              "a step has failed",
              Scene.ready().steps(E1, failed("base", 5, 0)),
              Phase.Stalled,
              Kstatus.Failed));
    }

    @ParameterizedTest(name = "{0}: {2}, {3}")
    @MethodSource("afterReady")
    void ofALabThatWasReady(String name, Scene scene, Phase phase, Kstatus kstatus) {
      Story story = new Story().then(Scene.ready()).then(scene);

      assertThat(story.status().phase()).isEqualTo(phase);
      assertThat(story.kstatus()).isEqualTo(kstatus);
    }

    @Test
    void aChangedSpecIsInProgressUntilTheStatusSpeaksOfItAndIsTrue() {
      Story story = new Story().then(Scene.ready()).specChanges();
      assertThat(story.kstatus()).isEqualTo(Kstatus.InProgress);

      assertThat(story.then(Scene.ready().steps(E1)).kstatus()).isEqualTo(Kstatus.InProgress);
      assertThat(story.then(Scene.ready()).kstatus()).isEqualTo(Kstatus.Current);
    }
  }

  @Nested
  class Stalled {

    @Test
    void byAStepThatFailedTooOften() {
      assertStalled(
          Scene.up().steps(E1, failed("base", 5, 0)),
          "StepFailed: Step base on e1server failed 5 times or more and is tried every 5 minutes"
              + " now, and at once when the spec, the image or the annotation ejabberdlab.dev/retry"
              + " changes; it last said: no space left on device");
    }

    @Test
    void byWhatCannotBeUsed() {
      assertStalled(
          Scene.ready().lacking(E1, "ejabberd", Obstacle.unusable("It has a line break.")),
          "ReferenceUnusable: It has a line break.");
    }

    @Test
    void notByWhatIsMissing() {
      EjabberdLabStatus status =
          Story.afterReady(
              Scene.ready().lacking(E1, "ejabberd", Obstacle.missing("Secret x does not exist.")));

      assertThat(condition(status, "Stalled")).isEqualTo("absent");
      assertThat(condition(status, "Ready"))
          .isEqualTo(
              "False ReferenceMissing: Secret x does not exist. 4 of 5 nodes are ready; e1server"
                  + " waits with ejabberd.");
      assertThat(status.phase()).isEqualTo(Phase.Degraded);
      assertThat(status.endpoints()).isNotEmpty();
    }

    @Test
    void byAnImageThatDoesNotExist() {
      assertStalled(Scene.untouched().image(Seen.missing(NO_IMAGE)), "InvalidSpec: " + NO_IMAGE);
    }

    @Test
    void byAnImageThatIsNeededAgain() {
      Scene scene =
          Scene.ready()
              .power(E1, Power.SHUT_OFF)
              .volume(E1, Seen.missing(""))
              .image(Seen.missing(NO_IMAGE));

      assertStalled(scene, "InvalidSpec: " + NO_IMAGE);
    }

    @Test
    void notByAnImageThatIsNoLongerNeeded() {
      Scene scene = Scene.ready().image(Seen.missing(NO_IMAGE));

      assertThat(Story.first(scene).phase()).isEqualTo(Phase.Ready);
      assertThat(Story.first(scene.power(E1, Power.SHUT_OFF)).phase())
          .isEqualTo(Phase.Provisioning);
    }

    @Test
    void bySomethingOfThatNameThatIsNotOurs() {
      assertStalled(withConflict(), "NameConflict: It belongs to somebody else.");
    }

    @Test
    void noLongerWhenTheSpecDoesWithoutIt() {
      Scene scene = Scene.ready();
      Action define = withConflict().actions(machineKey("e2server")).get(0);

      assertThat(Story.first(scene.conflict(define)).phase()).isEqualTo(Phase.Ready);
    }

    @Test
    void notWhileNobodyCanSayWhetherItIsStillSo() {
      assertThat(Story.afterReady(withConflict().unreachable()).phase()).isEqualTo(Phase.Unknown);
    }

    private void assertStalled(Scene scene, String expected) {
      EjabberdLabStatus status = Story.first(scene);

      assertThat(condition(status, "Stalled")).isEqualTo("True " + expected);
      assertThat(condition(status, "Ready")).isEqualTo("False " + expected);
      assertThat(condition(status, "Reconciling")).isEqualTo("absent");
    }
  }

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
          .contains(Conditions.FOREIGN_DISK);
      assertThat(
              LabStatuses.supervised(
                      seen, seen, 2, Reason.InvalidSpec, "No.", false, 1, LabFixture.NOW)
                  .conditions())
          .extracting(Condition::getType)
          .contains(Conditions.FOREIGN_DISK);
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

      Condition reachable =
          Conditions.find(status.conditions(), Conditions.HOST_REACHABLE).orElseThrow();
      assertThat(reachable.getStatus()).isEqualTo("Unknown");
      assertThat(reachable.getReason()).isEqualTo("OtherHost");
      assertThat(reachable.getMessage()).contains("Another host answers", "the right one");
      assertThat(status.conditions()).noneMatch(c -> c.getStatus().equals("False"));
      assertThat(Transitions.between(before, status))
          .extracting(Transitions.Transition::reason)
          .contains(Reason.OtherHost);
    }

    @Test
    void aForeignDiskIsToldAndTheLabIsReady() {
      EjabberdLabStatus status = Story.first(Scene.ready().onDisk(E1, "/pool/e1.s1"));

      assertThat(Conditions.isTrue(status.conditions(), Conditions.READY)).isTrue();
      Condition foreign =
          Conditions.find(status.conditions(), Conditions.FOREIGN_DISK).orElseThrow();
      assertThat(foreign.getReason()).isEqualTo("ForeignDisk");
      assertThat(foreign.getMessage()).contains("e1server has /pool/e1.s1", "blockcommit");
      assertThat(status.nodes())
          .filteredOn(n -> n.foreignDisk() != null)
          .extracting(NodeStatus::name)
          .containsExactly(E1);
      assertThat(Transitions.between(Story.first(Scene.ready()), status))
          .extracting(Transitions.Transition::reason)
          .containsExactly(Reason.ForeignDisk);
    }

    @Test
    void disksStayInTheRecordUntilTheyAreGone() {
      EjabberdLabStatus first = Story.first(Scene.ready());
      assertThat(first.libvirt().volumes()).hasSize(5);
      String left = "ejl-1a2b3c4d-e3server.qcow2";
      Scene scene =
          Scene.ready().surplus(Seen.of(new Remains(List.of(), List.of(), List.of(left))));
      EjabberdLabStatus more =
          with(first, new LibvirtStatus("u", "p", List.of(left, "ejl-1a2b3c4d-x.qcow2")));

      LibvirtStatus record = new Story().becomes(more).then(scene).status().libvirt();
      assertThat(record.volumes()).hasSize(6).contains(left);
      assertThat(record.pool()).isEqualTo("p");
      assertThat(
              new Story()
                  .becomes(more)
                  .then(Scene.ready().surplus(Seen.unknown("away")))
                  .status()
                  .libvirt()
                  .volumes())
          .hasSize(7);
    }

    private static EjabberdLabStatus with(EjabberdLabStatus s, LibvirtStatus libvirt) {
      return new EjabberdLabStatus(
          s.observedGeneration(),
          s.phase(),
          s.host(),
          s.image(),
          s.readyNodes(),
          s.conditions(),
          s.networks(),
          s.nodes(),
          s.postgresql(),
          s.ejabberd(),
          s.endpoints(),
          s.tls(),
          libvirt);
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
              LabStatuses.remains(
                  new Remains(List.of(domain), List.of(network), List.of("ejl-1-e1.qcow2"))))
          .isEqualTo("domain ejl-1-e1, volume ejl-1-e1.qcow2, network ejl-1-dmz");
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
    void theImageInUseStandsWhileItCannotBeLookedFor() {
      assertThat(Story.afterReady(Scene.ready().image(Seen.unknown(""))).image())
          .isEqualTo(Scene.IMAGE_VOLUMES.disk());
    }
  }

  @Test
  void saysWhatWasChangedInAGuest() {
    Condition provisioned =
        Conditions.find(
                Story.afterReady(
                        Scene.ready()
                            .steps(
                                "e1server",
                                LabFixture.drifted("base", "the firewall was changed"),
                                LabFixture.done("ejabberd")))
                    .conditions(),
                Conditions.PROVISIONED)
            .orElseThrow();

    assertThat(provisioned.getReason()).isEqualTo("Drifted");
    assertThat(provisioned.getMessage())
        .isEqualTo("4 of 5 nodes are ready; e1server is mended: the firewall was changed.");
  }
}
