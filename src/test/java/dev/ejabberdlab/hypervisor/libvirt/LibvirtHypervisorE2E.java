package dev.ejabberdlab.hypervisor.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainDefinition.Interface;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.DomainState.Trait;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorContract;
import dev.ejabberdlab.hypervisor.HypervisorEvent;
import dev.ejabberdlab.hypervisor.HypervisorEvent.Kind;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.NameConflict;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.NetworkDefinition.Reservation;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.VolumeState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;
import org.libvirt.Network;
import org.libvirt.StoragePool;

/** The contract on a real libvirtd, which is killed, stopped and started again on the way. */
@Order(Integer.MAX_VALUE)
class LibvirtHypervisorE2E extends HypervisorContract {

  private static final String POOL = LibvirtInstance.POOL;
  private static final long BASE_BYTES = 8L << 20;
  private static final UUID FOREIGN_DOMAIN = UUID.randomUUID();
  private static final UUID FOREIGN_NETWORK = UUID.randomUUID();
  private static final String RUN = "x" + FOREIGN_DOMAIN.toString().substring(0, 4);
  private static final String BASE = RUN + "-base.qcow2";
  private static final String KERNEL = RUN + "-vmlinuz";
  private static final String INITRD = RUN + "-initrd";
  private static final Duration LONG = Duration.ofSeconds(120);

  private static LibvirtInstance libvirt;
  private static Hypervisor hypervisor;

  @BeforeAll
  static void prepare() throws LibvirtException {
    libvirt = LibvirtInstance.fromEnvironment();
    libvirt.createVolume(BASE, "qcow2", BASE_BYTES);
    libvirt.createVolume(KERNEL, "raw", 4096);
    libvirt.createVolume(INITRD, "raw", 4096);
    libvirt.defineForeign(RUN, FOREIGN_NETWORK, FOREIGN_DOMAIN);
    hypervisor = new LibvirtHypervisorFactory().open(libvirt.uri());
  }

  @AfterAll
  static void remove() throws LibvirtException {
    if (hypervisor == null) {
      return;
    }
    hypervisor.deleteVolume(POOL, BASE);
    hypervisor.deleteVolume(POOL, KERNEL);
    hypervisor.deleteVolume(POOL, INITRD);
    hypervisor.close();
    libvirt.reconnect();
    libvirt.undefineForeign(FOREIGN_NETWORK, FOREIGN_DOMAIN);
    libvirt.admin().close();
  }

  @Override
  protected Hypervisor host() {
    return hypervisor;
  }

  @Override
  protected String pool() {
    return POOL;
  }

  @Override
  protected String base() {
    return BASE;
  }

  @Override
  protected long baseBytes() {
    return BASE_BYTES;
  }

  @Override
  protected String kernel() {
    return KERNEL;
  }

  @Override
  protected String initrd() {
    return INITRD;
  }

  @Override
  protected UUID foreignDomain() {
    return FOREIGN_DOMAIN;
  }

  @Override
  protected UUID foreignNetwork() {
    return FOREIGN_NETWORK;
  }

  @Test
  void aRunningNetworkIsRedefinedWithoutAStop() {
    NetworkDefinition before = nat("live", "10.211.9", List.of());
    NetworkDefinition after =
        nat("live", "10.211.9", List.of(new Reservation("52:54:00:00:00:01", "10.211.9.10", "e1")));
    host.defineNetwork(before);
    host.startNetwork(before.uuid(), OWNER);

    host.defineNetwork(after);

    NetworkState state = host.network(before.uuid()).orElseThrow();
    assertThat(state.active()).isTrue();
    assertThat(state.definition()).contains(after);
  }

