package dev.ejabberdlab.plan;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;
import dev.ejabberdlab.hypervisor.DomainDefinition.Interface;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.plan.Action.DeleteNetwork;
import dev.ejabberdlab.plan.Action.DeleteVolume;
import dev.ejabberdlab.plan.Action.ShutdownDomain;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TeardownTest {

  private static final Instant DELETED = NOW;
  private static final Instant DEADLINE = DELETED.plus(Teardown.GRACE);
  private static final String NOTHING = "nothing";

  private static DomainState domain(String name, Power power, boolean agent) {
    return new DomainState(
        UUID.nameUUIDFromBytes(name.getBytes()),
        name,
        Optional.empty(),
        power,
        agent,
        Optional.empty());
  }

  private static Remains domains(DomainState... domains) {
    return new Remains(List.of(domains), List.of(), List.of("ejl-1-e1.qcow2"));
  }

  private static Remains networkAnd(DomainState... domains) {
    return new Remains(List.of(domains), List.of(network()), List.of());
  }

  private static NetworkState network() {
    return new NetworkState(
        new UUID(0, 7), "ejl-1-dmz", Optional.empty(), true, List.of(), Optional.empty());
  }

  private static Plan plan(Remains remains, Instant now) {
    return plan(remains, Progress.NONE, now);
  }

  private static Plan plan(Remains remains, Progress progress, Instant now) {
    return Teardown.plan(remains, "default", progress, DELETED, now);
  }

  private static Progress ended(Action action, Instant at) {
    return new Progress(Set.of(), Map.of(), Map.of(action.key(), new Progress.End(action, at, at)));
  }

  private static ShutdownDomain shutdown(DomainState domain) {
    return new ShutdownDomain(domain.name(), domain.uuid(), domain.name());
  }

  static Stream<Arguments> table() {
    return Stream.of(
        arguments(Power.RUNNING, true, "ShutdownDomain", "DestroyDomain"),
        arguments(Power.RUNNING, false, "DestroyDomain", "DestroyDomain"),
        arguments(Power.SHUTTING_DOWN, false, NOTHING, "DestroyDomain"),
        arguments(Power.PAUSED, false, "DestroyDomain", "DestroyDomain"),
        arguments(Power.CRASHED, false, "DestroyDomain", "DestroyDomain"),
        arguments(Power.SHUT_OFF, false, "UndefineDomain", "UndefineDomain"));
  }

  @ParameterizedTest(name = "{0}, agent {1}: {2}, at the deadline {3}")
  @MethodSource("table")
  void domains(Power power, boolean agent, String before, String atDeadline) {
    Remains remains = domains(domain("ejl-1-e1", power, agent));

    assertThat(names(plan(remains, DEADLINE.minusMillis(1)))).isEqualTo(before);
    assertThat(names(plan(remains, DEADLINE))).isEqualTo(atDeadline);
  }

  private static String names(Plan plan) {
    return plan.actions().isEmpty()
        ? NOTHING
        : String.join(" ", plan.actions().stream().map(a -> a.getClass().getSimpleName()).toList());
  }

  @Test
  void aGuestOnItsWayDownIsGivenItsTimeThoughItsAgentHasGone() {
    DomainState going = domain("ejl-1-e1", Power.RUNNING, false);
    Progress asked = ended(shutdown(going), DELETED);

    Plan plan = plan(domains(going), asked, DELETED.plusSeconds(20));

    assertThat(plan.actions()).isEmpty();
    assertThat(plan.wakeAt()).as("then the plug is pulled").contains(DEADLINE);
    assertThat(names(plan(domains(going), asked, DEADLINE))).isEqualTo("DestroyDomain");
  }

  @Test
  void aGuestThatTakesNoNoticeIsAskedAgainAndNotInALoop() {
    DomainState deaf = domain("ejl-1-e1", Power.RUNNING, true);
    Progress asked = ended(shutdown(deaf), DELETED);

    assertThat(plan(domains(deaf), asked, DELETED.plusSeconds(1)).actions()).isEmpty();
    assertThat(plan(domains(deaf), asked, DELETED.plusSeconds(1)).wakeAt())
        .contains(DELETED.plus(Progress.PACE));
    assertThat(plan(domains(deaf), asked, DELETED.plus(Progress.PACE)).actions())
        .containsExactly(shutdown(deaf));
  }

  @Test
  void aVolumeGoesAfterItsDomain() {
    Remains remains =
        new Remains(
            List.of(
                domain("ejl-1-e1", Power.SHUT_OFF, false),
                using(domain("renamed", Power.SHUT_OFF, false), "ejl-1-e2.qcow2")),
            List.of(),
            List.of("ejl-1-e1.qcow2", "ejl-1-e10.qcow2", "ejl-1-e2.qcow2", "ejl-1-e3.qcow2"));

    assertThat(plan(remains, DELETED).actions())
        .filteredOn(DeleteVolume.class::isInstance)
        .extracting(a -> ((DeleteVolume) a).volume())
        .containsExactly("ejl-1-e10.qcow2", "ejl-1-e3.qcow2");
    assertThat(names(plan(domains(), DELETED))).isEqualTo("DeleteVolume");
  }

  @Test
  void aVolumeThatADomainUsesIsLeft() {
    Remains used =
        new Remains(
            List.of(),
            List.of(),
            List.of("ejl-1-e1.qcow2", "ejl-1-e2.qcow2"),
            Optional.empty(),
            Map.of("ejl-1-e1.qcow2", Set.of("clone")),
            List.of("ejl-1-e1.s1"));

    assertThat(plan(used, DELETED).actions())
        .containsExactly(new DeleteVolume("default", "ejl-1-e2.qcow2"));
  }

  static Stream<Arguments> neighbours() {
    DomainState on = domain("ejl-1-e1", Power.RUNNING, true);
    return Stream.of(
        arguments("in an unknown network", on, false),
        arguments("in it", using(on, "v", "ejl-1-dmz", "ejl-1-management"), false),
        arguments("in another", using(on, "v", "ejl-1-internal"), true),
        arguments("off", domain("ejl-1-e1", Power.SHUT_OFF, false), true));
  }

  @ParameterizedTest(name = "a domain that is {0}: {2}")
  @MethodSource("neighbours")
  void aNetworkGoesAfterTheLastRunningDomainInIt(String what, DomainState domain, boolean goes) {
    assertThat(plan(networkAnd(domain), DELETED).actions().stream().anyMatch(isNetwork()))
        .isEqualTo(goes);
  }

  @Test
  void whatCannotBeRemovedHoldsUpNothingElse() {
    DomainState stuck = domain("ejl-1-e1", Power.SHUT_OFF, false);
    Action undefine = plan(domains(stuck), DELETED).actions().get(0);
    Failure failure = new Failure(undefine, "No.", false, 99, DELETED);
    Progress failed = new Progress(Set.of(), Map.of(undefine.key(), failure), Map.of());
    Remains remains =
        new Remains(
            List.of(
                stuck,
                domain("ejl-1-e2", Power.RUNNING, true),
                domain("ejl-1-e3", Power.SHUT_OFF, false)),
            List.of(),
            List.of("ejl-1-e1.qcow2", "ejl-1-e4.qcow2"));

    Plan plan = plan(remains, failed, DELETED);

    assertThat(names(plan)).isEqualTo("ShutdownDomain UndefineDomain DeleteVolume");
    assertThat(plan.failures()).containsExactly(failure);
    assertThat(names(plan(networkAnd(stuck), failed, DELETED))).isEqualTo("DeleteNetwork");
  }

  static Stream<Arguments> silences() {
    return Stream.of(
        arguments(Optional.empty(), false),
        arguments(Optional.of(NOW.minus(Teardown.HOST_SILENCE).plusMillis(1)), false),
        arguments(Optional.of(NOW.minus(Teardown.HOST_SILENCE)), true),
        arguments(Optional.of(NOW.plusSeconds(1)), false));
  }

  @ParameterizedTest(name = "silent since {0}: {1}")
  @MethodSource("silences")
  void aHostCountsAsGone(Optional<Instant> silentSince, boolean expected) {
    assertThat(Teardown.isGone(silentSince, NOW)).isEqualTo(expected);
  }

  private static Predicate<Action> isNetwork() {
    return DeleteNetwork.class::isInstance;
  }

  private static DomainState using(DomainState domain, String volume, String... networks) {
    return new DomainState(
        domain.uuid(),
        domain.name(),
        Optional.empty(),
        domain.power(),
        domain.agentConnected(),
        Optional.of(
            DomainDefinition.builder()
                .uuid(domain.uuid())
                .name(domain.name())
                .owner(new Owner(new UUID(0, 1), "default", "demo"))
                .accelerator(Accelerator.qemu)
                .vcpus(1)
                .memoryBytes(1)
                .pool("default")
                .volume(volume)
                .interfaces(
                    Stream.of(networks).map(n -> new Interface(n, "52:54:00:00:00:01")).toList())
                .build()));
  }

  @Test
  void allMachinesAtOnce() {
    Plan plan =
        plan(
            domains(
                domain("ejl-1-e1", Power.RUNNING, true),
                domain("ejl-1-e2", Power.SHUT_OFF, false),
                domain("ejl-1-e3", Power.RUNNING, false)),
            DELETED);

    assertThat(names(plan)).isEqualTo("ShutdownDomain UndefineDomain DestroyDomain");
  }

  @Test
  void whatIsUnderWayIsAwaited() {
    Progress busy = new Progress(Set.of(new Key.Machine("ejl-1-e1")), Map.of(), Map.of());

    assertThat(plan(domains(domain("ejl-1-e1", Power.SHUT_OFF, false)), busy, DELETED))
        .isEqualTo(Plan.nothing(Optional.empty()));
  }

  @Test
  void whatFailedIsTriedAgainLaterAndTold() {
    DomainState off = domain("ejl-1-e1", Power.SHUT_OFF, false);
    Action undefine = plan(domains(off), DELETED).actions().get(0);
    Failure failure = new Failure(undefine, "No.", false, 1, DELETED);
    Progress failed = new Progress(Set.of(), Map.of(undefine.key(), failure), Map.of());

    Plan plan = plan(domains(off), failed, DELETED);

    assertThat(plan.actions()).isEmpty();
    assertThat(plan.wakeAt()).contains(DELETED.plus(Backoff.ACTION.first()));
    assertThat(plan.failures()).containsExactly(failure);
  }

  @Test
  void nothingRemainsNothingIsDone() {
    assertThat(plan(new Remains(List.of(), List.of(), List.of()), DELETED))
        .isEqualTo(Plan.nothing(Optional.empty()));
  }

  @Test
  void thereIsAlwaysSomethingToDoOrATimeToLookAgain() {
    for (Power power : Power.values()) {
      for (Duration later : List.of(Duration.ZERO, Duration.ofSeconds(30), Teardown.GRACE)) {
        Plan plan =
            plan(domains(domain("ejl-1-e1", power, power == Power.RUNNING)), DELETED.plus(later));
        List<Object> future = new ArrayList<>(plan.actions());
        plan.wakeAt().ifPresent(future::add);
        assertThat(future).as("%s after %s", power, later).isNotEmpty();
      }
    }
  }
}
