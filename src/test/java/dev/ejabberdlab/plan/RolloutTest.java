package dev.ejabberdlab.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Action.DefineDomain;
import dev.ejabberdlab.plan.Action.DestroyDomain;
import dev.ejabberdlab.plan.Action.RunStep;
import dev.ejabberdlab.plan.Action.ShutdownDomain;
import dev.ejabberdlab.plan.Plan.Restart;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RolloutTest {

  private static final String E1 = "e1server";
  private static final String E2 = "e2server";
  private static final String PRIMARY = "psql1server";
  private static final String STANDBY = "psql2server";

  private final Scene scene = Scene.ready();

  /** Has less memory than the spec says. */
  private static DomainDefinition small(DomainDefinition d) {
    return Definitions.withMemory(d, d.memoryBytes() / 2);
  }

  private Scene allSmall() {
    scene.lab().nodes().forEach(n -> scene.defined(n.name(), RolloutTest::small));
    return scene;
  }

  private List<String> going() {
    return scene.plan().restarts().stream().filter(Restart::isGoing).map(Restart::node).toList();
  }

  private static Action shutdown(Scene scene, String node) {
    DomainState domain = scene.snapshot().machine(node).domain().value();
    return new ShutdownDomain(node, domain.uuid(), domain.name());
  }

  static Stream<Arguments> changes() {
    return Stream.of(
        arguments("memory", change(RolloutTest::small)),
        arguments("cpus", change(d -> Definitions.withCpus(d, 3))),
        arguments("interfaces", change(d -> Definitions.with(d, "ejl-1a2b3c4d-old"))));
  }

  private static UnaryOperator<DomainDefinition> change(UnaryOperator<DomainDefinition> change) {
    return change;
  }

  @ParameterizedTest
  @MethodSource("changes")
  void hardwareThatHasChangedRestartsOnlyThatGuest(
      String what, UnaryOperator<DomainDefinition> before) {
    scene.defined(STANDBY, before);

    assertThat(scene.plan().actions()).containsExactly(shutdown(scene, STANDBY));
    assertThat(scene.plan().restarts())
        .containsExactly(new Restart(STANDBY, List.of(what), List.of()));
  }

  @Test
  void aTitleFollowsWithoutARestart() {
    scene.defined(STANDBY, d -> Definitions.withTitle(d, "old"));

    assertThat(scene.plan().restarts()).isEmpty();
    assertThat(scene.plan().actions())
        .singleElement()
        .isInstanceOfSatisfying(
            DefineDomain.class,
            a -> assertThat(a.definition().title()).isEqualTo(scene.node(STANDBY).title()));
  }

  @Test
  void aTitleThatLibvirtDoesNotGiveBackIsNotSetForEver() {
    scene.defined(STANDBY, d -> Definitions.withTitle(d, "old"));
    Action define = scene.plan().actions().get(0);

    assertThat(scene.ended(define, Duration.ofHours(1)).plan().actions()).isEmpty();
  }

  @Test
  void ofATitleAndMemoryOnlyTheTitleIsDefinedWhileTheGuestRuns() {
    scene.defined(STANDBY, d -> Definitions.withTitle(small(d), "old"));
    scene.mute(E1, "no answer", Duration.ZERO);
    scene.defined(STANDBY, d -> Definitions.withTitle(small(d), "old"));

    assertThat(scene.actions(new Key.Machine(STANDBY)))
        .singleElement()
        .isInstanceOfSatisfying(
            DefineDomain.class,
            a ->
                assertThat(a.definition().memoryBytes())
                    .isLessThan(scene.node(STANDBY).memoryBytes()));
  }

  @Test
  void anotherAcceleratorOfTheHostWaitsForTheNextStart() {
    scene.virtualization(Virtualization.kvm);

    assertThat(scene.plan().actions()).isEmpty();
  }

  @Test
  void aGuestThatWasRestartedAMomentAgoIsAskedAgain() {
    scene.defined(STANDBY, RolloutTest::small);
    scene.ended(shutdown(scene, STANDBY), Duration.ofSeconds(60));
    assertThat(scene.plan().actions()).as("it is on its way down").isEmpty();

    DomainState domain = scene.snapshot().machine(STANDBY).domain().value();
    scene.ended(
        new Action.StartDomain(STANDBY, domain.uuid(), domain.name()), Duration.ofSeconds(30));

    assertThat(scene.plan().actions()).containsExactly(shutdown(scene, STANDBY));
  }

  @Test
  void oneAfterTheOtherStandbysBeforeThePrimaryAndTheFirstMemberLast() {
    List<String> order = new ArrayList<>();
    allSmall();
    while (!scene.plan().restarts().isEmpty()) {
      assertThat(going()).hasSize(1);
      String node = going().get(0);
      order.add(node);
      GuestReport report = scene.snapshot().machine(node).guest().value();
      scene.ended(shutdown(scene, node), Duration.ZERO);
      assertThat(going()).as("asked").containsExactly(node);
      assertThat(scene.plan().actions()).isEmpty();
      scene.machine(
          node,
          m -> new Machine(m.volume(), m.domain().map(d -> off(d)), Seen.unknown(""), null, null));
      assertThat(going()).as("off").containsExactly(node);
      assertThat(scene.plan().actions())
          .singleElement()
          .isInstanceOfSatisfying(
              DefineDomain.class,
              a ->
                  assertThat(a.definition().memoryBytes())
                      .isEqualTo(scene.node(node).memoryBytes()));
      scene.power(node, Power.RUNNING);
      assertThat(going()).as("it boots").isEmpty();
      scene.reports(node, report);
    }

    assertThat(order).containsExactly("gw1server", STANDBY, PRIMARY, E2, E1);
  }

  private static DomainState off(DomainState d) {
    return new DomainState(d.uuid(), d.name(), d.owner(), Power.SHUT_OFF, false, d.definition());
  }

  /** Something elsewhere that a restart of the standby must wait for. */
  static Stream<Arguments> incomplete() {
    return Stream.of(
        arguments(E1, make(s -> s.power(E1, Power.SHUT_OFF))),
        arguments(E1, make(s -> s.silent(E1, Duration.ZERO))),
        arguments(E1, make(s -> s.ejabberd(E1, LabFixture.ejabberdDown()))),
        arguments(E1, make(s -> s.steps(E1, LabFixture.done("base")))),
        arguments(PRIMARY, make(s -> s.postgresql(PRIMARY, LabFixture.down()))),
        arguments(STANDBY, make(s -> s.postgresql(STANDBY, LabFixture.paused("it is paused")))),
        arguments("gw1server", make(s -> s.steps("gw1server", LabFixture.failed("base", 5, 1)))));
  }

  private static Consumer<Scene> make(Consumer<Scene> change) {
    return change;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("incomplete")
  void waitsUntilAllOthersAreComplete(String node, Consumer<Scene> change) {
    scene.defined(E2, RolloutTest::small);
    change.accept(scene);

    assertThat(scene.plan().restarts())
        .singleElement()
        .satisfies(r -> assertThat(r.waitsFor()).contains(node));
    assertThat(scene.actions(new Key.Machine(E2))).isEmpty();
  }

  @Test
  void neverTwoMembersAtOnce() {
    scene.defined(E1, RolloutTest::small).defined(E2, RolloutTest::small);
    assertThat(going()).containsExactly(E2);

    scene.power(E2, Power.SHUT_OFF);
    scene.ejabberd(E1, LabFixture.ejabberd(E1)).defined(E1, RolloutTest::small);
    assertThat(going()).as("E2 has its memory, is off, and E1 misses it").isEmpty();
    scene.power(E2, Power.RUNNING);
    assertThat(going()).as("E2 boots").isEmpty();
    scene.reports(E2, scene.allDone(E2));
    assertThat(going()).as("its ejabberd starts").isEmpty();
    scene.ejabberd(E2, LabFixture.ejabberd(E1, E2));
    assertThat(going()).containsExactly(E1);
  }

  @Test
  void aStandbyThatOnlyMissesItsPrimaryWaitsForIt() {
    scene.power(PRIMARY, Power.RUNNING).defined(STANDBY, RolloutTest::small);

    assertThat(going()).isEmpty();
    assertThat(scene.plan().restarts())
        .singleElement()
        .satisfies(r -> assertThat(r.waitsFor()).contains(PRIMARY));
  }

  @Test
  void aGuestThatDoesNotWorkAnywayNeedNotWait() {
    scene.defined(E1, RolloutTest::small);
    scene.ejabberd(E1, LabFixture.ejabberdDown()).defined(E1, RolloutTest::small);
    scene.silent("gw1server", LabSnapshot.GUEST_SILENCE);

    assertThat(going()).containsExactly(E1);
  }

  @Test
  void aMemberThatIsRestartedNeedNotBeSeenByTheOthers() {
    scene.ejabberd(E1, LabFixture.ejabberd(E1));
    scene.ejabberd(E2, LabFixture.ejabberd(E2)).defined(E2, RolloutTest::small);

    assertThat(going()).containsExactly(E2);
  }

  @Test
  void aGuestThatCouldNotBeAskedCountsAsOneThatWorks() {
    scene.mute(E2, "no answer", Duration.ZERO).defined(E2, RolloutTest::small);
    scene.mute(E1, "no answer", Duration.ZERO);

    assertThat(going()).isEmpty();
  }

  @Test
  void theOneThatWasAskedGoesOnWhateverHappensToTheOthers() {
    scene.defined(STANDBY, RolloutTest::small);
    scene.ended(shutdown(scene, STANDBY), Progress.SHUTDOWN_GRACE);
    scene.power(E1, Power.SHUT_OFF);

    assertThat(scene.actions(new Key.Machine(STANDBY)))
        .hasOnlyElementsOfType(DestroyDomain.class)
        .hasSize(1);
  }

  @Test
  void stepsThatExpectOtherInterfacesWaitForTheRestart() {
    scene.steps(PRIMARY).defined(PRIMARY, d -> Definitions.with(d, "ejl-1a2b3c4d-old"));
    scene.silent("gw1server", Duration.ZERO);

    assertThat(going()).isEmpty();
    assertThat(scene.actions(new Key.Machine(PRIMARY))).isEmpty();
  }

  @Test
  void otherStepsRunMeanwhile() {
    scene.steps(PRIMARY).defined(PRIMARY, RolloutTest::small);
    scene.silent("gw1server", Duration.ZERO);

    assertThat(scene.actions(new Key.Machine(PRIMARY))).hasOnlyElementsOfType(RunStep.class);
  }

  /** Or each would wait for the other for ever. */
  @Test
  void aRestartDoesNotWaitForStepsThatWaitForIt() {
    scene.postgresql(PRIMARY, LabFixture.primary(LabFixture.sender("streaming", 0)));
    scene.steps(PRIMARY).defined(PRIMARY, d -> Definitions.with(d, "ejl-1a2b3c4d-old"));
    scene.steps(STANDBY, LabFixture.done("base"));
    scene.steps(E1, LabFixture.done("base"));
    scene.steps(E2, LabFixture.done("base"), LabFixture.done("ejabberd"));

    assertThat(going()).containsExactly(PRIMARY);
  }
}
