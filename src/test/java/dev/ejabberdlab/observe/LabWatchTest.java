package dev.ejabberdlab.observe;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.clearInvocations;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.verifyNoInteractions;
import static org.mockito.Mockito.when;

import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.NotFound;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.VolumeState;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What is asked of libvirt and when, and what becomes of the answers when the lab changes. */
class LabWatchTest extends LabWatchFixture {

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
}
