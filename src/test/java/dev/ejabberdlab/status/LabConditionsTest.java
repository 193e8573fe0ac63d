package dev.ejabberdlab.status;

import static dev.ejabberdlab.observe.LabFixture.done;
import static dev.ejabberdlab.observe.LabFixture.failed;
import static dev.ejabberdlab.status.Story.condition;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Action;
import dev.ejabberdlab.plan.Key;
import dev.ejabberdlab.plan.Scene;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LabConditionsTest {

  private static final String E1 = "e1server";
  private static final Duration LONG = LabSnapshot.GUEST_SILENCE;

  private static Scene withFailedStart(Scene scene) {
    Action start = scene.power(E1, Power.SHUT_OFF).actions(new Key.Machine(E1)).get(0);
    return scene.failed(start, 2, Duration.ZERO);
  }

  private static Scene withStepThatCannotBeLaunched() {
    Scene scene = Scene.ready().steps(E1);
    return scene.failed(scene.actions(new Key.Machine(E1)).get(0), 1, Duration.ZERO);
  }

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
                "Provisioned")
            .orElseThrow();

    assertThat(provisioned.getReason()).isEqualTo("Drifted");
    assertThat(provisioned.getMessage())
        .isEqualTo("4 of 5 nodes are ready; e1server is mended: the firewall was changed.");
  }
}
