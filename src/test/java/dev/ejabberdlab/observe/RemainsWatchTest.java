package dev.ejabberdlab.observe;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static dev.ejabberdlab.observe.LabFixture.UID;
import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.doReturn;
import static org.mockito.Mockito.lenient;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import dev.ejabberdlab.hypervisor.Disks;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.NotFound;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.hypervisor.VolumeState;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.mockito.Mock;
import org.mockito.junit.jupiter.MockitoExtension;

@ExtendWith(MockitoExtension.class)
class RemainsWatchTest {

  private static final Owner OURS = new Owner(UID, "default", "demo");
  private static final Owner THEIRS = new Owner(new UUID(0, 9), "default", "demo");

  private static final Set<String> RECORDED =
      Set.of("ejl-1a2b3c4d-a.qcow2", "ejl-1a2b3c4d-b.qcow2");

  private final ManualExecutor io = new ManualExecutor();
  private final SettableClock clock = new SettableClock();
  private final AtomicInteger changes = new AtomicInteger();
  @Mock private Hypervisor hypervisor;
  private RemainsWatch watch;

  @BeforeEach
  void watch() {
    lenient()
        .when(hypervisor.domains())
        .thenReturn(List.of(domain("a", OURS), domain("b", THEIRS), domain("c", null)));
    lenient()
        .when(hypervisor.networks())
        .thenReturn(List.of(network("n", OURS), network("o", THEIRS), network("p", null)));
    lenient()
        .when(hypervisor.volumes("pool"))
        .thenReturn(
            Stream.of(
                    "ejl-1a2b3c4d-a.qcow2",
                    "ejl-99999999-a.qcow2",
                    "image.qcow2",
                    "my-ejl-1a2b3c4d-")
                .map(name -> new VolumeState(name, 1, Instant.EPOCH))
                .toList());
    watch =
        new RemainsWatch(
            hypervisor, UID, "pool", "ejl-1a2b3c4d-", io, clock, changes::incrementAndGet);
  }

  private static DomainState domain(String name, Owner owner) {
    return new DomainState(
        new UUID(1, name.charAt(0)),
        name,
        Optional.ofNullable(owner),
        Power.RUNNING,
        true,
        Optional.empty());
  }

  private static NetworkState network(String name, Owner owner) {
    return new NetworkState(
        new UUID(2, name.charAt(0)),
        name,
        Optional.ofNullable(owner),
        true,
        List.of(),
        Optional.empty());
  }

  private RemainsWatch.Snapshot follow() {
    watch.follow(RECORDED);
    io.runAll();
    return watch.follow(RECORDED);
  }

  @Test
  void nothingIsAskedBeforeTheLabIsDeleted() {
    watch.tick();

    assertThat(watch.active()).isFalse();
    assertThat(io.waiting()).isZero();
  }

  @Test
  void nothingForeignIsAmongWhatRemains() {
    Remains remains = follow().remains().value();

    assertThat(remains.domains()).extracting(DomainState::name).containsExactly("a");
    assertThat(remains.networks()).extracting(NetworkState::name).containsExactly("n");
    assertThat(remains.volumes()).containsExactly("ejl-1a2b3c4d-a.qcow2");
    assertThat(remains.isEmpty()).isFalse();
  }

  @Test
  void aNameThatOnlyLooksLikeTheLabsProvesNothing() {
    volumes(
        "ejl-1a2b3c4d-a.qcow2",
        "ejl-1a2b3c4d-a.s1",
        "ejl-1a2b3c4d-a.bak.qcow2",
        "ejl-1a2b3c4d-a-clone.qcow2");

    Remains remains = follow().remains().value();

    assertThat(remains.volumes()).containsExactly("ejl-1a2b3c4d-a.qcow2");
    assertThat(remains.strangers())
        .containsExactly(
            "ejl-1a2b3c4d-a-clone.qcow2", "ejl-1a2b3c4d-a.bak.qcow2", "ejl-1a2b3c4d-a.s1");
  }

  @Test
  void aDiskThatNoRecordNamesIsToldByItsDomainAndRememberedWhenThatIsGone() {
    when(hypervisor.domains()).thenReturn(List.of(domain("ejl-1a2b3c4d-x", OURS)));
    volumes("ejl-1a2b3c4d-x.qcow2", "ejl-1a2b3c4d-y.qcow2");
    assertThat(follow().remains().value().volumes()).containsExactly("ejl-1a2b3c4d-x.qcow2");

    when(hypervisor.domains()).thenReturn(List.of());
    look();

    assertThat(watch.follow(RECORDED).remains().value().volumes())
        .containsExactly("ejl-1a2b3c4d-x.qcow2");
  }

  @Test
  void whoeverUsesADiskIsSeenAlsoByWayOfAnOverlay() {
    when(hypervisor.domains())
        .thenReturn(
            List.of(
                using("ours", OURS, "/pool/ejl-1a2b3c4d-a.qcow2"),
                using("clone", null, "/pool/overlay.qcow2"),
                using("other", null, "/pool/image.qcow2")));
    when(hypervisor.volumes("pool"))
        .thenReturn(
            List.of(
                volume("ejl-1a2b3c4d-a.qcow2", null),
                volume("ejl-1a2b3c4d-b.qcow2", null),
                volume("overlay.qcow2", "/pool/ejl-1a2b3c4d-b.qcow2"),
                volume("image.qcow2", null)));

    Remains remains = follow().remains().value();

    assertThat(remains.isUsed("ejl-1a2b3c4d-a.qcow2")).isTrue();
    assertThat(remains.otherUsers("ejl-1a2b3c4d-a.qcow2")).isEmpty();
    assertThat(remains.otherUsers("ejl-1a2b3c4d-b.qcow2")).containsExactly("clone");
  }

