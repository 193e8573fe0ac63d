package dev.ejabberdlab.observe;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static dev.ejabberdlab.observe.LabFixture.done;
import static dev.ejabberdlab.observe.LabFixture.failed;
import static dev.ejabberdlab.observe.LabFixture.report;
import static dev.ejabberdlab.observe.LabFixture.running;
import static dev.ejabberdlab.observe.LabFixture.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.clearInvocations;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.verifyNoInteractions;
import static org.mockito.Mockito.when;

import dev.ejabberdlab.guest.GuestChannel.GuestTimeoutException;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepLaunchException;
import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.AgentUnavailable;
import dev.ejabberdlab.hypervisor.HypervisorException.NotFound;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mockito.Mock;
import org.mockito.junit.jupiter.MockitoExtension;
import org.mockito.junit.jupiter.MockitoSettings;
import org.mockito.quality.Strictness;

@ExtendWith(MockitoExtension.class)
@MockitoSettings(strictness = Strictness.LENIENT)
class LabWatchTest {

  private static final String E1 = "e1server";
  private static final String E2 = "e2server";
  private static final String GW = "gw1server";
  private static final Step JOIN = LabFixture.step(E2, "ejabberd-cluster", E1 + "/ejabberd");
  private static final String POOL = "default";
  private static final Unreachable AWAY = new Unreachable("libvirt is away", null);

  private final LabTopology lab = LabFixture.lab();
  private final ManualExecutor io = new ManualExecutor();
  private final SettableClock clock = new SettableClock();
  private final AtomicInteger changes = new AtomicInteger();
  @Mock private Hypervisor hypervisor;
  @Mock private StepRunner steps;
  private LabWatch watch;

  @BeforeEach
  void watch() {
    watch = new LabWatch(hypervisor, steps, io, clock, changes::incrementAndGet);
    when(hypervisor.volumes(POOL))
        .thenReturn(List.of(volume(LabFixture.IMAGE, 0), volume(lab.node(E1).volume(), 0)));
    when(steps.report(any())).thenReturn(report());
  }

  private static VolumeState volume(String name, long modified) {
    return new VolumeState(name, 6L << 30, Instant.ofEpochSecond(modified));
  }

  private void domain(String node, Power power, boolean agent) {
    UUID uuid = lab.node(node).uuid();
    when(hypervisor.domain(uuid))
        .thenReturn(
            Optional.of(
                new DomainState(uuid, node, Optional.empty(), power, agent, Optional.empty())));
  }

  private void network(String name) {
    LabTopology.Network network = lab.network(name);
    when(hypervisor.network(network.uuid()))
        .thenReturn(
            Optional.of(
                new NetworkState(
                    network.uuid(), name, Optional.empty(), true, List.of(), Optional.empty())));
  }

  private void follow() {
    watch.follow(lab, POOL);
    io.runAll();
  }

  private void refresh() {
    watch.refresh();
    io.runAll();
  }

  private Machine machine(String node) {
    return watch.snapshot().machine(node);
  }

  private int newChanges() {
    return changes.getAndSet(0);
  }

  @Nested
  class Libvirt {

    @Test
    void isAskedAtOnceAboutEverythingOfTheLab() {
      network("dmz");
      domain(E1, Power.SHUT_OFF, false);

      follow();

      LabSnapshot seen = watch.snapshot();
      assertThat(seen.image().value().disk()).isEqualTo(LabFixture.IMAGE);
      assertThat(seen.network("dmz").is(NetworkState::active)).isTrue();
      assertThat(seen.network("internal").isMissing()).isTrue();
      assertThat(seen.machine(E1).volume().isPresent()).isTrue();
      assertThat(seen.machine(E1).domain().value().power()).isEqualTo(Power.SHUT_OFF);
      assertThat(seen.machine(E2).volume().isMissing()).isTrue();
      assertThat(seen.machine(E2).domain().isMissing()).isTrue();
      assertThat(newChanges()).isEqualTo(1);
    }

