package dev.ejabberdlab.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.MachineState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Action.ShutdownDomain;
import dev.ejabberdlab.plan.Definitions;
import dev.ejabberdlab.plan.Scene;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What a lab says of an edit on its way, of being shut down, and of being paused. */
class EditStatusesTest {

  private static final String E2 = "e2server";
  private static final String STANDBY = "psql2server";

  private static String ready(EjabberdLabStatus status) {
    return Story.condition(status, "Ready");
  }

  private static List<String> types(EjabberdLabStatus status) {
    return status.conditions().stream().map(Condition::getType).toList();
  }

  private static Scene off(Scene scene, String... nodes) {
    for (String node : nodes) {
      scene.power(node, Power.SHUT_OFF);
    }
    return scene;
  }

  private static Scene allOff(Scene scene) {
    scene.lab().nodes().forEach(n -> off(scene, n.name()));
    return scene;
  }

  @Nested
  class Removed {

    private Scene left() {
      Scene scene = Scene.ready();
      return scene.surplus(
          Seen.of(
              new Remains(
                  List.of(scene.objects().surplusDomain("e3server", Power.SHUTTING_DOWN)),
                  List.of(scene.objects().surplusNetwork("backup")),
                  List.of("ejl-1a2b3c4d-e3server.qcow2"))));
    }

    @Test
    void aLabIsNotReadyWhileSomethingIsThereThatItShallNotHave() {
      EjabberdLabStatus status = Story.afterReady(left());

      assertThat(Story.condition(status, "MachinesReady"))
          .isEqualTo(
              "False Removing: Not in the spec any more and being removed: domain"
                  + " ejl-1a2b3c4d-e3server (ShuttingDown), volume ejl-1a2b3c4d-e3server.qcow2.");
      assertThat(Story.condition(status, "NetworksReady"))
          .isEqualTo(
              "False Removing: Not in the spec any more and being removed: network"
                  + " ejl-1a2b3c4d-backup.");
      assertThat(ready(status)).startsWith("False Removing");
      assertThat(Conditions.isTrue(status.conditions(), "Reconciling")).isTrue();
    }

    @Test
    void norBeforeTheHostWasSearched() {
      Story edited = new Story().then(Scene.ready()).specChanges();
      edited.then(Scene.ready().surplus(LabSnapshot.NOTHING.surplus()));
      assertThat(ready(edited.status())).startsWith("False Removing");
      assertThat(ready(Story.afterReady(Scene.ready().surplus(Seen.unknown("no answer.")))))
          .isEqualTo(
              "Unknown NotObserved: The host could not be searched for what the spec no longer"
                  + " has: no answer.");
    }

    @Test
    void eventsTellItWithoutAlarm() {
      Story story = new Story().then(Scene.ready());
      story.events();

      assertThat(story.then(left()).events()).noneMatch(Transition::warning);
      assertThat(story.then(Scene.ready()).events())
          .noneMatch(Transition::warning)
          .extracting(Transition::reason)
          .contains(Reason.Ready);
    }

    @Test
    void aNodeThatLeavesIsOneEvent() {
      EjabberdLabStatus before = Story.first(Scene.ready());
      EjabberdLabStatus after = Story.first(Scene.of(LabFixture.labWithout(E2)));

      assertThat(Transitions.between(before, after))
          .contains(
              new Transition(
                  false,
                  Reason.Removing,
                  "e2server: not in the spec any more; its machine is shut down and removed."));
    }
  }

  @Nested
  class Restarted {

    private static Scene changed() {
      return Scene.ready().defined(STANDBY, d -> Definitions.withMemory(d, 1 << 20));
    }

    @Test
    void theConditionSaysWhoAndWhy() {
      assertThat(ready(Story.afterReady(changed())))
          .isEqualTo("False Restarting: psql2server restarts for a change of memory.");
    }

    @Test
    void orWhomItWaitsFor() {
      Scene waiting =
          Scene.ready()
              .defined(STANDBY, d -> Definitions.withCpus(d, 7))
              .ejabberd(E2, LabFixture.ejabberdDown());

      assertThat(Story.condition(Story.afterReady(waiting), "MachinesReady"))
          .isEqualTo(
              "False Restarting: psql2server must restart for a change of cpus and waits for"
                  + " e2server.");
    }

    @Test
    void whileItIsOff() {
      Scene scene =
          Scene.ready()
              .power(STANDBY, Power.SHUT_OFF)
              .defined(STANDBY, d -> Definitions.withMemory(d, 1 << 20));

      assertThat(ready(Story.afterReady(scene)))
          .isEqualTo("False Restarting: Not running: psql2server (ShutOff, restarts).");
      assertThat(
              Transitions.between(
                  Story.first(Scene.ready()), Story.afterReady(scene), Set.of(STANDBY)))
          .noneMatch(Transition::warning);
    }
  }

  @Nested
  class Halted {

