package dev.ejabberdlab.plan;

import static dev.ejabberdlab.plan.Scene.NOTHING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Action.DefineNetwork;
import dev.ejabberdlab.plan.Action.StartNetwork;
import java.time.Duration;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class NetworksTest {

  static Stream<Arguments> table() {
    return Stream.of(
        arguments("missing", seen(s -> Seen.missing("")), "DefineNetwork"),
        arguments("inactive", seen(s -> s.inactive("dmz")), "StartNetwork"),
        arguments("active", seen(s -> s.active("dmz")), NOTHING),
        arguments("outdated", seen(s -> s.objects().outdated("dmz")), "DefineNetwork"),
        arguments("unknown", seen(s -> Seen.unknown("")), NOTHING),
        // Asking for it makes the hypervisor refuse, and say who owns it.
        arguments("not ours", seen(s -> s.objects().foreignNetwork("dmz")), "DefineNetwork"));
  }

  private static Function<Scene, Seen<NetworkState>> seen(
      Function<Scene, Seen<NetworkState>> seen) {
    return seen;
  }

  @ParameterizedTest(name = "{0} → {2}")
  @MethodSource("table")
  void next(String name, Function<Scene, Seen<NetworkState>> seen, String expected) {
    Scene scene = Scene.untouched();
    scene.network("dmz", seen.apply(scene));

    assertThat(Scene.next(scene, new Key.Network("dmz"))).isEqualTo(expected);
  }

  @Test
  void whatLibvirtDoesNotGiveBackAsItWasToldIsNotDefinedForEver() {
    Scene scene = Scene.ready();
    scene.network("dmz", scene.objects().outdated("dmz"));
    Action define = scene.actions(new Key.Network("dmz")).get(0);

    assertThat(scene.ended(define, Duration.ofHours(1)).plan().actions()).isEmpty();
    assertThat(scene.plan().wakeAt()).isEmpty();
  }

  @Test
  void anotherChangeIsDefinedThoughOneWasJustDefined() {
    Scene one = Scene.of(LabFixture.labWithout("e2server"));
    Action earlier =
        new DefineNetwork(
            "management", Desired.network(one.lab(), one.lab().network("management")));
    Scene scene = Scene.ready();
    scene.network("management", scene.objects().outdated("management"));

    assertThat(Scene.next(scene.ended(earlier, Duration.ofHours(1)), new Key.Network("management")))
        .isEqualTo("DefineNetwork");
  }

  @Test
  void allAtOnce() {
    assertThat(Scene.untouched().plan().actions())
        .filteredOn(DefineNetwork.class::isInstance)
        .extracting(Action::key)
        .containsExactly(
            new Key.Network("management"), new Key.Network("dmz"), new Key.Network("internal"));
  }

  @Test
  void noneIsCreatedForALabThatHasNoImageToBootFrom() {
    Scene scene = Scene.untouched().image(Seen.missing("no image"));
    scene.network("internal", scene.inactive("internal"));

    assertThat(scene.plan().actions())
        .as("what exists is kept up")
        .hasOnlyElementsOfType(StartNetwork.class)
        .extracting(Action::key)
        .containsExactly(new Key.Network("internal"));
  }

  @Test
  void oneThatIsLostComesBackWithoutTheImageWhenEveryMachineHasItsDisk() {
    Scene scene = Scene.ready().image(Seen.missing("no image")).network("dmz", Seen.missing(""));

    assertThat(Scene.next(scene, new Key.Network("dmz"))).isEqualTo("DefineNetwork");
  }
}
