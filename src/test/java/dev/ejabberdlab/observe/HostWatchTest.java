package dev.ejabberdlab.observe;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.doReturn;
import static org.mockito.Mockito.lenient;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorEvent;
import dev.ejabberdlab.hypervisor.HypervisorEvent.Kind;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import dev.ejabberdlab.hypervisor.MarkedObject;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.hypervisor.PoolState;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.mockito.Mock;
import org.mockito.junit.jupiter.MockitoExtension;

@ExtendWith(MockitoExtension.class)
class HostWatchTest {

  private static final HostFacts FACTS = new HostFacts("host1", true, "9.0.0", 1L << 34, 2);

  private static final UUID HERE = new UUID(0, 1);
  private static final UUID THERE = new UUID(0, 2);
  private static final UUID LAB = new UUID(9, 9);

  private final ManualExecutor io = new ManualExecutor();
  private final SettableClock clock = new SettableClock();
  private final AtomicInteger changes = new AtomicInteger();
  private final AtomicInteger handlesClosed = new AtomicInteger();
  @Mock private Hypervisor hypervisor;
  private Consumer<HypervisorEvent> listener;
  private HostWatch watch;

  @BeforeEach
  void watch() {
    when(hypervisor.listen(any()))
        .thenAnswer(
            call -> {
              listener = call.getArgument(0);
              return (AutoCloseable) handlesClosed::incrementAndGet;
            });
    lenient().when(hypervisor.facts()).thenReturn(FACTS);
    lenient().when(hypervisor.networks()).thenReturn(List.of(network(1), network(2)));
    watch = new HostWatch(hypervisor, io, clock, changes::incrementAndGet);
  }

  private static NetworkState network(int number) {
    return new NetworkState(
        new UUID(0, number),
        "net" + number,
        Optional.empty(),
        true,
        List.of("10.0." + number + ".0/24"),
        Optional.empty());
  }

  private void tickAfter(Duration time) {
    clock.advance(time);
    watch.tick();
    io.runAll();
  }

  private void isAway(String why) {
    when(hypervisor.facts()).thenThrow(new Unreachable(why, null));
  }

  private int newChanges() {
    return changes.getAndSet(0);
  }

  @Test
  void beforeItWasAskedNothingIsKnown() {
    assertThat(watch.snapshot()).isEqualTo(HostSnapshot.NOT_ASKED);
    assertThat(watch.snapshot().reachable()).isFalse();
  }

  @Test
  void aHostThatAnswers() {
    tickAfter(Duration.ZERO);

    assertThat(watch.snapshot())
        .isEqualTo(
            new HostSnapshot(Seen.of(FACTS), List.of(network(1), network(2)), clock.instant()));
    assertThat(newChanges()).isEqualTo(1);
  }

  @Test
  void aHostThatIsLostKeepsItsNetworksAndItsLastContact() {
    tickAfter(Duration.ZERO);
    newChanges();
    isAway("gone");

    tickAfter(HostWatch.RELIST);

    assertThat(watch.snapshot())
        .isEqualTo(new HostSnapshot(Seen.unknown("gone"), List.of(network(1), network(2)), NOW));
    assertThat(newChanges()).isEqualTo(1);
  }

  @Test
  void onlyNewsIsTold() {
    tickAfter(Duration.ZERO);
    newChanges();

    tickAfter(HostWatch.RELIST);
    assertThat(newChanges()).isZero();
    assertThat(watch.snapshot().lastContact()).isEqualTo(NOW.plus(HostWatch.RELIST));

    when(hypervisor.networks()).thenReturn(List.of(network(2), network(1)));
    tickAfter(HostWatch.RELIST);
    assertThat(newChanges()).as("another order").isZero();

    when(hypervisor.networks()).thenReturn(List.of(network(2)));
    tickAfter(HostWatch.RELIST);
    assertThat(newChanges()).as("a network has gone").isEqualTo(1);

    isAway("gone");
    tickAfter(HostWatch.RELIST);
    assertThat(newChanges()).isEqualTo(1);
    tickAfter(HostWatch.RETRY);
    assertThat(newChanges()).as("still away").isZero();
  }

  @Test
  void oneThatIsAwayIsTriedMoreOften() {
    tickAfter(Duration.ZERO);
    tickAfter(HostWatch.RELIST.minusSeconds(1));
    verify(hypervisor, times(1)).facts();
    isAway("gone");
    tickAfter(Duration.ofSeconds(1));
    verify(hypervisor, times(2)).facts();
    tickAfter(HostWatch.RETRY);
    verify(hypervisor, times(3)).facts();
  }

  @Test
  void aConnectionThatComesOrGoesIsLookedAtAtOnceAndADomainIsNot() {
    tickAfter(Duration.ZERO);

    listener.accept(new HypervisorEvent(Kind.LIFECYCLE, new UUID(0, 1)));
    assertThat(io.waiting()).isZero();
    listener.accept(new HypervisorEvent(Kind.DISCONNECTED, null));
    assertThat(io.waiting()).isEqualTo(1);
    io.runAll();
    listener.accept(new HypervisorEvent(Kind.CONNECTED, null));
    assertThat(io.waiting()).isEqualTo(1);
  }

  @Test
  void anUnexpectedFaultIsNoContactEither() {
    tickAfter(Duration.ZERO);
    when(hypervisor.facts()).thenThrow(new Bug());

    tickAfter(HostWatch.RELIST);

    assertThat(watch.snapshot().reachable()).isFalse();
  }

