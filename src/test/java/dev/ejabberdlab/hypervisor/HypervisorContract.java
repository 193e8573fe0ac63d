package dev.ejabberdlab.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ejabberdlab.hypervisor.HypervisorException.NotFound;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

/**
 * What every {@link Hypervisor} does, whatever is behind it. Here is what concerns the host as a
 * whole. The superclasses have what concerns {@linkplain NetworkContract networks}, {@linkplain
 * VolumeContract volumes} and {@linkplain DomainContract domains}: JUnit runs their tests too.
 */
public abstract class HypervisorContract extends DomainContract {

  @Test
  void factsDescribeTheHost() {
    HostFacts facts = host.facts();

    assertThat(facts.hostname()).isNotBlank();
    assertThat(facts.libvirtVersion()).matches("\\d+\\.\\d+\\.\\d+");
    assertThat(facts.memoryBytes()).isGreaterThan(1L << 30);
    assertThat(facts.cpus()).isPositive();
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
