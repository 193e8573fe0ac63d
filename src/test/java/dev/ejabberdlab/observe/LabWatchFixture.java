package dev.ejabberdlab.observe;

import static dev.ejabberdlab.observe.LabFixture.report;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.when;

import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.mockito.Mock;
import org.mockito.junit.jupiter.MockitoExtension;
import org.mockito.junit.jupiter.MockitoSettings;
import org.mockito.quality.Strictness;

/**
 * A watch of the reference lab: libvirt and the guests are mocks, time and threads are the test's.
 */
@ExtendWith(MockitoExtension.class)
@MockitoSettings(strictness = Strictness.LENIENT)
abstract class LabWatchFixture {

  static final String E1 = "e1server";
  static final String E2 = "e2server";
  static final String GW = "gw1server";
  static final Step JOIN = LabFixture.step(E2, "ejabberd-cluster", E1 + "/ejabberd");
  static final String POOL = "default";
  static final Unreachable AWAY = new Unreachable("libvirt is away", null);

  final LabTopology lab = LabFixture.lab();
  final ManualExecutor io = new ManualExecutor();
  final SettableClock clock = new SettableClock();
  final AtomicInteger changes = new AtomicInteger();
  @Mock Hypervisor hypervisor;
  @Mock StepRunner steps;
  LabWatch watch;

  @BeforeEach
  void watch() {
    watch = new LabWatch(hypervisor, steps, io, clock, changes::incrementAndGet);
    when(hypervisor.volumes(POOL))
        .thenReturn(List.of(volume(LabFixture.IMAGE, 0), volume(lab.node(E1).volume(), 0)));
    when(steps.report(any())).thenReturn(report());
  }

  static VolumeState volume(String name, long modified) {
    return new VolumeState(name, 6L << 30, Instant.ofEpochSecond(modified));
  }

  void domain(String node, Power power, boolean agent) {
    UUID uuid = lab.node(node).uuid();
    when(hypervisor.domain(uuid))
        .thenReturn(
            Optional.of(
                new DomainState(uuid, node, Optional.empty(), power, agent, Optional.empty())));
  }

  void network(String name) {
    LabTopology.Network network = lab.network(name);
    when(hypervisor.network(network.uuid()))
        .thenReturn(
            Optional.of(
                new NetworkState(
                    network.uuid(), name, Optional.empty(), true, List.of(), Optional.empty())));
  }

  void follow() {
    watch.follow(lab, POOL);
    io.runAll();
  }

  void refresh() {
    watch.refresh();
    io.runAll();
  }

  Machine machine(String node) {
    return watch.snapshot().machine(node);
  }

  int newChanges() {
    return changes.getAndSet(0);
  }
}