    @Test
    void onItsWayDown() {
      Scene scene = off(Scene.ready(LabFixture.halted()), E2);
      EjabberdLabStatus status = Story.afterReady(scene);

      assertThat(status.phase()).isEqualTo(Phase.Halting);
      assertThat(ready(status))
          .isEqualTo(
              "False Halting: Shutting down, still on: gw1server, e1server, psql1server,"
                  + " psql2server.");
      assertThat(types(status)).contains("Reconciling");
    }

    @Test
    void down() {
      EjabberdLabStatus status = Story.afterReady(allOff(Scene.ready(LabFixture.halted())));

      assertThat(status.phase()).isEqualTo(Phase.Halted);
      assertThat(ready(status))
          .isEqualTo(
              "False Halted: The lab is shut down, as spec.running says; its disks are kept.");
      assertThat(types(status)).doesNotContain("Reconciling", "Stalled");
      assertThat(status.nodes()).allMatch(n -> n.state() == MachineState.ShutOff);
      assertThat(status.postgresql().targetPrimary()).isEqualTo("psql1server");
    }

    @Test
    void isNoTrouble() {
      Story story = new Story().then(Scene.ready());
      story.events();
      story.then(off(Scene.ready(LabFixture.halted()), E2));
      story.then(allOff(Scene.ready(LabFixture.halted())));

      List<Transition> events = story.events();
      assertThat(events).noneMatch(Transition::warning);
      assertThat(events).filteredOn(e -> e.reason() == Reason.MachineStopped).hasSize(5);
      assertThat(events).filteredOn(e -> e.reason() == Reason.Halted).hasSize(1);
      assertThat(events).filteredOn(e -> e.reason() == Reason.Halting).hasSize(1);
    }

    @Test
    void aGuestThatLibvirtDoesNotTurnOff() {
      Scene scene = Scene.ready(LabFixture.halted());
      ShutdownDomain shutdown =
          new ShutdownDomain(E2, scene.node(E2).uuid(), scene.node(E2).domain());

      assertThat(ready(Story.afterReady(scene.failed(shutdown, 1, Duration.ZERO))))
          .isEqualTo("False HypervisorError: Libvirt said no.");
    }

    @Test
    void aMachineWithoutTheMarkIsLeftOnAndSaid() {
      Scene scene = allOff(Scene.ready(LabFixture.halted()));
      var node = scene.node(E2);
      scene.domain(
          E2,
          Seen.of(
              new dev.ejabberdlab.hypervisor.DomainState(
                  node.uuid(),
                  node.domain(),
                  Optional.empty(),
                  Power.RUNNING,
                  true,
                  Optional.empty())));

      assertThat(ready(Story.afterReady(scene)))
          .isEqualTo(
              "False NameConflict: Left on: e2server. Their domains have not this lab's mark, so"
                  + " nobody shuts them down.");
    }

    @Test
    void notWhileTheHostIsAway() {
      Scene scene = allOff(Scene.ready(LabFixture.halted())).unreachable();

      assertThat(Story.afterReady(scene).phase()).isEqualTo(Phase.Unknown);
    }

    @Test
    void notWhileAMachineCannotBeAsked() {
      Scene scene = allOff(Scene.ready(LabFixture.halted())).domain(E2, Seen.unknown(""));

      assertThat(ready(Story.afterReady(scene)))
          .isEqualTo("Unknown NotObserved: Could not be asked: e2server.");
    }

    @Test
    void anImageThatIsGoneDoesNotMatter() {
      Scene scene = allOff(Scene.ready(LabFixture.halted())).image(Seen.missing("no image."));

      assertThat(Story.afterReady(scene).phase()).isEqualTo(Phase.Halted);
    }
  }

  @Nested
  class Paused {

    private EjabberdLabStatus paused(EjabberdLabStatus before, Scene scene) {
      return LabStatuses.paused(before, Story.afterReady(scene), LabFixture.NOW);
    }

    @Test
    void aReadyLabStaysReady() {
      EjabberdLabStatus status = paused(null, Scene.ready());

      assertThat(types(status)).startsWith("Ready", "Paused");
      assertThat(ready(status)).startsWith("True");
      assertThat(Story.condition(status, "Paused")).startsWith("True Paused");
    }

    @Test
    void nothingIsUnderWay() {
      EjabberdLabStatus status = paused(null, off(Scene.ready(), E2));

      assertThat(ready(status)).startsWith("False MachinesPending");
      assertThat(types(status)).doesNotContain("Reconciling");
    }

    @Test
    void saysItOnceAndWhenItEnds() {
      EjabberdLabStatus before = Story.afterReady(Scene.ready());
      EjabberdLabStatus during = paused(before, Scene.ready());
      EjabberdLabStatus later = paused(during, Scene.ready());

      assertThat(Transitions.between(before, during))
          .extracting(Transition::reason)
          .containsExactly(Reason.Paused);
      assertThat(later).isEqualTo(during);
      assertThat(Transitions.between(during, before))
          .extracting(Transition::reason)
          .containsExactly(Reason.Resumed);
    }
  }
}
