package dev.ejabberdlab.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostStatus.Orphan;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostStatus.OrphanKind;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostStatus.Orphans;
import dev.ejabberdlab.hypervisor.MarkedObject;
import dev.ejabberdlab.hypervisor.MarkedObject.Kind;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.observe.HostSnapshot.Inventory;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HostStatusesTest {

  private static final UUID LAB = UUID.fromString("1a2b3c4d-0000-4000-8000-000000000000");
  private static final UUID GONE = UUID.fromString("99999999-0000-4000-8000-000000000000");

  @Test
  void whatLabsLiveWithCannotBeChanged() {
    LibvirtHostSpec before = spec("qemu:///system", "default");

    assertThat(HostStatuses.changes(before, before, List.of("a/demo"))).isEmpty();
    assertThat(HostStatuses.changes(spec("qemu:///session", "other"), before, List.of("a/demo")))
        .containsExactly(
            "spec.uri: cannot be changed from qemu:///system to qemu:///session while labs live on the host (a/demo); set it back, or create another LibvirtHost.",
            "spec.pool: cannot be changed from default to other while labs live on the host (a/demo); set it back, or create another LibvirtHost.");
  }

  private static LibvirtHostSpec spec(String uri, String pool) {
    return new LibvirtHostSpec(uri, pool, Virtualization.auto, null);
  }

  @Test
  void anOrphanIsWhatNoLabHas() {
    Inventory inventory =
        new Inventory(
            List.of(
                new MarkedObject(Kind.DOMAIN, "ejl-1a2b3c4d-e1", new Owner(LAB, "a", "demo")),
                new MarkedObject(Kind.DOMAIN, "ejl-99999999-e1", new Owner(GONE, "b", "old")),
                new MarkedObject(Kind.NETWORK, "ejl-99999999-dmz", new Owner(GONE, "b", "old"))),
            List.of("ejl-1a2b3c4d-e1.qcow2", "ejl-99999999-e1.qcow2"));

    assertThat(HostStatuses.orphans(inventory, Set.of(LAB)))
        .isEqualTo(
            new Orphans(
                3,
                List.of(
                    new Orphan(OrphanKind.domain, "ejl-99999999-e1", "b", "old"),
                    new Orphan(OrphanKind.network, "ejl-99999999-dmz", "b", "old"),
                    new Orphan(OrphanKind.volume, "ejl-99999999-e1.qcow2", null, null))));
    assertThat(HostStatuses.orphans(inventory, Set.of(LAB, GONE))).isNull();
  }

  @Test
  void aLongListIsCut() {
    Inventory many =
        new Inventory(
            List.of(),
            IntStream.range(0, 50).mapToObj(i -> "ejl-99999999-n" + i + ".qcow2").toList());

    Orphans orphans = HostStatuses.orphans(many, Set.of());

    assertThat(orphans.count()).isEqualTo(50);
    assertThat(orphans.items()).hasSize(20);
  }
}
