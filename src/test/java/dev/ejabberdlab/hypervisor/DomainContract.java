package dev.ejabberdlab.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ejabberdlab.hypervisor.DomainDefinition.DirectBoot;
import dev.ejabberdlab.hypervisor.DomainDefinition.Interface;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.DomainState.Trait;
import dev.ejabberdlab.hypervisor.HypervisorException.AgentUnavailable;
import dev.ejabberdlab.hypervisor.HypervisorException.NameConflict;
import dev.ejabberdlab.hypervisor.HypervisorException.NotFound;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What every {@link Hypervisor} does with domains. */
abstract class DomainContract extends VolumeContract {

  /** As virsh managedsave, and libvirt-guests when a host goes down. */
  protected abstract void save(UUID domain);

  /** As virsh suspend. */
  protected abstract void suspend(UUID domain);

  /** As virsh autostart. */
  protected abstract void autostart(UUID domain);

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
  void aDomainWhoseVolumeIsMissingIsNotDefined() {
    DomainDefinition d = domain("novol");
    DomainDefinition broken = d.toBuilder().volume("novolume").build();

    assertThatThrownBy(() -> host.defineDomain(broken))
        .isInstanceOf(NotFound.class)
        .hasMessageContaining("'novolume'");

    assertThat(host.domain(d.uuid())).isEmpty();
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
}