    @Test
    void isNotAskedWhileNothingIsToBeWatched() {
      refresh();
      watch.tick();
      io.runAll();

      verifyNoInteractions(hypervisor);
      assertThat(watch.owns(lab.node(E1).uuid())).isFalse();
    }

    @Test
    void aHostThatCannotBeAskedLeavesEverythingUnknownAndNothingFalse() {
      network("dmz");
      domain(E1, Power.RUNNING, true);
      follow();
      newChanges();
      when(hypervisor.network(any())).thenThrow(AWAY);
      when(hypervisor.volumes(POOL)).thenThrow(AWAY);
      when(hypervisor.domain(any())).thenThrow(AWAY);

      refresh();

      LabSnapshot seen = watch.snapshot();
      assertThat(seen.image().isUnknown()).isTrue();
      assertThat(seen.networks().values()).allMatch(Seen::isUnknown);
      assertThat(seen.machines().values())
          .allMatch(m -> m.volume().isUnknown() && m.domain().isUnknown())
          .allMatch(m -> m.guest().isUnknown() && m.guest().why().equals("libvirt is away"))
          .allMatch(m -> m.silentSince() == null);
      assertThat(newChanges()).isEqualTo(1);
      refresh();
      assertThat(newChanges()).as("nothing new").isZero();
    }

    @Test
    void onePartThatCannotBeAskedLeavesTheOthersKnown() {
      domain(E1, Power.SHUT_OFF, false);
      when(hypervisor.domain(lab.node(E2).uuid())).thenThrow(new HypervisorException("no"));
      when(hypervisor.domain(lab.node(GW).uuid())).thenThrow(new Bug());

      follow();

      assertThat(machine(E1).domain().isPresent()).isTrue();
      assertThat(machine(E2).domain()).isEqualTo(Seen.unknown("no"));
      assertThat(machine(GW).domain().isUnknown()).isTrue();
    }

    @Test
    void aPoolThatDoesNotExistSaysNothingOfTheDisksInIt() {
      when(hypervisor.volumes(POOL)).thenThrow(new NotFound("there is no pool"));

      follow();

      assertThat(watch.snapshot().image()).isEqualTo(Seen.missing("there is no pool"));
      assertThat(machine(E1).volume().isUnknown()).isTrue();
    }

    @Test
    void aDiskThatIsHalfMadeIsNone() {
      when(hypervisor.volumes(POOL))
          .thenReturn(List.of(new VolumeState(lab.node(E1).volume(), 0, NOW, false)));

      follow();

      assertThat(machine(E1).volume().isMissing()).isTrue();
    }

    @Test
    void thatARunningMachineWritesToItsDiskIsNoChange() {
      follow();
      newChanges();
      when(hypervisor.volumes(POOL))
          .thenReturn(List.of(volume(LabFixture.IMAGE, 0), volume(lab.node(E1).volume(), 99)));

      refresh();

      assertThat(newChanges()).isZero();
    }

    @Test
    void thePoolIsListedOnceForAllMachines() {
      follow();

      verify(hypervisor, times(1)).volumes(POOL);
      verify(hypervisor, never()).volume(anyString(), anyString());
    }

    @Test
    void isAskedAgainNowAndThenAndSoonerWhileSomethingIsUnknown() {
      follow();
      tickAfter(LabWatch.RELIST.minusSeconds(1));
      verify(hypervisor, times(1)).volumes(POOL);
      tickAfter(Duration.ofSeconds(1));
      verify(hypervisor, times(2)).volumes(POOL);

      when(hypervisor.domain(lab.node(E2).uuid())).thenThrow(AWAY);
      refresh();
      verify(hypervisor, times(3)).volumes(POOL);
      tickAfter(LabWatch.RETRY);
      verify(hypervisor, times(4)).volumes(POOL);
    }

