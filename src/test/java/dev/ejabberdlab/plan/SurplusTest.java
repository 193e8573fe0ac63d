package dev.ejabberdlab.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.DomainState.Trait;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Action.DeleteNetwork;
import dev.ejabberdlab.plan.Action.DeleteVolume;
import dev.ejabberdlab.plan.Action.ShutdownDomain;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class SurplusTest {

  private static final String LEFT = "e3server";
  private static final String DISK = "ejl-1a2b3c4d-e3server.qcow2";

  private final Scene scene = Scene.ready();

  private Scene left(DomainState domain) {
    return scene.surplus(Seen.of(new Remains(List.of(domain), List.of(), List.of(DISK))));
  }

  private static Action shutdown(DomainState domain) {
    return new ShutdownDomain(LEFT, domain.uuid(), domain.name());
  }

  private static List<String> kinds(Plan plan) {
    return plan.actions().stream().map(a -> a.getClass().getSimpleName()).toList();
  }

  static Stream<Arguments> domains() {
    return Stream.of(
        arguments(Power.RUNNING, "ShutdownDomain"),
        arguments(Power.SHUTTING_DOWN, "ShutdownDomain"),
        arguments(Power.PAUSED, "DestroyDomain"),
        arguments(Power.CRASHED, "DestroyDomain"),
        arguments(Power.SHUT_OFF, "UndefineDomain"));
  }

  /** The record can be old or lost: it may be the primary. */
  @ParameterizedTest
  @EnumSource(names = {"RUNNING", "SHUT_OFF"})
  void noMachineGoesBeforeTheDatabaseIsSeenOnAnotherOne(Power power) {
    scene.primacy(Primacy.builder("psql1server").located(false).build());

    assertThat(left(scene.objects().surplusDomain(LEFT, power)).plan().actions()).isEmpty();
    assertThat(
            scene
                .surplus(Seen.of(new Remains(List.of(), List.of(), List.of(DISK))))
                .plan()
                .actions())
        .isEmpty();
  }

  /** Nobody is promoted before it is off, and it is not removed before somebody is. */
  @ParameterizedTest(name = "{0}, {1}")
  @CsvSource({
    "PrimarySilent, Fencing",
    "PrimarySilent, Promoting",
    "Switchover, Demoting",
  })
  void whomAChangeOfThePrimaryWaitsForIsTurnedOffAndKeepsItsDisk(
      PrimaryChangeReason reason, PrimaryChangeState state) {
    scene.primacy(
        Primacy.builder("psql2server")
            .change(PrimaryChange.begun(reason, LEFT, "psql2server", LabFixture.NOW).in(state))
            .located(false)
            .build());
    DomainState running = scene.objects().surplusDomain(LEFT, Power.RUNNING);

    assertThat(left(running).plan().actions()).containsExactly(shutdown(running));
    assertThat(left(scene.objects().surplusDomain(LEFT, Power.SHUT_OFF)).plan().actions())
        .isEmpty();
    assertThat(kinds(left(saved(LEFT)).plan())).containsExactly("DestroyDomain");
    assertThat(left(scene.objects().surplusDomain("e4server", Power.RUNNING)).plan().actions())
        .as("nobody waits for another one")
        .isEmpty();
  }

  private DomainState saved(String node) {
    DomainState off = scene.objects().surplusDomain(node, Power.SHUT_OFF);
    return new DomainState(
        off.uuid(),
        off.name(),
        off.owner(),
        off.power(),
        off.agentConnected(),
        off.definition(),
        Set.of(Trait.SAVED));
  }

  @ParameterizedTest(name = "{0} → {1}")
  @MethodSource("domains")
  void aDomainThatIsNotWantedGoes(Power power, String expected) {
    assertThat(kinds(left(scene.objects().surplusDomain(LEFT, power)).plan()))
        .containsExactly(expected);
  }

  @Test
  void aGuestHasItsTimeAndThenItsPlugIsPulled() {
    DomainState domain = scene.objects().surplusDomain(LEFT, Power.RUNNING);
    left(domain);

    Plan waiting = scene.ended(shutdown(domain), Duration.ofSeconds(30)).plan();
    assertThat(waiting.actions()).isEmpty();
    assertThat(waiting.wakeAt()).contains(LabFixture.NOW.minusSeconds(30).plus(Teardown.GRACE));
    assertThat(kinds(scene.ended(shutdown(domain), Teardown.GRACE).plan()))
        .containsExactly("DestroyDomain");
    assertThat(kinds(scene.ended(shutdown(domain), Duration.ofHours(1)).plan()))
        .as("that was another boot")
        .containsExactly("ShutdownDomain");
  }

  @Test
  void aStepThatRunsInItHoldsItNotUp() {
    DomainState domain = scene.objects().surplusDomain(LEFT, Power.RUNNING);

    assertThat(kinds(left(domain).inFlight(new Key.Machine(LEFT)).plan()))
        .containsExactly("ShutdownDomain");
  }

  @Test
  void theDiskGoesWhenTheDomainIsGone() {
    scene.surplus(Seen.of(new Remains(List.of(), List.of(), List.of(DISK))));

    assertThat(scene.plan().actions()).containsExactly(new DeleteVolume(Scene.POOL, DISK));
  }

  @Test
  void aDiskThatADomainUsesStaysWhoeverThatBelongsTo() {
    scene.surplus(
        Seen.of(
            new Remains(
                List.of(),
                List.of(),
                List.of(DISK),
                Optional.empty(),
                Map.of(DISK, Set.of("clone")),
                List.of())));

    assertThat(scene.plan().actions()).isEmpty();
  }

  @Test
  void whatOthersHaveMadeStays() {
    scene.surplus(
        Seen.of(
            new Remains(
                List.of(),
                List.of(),
                List.of(),
                Optional.empty(),
                Map.of(),
                List.of("ejl-1a2b3c4d-e2server.s1"))));

    assertThat(scene.plan().actions()).isEmpty();
  }

  @Test
  void aNetworkGoesWhenNoDomainUsesIt() {
    NetworkState backup = scene.objects().surplusNetwork("backup");
    DomainState user = scene.objects().surplusDomain(LEFT, Power.SHUT_OFF, "backup");
    DomainState other = scene.objects().surplusDomain(LEFT, Power.SHUT_OFF, "dmz");

    scene.surplus(Seen.of(new Remains(List.of(user), List.of(backup), List.of())));
    assertThat(kinds(scene.plan())).containsExactly("UndefineDomain");

    scene.surplus(Seen.of(new Remains(List.of(other), List.of(backup), List.of())));
    assertThat(scene.plan().actions())
        .contains(new DeleteNetwork("backup", backup.uuid(), backup.name()));
  }

  @Test
  void aNetworkStaysWhileAGuestOfTheLabStillHasIt() {
    NetworkState backup = scene.objects().surplusNetwork("backup");
    scene.surplus(Seen.of(new Remains(List.of(), List.of(backup), List.of())));
    scene.defined("e1server", d -> Definitions.with(d, backup.name()));

    assertThat(scene.plan().actions()).noneMatch(DeleteNetwork.class::isInstance);
  }

  @Test
  void aNetworkStaysWhileADomainCannotBeAsked() {
    scene.surplus(
        Seen.of(
            new Remains(List.of(), List.of(scene.objects().surplusNetwork("backup")), List.of())));

    assertThat(scene.domain("e1server", Seen.unknown("")).plan().actions()).isEmpty();
  }

  @Test
  void whatIsNotKnownIsLeftAlone() {
    assertThat(scene.surplus(Seen.unknown("no answer")).plan().actions()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(
      value = Power.class,
      names = {"RUNNING", "SHUT_OFF"})
  void aHaltedLabLosesItToo(Power power) {
    Scene halted = Scene.of(LabFixture.halted());
    DomainState domain = halted.objects().surplusDomain(LEFT, power);
    halted.surplus(Seen.of(new Remains(List.of(domain), List.of(), List.of())));

    assertThat(kinds(halted.plan())).hasSize(1);
  }
}
