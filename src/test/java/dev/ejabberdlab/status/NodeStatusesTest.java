package dev.ejabberdlab.status;

import static dev.ejabberdlab.observe.LabFixture.EPOCH;
import static dev.ejabberdlab.observe.LabFixture.digest;
import static dev.ejabberdlab.observe.LabFixture.done;
import static dev.ejabberdlab.observe.LabFixture.drifted;
import static dev.ejabberdlab.observe.LabFixture.failed;
import static dev.ejabberdlab.observe.LabFixture.running;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.AgentState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.MachineState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Scene;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class NodeStatusesTest {

  private static final String E2 = "e2server";

  private static NodeStatus node(EjabberdLabStatus status) {
    return status.nodes().stream().filter(n -> n.name().equals(E2)).findFirst().orElseThrow();
  }

  private static NodeStatus first(Scene scene) {
    return node(Story.first(scene));
  }

  static Stream<Arguments> machines() {
    Scene ready = Scene.ready();
    return Stream.of(
        arguments(ready, MachineState.Running, AgentState.Connected, true),
        arguments(
            Scene.ready().silent(E2, Duration.ZERO),
            MachineState.Running,
            AgentState.Disconnected,
            false),
        arguments(
            Scene.ready().mute(E2, "busy", Duration.ZERO),
            MachineState.Running,
            AgentState.Connected,
            false),
        arguments(
            Scene.ready().power(E2, Power.SHUT_OFF),
            MachineState.ShutOff,
            AgentState.Disconnected,
            false),
        arguments(
            Scene.ready().power(E2, Power.PAUSED),
            MachineState.Paused,
            AgentState.Disconnected,
            false),
        arguments(
            Scene.ready().power(E2, Power.SHUTTING_DOWN),
            MachineState.ShuttingDown,
            AgentState.Disconnected,
            false),
        arguments(
            Scene.ready().power(E2, Power.CRASHED),
            MachineState.Crashed,
            AgentState.Disconnected,
            false),
        arguments(
            Scene.ready().domain(E2, Seen.missing("")),
            MachineState.Missing,
            AgentState.Disconnected,
            false),
        arguments(
            Scene.ready().domain(E2, Seen.unknown("")),
            MachineState.Unknown,
            AgentState.Unknown,
            false));
  }

  @ParameterizedTest(name = "{1}, agent {2}: ready {3}")
  @MethodSource("machines")
  void machine(Scene scene, MachineState state, AgentState agent, boolean ready) {
    NodeStatus node = first(scene);

    assertThat(node.state()).isEqualTo(state);
    assertThat(node.agent()).isEqualTo(agent);
    assertThat(node.ready()).isEqualTo(ready);
  }

  @Test
  void namesWhatItIsOnTheHost() {
    Scene scene = Scene.untouched();
    NodeStatus node = first(scene);

    assertThat(node.domain()).isEqualTo("ejl-1a2b3c4d-e2server");
    assertThat(node.uuid()).isEqualTo(scene.node(E2).uuid().toString());
    assertThat(node.addresses().keySet()).containsExactly("dmz", "management");
    assertThat(node.addresses()).containsEntry("dmz", "192.168.1.3");
  }

  static Stream<Arguments> steps() {
    StepState retried =
        new StepState("ejabberd", digest("ejabberd"), StepState.Status.RUNNING, 2, EPOCH, 0, "");
    return Stream.of(
        arguments("0/3", "base", null, null, new StepState[] {}),
        arguments("0/3", "base", null, null, new StepState[] {running("base")}),
        arguments("1/3", "ejabberd", null, null, new StepState[] {done("base")}),
        arguments(
            "1/3",
            "ejabberd",
            3,
            "reading\nno space left on device\n",
            new StepState[] {done("base"), failed("ejabberd", 3, 0)}),
        arguments("1/3", "ejabberd", 2, null, new StepState[] {done("base"), retried}),
        arguments(
            "3/3",
            null,
            null,
            null,
            new StepState[] {done("base"), done("ejabberd"), done("ejabberd-cluster")}));
  }

  @ParameterizedTest(name = "{0} {1}, {2} failures")
  @MethodSource("steps")
  void step(String steps, String step, Integer attempts, String error, StepState[] states) {
    NodeStatus node = first(Scene.ready().steps(E2, states));

    assertThat(node.steps()).isEqualTo(steps);
    assertThat(node.step()).isEqualTo(step);
    assertThat(node.attempts()).isEqualTo(attempts);
    assertThat(node.lastError()).isEqualTo(error);
  }

  @Test
  void howFarItWasStandsWhileItCannotBeAsked() {
    Story story = new Story().then(Scene.ready().steps(E2, done("base")));

    NodeStatus node = node(story.then(Scene.ready().silent(E2, Duration.ZERO)).status());

    assertThat(node.steps()).isEqualTo("1/3");
    assertThat(node.step()).isEqualTo("ejabberd");
    assertThat(node.ready()).isFalse();
  }

  @Test
  void aLongErrorKeepsItsEnd() {
    StepState verbose =
        new StepState(
            "base",
            digest("base"),
            StepState.Status.FAILED,
            1,
            EPOCH,
            0,
            "x".repeat(2000) + "the end");

    assertThat(first(Scene.ready().steps(E2, verbose)).lastError())
        .hasSize(1024)
        .endsWith("the end");
  }

  @Test
  void saysWhatWasChanged() {
    NodeStatus node =
        first(
            Scene.ready()
                .steps(
                    E2,
                    drifted("base", "/etc/hosts was changed"),
                    done("ejabberd"),
                    done("ejabberd-cluster")));

    assertThat(node.drift()).containsExactly("/etc/hosts was changed");
    assertThat(node.ready()).isFalse();
    assertThat(first(Scene.ready()).drift()).isNull();
  }
}
