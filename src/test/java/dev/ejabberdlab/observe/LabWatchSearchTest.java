package dev.ejabberdlab.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The search for what has the lab's mark and is not wanted. */
class LabWatchSearchTest extends LabWatchFixture {

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
