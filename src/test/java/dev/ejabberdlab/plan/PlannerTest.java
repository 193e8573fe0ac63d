package dev.ejabberdlab.plan;

import static dev.ejabberdlab.observe.LabFixture.done;
import static dev.ejabberdlab.observe.LabFixture.drifted;
import static dev.ejabberdlab.observe.LabFixture.running;
import static dev.ejabberdlab.plan.Scene.machineKey;
import static dev.ejabberdlab.plan.Scene.next;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Action.CreateVolume;
import dev.ejabberdlab.plan.Action.DefineDomain;
import dev.ejabberdlab.plan.Action.DefineNetwork;
import dev.ejabberdlab.plan.Action.RunStep;
import dev.ejabberdlab.plan.Action.StartDomain;
import dev.ejabberdlab.plan.Action.UndefineDomain;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PlannerTest {

  private static final String E2 = "e2server";
  private static final String PSQL1 = "psql1server";
  private static final String E1 = "e1server";
  private static final Seen<VolumeState> NO_DISK = Seen.missing("");
  private static final Seen<DomainState> NO_DOMAIN = Seen.missing("");

  @Test
  void aLabThatIsWhatItShouldBeNeedsNothing() {
    assertThat(Scene.ready().plan()).isEqualTo(Plan.nothing(Optional.empty()));
  }

  @Test
  void nothingIsDoneWhileTheHostIsUnreachable() {
    assertThat(Scene.untouched().unreachable().plan().actions()).isEmpty();
  }

  @Test
  void nothingIsDoneToWhatIsUnknown() {
    Scene scene = Scene.ready();
    scene.lab().networks().forEach(n -> scene.network(n.name(), Seen.unknown("no answer")));
    scene
        .lab()
        .nodes()
        .forEach(n -> scene.volume(n.name(), Seen.unknown("")).domain(n.name(), Seen.unknown("")));

    assertThat(scene.plan().actions()).isEmpty();
  }

  @Nested
  class Failures {

    @Test
    void areToldOfWhatIsStillWantedOnly() {
      Scene scene = Scene.up().power(E1, Power.SHUT_OFF);
      Action start = scene.actions(machineKey(E1)).get(0);
      scene.failed(start, 3, Duration.ZERO);

      assertThat(scene.plan().failures())
          .extracting(f -> f.action().description())
          .containsExactly(start.description());

      Scene runs = Scene.ready().failed(start, 3, Duration.ZERO);
      assertThat(runs.plan().failures()).isEmpty();
    }

    @Test
    void areStillToldWhileTheActionIsTriedAgain() {
      Scene scene = Scene.up().power(E1, Power.SHUT_OFF);
      Action start = scene.actions(machineKey(E1)).get(0);

      assertThat(
              scene
                  .failed(start, 1, Duration.ofHours(1))
                  .inFlight(machineKey(E1))
                  .plan()
                  .failures())
          .hasSize(1);
    }

    @Test
    void ofANetworkThatTheSpecNoLongerHasAreForgotten() {
      Scene scene = Scene.ready();
      Action define =
          new DefineNetwork("old", Desired.network(scene.lab(), scene.lab().network("dmz")));

      assertThat(scene.conflict(define).plan().failures()).isEmpty();
    }
  }

  @Test
  void aMachineWithoutADiskIsMadeAnewAsAWhole() {
    Scene scene = Scene.ready().power(E1, Power.SHUT_OFF).volume(E1, NO_DISK);

    assertThat(next(scene, machineKey(E1))).isEqualTo(UndefineDomain.class.getSimpleName());
    scene.domain(E1, NO_DOMAIN);
    assertThat(next(scene, machineKey(E1))).isEqualTo(CreateVolume.class.getSimpleName());
    scene.volume(E1, scene.disk(E1));
    assertThat(next(scene, machineKey(E1))).isEqualTo(DefineDomain.class.getSimpleName());
    scene.domain(E1, scene.domain(E1, Power.SHUT_OFF, false));
    assertThat(next(scene, machineKey(E1))).isEqualTo(StartDomain.class.getSimpleName());
  }

  @Test
  void whatWasChangedInAGuestIsAppliedAgain() {
    Scene scene =
        Scene.ready().steps(E1, drifted("base", "/etc/hosts was changed"), done("ejabberd"));

    assertThat(scene.actions(machineKey(E1)))
        .singleElement()
        .isInstanceOfSatisfying(RunStep.class, r -> assertThat(r.step().name()).isEqualTo("base"));
  }

  static Stream<Arguments> disks() {
    return Stream.of(
        arguments("/pool/ejl-1a2b3c4d-e1server.s1"),
        arguments("/elsewhere/ejl-1a2b3c4d-e1server.qcow2"));
  }

  @ParameterizedTest(name = "on {0}")
  @MethodSource("disks")
  void aMachineThatSomebodyHasPutOnAnotherDiskIsStartedOnItAndNotRedefined(String file) {
    Scene scene =
        Scene.ready()
            .power(E1, Power.SHUT_OFF)
            .defined(E1, d -> Definitions.withMemory(d, 1L << 30))
            .onDisk(E1, file);

    assertThat(scene.plan().actions())
        .contains(new StartDomain(E1, scene.node(E1).uuid(), scene.node(E1).domain()))
        .noneMatch(DefineDomain.class::isInstance);
    Scene running = Scene.ready().defined(E1, d -> Definitions.withMemory(d, 1L << 30));
    assertThat(running.onDisk(E1, file).plan().restarts()).isEmpty();
  }

  @Test
  void aDomainOnAnotherDiskIsNotMadeAnewWhenItsOwnIsGone() {
    Scene scene = Scene.ready().power(E1, Power.SHUT_OFF).onDisk(E1, "/pool/e1.s1");

    assertThat(scene.volume(E1, NO_DISK).plan().actions())
        .noneMatch(UndefineDomain.class::isInstance);
  }
}
