package dev.ejabberdlab.hypervisor.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorContract;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import dev.ejabberdlab.hypervisor.TestDriver;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

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