  @Test
  void whoWasInADestroyedNetworkIsPluggedInAgain() throws Exception {
    NetworkDefinition network = isolated("gone");
    NetworkDefinition other = isolated("other");
    String mac = "52:54:00:0a:0b:0c";
    DomainDefinition guest =
        with(
            domain("guest"),
            "",
            "",
            64L << 20,
            List.of(
                new Interface(network.name(), mac),
                new Interface(other.name(), "52:54:00:0a:0b:0e")));
    for (NetworkDefinition n : List.of(network, other)) {
      host.defineNetwork(n);
      host.startNetwork(n.uuid(), OWNER);
    }
    host.defineDomain(guest);
    host.startDomain(guest.uuid(), OWNER);
    assertThat(LibvirtInstance.portsOf(network.bridge())).hasSize(1);

    Network lost = libvirt.admin().networkLookupByUUID(network.uuid());
    lost.destroy();
    lost.free();
    assertThat(host.network(network.uuid()).orElseThrow().active()).isFalse();
    host.startNetwork(network.uuid(), OWNER, Set.of(guest.uuid()));

    assertThat(LibvirtInstance.portsOf(network.bridge())).hasSize(1);
    assertThat(LibvirtInstance.portsOf(other.bridge())).hasSize(1);
    Domain domain = libvirt.admin().domainLookupByUUID(guest.uuid());
    assertThat(domain.getXMLDesc(0)).contains(mac).doesNotContain("<link state='down'/>");
    domain.free();
    assertThat(host.domain(guest.uuid()).orElseThrow().definition()).contains(guest);
  }

  @Test
  void anAddressRangeInUseIsNamed() {
    NetworkDefinition first = nat("one", "10.211.10", List.of());
    NetworkDefinition second = nat("two", "10.211.10", List.of());
    host.defineNetwork(first);
    host.startNetwork(first.uuid(), OWNER);
    host.defineNetwork(second);

    assertThatThrownBy(() -> host.startNetwork(second.uuid(), OWNER))
        .isInstanceOf(HypervisorException.class)
        .hasMessageContaining("10.211.10.0/24")
        .hasMessageContaining("interface " + first.bridge())
        .hasMessageContaining("choose another range");
  }

  @Test
  void anOverlayStandsOnItsBase() throws LibvirtException {
    String name = volumeName("over");

    host.createOverlay(POOL, name, BASE, 2 * BASE_BYTES);

    VolumeXml volume = VolumeXml.read(libvirt.volumeXml(name));
    assertThat(volume.format()).isEqualTo("qcow2");
    assertThat(volume.backing()).contains(VolumeXml.read(libvirt.volumeXml(BASE)).path());
    assertThat(volume.isImage()).isTrue();
    assertThat(volume.modified()).isAfter(Instant.EPOCH);
  }

  @Test
  void aHalfMadeOverlayIsMadeAnew() throws LibvirtException {
    for (String format : List.of("raw", "qcow2")) {
      String name = volumeName("half-" + format);
      libvirt.createVolume(name, format, format.equals("raw") ? 0 : BASE_BYTES);
      assertThat(host.volume(POOL, name)).isEmpty();
      assertThat(host.volumes(POOL))
          .filteredOn(VolumeState::name, name)
          .singleElement()
          .extracting(VolumeState::complete)
          .isEqualTo(false);

      host.createOverlay(POOL, name, BASE, BASE_BYTES);

      assertThat(VolumeXml.read(libvirt.volumeXml(name)).backing()).isPresent();
    }
  }

  @Test
  void aBaseThatIsNoImageIsRefused() {
    assertThatThrownBy(() -> host.createOverlay(POOL, volumeName("onraw"), KERNEL, BASE_BYTES))
        .isInstanceOf(HypervisorException.class)
        .hasMessageContaining("'" + KERNEL + "'")
        .hasMessageContaining("not a complete qcow2 image");
    assertThat(host.volume(POOL, volumeName("onraw"))).isEmpty();
  }

  @Test
  void aStoppedPoolIsNamedAndNotStarted() throws LibvirtException {
    StoragePool pool = libvirt.admin().storagePoolLookupByName(POOL);
    pool.destroy();
    try {
      assertThatThrownBy(() -> host.volumes(POOL))
          .isInstanceOf(HypervisorException.class)
          .hasMessageContaining("virsh pool-start " + POOL);
      assertThat(pool.isActive()).isZero();
    } finally {
      pool.create(0);
      pool.free();
    }
  }

