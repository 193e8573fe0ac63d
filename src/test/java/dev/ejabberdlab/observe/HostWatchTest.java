package dev.ejabberdlab.observe;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.lenient;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorEvent;
import dev.ejabberdlab.hypervisor.HypervisorEvent.Kind;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import dev.ejabberdlab.hypervisor.NetworkState;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
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

  @Test
  void closingLeavesNothingBehind() {
    watch.close();

    assertThat(handlesClosed).hasValue(1);
    verify(hypervisor).close();
  }
}