    @Test
    void aClockThatIsSetBackDoesNotStopIt() {
      follow();

      tickAfter(Duration.ofHours(-1));

      verify(hypervisor, times(2)).volumes(POOL);
    }

    private void tickAfter(Duration time) {
      clock.advance(time);
      watch.tick();
      io.runAll();
    }
  }

  @Nested
  class Searching {

    private DomainState domainOf(String node, Owner owner) {
      return new DomainState(
          lab.node(node).uuid(),
          lab.node(node).domain(),
          Optional.ofNullable(owner),
          Power.RUNNING,
          true,
          Optional.empty());
    }

    @BeforeEach
    void host() {
      Owner ours = new Owner(LabFixture.UID, "default", "demo");
      LabTopology.Network dmz = lab.network("dmz");
      when(hypervisor.domains())
          .thenReturn(
              List.of(
                  domainOf(E1, ours),
                  domainOf(E2, ours),
                  domainOf("psql2server", new Owner(new UUID(0, 9), "default", "demo")),
                  domainOf("psql2server", null)));
      when(hypervisor.networks())
          .thenReturn(
              List.of(
                  new NetworkState(
                      dmz.uuid(),
                      dmz.libvirtName(),
                      Optional.of(ours),
                      true,
                      List.of(),
                      Optional.empty())));
      when(hypervisor.volumes(POOL))
          .thenReturn(
              List.of(
                  volume(LabFixture.IMAGE, 0),
                  volume("ejl-99999999-e2server.qcow2", 0),
                  volume(lab.node(E2).volume(), 0)));
    }

    private Remains surplus() {
      return watch.snapshot().surplus().value();
    }

    private void refreshAfter(Duration time) {
      clock.advance(time);
      refresh();
    }

    @Test
    void findsWhatHasTheLabsMarkAndIsNotWanted() {
      watch.follow(LabFixture.labWithout(E2, "psql2server"), POOL);
      assertThat(watch.snapshot().surplus().isUnknown()).isTrue();
      io.runAll();

      assertThat(surplus().domains()).extracting(DomainState::uuid).containsExactly(uuid(E2));
      assertThat(surplus().networks()).isEmpty();
      assertThat(surplus().volumes()).containsExactly(lab.node(E2).volume());
      assertThat(watch.owns(uuid(E2))).as("its events matter").isTrue();
    }

    @Test
    void searchesTheHostAtTheBeginningAndThenSeldom() {
      follow();
      assertThat(surplus().isEmpty()).isTrue();
      refreshAfter(LabWatch.RELIST);
      verify(hypervisor, times(1)).domains();

      refreshAfter(LabWatch.SEARCH);
      verify(hypervisor, times(2)).domains();
    }

    @Test
    void searchesAgainWhenSomethingHasLeftAndAsLongAsItIsThere() {
      follow();
      watch.follow(LabFixture.labWithout(E2), POOL);
      assertThat(watch.snapshot().surplus().isUnknown()).as("until it was looked for").isTrue();
      io.runAll();
      refresh();
      verify(hypervisor, times(3)).domains();

      when(hypervisor.domains()).thenReturn(List.of());
      when(hypervisor.volumes(POOL)).thenReturn(List.of(volume(LabFixture.IMAGE, 0)));
      refresh();
      assertThat(surplus().isEmpty()).isTrue();
      refresh();
      verify(hypervisor, times(4)).domains();
    }

    @Test
    void aDiskThatNobodyWantsIsSeenWithoutSearching() {
      String disk = lab.node("psql1server").volume();
      watch.follow(LabFixture.labWithout("psql1server"), POOL, Set.of(disk));
      io.runAll();
      when(hypervisor.volumes(POOL)).thenReturn(List.of(volume(disk, 0)));

      refresh();

      assertThat(surplus().volumes()).containsExactly(disk);
    }

