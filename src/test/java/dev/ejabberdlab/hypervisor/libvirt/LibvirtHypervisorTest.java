package dev.ejabberdlab.hypervisor.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainDefinition.DirectBoot;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.DomainState.Trait;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorContract;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import dev.ejabberdlab.hypervisor.TestDriver;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;

/** The contract on libvirt's test driver, and what happens without a libvirt. */
class LibvirtHypervisorTest extends HypervisorContract {

  @TempDir static Path directory;
  private static Hypervisor hypervisor;

  @BeforeAll
  static void open() throws IOException {
    hypervisor = new LibvirtHypervisorFactory().open(TestDriver.uri(directory));
  }

  @AfterAll
  static void close() {
    hypervisor.close();
  }

  @Override
  protected Hypervisor host() {
    return hypervisor;
  }

  @Override
  protected String pool() {
    return TestDriver.POOL;
  }

  @Override
  protected String base() {
    return TestDriver.BASE;
  }

  @Override
  protected long baseBytes() {
    return TestDriver.BASE_BYTES;
  }

  @Override
  protected String kernel() {
    return TestDriver.KERNEL;
  }

  @Override
  protected String initrd() {
    return TestDriver.INITRD;
  }

  @Override
  protected UUID foreignDomain() {
    return TestDriver.FOREIGN_DOMAIN;
  }

  @Override
  protected UUID foreignNetwork() {
    return TestDriver.FOREIGN_NETWORK;
  }

  private static void raw(UUID uuid, ByHand change) {
    // To the test driver a connection of the same URI is another host.
    ((LibvirtHypervisor) hypervisor)
        .byHand(
            c -> {
              Domain domain = c.domainLookupByUUIDString(uuid.toString());
              change.on(domain);
              domain.free();
              return null;
            });
  }

  private interface ByHand {
    void on(Domain domain) throws LibvirtException;
  }

  @Override
  protected void save(UUID domain) {
    raw(domain, Domain::managedSave);
  }

  @Override
  protected void suspend(UUID domain) {
    raw(domain, Domain::suspend);
  }

  @Override
  protected void autostart(UUID domain) {
    raw(domain, d -> d.setAutostart(true));
  }

  /** The test driver restores from a file as QEMU does. */
  @Test
  void aMemoryFromAFileIsToldFromABoot() {
    DomainDefinition domain = domain("restore");
    Path file = directory.resolve("memory");
    host.defineDomain(domain);
    host.startDomain(domain.uuid(), OWNER);
    raw(domain.uuid(), d -> d.save(file.toString()));

    ((LibvirtHypervisor) hypervisor)
        .byHand(
            c -> {
              c.restore(file.toString());
              return null;
            });

    DomainState restored = host.domain(domain.uuid()).orElseThrow();
    assertThat(restored.power()).isEqualTo(Power.RUNNING);
    assertThat(restored.is(Trait.RESUMED)).isTrue();
    host.destroyDomain(domain.uuid(), OWNER);
    host.startDomain(domain.uuid(), OWNER);
    assertThat(host.domain(domain.uuid()).orElseThrow().is(Trait.RESUMED)).isFalse();
  }

  @Test
  void whatAnotherOperatorHasWrittenIsOutdatedUntilItIsDefinedAnew() {
    DomainDefinition plain = domain("old");
    DomainDefinition domain =
        plain.toBuilder().directBoot(Optional.of(new DirectBoot(kernel(), initrd()))).build();
    host.defineDomain(domain);
    ((LibvirtHypervisor) hypervisor)
        .byHand(
            c -> {
              Domain raw = c.domainLookupByUUIDString(domain.uuid().toString());
              c.domainDefineXML(raw.getXMLDesc(0).replace(" panic=10", "")).free();
              raw.free();
              return null;
            });
    DomainState old = host.domain(domain.uuid()).orElseThrow();
    assertThat(old.definition()).contains(domain);
    assertThat(old.is(Trait.OUTDATED)).isTrue();

    host.defineDomain(domain);

    assertThat(host.domain(domain.uuid()).orElseThrow().traits()).isEmpty();
  }

  @Test
  void withoutLibvirtEveryCallSaysSo() {
    try (Hypervisor nobody =
        new LibvirtHypervisor("qemu:///system?socket=" + directory.resolve("nobody"))) {
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(nobody::domains)
            .isInstanceOf(Unreachable.class)
            .hasMessageContaining("qemu:///system")
            .hasMessageNotContaining("socket=");
      }
    }
  }

  @Test
  @Timeout(value = 60, unit = TimeUnit.SECONDS)
  void aLibvirtThatNeverAnswersHoldsNobody() throws IOException {
    Path socket = directory.resolve("silent");
    try (ServerSocketChannel silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      silent.bind(UnixDomainSocketAddress.of(socket));
      try (Hypervisor hung = new LibvirtHypervisor("qemu:///system?socket=" + socket)) {
        for (int i = 0; i < 3; i++) {
          assertThatThrownBy(hung::domains)
              .isInstanceOf(Unreachable.class)
              .hasMessageContaining("does not answer");
        }
      }
    }
  }

  @Test
  void aClosedHypervisorIsUnreachable() throws IOException {
    Hypervisor closed = new LibvirtHypervisor(TestDriver.uri(directory));
    assertThat(closed.domains()).isNotEmpty();

    closed.close();

    assertThatThrownBy(closed::domains).isInstanceOf(Unreachable.class);
  }
}
