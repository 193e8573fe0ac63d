package dev.ejabberdlab.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;
import dev.ejabberdlab.hypervisor.DomainDefinition.DirectBoot;
import dev.ejabberdlab.hypervisor.DomainDefinition.Interface;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.DomainState.Trait;
import dev.ejabberdlab.hypervisor.HypervisorException.AgentUnavailable;
import dev.ejabberdlab.hypervisor.HypervisorException.NameConflict;
import dev.ejabberdlab.hypervisor.HypervisorException.NotFound;
import dev.ejabberdlab.hypervisor.NetworkDefinition.Nat;
import dev.ejabberdlab.hypervisor.NetworkDefinition.Reservation;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link Hypervisor} does, whatever is behind it. */
public abstract class HypervisorContract {

  protected static final Owner OWNER = new Owner(UUID.randomUUID(), "labs", "demo");
  protected static final Owner OTHER = new Owner(UUID.randomUUID(), "labs", "other");

  /** For addresses and names that no other test on the same host uses. */
  private static final String RUN = OWNER.uid().toString().substring(0, 4).toLowerCase(Locale.ROOT);

  protected Hypervisor host;

  /** The host under test; the same for all tests of a class. */
  protected abstract Hypervisor host();

  /** A pool with {@link #base()}, {@link #kernel()} and {@link #initrd()}. */
  protected abstract String pool();

  protected abstract String base();

  protected abstract long baseBytes();

  protected abstract String kernel();

  protected abstract String initrd();

  /** A domain of somebody else, defined. */
  protected abstract UUID foreignDomain();

  /** A network of somebody else, with host address 10.99.0.1/24. */
  protected abstract UUID foreignNetwork();

  @BeforeEach
  void takeHost() {
    host = host();
  }

  @AfterEach
  void removeWhatIsOurs() {
    for (DomainState domain : host.domains()) {
      if (domain.owner().equals(Optional.of(OWNER))) {
        host.destroyDomain(domain.uuid(), OWNER);
        host.undefineDomain(domain.uuid(), OWNER);
      }
    }
    for (NetworkState network : host.networks()) {
      if (network.owner().equals(Optional.of(OWNER))) {
        host.deleteNetwork(network.uuid(), OWNER);
      }
    }
    for (VolumeState volume : host.volumes(pool())) {
      if (volume.name().startsWith(RUN)) {
        host.deleteVolume(pool(), volume.name());
      }
    }
  }

  protected NetworkDefinition isolated(String name) {
    return new NetworkDefinition(
        UUID.nameUUIDFromBytes((RUN + name).getBytes()),
        RUN + name,
        OWNER,
        "ej" + RUN + name,
        Optional.empty());
  }

  protected NetworkDefinition nat(String name, String subnet, List<Reservation> reservations) {
    return new NetworkDefinition(
        UUID.nameUUIDFromBytes((RUN + name).getBytes()),
        RUN + name,
        OWNER,
        "ej" + RUN + name,
        Optional.of(new Nat(subnet + ".1", 24, subnet + ".100", subnet + ".200", reservations)));
  }

  protected DomainDefinition domain(String name) {
    return DomainDefinition.builder()
        .uuid(UUID.nameUUIDFromBytes((RUN + name).getBytes()))
        .name(RUN + name)
        .owner(OWNER)
        .title("A title")
        .description("A description")
        .accelerator(Accelerator.qemu)
        .vcpus(1)
        .memoryBytes(64L << 20)
        .pool(pool())
        .volume(base())
        .build();
  }

  /** As a user may write it. */
  protected static DomainDefinition with(
      DomainDefinition d,
      String title,
      String description,
      long memoryBytes,
      List<Interface> nics) {
    return d.toBuilder()
        .title(title)
        .description(description)
        .memoryBytes(memoryBytes)
        .interfaces(nics)
        .build();
  }

  protected String volumeName(String name) {
    return RUN + "-" + name + ".qcow2";
  }

  @Test
  void factsDescribeTheHost() {
    HostFacts facts = host.facts();

    assertThat(facts.hostname()).isNotBlank();
    assertThat(facts.libvirtVersion()).matches("\\d+\\.\\d+\\.\\d+");
    assertThat(facts.memoryBytes()).isGreaterThan(1L << 30);
    assertThat(facts.cpus()).isPositive();
  }

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