    @Test
    void whatOnlyHasANameLikeTheLabsIsNoSurplus() {
      follow();
      when(hypervisor.volumes(POOL))
          .thenReturn(
              Stream.of("s1", "bak.qcow2", "clone.qcow2")
                  .map(s -> volume(lab.node(E1).domain() + "." + s, 0))
                  .toList());
      clock.advance(LabWatch.SEARCH);

      refresh();

      assertThat(surplus().isEmpty()).isTrue();
      assertThat(surplus().strangers()).hasSize(3);
    }

    @Test
    void whatIsWantedAgainIsNoSurplus() {
      watch.follow(LabFixture.labWithout(E2), POOL);
      io.runAll();

      watch.follow(lab, POOL);

      assertThat(surplus().isEmpty()).as("before libvirt was asked").isTrue();
    }

    @Test
    void aHostThatCannotBeSearchedLeavesItUnknown() {
      when(hypervisor.domains()).thenThrow(AWAY);
      follow();

      assertThat(watch.snapshot().surplus()).isEqualTo(Seen.unknown("libvirt is away"));
    }

    private UUID uuid(String node) {
      return lab.node(node).uuid();
    }
  }

  @Nested
  class Following {

    @Test
    void theSameAgainAsksNothing() {
      follow();
      clearInvocations(hypervisor);

      watch.follow(LabFixture.lab(), POOL);

      assertThat(io.waiting()).isZero();
      verifyNoInteractions(hypervisor);
    }

    @Test
    void anotherImageIsNotKnownUntilItWasLookedFor() {
      follow();

      watch.follow(LabFixture.lab("other-image"), POOL);

      assertThat(watch.snapshot().image().isUnknown()).isTrue();
      io.runAll();
      assertThat(watch.snapshot().image().isMissing()).isTrue();
    }

    @Test
    void inAnotherPoolNoDiskIsKnownUntilItWasLookedFor() {
      domain(E1, Power.RUNNING, true);
      follow();

      watch.follow(lab, "other");

      assertThat(machine(E1).volume().isUnknown()).isTrue();
      assertThat(machine(E1).domain().isPresent()).isTrue();
      assertThat(machine(E1).guest().isPresent()).isTrue();
    }

    @Test
    void anAnswerToTheOldQuestionIsDropped() {
      watch.follow(lab, POOL);
      when(hypervisor.volumes(POOL))
          .thenAnswer(
              call -> {
                // The spec changes while libvirt is asked.
                watch.follow(LabFixture.lab("other-image"), POOL);
                return List.of(volume(LabFixture.IMAGE, 0));
              });

      io.runNext();

      assertThat(watch.snapshot()).isEqualTo(LabSnapshot.NOTHING);
      assertThat(io.waiting()).as("the new question").isEqualTo(1);
    }

    @Test
    void aNodeThatLeavesIsForgotten() {
      domain(E2, Power.RUNNING, true);
      follow();
      assertThat(watch.owns(lab.node(E2).uuid())).isTrue();

      watch.follow(LabFixture.labWithout(E2), POOL);
      io.runAll();

      assertThat(watch.snapshot().machines()).doesNotContainKey(E2);
      assertThat(watch.owns(lab.node(E2).uuid())).isFalse();
      assertThat(watch.refreshGuest(E2)).as("nobody waits for it").isCompleted();
      assertThat(watch.stepEnded(JOIN, Optional.empty())).isCompleted();
    }

    @Test
    void aNodeThatLeavesWhileItIsAskedHoldsNobodyUp() {
      domain(E2, Power.RUNNING, true);
      follow();
      CompletableFuture<Void> asked = watch.refreshGuest(E2);

      watch.follow(LabFixture.labWithout(E2), POOL);
      io.runAll();

      assertThat(asked).isCompleted();
      assertThat(watch.snapshot().machines()).doesNotContainKey(E2);
    }
  }

  @Nested
  class Guests {

