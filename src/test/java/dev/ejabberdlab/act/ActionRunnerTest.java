package dev.ejabberdlab.act;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.verifyNoMoreInteractions;
import static org.mockito.Mockito.when;

import dev.ejabberdlab.guest.GuestChannel;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.plan.Action;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ActionRunnerTest {

  private static final Owner OWNER = new Owner(LabFixture.UID, "default", "demo");
  private static final UUID DOMAIN = new UUID(0, 1);
  private static final NetworkDefinition NETWORK =
      new NetworkDefinition(DOMAIN, "net", OWNER, "br", Optional.empty());
  private static final DomainDefinition DEFINITION =
      DomainDefinition.builder()
          .uuid(DOMAIN)
          .name("dom")
          .owner(OWNER)
          .accelerator(Accelerator.qemu)
          .vcpus(1)
          .memoryBytes(1)
          .pool("p")
          .volume("v")
          .build();

  private final Hypervisor hypervisor = mock(Hypervisor.class);
  private final StepRunner steps = mock(StepRunner.class);
  private final GuestChannel channel = mock(GuestChannel.class);
  private final ActionRunner runner =
      new ActionRunner(
          hypervisor,
          uuid -> {
            assertThat(uuid).isEqualTo(DOMAIN);
            return channel;
          },
          steps,
          OWNER);

  static Stream<Arguments> table() {
    return Stream.of(
        does(new Action.DefineNetwork("n", NETWORK), h -> h.defineNetwork(NETWORK)),
        does(
            new Action.StartNetwork("n", DOMAIN, "net", Set.of(DOMAIN)),
            h -> h.startNetwork(DOMAIN, OWNER, Set.of(DOMAIN))),
        does(new Action.DeleteNetwork("n", DOMAIN, "net"), h -> h.deleteNetwork(DOMAIN, OWNER)),
        does(
            new Action.CreateVolume("e1", "p", "v", "base", 42),
            h -> h.createOverlay("p", "v", "base", 42)),
        does(new Action.DeleteVolume("p", "v"), h -> h.deleteVolume("p", "v")),
        does(new Action.DefineDomain("e1", DEFINITION), h -> h.defineDomain(DEFINITION)),
        does(new Action.StartDomain("e1", DOMAIN, "dom"), h -> h.startDomain(DOMAIN, OWNER)),
        does(new Action.ResumeDomain("e1", DOMAIN, "dom"), h -> h.resumeDomain(DOMAIN, OWNER)),
        does(new Action.ShutdownDomain("e1", DOMAIN, "dom"), h -> h.shutdownDomain(DOMAIN, OWNER)),
        does(new Action.DestroyDomain("e1", DOMAIN, "dom"), h -> h.destroyDomain(DOMAIN, OWNER)),
        does(new Action.UndefineDomain("e1", DOMAIN, "dom"), h -> h.undefineDomain(DOMAIN, OWNER)));
  }

  private static Arguments does(Action action, Consumer<Hypervisor> call) {
    return arguments(action, call);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("table")
  void onTheHost(Action action, Consumer<Hypervisor> call) {
    assertThat(runner.perform(action)).isEmpty();

    call.accept(verify(hypervisor));
    verifyNoMoreInteractions(hypervisor, steps);
  }

  @Test
  void inAGuestWithTimeForTheGuestToEndTheStepItself() {
    Step step = LabFixture.step("e1", "base");

    GuestReport said = LabFixture.report();
    Duration wait = step.timeout().plus(Duration.ofMinutes(1));
    when(steps.run(channel, step, "epoch", wait)).thenReturn(said);

    assertThat(runner.perform(new Action.RunStep("e1", DOMAIN, step, "epoch"))).contains(said);

    verify(steps).run(channel, step, "epoch", wait);
    verifyNoMoreInteractions(hypervisor, steps);
  }

  @Test
  void aClockIsSetInTheGuest() {
    assertThat(runner.perform(new Action.SetClock("e1", DOMAIN))).isEmpty();

    verify(steps).setClock(channel);
    verifyNoMoreInteractions(hypervisor, steps);
  }

  @Test
  void everyKindOfActionIsInTheTable() {
    Set<Object> tested = table().map(a -> a.get()[0].getClass()).collect(Collectors.toSet());
    tested.add(Action.RunStep.class);
    tested.add(Action.SetClock.class);

    assertThat(tested).containsExactlyInAnyOrder((Object[]) Action.class.getPermittedSubclasses());
  }
}