  @Test
  void whatDoesNotExistCannotBeStarted() {
    assertThatThrownBy(() -> host.startNetwork(UUID.randomUUID(), OWNER))
        .isInstanceOf(NotFound.class);
    assertThatThrownBy(() -> host.startDomain(UUID.randomUUID(), OWNER))
        .isInstanceOf(NotFound.class);
    assertThat(host.domain(UUID.randomUUID())).isEmpty();
    assertThat(host.network(UUID.randomUUID())).isEmpty();
  }

  @Test
  void anOverlayIsAtLeastAsBigAsItsBase() {
    String small = volumeName("small");
    String big = volumeName("big");

    host.createOverlay(pool(), small, base(), 1 << 20);
    host.createOverlay(pool(), big, base(), 2 * baseBytes());

    assertThat(host.volume(pool(), small).orElseThrow().capacityBytes()).isEqualTo(baseBytes());
    assertThat(host.volume(pool(), big).orElseThrow().capacityBytes()).isEqualTo(2 * baseBytes());
    assertThat(host.volumes(pool())).extracting(VolumeState::name).contains(small, big, base());
  }

  @Test
  void anOverlayThatExistsIsKept() {
    String name = volumeName("kept");
    host.createOverlay(pool(), name, base(), 2 * baseBytes());

    host.createOverlay(pool(), name, base(), 4 * baseBytes());

    assertThat(host.volume(pool(), name).orElseThrow().capacityBytes()).isEqualTo(2 * baseBytes());
  }

  @Test
  void volumesAreDeletedAlsoTwice() {
    String name = volumeName("gone");
    host.createOverlay(pool(), name, base(), baseBytes());

    host.deleteVolume(pool(), name);
    host.deleteVolume(pool(), name);

    assertThat(host.volume(pool(), name)).isEmpty();
  }

  private String pathOf(String volume) {
    return host.volumes(pool()).stream()
        .filter(v -> v.name().equals(volume))
        .findFirst()
        .orElseThrow()
        .path();
  }

  private DomainDefinition on(String name, String volume) {
    DomainDefinition d = domain(name);
    return d.toBuilder().volume(volume).build();
  }

  @Test
  void aVolumeThatADomainUsesIsNotDeleted() {
    String disk = volumeName("used");
    host.createOverlay(pool(), disk, base(), baseBytes());
    DomainDefinition user = on("user", disk);
    host.defineDomain(user);

    assertThatThrownBy(() -> host.deleteVolume(pool(), disk))
        .isInstanceOf(HypervisorException.InUse.class)
        .hasMessageContaining("'" + disk + "'")
        .hasMessageContaining("'" + user.name() + "'");
    host.startDomain(user.uuid(), OWNER);
    assertThatThrownBy(() -> host.deleteVolume(pool(), disk))
        .isInstanceOf(HypervisorException.InUse.class);
    assertThat(host.volume(pool(), disk)).isPresent();

    host.destroyDomain(user.uuid(), OWNER);
    host.undefineDomain(user.uuid(), OWNER);
    host.deleteVolume(pool(), disk);
    assertThat(host.volume(pool(), disk)).isEmpty();
  }

  @Test
  void aVolumeThatBacksADomainsDiskIsNotDeleted() {
    String disk = volumeName("under");
    String overlay = volumeName("over");
    host.createOverlay(pool(), disk, base(), baseBytes());
    host.createOverlay(pool(), overlay, disk, baseBytes());
    DomainDefinition user = on("user", overlay);
    host.defineDomain(user);

    assertThatThrownBy(() -> host.deleteVolume(pool(), disk))
        .isInstanceOf(HypervisorException.InUse.class);

    host.undefineDomain(user.uuid(), OWNER);
    host.deleteVolume(pool(), disk);
  }

  @Test
  void aDomainOnAnotherDiskIsNotDefinedAnew() {
    String disk = volumeName("own");
    String snapshot = volumeName("snapshot");
    host.createOverlay(pool(), disk, base(), baseBytes());
    host.createOverlay(pool(), snapshot, disk, baseBytes());
    host.defineDomain(on("moved", snapshot));

    assertThatThrownBy(() -> host.defineDomain(on("moved", disk)))
        .isInstanceOf(HypervisorException.InUse.class)
        .hasMessageContaining(pathOf(snapshot))
        .hasMessageContaining("was left on it");

    assertThat(host.domain(on("moved", disk).uuid()).orElseThrow().disks().roots())
        .containsExactly(pathOf(snapshot));
  }