  private void volumes(String... names) {
    when(hypervisor.volumes("pool"))
        .thenReturn(Stream.of(names).map(name -> volume(name, null)).toList());
  }

  private static VolumeState volume(String name, String backing) {
    return new VolumeState(
        name, 1, Instant.EPOCH, true, "/pool/" + name, Optional.ofNullable(backing));
  }

  private static DomainState using(String name, Owner owner, String file) {
    DomainState domain = domain(name, owner);
    return new DomainState(
        domain.uuid(),
        name,
        domain.owner(),
        domain.power(),
        true,
        Optional.empty(),
        new Disks(Set.of(file), Set.of(file)));
  }

  @Test
  void theOrderInWhichTheHostListsThemIsNotSeen() {
    when(hypervisor.domains()).thenReturn(List.of(domain("b", OURS), domain("a", OURS)));
    when(hypervisor.networks()).thenReturn(List.of(network("n", OURS), network("m", OURS)));
    when(hypervisor.volumes("pool"))
        .thenReturn(
            Stream.of("ejl-1a2b3c4d-b.qcow2", "ejl-1a2b3c4d-a.qcow2")
                .map(name -> new VolumeState(name, 1, Instant.EPOCH))
                .toList());

    Remains remains = follow().remains().value();

    assertThat(remains.domains()).extracting(DomainState::name).containsExactly("a", "b");
    assertThat(remains.networks()).extracting(NetworkState::name).containsExactly("m", "n");
    assertThat(remains.volumes()).containsExactly("ejl-1a2b3c4d-a.qcow2", "ejl-1a2b3c4d-b.qcow2");
  }

  @Test
  void beforeTheFirstAnswerNothingIsKnown() {
    assertThat(watch.follow(RECORDED).remains().isUnknown()).isTrue();
    assertThat(watch.active()).isTrue();
  }

  @Test
  void aHostThatCannotBeAskedIsNotEmpty() {
    when(hypervisor.networks()).thenThrow(new Unreachable("away", null));

    assertThat(follow().remains()).isEqualTo(Seen.unknown("away"));
  }

  @Test
  void aSilenceIsCountedFromTheFirstLookThatWasNotAnswered() {
    assertThat(watch.follow(RECORDED).silentSince()).as("not asked yet").isEmpty();
    assertThat(follow().silentSince()).isEmpty();

    lenient().when(hypervisor.networks()).thenThrow(new Unreachable("away", null));
    Instant silent = clock.instant();
    look();
    clock.advance(Duration.ofSeconds(30));
    look();
    assertThat(watch.follow(RECORDED).silentSince()).contains(silent);

    clock.advance(Duration.ofHours(-1));
    look();
    assertThat(watch.follow(RECORDED).silentSince())
        .as("the clock was set back")
        .contains(clock.instant());
    clock.advance(Duration.ofSeconds(5));
    look();
    assertThat(watch.follow(RECORDED).silentSince()).contains(clock.instant().minusSeconds(5));

    doReturn(List.of()).when(hypervisor).networks();
    look();
    assertThat(watch.follow(RECORDED).silentSince()).as("it answers").isEmpty();
  }

  private void look() {
    watch.refresh();
    io.runAll();
  }

  @Test
  void aPoolThatIsGoneHidesItsVolumes() {
    when(hypervisor.volumes("pool")).thenThrow(new NotFound("no pool"));

    Remains remains = follow().remains().value();

    assertThat(remains.volumes()).isEmpty();
    assertThat(remains.unseen()).contains("no pool");
    assertThat(remains.isEmpty()).isFalse();
  }

  @Test
  void aPoolThatCannotBeSearchedHidesOnlyItsVolumes() {
    when(hypervisor.volumes("pool")).thenThrow(new HypervisorException("it is stopped"));

    Remains remains = follow().remains().value();

    assertThat(remains.domains()).hasSize(1);
    assertThat(remains.networks()).hasSize(1);
    assertThat(remains.volumes()).isEmpty();
    assertThat(remains.unseen()).contains("it is stopped");
  }

  @Test
  void onlyNewsIsTold() {
    follow();
    assertThat(changes).hasValue(1);

    watch.refresh();
    io.runAll();
    assertThat(changes).hasValue(1);

    when(hypervisor.domains()).thenReturn(List.of());
    watch.refresh();
    io.runAll();
    assertThat(changes).hasValue(2);
  }

  @Test
  void aViewSaysWhenTheLookBegan() {
    when(hypervisor.domains())
        .thenAnswer(
            call -> {
              clock.advance(Duration.ofSeconds(3));
              return List.of();
            });

    assertThat(follow().since()).isEqualTo(NOW);
  }

  @Test
  void looksAgainNowAndThenAndNotTwiceAtOnce() {
    follow();
    tickAfter(RemainsWatch.INTERVAL.minusSeconds(1));
    verify(hypervisor, times(1)).domains();

    clock.advance(Duration.ofSeconds(1));
    watch.tick();
    watch.tick();
    io.runAll();

    verify(hypervisor, times(2)).domains();
    verify(hypervisor, never()).close();
  }

  private void tickAfter(Duration time) {
    clock.advance(time);
    watch.tick();
    io.runAll();
  }
}