    @Test
    void oneIsAskedAsSoonAsItsAgentIsThere() {
      domain(E1, Power.RUNNING, false);
      follow();
      verify(steps, never()).report(any());

      domain(E1, Power.RUNNING, true);
      when(steps.report(any())).thenReturn(report(done("base")));
      refresh();

      assertThat(machine(E1).step("base")).isPresent();
      assertThat(machine(E1).reportedAt()).isEqualTo(NOW);
      assertThat(machine(E1).silentSince()).isNull();
    }

    @Test
    void whatItSaidStandsWhenLibvirtIsAskedAndFallsWithItsAgent() {
      domain(E1, Power.RUNNING, true);
      follow();
      clock.advance(Duration.ofSeconds(1));

      refresh();
      assertThat(machine(E1).guest().isPresent()).isTrue();
      assertThat(machine(E1).reportedAt()).isEqualTo(NOW);

      domain(E1, Power.RUNNING, false);
      refresh();
      assertThat(machine(E1).guest().isUnknown()).isTrue();
      assertThat(machine(E1).reportedAt()).isNull();
      assertThat(machine(E1).silentSince()).isEqualTo(NOW.plusSeconds(1));
    }

    @Test
    void afterARebootItIsAskedAgain() {
      domain(E1, Power.RUNNING, true);
      follow();
      domain(E1, Power.RUNNING, false);
      refresh();
      clearInvocations(steps);
      domain(E1, Power.RUNNING, true);

      refresh();

      verify(steps).report(any());
    }

    static List<RuntimeException> failures() {
      return List.of(
          new AgentUnavailable("no answer", null),
          new NotFound("no domain"),
          AWAY,
          new GuestTimeoutException("too slow"),
          new StepLaunchException("no report"),
          new Bug());
    }

    @ParameterizedTest
    @MethodSource("failures")
    void oneThatDoesNotAnswerIsUnknownWhateverTheCause(RuntimeException failure) {
      domain(E1, Power.RUNNING, true);
      follow();
      when(steps.report(any())).thenThrow(failure);

      watch.refreshGuest(E1);
      io.runAll();

      assertThat(machine(E1).guest().isUnknown()).isTrue();
      assertThat(machine(E1).silentSince()).isEqualTo(NOW);
    }

    @Test
    void silenceCountsFromItsBeginning() {
      domain(E1, Power.RUNNING, false);
      follow();
      clock.advance(Duration.ofMinutes(5));

      refresh();

      assertThat(machine(E1).silentSince()).isEqualTo(NOW);
    }

    @Test
    void aMachineThatDoesNotRunIsNotSilent() {
      domain(E1, Power.RUNNING, false);
      follow();
      domain(E1, Power.SHUT_OFF, false);

      refresh();

      assertThat(machine(E1).silentSince()).isNull();
    }

    @Test
    void anAgeIsKeptUpToDateButIsNoChange() {
      domain(E1, Power.RUNNING, true);
      when(steps.report(any())).thenReturn(report(failed("base", 1, 5)));
      follow();
      newChanges();
      when(steps.report(any())).thenReturn(report(failed("base", 1, 10)));
      clock.advance(Duration.ofSeconds(5));

      watch.refreshGuest(E1);
      io.runAll();

      assertThat(newChanges()).isZero();
      assertThat(machine(E1).step("base").orElseThrow().secondsAgo()).isEqualTo(10);
      assertThat(machine(E1).reportedAt()).isEqualTo(NOW.plusSeconds(5));
    }

    @Test
    void aStepThatEndsIsAChange() {
      domain(E1, Power.RUNNING, true);
      follow();
      newChanges();
      when(steps.report(any())).thenReturn(report(done("base")));

      watch.refreshGuest(E1);
      io.runAll();

      assertThat(newChanges()).isEqualTo(1);
    }