  @Test
  void whatCarriesAMarkIsFound() {
    NetworkDefinition network = isolated("marked");
    DomainDefinition domain = domain("marked");
    host.defineNetwork(network);
    host.defineDomain(domain);

    assertThat(host.marked())
        .filteredOn(m -> m.owner().equals(OWNER))
        .containsExactlyInAnyOrder(
            new MarkedObject(MarkedObject.Kind.DOMAIN, domain.name(), OWNER),
            new MarkedObject(MarkedObject.Kind.NETWORK, network.name(), OWNER));
  }

  @Test
  void aPoolSaysWhatIsFree() {
    PoolState state = host.pool(pool()).orElseThrow();

    assertThat(state.active()).isTrue();
    assertThat(state.capacityBytes()).isPositive();
    assertThat(state.freeBytes()).isBetween(0L, state.capacityBytes());
    assertThat(host.pool("nopool")).isEmpty();
  }

  @Test
  void anotherHostThanTheExpectedOneIsNotTalkedTo() {
    UUID self = host.facts().uuid().orElseThrow();
    NetworkDefinition network = isolated("mine");
    try {
      host.expect(UUID.randomUUID());

      assertThatThrownBy(() -> host.domains()).isInstanceOf(HypervisorException.OtherHost.class);
      assertThatThrownBy(() -> host.defineNetwork(network))
          .isInstanceOf(HypervisorException.OtherHost.class)
          .hasMessageContaining(self.toString());
      assertThat(host.facts().uuid()).contains(self);
      assertThat(host.marked()).noneMatch(m -> m.name().equals(network.name()));
    } finally {
      host.expect(self);
    }
    assertThat(host.network(network.uuid())).isEmpty();
  }

  @Test
  void aMissingPoolOrBaseIsNamed() {
    assertThatThrownBy(() -> host.volumes("nopool"))
        .isInstanceOf(NotFound.class)
        .hasMessageContaining("'nopool'");
    assertThatThrownBy(() -> host.createOverlay(pool(), volumeName("x"), "nobase", 1))
        .isInstanceOf(NotFound.class)
        .hasMessageContaining("'nobase'");
    host.deleteVolume("nopool", volumeName("x"));
  }

  @Test
  void aDomainIsReadBackAsDefined() {
    host.defineNetwork(isolated("nic"));
    DomainDefinition plain =
        with(
            domain("full"),
            "Ünïcode <b>&amp; \"quotes\" ' 𝄞",
            "first line <&>\nsecond \"line\" ]]> ' ☃",
            96L << 20,
            List.of(
                new Interface(RUN + "nic", "52:54:00:12:34:56"),
                new Interface(RUN + "nic", "52:54:00:12:34:57")));
    DomainDefinition domain =
        plain.toBuilder()
            .vcpus(2)
            .directBoot(Optional.of(new DirectBoot(kernel(), initrd())))
            .build();

    host.defineDomain(domain);
    host.defineDomain(domain);

    DomainState state = host.domain(domain.uuid()).orElseThrow();
    assertThat(state)
        .isEqualTo(
            new DomainState(
                domain.uuid(),
                domain.name(),
                Optional.of(OWNER),
                Power.SHUT_OFF,
                false,
                Optional.of(domain),
                state.disks()));
    assertThat(state.disks().roots()).containsExactly(pathOf(base()));
    assertThat(state.disks().files())
        .containsExactlyInAnyOrder(pathOf(base()), pathOf(kernel()), pathOf(initrd()));
    assertThat(host.domains()).extracting(DomainState::uuid).contains(domain.uuid());
  }

  @Test
  void aDomainFollowsItsDefinition() {
    DomainDefinition before = domain("chg");
    DomainDefinition after = with(before, "", "", 128L << 20, List.of());
    host.defineDomain(before);
    host.startDomain(before.uuid(), OWNER);

    host.defineDomain(after);

    DomainState state = host.domain(before.uuid()).orElseThrow();
    assertThat(state.power()).isEqualTo(Power.RUNNING);
    assertThat(state.definition()).contains(after);
  }

