package dev.ejabberdlab.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ejabberdlab.hypervisor.DomainDefinition.Interface;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.HypervisorException.NameConflict;
import dev.ejabberdlab.hypervisor.NetworkDefinition.Reservation;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What every {@link Hypervisor} does with networks. */
abstract class NetworkContract extends HypervisorFixture {

  @Test
  void anIsolatedNetworkIsReadBackAsDefined() {
    NetworkDefinition network = isolated("iso");

    host.defineNetwork(network);

    assertThat(host.network(network.uuid()))
        .contains(
            new NetworkState(
                network.uuid(),
                network.name(),
                Optional.of(OWNER),
                false,
                List.of(),
                Optional.of(network)));
  }

  @Test
  void aNatNetworkIsReadBackAndFollowsChanges() {
    NetworkDefinition before =
        nat("nat", "10.211.7", List.of(new Reservation("52:54:00:00:00:01", "10.211.7.10", "e1")));
    NetworkDefinition after =
        nat(
            "nat",
            "10.211.7",
            List.of(
                new Reservation("52:54:00:00:00:01", "10.211.7.10", "e1"),
                new Reservation("52:54:00:00:00:02", "10.211.7.11", "e2")));

    host.defineNetwork(before);
    assertThat(host.network(before.uuid()).orElseThrow().definition()).contains(before);
    host.defineNetwork(after);
    host.defineNetwork(after);

    NetworkState state = host.network(after.uuid()).orElseThrow();
    assertThat(state.definition()).contains(after);
    assertThat(state.cidrs()).containsExactly("10.211.7.0/24");
  }

  @Test
  void aNetworkRunsOnceStarted() {
    NetworkDefinition network = nat("start", "10.211.8", List.of());
    host.defineNetwork(network);

    host.startNetwork(network.uuid(), OWNER);
    host.startNetwork(network.uuid(), OWNER);

    NetworkState state = host.network(network.uuid()).orElseThrow();
    assertThat(state.active()).isTrue();
    assertThat(state.cidrs()).containsExactly("10.211.8.0/24");
  }

  @Test
  void aNetworkComesBackUnderARunningDomain() {
    NetworkDefinition network = isolated("back");
    NetworkDefinition other = isolated("beside");
    DomainDefinition guest =
        with(
            domain("guest"),
            "",
            "",
            64L << 20,
            List.of(new Interface(network.name(), "52:54:00:0a:0b:0d")));
    for (NetworkDefinition n : List.of(network, other)) {
      host.defineNetwork(n);
      host.startNetwork(n.uuid(), OWNER);
    }
    host.defineDomain(guest);
    host.startDomain(guest.uuid(), OWNER);

    host.deleteNetwork(network.uuid(), OWNER);
    host.defineNetwork(network);
    host.startNetwork(network.uuid(), OWNER, Set.of(guest.uuid()));

    assertThat(host.network(network.uuid()).orElseThrow().active()).isTrue();
    assertThat(host.domain(guest.uuid()).orElseThrow().power()).isEqualTo(Power.RUNNING);
  }

  @Test
  void aNetworkIsDeletedAlsoWhenItRunsAndAlsoTwice() {
    NetworkDefinition network = isolated("del");
    host.defineNetwork(network);
    host.startNetwork(network.uuid(), OWNER);

    host.deleteNetwork(network.uuid(), OWNER);
    host.deleteNetwork(network.uuid(), OWNER);

    assertThat(host.network(network.uuid())).isEmpty();
    assertThat(host.networks()).extracting(NetworkState::uuid).doesNotContain(network.uuid());
  }

  @Test
  void aForeignNetworkIsSeenAndLeftAlone() {
    NetworkState before = host.network(foreignNetwork()).orElseThrow();
    assertThat(before.owner()).isEmpty();
    assertThat(before.definition()).isEmpty();
    assertThat(before.cidrs()).containsExactly("10.99.0.0/24");
    assertThat(host.networks()).contains(before);

    assertThatThrownBy(() -> host.deleteNetwork(foreignNetwork(), OWNER))
        .isInstanceOf(NameConflict.class)
        .hasMessageContaining("'" + before.name() + "'");
    assertThatThrownBy(() -> host.startNetwork(foreignNetwork(), OWNER))
        .isInstanceOf(NameConflict.class);
    assertThatThrownBy(
            () ->
                host.defineNetwork(
                    new NetworkDefinition(
                        foreignNetwork(), before.name(), OWNER, "ejx", Optional.empty())))
        .isInstanceOf(NameConflict.class);
    assertThatThrownBy(
            () ->
                host.defineNetwork(
                    new NetworkDefinition(
                        UUID.randomUUID(), before.name(), OWNER, "ejx", Optional.empty())))
        .isInstanceOf(NameConflict.class)
        .hasMessageContaining("'" + before.name() + "'")
        .hasMessageContaining("rename");

    assertThat(host.network(foreignNetwork())).contains(before);
  }

  @Test
  void aNetworkOfAnotherOwnerIsLeftAlone() {
    NetworkDefinition network = isolated("own");
    host.defineNetwork(network);

    assertThatThrownBy(() -> host.deleteNetwork(network.uuid(), OTHER))
        .isInstanceOf(NameConflict.class)
        .hasMessageContaining("labs/demo");

    assertThat(host.network(network.uuid())).isPresent();
  }
}
