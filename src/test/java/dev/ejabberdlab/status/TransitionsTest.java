package dev.ejabberdlab.status;

import static dev.ejabberdlab.observe.LabFixture.done;
import static dev.ejabberdlab.observe.LabFixture.drifted;
import static dev.ejabberdlab.observe.LabFixture.failed;
import static dev.ejabberdlab.observe.LabFixture.interrupted;
import static dev.ejabberdlab.observe.LabFixture.running;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Action;
import dev.ejabberdlab.plan.Key;
import dev.ejabberdlab.plan.Scene;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class TransitionsTest {

  private static final String E1 = "e1server";

  private static List<String> words(List<Transition> events) {
    return events.stream()
        .map(e -> (e.warning() ? "Warning " : "Normal ") + e.reason() + " " + e.message())
        .toList();
  }

  private static List<String> between(Scene before, Scene after) {
    Story story = new Story().then(before);
    story.events();
    return words(story.then(after).events());
  }

  @Test
  void nothingHappensNothingIsSaid() {
    assertThat(between(Scene.ready(), Scene.ready())).isEmpty();
    assertThat(between(Scene.untouched(), Scene.untouched())).isEmpty();
  }

  @Test
  void theFirstStatusOfALabTellsOnlyOfItsHost() {
    assertThat(words(new Story().then(Scene.untouched()).events()))
        .containsExactly("Normal HostConnected HostReachable: host1 answers (libvirt 9.0.0).");
  }

  @Nested
  class BringingUp {

    private final Story story = new Story();
    private Scene scene = Scene.untouched();

    private List<String> after(Consumer<Scene> change) {
      change.accept(scene);
      return words(story.then(scene).events());
    }

    @Test
    void oneEventForEachThingThatHappens() {
      after(s -> {});

      assertThat(after(s -> s.volume(E1, s.disk(E1)))).isEmpty();
      assertThat(after(s -> s.network("dmz", s.inactive("dmz")))).isEmpty();
      assertThat(
              after(s -> s.lab().networks().forEach(n -> s.network(n.name(), s.active(n.name())))))
          .containsExactly("Normal NetworksActive NetworksReady: All 3 networks are active.");
      assertThat(after(s -> s.power(E1, Power.SHUT_OFF)))
          .containsExactly(
              "Normal MachineCreated e1server: domain ejl-1a2b3c4d-e1server is defined.");
      assertThat(after(s -> s.power(E1, Power.RUNNING)))
          .containsExactly(
              "Normal MachineStarted e1server: domain ejl-1a2b3c4d-e1server is running.");
      assertThat(after(s -> s.mute(E1, "not yet", Duration.ZERO)))
          .containsExactly("Normal AgentConnected e1server: the guest agent answers.");
      assertThat(after(s -> s.reports(E1, LabFixture.report()))).isEmpty();
      assertThat(after(s -> s.steps(E1, running("base")))).isEmpty();
      assertThat(after(s -> s.steps(E1, done("base"))))
          .containsExactly("Normal StepDone e1server: step base is done.");
      assertThat(after(s -> s.steps(E1, done("base"), running("ejabberd")))).isEmpty();
      assertThat(after(s -> s.steps(E1, done("base"), done("ejabberd"))))
          .containsExactly("Normal StepDone e1server: step ejabberd is done.");
      assertThat(after(s -> s.ejabberd(E1, LabFixture.ejabberd(E1)))).isEmpty();
    }

    @Test
    void theServicesAppear() {
      scene = Scene.up();
      after(s -> {});

      assertThat(after(s -> s.postgresql("psql1server", LabFixture.primary())))
          .containsExactly(
              "Normal PrimaryServing DatabaseReady: psql1server accepts writes at 192.168.1.12.");
      assertThat(after(s -> s.postgresql("psql2server", LabFixture.standby()))).isEmpty();
      assertThat(
              after(
                  s ->
                      s.postgresql(
                          "psql1server", LabFixture.primary(LabFixture.sender("streaming", 0)))))
          .containsExactly(
              "Normal Streaming ReplicationHealthy: psql2server streams from psql1server.");
    }

    @Test
    void eachFailureOfAStepIsTold() {
      scene = Scene.up();
      after(s -> {});

      assertThat(after(s -> s.steps(E1, failed("base", 1, 0))))
          .containsExactly(
              "Warning StepRetrying e1server: step base failed (attempt 1): reading\n"
                  + "no space left on device\n");
      assertThat(after(s -> s.steps(E1, failed("base", 1, 9)))).isEmpty();
      assertThat(after(s -> s.steps(E1, failed("base", 2, 0)))).hasSize(1);
      assertThat(after(s -> s.steps(E1, done("base"), failed("ejabberd", 2, 0))))
          .as("as often as the one before")
          .singleElement()
          .asString()
          .contains("step ejabberd failed (attempt 2)");
      assertThat(after(s -> s.steps(E1, done("base"), interrupted("ejabberd")))).isEmpty();
    }

    @Test
    void aStepThatHasFailedIsToldOnceAndNotForEachCondition() {
      scene = Scene.up().steps(E1, failed("base", 4, 0));
      after(s -> {});

      assertThat(after(s -> s.steps(E1, failed("base", 5, 0))))
          .hasSize(2)
          .anySatisfy(e -> assertThat(e).startsWith("Warning StepRetrying e1server: "))
          .anySatisfy(e -> assertThat(e).startsWith("Warning StepFailed Step base on e1server"));
      assertThat(after(s -> {})).isEmpty();
    }

    @Test
    void aHypervisorThatRefusesIsToldOnce() {
      Action create = scene.actions(new Key.Machine(E1)).get(0);
      after(s -> {});

      assertThat(after(s -> s.failed(create, 1, Duration.ZERO)))
          .containsExactly("Warning HypervisorError MachinesReady: Libvirt said no.");
      assertThat(after(s -> s.failed(create, 2, Duration.ZERO))).isEmpty();
    }

    @Test
    void aGuestThatStaysSilentIsToldOnce() {
      scene = Scene.up();
      after(s -> s.silent(E1, Duration.ZERO));

      assertThat(after(s -> s.silent(E1, LabSnapshot.GUEST_SILENCE)))
          .singleElement()
          .asString()
          .startsWith("Warning AgentSilent MachinesReady: No answer from the guest agent");
      assertThat(after(s -> s.silent(E1, LabSnapshot.GUEST_SILENCE.multipliedBy(2)))).isEmpty();
    }

    @Test
    void theWholeWayTakesFewEvents() {
      after(s -> {});
      scene = Scene.up();
      after(s -> {});
      story.events();
      scene = Scene.ready();

      assertThat(words(story.then(scene).events()))
          .contains("Normal Ready The lab is what its spec says.")
          .hasSize(10);
    }
  }

  @Nested
  class AfterReady {

    @Test
    void aMachineThatStops() {
      List<String> events = between(Scene.ready(), Scene.ready().power(E1, Power.SHUT_OFF));

      assertThat(events)
          .contains(
              "Warning MachineStopped e1server: domain ejl-1a2b3c4d-e1server is shut off, no"
                  + " longer running.",
              "Warning MachinesPending No longer ready: Not running: e1server (ShutOff).")
          .allSatisfy(e -> assertThat(e).startsWith("Warning "));
    }

    @Test
    void aHostThatIsLostIsOnePieceOfNewsAndItsReturnAnother() {
      Scene lost = Scene.ready().unreachable();
      lost.lab().nodes().forEach(n -> lost.domain(n.name(), Seen.unknown("")));

      assertThat(between(Scene.ready(), lost))
          .hasSize(2)
          .anySatisfy(e -> assertThat(e).startsWith("Warning HostUnreachable HostReachable: "))
          .anySatisfy(e -> assertThat(e).startsWith("Warning HostUnreachable No longer ready: "));
      assertThat(between(lost, Scene.ready()))
          .containsExactlyInAnyOrder(
              "Normal HostConnected HostReachable: host1 answers (libvirt 9.0.0).",
              "Normal Ready The lab is what its spec says.");
    }

    @Test
    void aDiskThatIsReplacedDoesNotLookLikeProgress() {
      assertThat(
              between(
                  Scene.ready().steps(E1, done("base")), Scene.ready().steps(E1, running("base"))))
          .isEmpty();
    }

    @Test
    void anotherPrimary() {
      Scene promoted =
          Scene.ready()
              .postgresql("psql1server", LabFixture.down())
              .postgresql("psql2server", LabFixture.primary());

      assertThat(between(Scene.ready(), promoted))
          .contains("Warning PrimaryChanged The primary is now psql2server; it was psql1server.");
    }

    @Test
    void splitBrain() {
      Scene split = Scene.ready().postgresql("psql2server", LabFixture.primary());

      assertThat(between(Scene.ready(), split))
          .anySatisfy(e -> assertThat(e).startsWith("Warning SplitBrain DatabaseReady: "));
    }

    @Test
    void aSpecThatIsRefused() {
      Story story = new Story().then(Scene.ready());
      story.events();
      EjabberdLabStatus refused =
          LabStatuses.refused(
              story.status(),
              1,
              "default",
              Reason.InvalidSpec,
              "spec.x: no.",
              false,
              LabFixture.NOW);

      assertThat(words(story.becomes(refused).events()))
          .containsExactly("Warning InvalidSpec spec.x: no.");
      assertThat(words(story.becomes(refused).events())).isEmpty();
      assertThat(words(story.then(Scene.ready()).events()))
          .containsExactly("Normal Ready The lab is what its spec says.");
    }

    @Test
    void aDeletionIsNoTrouble() {
      Story story = new Story().then(Scene.ready());
      story.events();

      assertThat(words(story.becomes(deleting(story, "Still there: domain a.")).events()))
          .containsExactly("Normal Deleting Still there: domain a.");
      assertThat(words(story.becomes(deleting(story, "Still there: volume a.")).events()))
          .isEmpty();
    }

    @Test
    void troubleWithADeletionIsToldOnce() {
      Story story = new Story().then(Scene.ready());
      story.events();
      story.becomes(deleting(story, "Still there: domain a."));
      story.events();
      Finding trouble = Finding.no(Reason.HypervisorError, "Cannot undefine a: no.");

      assertThat(words(story.becomes(deleting(story, trouble)).events()))
          .containsExactly("Warning HypervisorError Cannot undefine a: no.");
      assertThat(words(story.becomes(deleting(story, trouble)).events())).isEmpty();
    }

    private static EjabberdLabStatus deleting(Story story, String message) {
      return deleting(story, Finding.no(Reason.Deleting, message));
    }

    private static EjabberdLabStatus deleting(Story story, Finding finding) {
      return LabStatuses.deleting(story.status(), 1, "default", finding, LabFixture.NOW);
    }
  }

  @Test
  void nothingOfWhatStepsCarryGetsOut() {
    Story story = new Story();
    for (Scene scene :
        List.of(
            Scene.untouched(),
            Scene.up(),
            Scene.up().steps(E1, failed("base", 1, 0)),
            Scene.up().steps(E1, failed("base", 5, 0)),
            Scene.ready(),
            Scene.ready().unreachable())) {
      story.then(scene);

      assertThat(story.status().toString()).doesNotContain(LabFixture.SECRET);
      assertThat(story.events().toString()).doesNotContain(LabFixture.SECRET);
      assertThat(scene.plan().toString())
          .as("the log of actions")
          .doesNotContain(LabFixture.SECRET);
    }
  }

  @Test
  void aMessageFitsAnEvent() {
    Scene verbose =
        Scene.up()
            .steps(
                E1,
                new StepState(
                    "base",
                    LabFixture.digest("base"),
                    StepState.Status.FAILED,
                    1,
                    LabFixture.EPOCH,
                    0,
                    "x".repeat(5000)));

    assertThat(new Story().then(Scene.up()).then(verbose).events())
        .allSatisfy(e -> assertThat(e.message()).hasSizeLessThanOrEqualTo(1024));
  }

  @Test
  void tellsOnceWhatWasChangedAndThatItIsMended() {
    Story story = new Story().then(Scene.ready());
    story.events();
    Scene changed =
        Scene.ready()
            .steps(
                E1,
                drifted("base", "the firewall was changed", "/etc/hosts is gone"),
                done("ejabberd"));

    assertThat(words(story.then(changed).events()))
        .contains(
            "Warning Drifted e1server: the firewall was changed, /etc/hosts is gone; step base is"
                + " applied again.")
        .noneMatch(words -> words.contains("Provisioned:"));
    assertThat(words(story.then(changed).events())).isEmpty();
    assertThat(words(story.then(Scene.ready()).events()))
        .contains("Normal StepDone e1server: step base is done.");
  }
}