  @Test
  void aDomainRunsUntilItIsDestroyed() {
    DomainDefinition domain = domain("run");
    host.defineDomain(domain);

    host.startDomain(domain.uuid(), OWNER);
    host.startDomain(domain.uuid(), OWNER);
    assertThat(host.domain(domain.uuid()).orElseThrow().power()).isEqualTo(Power.RUNNING);
    assertThatThrownBy(() -> host.undefineDomain(domain.uuid(), OWNER))
        .isInstanceOf(HypervisorException.class)
        .hasMessageContaining("stop it first");

    host.destroyDomain(domain.uuid(), OWNER);
    assertThat(host.domain(domain.uuid()).orElseThrow().power()).isEqualTo(Power.SHUT_OFF);
    host.destroyDomain(domain.uuid(), OWNER);
    host.shutdownDomain(domain.uuid(), OWNER);

    host.undefineDomain(domain.uuid(), OWNER);
    assertThat(host.domain(domain.uuid())).isEmpty();
    host.undefineDomain(domain.uuid(), OWNER);
    host.destroyDomain(domain.uuid(), OWNER);
    host.shutdownDomain(domain.uuid(), OWNER);
  }

  /** As virsh managedsave, and libvirt-guests when a host goes down. */
  protected abstract void save(UUID domain);

  /** As virsh suspend. */
  protected abstract void suspend(UUID domain);

  /** As virsh autostart. */
  protected abstract void autostart(UUID domain);

  @Test
  void aSavedDomainIsOffForGoodOnlyWhenItsMemoryIsGone() {
    DomainDefinition domain = domain("save");
    host.defineDomain(domain);
    host.startDomain(domain.uuid(), OWNER);
    save(domain.uuid());
    DomainState saved = host.domain(domain.uuid()).orElseThrow();
    assertThat(saved.power()).isEqualTo(Power.SHUT_OFF);
    assertThat(saved.is(Trait.SAVED)).isTrue();
    assertThat(saved.isOffForGood()).isFalse();

    host.destroyDomain(domain.uuid(), OWNER);
    host.destroyDomain(domain.uuid(), OWNER);

    assertThat(host.domain(domain.uuid()).orElseThrow().isOffForGood()).isTrue();
    host.startDomain(domain.uuid(), OWNER);
    assertThat(host.domain(domain.uuid()).orElseThrow().power()).isEqualTo(Power.RUNNING);
  }

  @Test
  void aStartNeverResumes() {
    DomainDefinition domain = domain("boot");
    host.defineDomain(domain);
    host.startDomain(domain.uuid(), OWNER);
    save(domain.uuid());

    host.startDomain(domain.uuid(), OWNER);

    DomainState started = host.domain(domain.uuid()).orElseThrow();
    assertThat(started.power()).isEqualTo(Power.RUNNING);
    assertThat(started.is(Trait.RESUMED)).isFalse();
    host.destroyDomain(domain.uuid(), OWNER);
    assertThat(host.domain(domain.uuid()).orElseThrow().isOffForGood()).isTrue();
  }

  @Test
  void aSavedDomainIsUndefinedWithItsMemory() {
    DomainDefinition domain = domain("unsave");
    host.defineDomain(domain);
    host.startDomain(domain.uuid(), OWNER);
    save(domain.uuid());

    host.undefineDomain(domain.uuid(), OWNER);
    host.defineDomain(domain);

    assertThat(host.domain(domain.uuid()).orElseThrow().isOffForGood()).isTrue();
  }

  @Test
  void aPausedDomainIsResumedOnlyWhenThatIsAskedFor() {
    DomainDefinition domain = domain("pause");
    host.defineDomain(domain);
    host.resumeDomain(domain.uuid(), OWNER);
    assertThat(host.domain(domain.uuid()).orElseThrow().power()).isEqualTo(Power.SHUT_OFF);
    host.startDomain(domain.uuid(), OWNER);
    suspend(domain.uuid());
    assertThat(host.domain(domain.uuid()).orElseThrow().power()).isEqualTo(Power.PAUSED);
    assertThatThrownBy(() -> host.startDomain(domain.uuid(), OWNER))
        .isInstanceOf(HypervisorException.class)
        .hasMessageContaining("it is paused");

    host.resumeDomain(domain.uuid(), OWNER);
    host.resumeDomain(domain.uuid(), OWNER);

    assertThat(host.domain(domain.uuid()).orElseThrow().power()).isEqualTo(Power.RUNNING);
    suspend(domain.uuid());
    host.destroyDomain(domain.uuid(), OWNER);
    assertThat(host.domain(domain.uuid()).orElseThrow().isOffForGood()).isTrue();
  }

  @Test
  void theHostStartsNothingOfOursByItself() {
    DomainDefinition domain = domain("auto");
    host.defineDomain(domain);
    for (Runnable change :
        List.<Runnable>of(
            () -> host.defineDomain(domain), () -> host.destroyDomain(domain.uuid(), OWNER))) {
      autostart(domain.uuid());
      assertThat(host.domain(domain.uuid()).orElseThrow().is(Trait.AUTOSTART)).isTrue();

      change.run();

      assertThat(host.domain(domain.uuid()).orElseThrow().traits()).isEmpty();
    }
  }

