package dev.ejabberdlab.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ejabberdlab.hypervisor.HypervisorException.NotFound;
import org.junit.jupiter.api.Test;

/** What every {@link Hypervisor} does with pools and their volumes. */
abstract class VolumeContract extends NetworkContract {

  @Test
  void aPoolSaysWhatIsFree() {
    PoolState state = host.pool(pool()).orElseThrow();

    assertThat(state.active()).isTrue();
    assertThat(state.capacityBytes()).isPositive();
    assertThat(state.freeBytes()).isBetween(0L, state.capacityBytes());
    assertThat(host.pool("nopool")).isEmpty();
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
}