    @Test
    void anAnswerThatComesAfterTheAgentHasGoneIsDropped() {
      domain(E1, Power.RUNNING, true);
      follow();
      when(steps.report(any()))
          .thenAnswer(
              call -> {
                domain(E1, Power.SHUT_OFF, false);
                watch.refresh();
                io.runNext();
                return report(done("base"));
              });
      watch.refreshGuest(E1);

      io.runNext();

      assertThat(machine(E1).guest().isUnknown()).isTrue();
    }

    @Test
    void oneWithoutAnAgentIsNotAsked() {
      domain(E1, Power.RUNNING, false);
      follow();

      assertThat(watch.refreshGuest(E1)).isNotCompletedExceptionally();
      io.runAll();

      verify(steps, never()).report(any());
    }

    @Test
    void thoseWithAServiceAreAskedMoreOften() {
      domain(E1, Power.RUNNING, true);
      domain(GW, Power.RUNNING, true);
      follow();
      assertAsked(2, Duration.ZERO, "on connecting");
      assertAsked(0, LabWatch.SERVICE.minusSeconds(1), "too early");
      assertAsked(1, Duration.ofSeconds(1), "the service");
      assertAsked(2, LabWatch.BASE.minus(LabWatch.SERVICE), "both");
    }

    static Stream<Arguments> busy() {
      GuestReport idle = report(done("base"));
      GuestReport step = report(done("base"), running("ejabberd"));
      Postgresql stopped = LabFixture.down();
      Postgresql held = LabFixture.instance().readWriteAddress(true).build();
      return Stream.of(
          Arguments.of("no step", idle, LabWatch.SERVICE),
          Arguments.of("nothing set up yet", step, LabWatch.BASE),
          Arguments.of("starts", with(step, LabFixture.ejabberdDown()), LabWatch.BASE),
          Arguments.of("a member", with(step, LabFixture.ejabberd(E1)), LabWatch.SERVICE),
          Arguments.of("a base backup", with(step, stopped), LabWatch.BASE),
          Arguments.of("a standby", with(step, LabFixture.standby()), LabWatch.SERVICE),
          Arguments.of("a primary", with(step, LabFixture.primary()), LabWatch.SERVICE),
          Arguments.of("the primary restarts", with(step, held), LabWatch.SERVICE),
          Arguments.of("it is down", with(idle, stopped), LabWatch.SERVICE));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("busy")
    void oneThatIsBeingSetUpIsAskedLessOften(String what, GuestReport said, Duration interval) {
      domain(E1, Power.RUNNING, true);
      when(steps.report(any())).thenReturn(said);
      follow();
      assertAsked(1, Duration.ZERO, "on connecting");
      assertAsked(0, interval.minusSeconds(1), "too early");
      assertAsked(1, Duration.ofSeconds(1), what);
    }

    @Test
    void oneThatAnswersSlowlyIsAskedLess() {
      domain(E1, Power.RUNNING, true);
      when(steps.report(any()))
          .thenAnswer(
              call -> {
                clock.advance(LabWatch.SERVICE);
                watch.tick();
                return report();
              });
      follow();
      assertAsked(1, Duration.ZERO, "on connecting, and not again while it answers");
      assertAsked(0, LabWatch.SERVICE.minusSeconds(1), "it has just answered");
      assertAsked(1, Duration.ofSeconds(1), "then again");
    }

    private void assertAsked(int count, Duration later, String why) {
      clock.advance(later);
      watch.tick();
      io.runAll();
      verify(steps, times(count).description(why)).report(any());
      clearInvocations(steps);
    }

    @Test
    void aStepConcernsThePeersButDoesNotWaitForThem() {
      domain(E1, Power.RUNNING, true);
      domain(E2, Power.RUNNING, true);
      domain(GW, Power.RUNNING, true);
      when(steps.report(any())).thenReturn(with(report(), LabFixture.ejabberd(E1)));
      follow();
      clearInvocations(steps);

      CompletableFuture<Void> asked = watch.stepEnded(JOIN, Optional.empty());
      assertThat(io.waiting()).as("e2server and e1server").isEqualTo(2);
      GuestReport said = report(done("ejabberd"));
      when(steps.report(any())).thenReturn(said);
      io.runAll();

      assertThat(asked).isCompleted();
      verify(steps, times(2)).report(any());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "e2server/ejabberd", "psql1server/postgresql-primary"})
    void aStepThatBuildsOnNoPeerConcernsNone(String requires) {
      domain(E1, Power.RUNNING, true);
      domain(E2, Power.RUNNING, true);
      when(steps.report(any())).thenReturn(with(report(), LabFixture.ejabberd(E1)));
      follow();
      String[] required = requires.isEmpty() ? new String[0] : new String[] {requires};

      watch.stepEnded(LabFixture.step(E2, "ejabberd", required), Optional.empty());

      assertThat(io.waiting()).as("e2server alone").isEqualTo(1);
    }