  @Test
  void aForeignDomainIsSeenAndLeftAlone() {
    DomainState before = host.domain(foreignDomain()).orElseThrow();
    assertThat(before.owner()).isEmpty();
    assertThat(before.definition()).isEmpty();

    assertThatThrownBy(() -> host.destroyDomain(foreignDomain(), OWNER))
        .isInstanceOf(NameConflict.class);
    assertThatThrownBy(() -> host.undefineDomain(foreignDomain(), OWNER))
        .isInstanceOf(NameConflict.class);
    assertThatThrownBy(() -> host.shutdownDomain(foreignDomain(), OWNER))
        .isInstanceOf(NameConflict.class);
    assertThatThrownBy(() -> host.startDomain(foreignDomain(), OWNER))
        .isInstanceOf(NameConflict.class);
    DomainDefinition mine = domain("mine");
    DomainDefinition sameName = mine.toBuilder().name(before.name()).build();
    assertThatThrownBy(() -> host.defineDomain(sameName))
        .isInstanceOf(NameConflict.class)
        .hasMessageContaining("'" + before.name() + "'")
        .hasMessageContaining(foreignDomain().toString());

    assertThat(host.domain(foreignDomain())).contains(before);
  }

  @Test
  void aDomainOfAnotherOwnerIsLeftAlone() {
    DomainDefinition domain = domain("own");
    host.defineDomain(domain);

    for (Consumer<UUID> change :
        List.<Consumer<UUID>>of(
            id -> host.startDomain(id, OTHER),
            id -> host.resumeDomain(id, OTHER),
            id -> host.shutdownDomain(id, OTHER),
            id -> host.destroyDomain(id, OTHER),
            id -> host.undefineDomain(id, OTHER))) {
      assertThatThrownBy(() -> change.accept(domain.uuid()))
          .isInstanceOf(NameConflict.class)
          .hasMessageContaining("labs/demo");
    }

    assertThat(host.domain(domain.uuid()).orElseThrow().power()).isEqualTo(Power.SHUT_OFF);
  }

  @Test
  void aDomainWhoseVolumeIsMissingIsNotDefined() {
    DomainDefinition d = domain("novol");
    DomainDefinition broken = d.toBuilder().volume("novolume").build();

    assertThatThrownBy(() -> host.defineDomain(broken))
        .isInstanceOf(NotFound.class)
        .hasMessageContaining("'novolume'");

    assertThat(host.domain(d.uuid())).isEmpty();
  }

  @Test
  void anAgentThatIsNotThereIsUnavailable() {
    DomainDefinition domain = domain("agent");
    host.defineDomain(domain);
    String ping = "{\"execute\":\"guest-ping\"}";

    assertThatThrownBy(() -> host.agentCommand(domain.uuid(), ping, Duration.ofSeconds(1)))
        .isInstanceOf(AgentUnavailable.class);
    host.startDomain(domain.uuid(), OWNER);
    assertThatThrownBy(() -> host.agentCommand(domain.uuid(), ping, Duration.ofSeconds(1)))
        .isInstanceOf(AgentUnavailable.class);
    assertThatThrownBy(() -> host.agentCommand(UUID.randomUUID(), ping, Duration.ofSeconds(1)))
        .isInstanceOf(NotFound.class);
  }

  @Test
  void eventsTellOfADomainsLife() throws Exception {
    ConcurrentLinkedQueue<HypervisorEvent> events = new ConcurrentLinkedQueue<>();
    DomainDefinition domain = domain("event");
    HypervisorEvent lifecycle = new HypervisorEvent(HypervisorEvent.Kind.LIFECYCLE, domain.uuid());
    host.facts();
    AutoCloseable handle = host.listen(events::add);
    try {
      host.defineDomain(domain);
      await().atMost(Duration.ofSeconds(30)).until(() -> events.contains(lifecycle));
      events.clear();
      host.startDomain(domain.uuid(), OWNER);
      await().atMost(Duration.ofSeconds(30)).until(() -> events.contains(lifecycle));
      events.clear();
      host.destroyDomain(domain.uuid(), OWNER);
      await().atMost(Duration.ofSeconds(30)).until(() -> events.contains(lifecycle));
    } finally {
      handle.close();
    }
  }
}