  @Test
  void aPoolServesManyAtOnce() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<Future<?>> done = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        String name = volumeName("many" + i);
        done.add(threads.submit(() -> host.createOverlay(POOL, name, BASE, BASE_BYTES)));
        done.add(threads.submit(() -> host.volumes(POOL)));
        done.add(threads.submit(() -> host.domains()));
      }
      for (Future<?> one : done) {
        one.get(LONG.toSeconds(), TimeUnit.SECONDS);
      }
    } finally {
      threads.shutdownNow();
    }

    assertThat(host.volumes(POOL))
        .extracting(VolumeState::name)
        .contains(
            IntStream.range(0, 24).mapToObj(i -> volumeName("many" + i)).toArray(String[]::new));
  }

  @Override
  protected void save(UUID domain) {
    libvirt.change(domain, Domain::managedSave);
  }

  @Override
  protected void suspend(UUID domain) {
    libvirt.change(domain, Domain::suspend);
  }

  @Override
  protected void autostart(UUID domain) {
    libvirt.change(domain, d -> d.setAutostart(true));
  }

  /** What others start of it is told, so that it can be turned off before it has done harm. */
  @Test
  void aSavedDomainThatOthersStartIsToldFromABoot() {
    DomainDefinition domain = domain("others");
    host.defineDomain(domain);
    host.startDomain(domain.uuid(), OWNER);
    save(domain.uuid());

    libvirt.change(domain.uuid(), Domain::create);

    assertThat(power(domain)).isEqualTo(Power.RUNNING);
    assertThat(host.domain(domain.uuid()).orElseThrow().is(Trait.RESUMED)).isTrue();
  }

  /** libvirt starts QEMU first and lets the guest go later; who is paused would be turned off. */
  @Test
  void aDomainThatIsBeingStartedIsNotPaused() throws Exception {
    DomainDefinition domain = domain("starting");
    host.defineDomain(domain);
    Set<Power> seen = EnumSet.noneOf(Power.class);
    ExecutorService starter = Executors.newSingleThreadExecutor();
    try {
      for (int i = 0; i < 5; i++) {
        Future<?> start = starter.submit(() -> host.startDomain(domain.uuid(), OWNER));
        while (!start.isDone()) {
          seen.add(power(domain));
        }
        start.get();
        host.destroyDomain(domain.uuid(), OWNER);
      }
    } finally {
      starter.shutdownNow();
    }
    assertThat(seen).contains(Power.SHUT_OFF).doesNotContain(Power.PAUSED);
  }

  @Test
  void askingADomainToShutDownReturnsAtOnce() {
    DomainDefinition domain = domain("acpi");
    host.defineDomain(domain);
    host.startDomain(domain.uuid(), OWNER);

    host.shutdownDomain(domain.uuid(), OWNER);

    assertThat(power(domain)).isEqualTo(Power.RUNNING);
  }

  @Test
  void aChangeMadeByOthersIsSeenAndUndone() throws LibvirtException {
    DomainDefinition domain = domain("edit");
    host.defineDomain(domain);
    String edited =
        libvirt
            .domainXml(domain.uuid())
            .replaceAll("(<memory unit='KiB'>)\\d+", "$199328")
            .replaceAll("(<currentMemory unit='KiB'>)\\d+", "$199328");
    libvirt.define(edited);
    assertThat(host.domain(domain.uuid()).orElseThrow().definition().orElseThrow().memoryBytes())
        .isEqualTo(97L << 20);

    host.defineDomain(domain);

    assertThat(host.domain(domain.uuid()).orElseThrow().definition()).contains(domain);
  }

  @Test
  void aCloneMadeByOthersIsNotOurs() throws LibvirtException {
    DomainDefinition domain = domain("orig");
    host.defineDomain(domain);
    UUID clone = UUID.randomUUID();
    Matcher xml =
        Pattern.compile("<name>.*</name>\\s*<uuid>.*</uuid>")
            .matcher(libvirt.domainXml(domain.uuid()));
    libvirt.define(
        xml.replaceFirst("<name>" + domain.name() + "-clone</name><uuid>" + clone + "</uuid>"));
    try {
      assertThat(host.domain(clone).orElseThrow().owner()).isEmpty();
      assertThatThrownBy(() -> host.undefineDomain(clone, OWNER)).isInstanceOf(NameConflict.class);
    } finally {
      libvirt.change(clone, Domain::undefine);
    }
  }

  /** Shutting a domain down waits for its QEMU; nothing else may wait with it. */
  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void aFrozenQemuIsDestroyed() throws Exception {
    DomainDefinition frozen = domain("frozen");
    host.defineDomain(frozen);
    host.startDomain(frozen.uuid(), OWNER);
    libvirt.signalQemu("STOP", frozen.name());
    for (int i = 0; i < 6; i++) {
      host.shutdownDomain(frozen.uuid(), OWNER);
    }
    assertThat(host.domains()).extracting(DomainState::uuid).contains(frozen.uuid());
    assertThat(power(frozen)).isEqualTo(Power.RUNNING);

    host.destroyDomain(frozen.uuid(), OWNER);

    assertThat(power(frozen)).isEqualTo(Power.SHUT_OFF);
  }

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void aKilledLibvirtdIsFoundAgain() throws Exception {
    ConcurrentLinkedQueue<HypervisorEvent> events = new ConcurrentLinkedQueue<>();
    HypervisorEvent connected = new HypervisorEvent(Kind.CONNECTED, null);
    HypervisorEvent disconnected = new HypervisorEvent(Kind.DISCONNECTED, null);
    DomainDefinition domain = domain("kill");
    host.defineDomain(domain);
    host.startDomain(domain.uuid(), OWNER);
    AutoCloseable handle = host.listen(events::add);
    try {
      libvirt.signalLibvirtd("KILL");
      await().atMost(LONG).until(() -> events.contains(disconnected));
      assertThatThrownBy(host::domains).isInstanceOf(Unreachable.class);
      assertThatThrownBy(() -> host.destroyDomain(domain.uuid(), OWNER))
          .isInstanceOf(Unreachable.class);
      assertThatThrownBy(
              () ->
                  host.agentCommand(
                      domain.uuid(), "{\"execute\":\"guest-ping\"}", Duration.ofSeconds(1)))
          .isInstanceOf(Unreachable.class);

      libvirt.up();

      await().atMost(LONG).until(() -> events.contains(connected));
      assertThat(power(domain)).isEqualTo(Power.RUNNING);
      events.clear();
      host.destroyDomain(domain.uuid(), OWNER);
      await()
          .atMost(LONG)
          .until(() -> events.contains(new HypervisorEvent(Kind.LIFECYCLE, domain.uuid())));
    } finally {
      handle.close();
      libvirt.reconnect();
    }
  }

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void aHungLibvirtdHoldsNobody() throws Exception {
    assertThat(host.domains()).isNotEmpty();
    libvirt.signalLibvirtd("STOP");
    try {
      // The first call goes out over the connection that stood, the next ones try anew.
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(host::domains).isInstanceOf(Unreachable.class);
      }
    } finally {
      libvirt.signalLibvirtd("CONT");
    }

    await()
        .atMost(LONG)
        .ignoreExceptionsInstanceOf(Unreachable.class)
        .until(() -> !host.domains().isEmpty());
    // The connection for set-up has no keepalive and has just waited.
    assertThat(libvirt.admin().isAlive()).isTrue();
  }

  private Power power(DomainDefinition domain) {
    return host.domain(domain.uuid()).map(DomainState::power).orElseThrow();
  }
}