  private void whoeverItIs(UUID expected, Optional<Set<UUID>> labs) {
    watch =
        new HostWatch(
            hypervisor, "pool", expected, () -> labs, io, clock, changes::incrementAndGet);
  }

  private void answersAs(UUID uuid) {
    doReturn(new HostFacts("host1", true, "9.0.0", 1L << 34, 2, Optional.of(uuid)))
        .when(hypervisor)
        .facts();
  }

  @Test
  void anotherHostThatAnswersIsNotLookedAt() {
    whoeverItIs(HERE, Optional.of(Set.of(LAB)));
    verify(hypervisor).expect(HERE);
    answersAs(THERE);

    tickAfter(Duration.ZERO);

    assertThat(watch.snapshot().reachable()).isFalse();
    assertThat(watch.snapshot().other()).contains(THERE);
    assertThat(watch.snapshot().facts().why()).contains(HERE.toString(), THERE.toString());
    verify(hypervisor, never()).networks();
    verify(hypervisor, never()).expect(THERE);

    answersAs(HERE);
    tickAfter(HostWatch.RETRY);
    assertThat(watch.snapshot().reachable()).isTrue();
    assertThat(watch.snapshot().other()).isEmpty();
  }

  @Test
  void whileItIsNotKnownWhoLivesThereNoOtherHostWillDo() {
    whoeverItIs(HERE, Optional.empty());
    answersAs(THERE);

    tickAfter(Duration.ZERO);

    assertThat(watch.snapshot().other()).contains(THERE);
  }

  @Test
  void whereNobodyLivesAnyHostWillDo() {
    whoeverItIs(HERE, Optional.of(Set.of()));
    answersAs(THERE);

    tickAfter(Duration.ZERO);

    assertThat(watch.snapshot().reachable()).isTrue();
    verify(hypervisor).expect(THERE);
  }

  @Test
  void aHostWithTheMachinesOfItsLabsIsTheSameUnderAnotherUuid() {
    whoeverItIs(HERE, Optional.of(Set.of(LAB)));
    answersAs(THERE);
    when(hypervisor.marked())
        .thenReturn(
            List.of(
                new MarkedObject(
                    MarkedObject.Kind.DOMAIN, "ejl-e1", new Owner(LAB, "default", "demo"))));

    tickAfter(Duration.ZERO);

    assertThat(watch.snapshot().reachable()).isTrue();
    assertThat(watch.snapshot().uuid()).contains(THERE);
    verify(hypervisor).expect(THERE);
  }

  @Test
  void anAdministratorCanAcceptAnotherHostAndOnlyTheOneThatAnswers() {
    whoeverItIs(HERE, Optional.of(Set.of(LAB)));
    answersAs(THERE);
    tickAfter(Duration.ZERO);

    watch.accept(new UUID(0, 3));
    io.runAll();
    assertThat(watch.snapshot().reachable()).isFalse();
    watch.accept(THERE);
    io.runAll();
    assertThat(watch.snapshot().reachable()).isTrue();
  }

  @Test
  void aLabDoesNotTakeAnotherHostForItsOwn() {
    whoeverItIs(null, Optional.of(Set.of(LAB)));
    answersAs(HERE);
    tickAfter(Duration.ZERO);
    HostSnapshot seen = watch.snapshot();

    assertThat(seen.seenBy(LAB, null)).isEqualTo(seen);
    assertThat(seen.seenBy(LAB, HERE.toString())).isEqualTo(seen);
    assertThat(seen.seenBy(LAB, THERE.toString()).reachable()).isFalse();
    assertThat(seen.seenBy(LAB, THERE.toString()).other()).contains(HERE);
  }

  @Test
  void whereThingsAreOfNoLabItIsSearchedMoreOften() {
    MarkedObject orphan =
        new MarkedObject(MarkedObject.Kind.DOMAIN, "ejl-left", new Owner(THERE, "ns", "gone"));
    when(hypervisor.marked()).thenReturn(List.of(orphan)).thenReturn(List.of());
    whoeverItIs(null, Optional.of(Set.of(LAB)));
    tickAfter(Duration.ZERO);
    assertThat(watch.snapshot().inventory().marked()).containsExactly(orphan);

    tickAfter(HostWatch.RELIST);
    assertThat(watch.snapshot().inventory().marked()).isEmpty();

    tickAfter(HostWatch.RELIST);
    verify(hypervisor, times(2)).marked();
  }

  @Test
  void whatIsFreeIsToldInSteps() {
    long gib = 1L << 30;
    PoolState before = new PoolState("pool", true, 100 * gib, 50 * gib);

    assertThat(HostWatch.inSteps(before, new PoolState("pool", true, 100 * gib, 47 * gib + 1)))
        .isEqualTo(before);
    assertThat(HostWatch.inSteps(before, new PoolState("pool", true, 100 * gib, 40 * gib + 1)))
        .isEqualTo(new PoolState("pool", true, 100 * gib, 40 * gib));
    assertThat(HostWatch.inSteps(before, new PoolState("pool", false, 0, 0)).active()).isFalse();
  }

  @Test
  void closingLeavesNothingBehind() {
    watch.close();

    assertThat(handlesClosed).hasValue(1);
    verify(hypervisor).close();
  }
}