    @Test
    void whatItSaysAtTheEndOfAStepIsTakenOver() {
      domain(E2, Power.RUNNING, true);
      follow();
      newChanges();
      clock.advance(Duration.ofSeconds(4));

      assertThat(watch.stepEnded(JOIN, Optional.of(report(done("ejabberd-cluster")))))
          .isCompleted();

      assertThat(io.waiting()).as("it has told").isZero();
      assertThat(machine(E2).step("ejabberd-cluster")).isPresent();
      assertThat(machine(E2).reportedAt()).isEqualTo(NOW.plusSeconds(4));
      assertThat(newChanges()).isEqualTo(1);
      clearInvocations(steps);
      assertAsked(0, LabWatch.SERVICE.minusSeconds(1), "not long ago");
    }

    @Test
    void whatItWasAskedBeforeTheEndOfAStepIsOutdated() {
      domain(E2, Power.RUNNING, true);
      follow();
      when(steps.report(any()))
          .thenAnswer(
              call -> {
                clock.advance(Duration.ofHours(-1));
                watch.stepEnded(JOIN, Optional.of(report(done("ejabberd-cluster"))));
                return report(running("ejabberd-cluster"));
              });

      watch.refreshGuest(E2);
      io.runAll();

      assertThat(machine(E2).step("ejabberd-cluster")).contains(done("ejabberd-cluster"));
    }

    @Test
    void whatItIsAskedAfterTheClockWasSetBackIsNot() {
      domain(E2, Power.RUNNING, true);
      follow();
      clock.advance(Duration.ofHours(-1));
      when(steps.report(any())).thenReturn(report(running("ejabberd-cluster")));

      watch.refreshGuest(E2);
      io.runAll();

      assertThat(machine(E2).step("ejabberd-cluster")).isPresent();
    }

    @Test
    void whatItSaysAfterItsAgentHasGoneIsDropped() {
      domain(E2, Power.RUNNING, false);
      follow();

      watch.stepEnded(JOIN, Optional.of(report(done("ejabberd-cluster"))));

      assertThat(machine(E2).guest().isUnknown()).isTrue();
    }

    @Test
    void aPeerWithoutAServiceHasNoViewOfIt() {
      domain(E1, Power.RUNNING, true);
      domain(E2, Power.RUNNING, true);
      when(steps.report(any())).thenReturn(with(report(), LabFixture.ejabberdDown()));
      follow();

      watch.stepEnded(JOIN, Optional.empty());

      assertThat(io.waiting()).as("e2server alone").isEqualTo(1);
    }

    @Test
    void aSlowPeerHoldsNobodyUp() {
      domain(E1, Power.RUNNING, true);
      domain(E2, Power.RUNNING, true);
      when(steps.report(any())).thenReturn(with(report(), LabFixture.ejabberd(E1)));
      follow();

      CompletableFuture<Void> asked = watch.stepEnded(JOIN, Optional.empty());
      io.runLast();

      assertThat(io.waiting()).as("e1server does not answer yet").isEqualTo(1);
      assertThat(asked).isCompleted();
    }
  }
}
