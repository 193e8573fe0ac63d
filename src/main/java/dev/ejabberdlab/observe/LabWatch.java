package dev.ejabberdlab.observe;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.guest.AgentGuestChannel;
import dev.ejabberdlab.guest.GuestChannel;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.StepLaunchException;
import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** Keeps the last view of one lab: its networks, volumes and domains, and what its guests say. */
public final class LabWatch {

  /** How often libvirt is asked; events make it sooner. */
  static final Duration RELIST = Duration.ofSeconds(30);

  /** How often the pool is searched for the image, which has no events. */
  static final Duration IMAGE = Duration.ofSeconds(60);

  /** How often a guest with a service is asked. */
  static final Duration SERVICE = Duration.ofSeconds(5);

  /** How often any other guest is asked. */
  static final Duration BASE = Duration.ofSeconds(20);

  private final Hypervisor hypervisor;
  private final StepRunner steps;
  private final Executor io;
  private final Clock clock;
  private final Runnable changed;
  private final Refresh machines;
  private final Map<String, Refresh> guests = new ConcurrentHashMap<>();
  private final Map<String, Instant> guestAskedAt = new ConcurrentHashMap<>();
  private volatile Target target;
  private volatile Instant askedAt = Instant.EPOCH;
  private volatile Instant imageAskedAt = Instant.EPOCH;
  private LabSnapshot snapshot = LabSnapshot.NOTHING;

  private record Target(LabTopology topology, String pool) {}

  /**
   * @param changed called when something that matters has changed; must return at once
   */
  public LabWatch(
      Hypervisor hypervisor, StepRunner steps, Executor io, Clock clock, Runnable changed) {
    this.hypervisor = hypervisor;
    this.steps = steps;
    this.io = io;
    this.clock = clock;
    this.changed = changed;
    this.machines = new Refresh(this::askHypervisor, io);
  }

  /** Says what to watch; asks at once when that has changed. */
  public void follow(LabTopology topology, String pool) {
    Target wanted = new Target(topology, pool);
    if (!wanted.equals(target)) {
      target = wanted;
      imageAskedAt = Instant.EPOCH;
      refresh();
    }
  }

  public synchronized LabSnapshot snapshot() {
    return snapshot;
  }

  /** The way into a node's guest. */
  public GuestChannel channel(UUID domain) {
    return new AgentGuestChannel(hypervisor, domain);
  }

  /** Asks libvirt about everything of the lab. */
  public CompletableFuture<Void> refresh() {
    return machines.request();
  }

  /** Asks one guest. */
  public CompletableFuture<Void> refreshGuest(String node) {
    return guests.computeIfAbsent(node, name -> new Refresh(() -> askGuest(name), io)).request();
  }

  /** Asks a guest and those of the same role, whose view of it may have changed. */
  public CompletableFuture<Void> refreshPeers(String node) {
    Target now = target;
    Role role = now.topology().node(node).role();
    return CompletableFuture.allOf(
        now.topology().nodes(role).stream()
            .map(peer -> refreshGuest(peer.name()))
            .toArray(CompletableFuture[]::new));
  }

  /** Whether the domain is one of this lab's. */
  public boolean owns(UUID domain) {
    Target now = target;
    return now != null && now.topology().nodes().stream().anyMatch(n -> n.uuid().equals(domain));
  }

  /** Starts what is due. */
  public void tick() {
    Target now = target;
    if (now == null) {
      return;
    }
    Instant time = clock.instant();
    if (askedAt.plus(RELIST).isBefore(time)) {
      askedAt = time;
      refresh();
    }
    for (LabTopology.Node node : now.topology().nodes()) {
      Duration interval =
          node.role() == Role.postgresql || node.role() == Role.ejabberd ? SERVICE : BASE;
      if (snapshot().machine(node.name()).domain().is(DomainState::agentConnected)
          && guestAskedAt.getOrDefault(node.name(), Instant.EPOCH).plus(interval).isBefore(time)) {
        guestAskedAt.put(node.name(), time);
        refreshGuest(node.name());
      }
    }
  }

  private void askHypervisor() {
    Target now = target;
    if (now == null) {
      return;
    }
    Map<String, Seen<NetworkState>> networks = new LinkedHashMap<>();
    Map<String, Seen<VolumeState>> volumes = new LinkedHashMap<>();
    Map<String, Seen<DomainState>> domains = new LinkedHashMap<>();
    for (LabTopology.Network network : now.topology().networks()) {
      networks.put(network.name(), ask(() -> Seen.answer(hypervisor.network(network.uuid()))));
    }
    for (LabTopology.Node node : now.topology().nodes()) {
      volumes.put(
          node.name(), ask(() -> Seen.answer(hypervisor.volume(now.pool(), node.volume()))));
      domains.put(node.name(), ask(() -> Seen.answer(hypervisor.domain(node.uuid()))));
    }
    Seen<ImageVolumes> image = askImage(now);
    List<String> connected;
    boolean different;
    synchronized (this) {
      LabSnapshot before = snapshot;
      Map<String, Machine> machinesNow = new LinkedHashMap<>();
      for (LabTopology.Node node : now.topology().nodes()) {
        Machine old = before.machine(node.name());
        Seen<DomainState> domain = domains.get(node.name());
        boolean agent = domain.is(DomainState::agentConnected);
        Seen<GuestReport> guest =
            agent ? old.guest() : Seen.unknown("The guest agent is not connected.");
        machinesNow.put(
            node.name(),
            new Machine(volumes.get(node.name()), domain, guest, silentSince(old, domain, guest)));
      }
      connected =
          machinesNow.entrySet().stream()
              .filter(m -> m.getValue().domain().is(DomainState::agentConnected))
              .filter(m -> !before.machine(m.getKey()).domain().is(DomainState::agentConnected))
              .map(Map.Entry::getKey)
              .toList();
      snapshot = new LabSnapshot(image, networks, machinesNow);
      different = !snapshot.equals(before);
    }
    connected.forEach(this::refreshGuest);
    if (different) {
      changed.run();
    }
  }

  private Seen<ImageVolumes> askImage(Target now) {
    Seen<ImageVolumes> before = snapshot().image();
    if (before.isPresent() && imageAskedAt.plus(IMAGE).isAfter(clock.instant())) {
      return before;
    }
    imageAskedAt = clock.instant();
    return ask(
        () ->
            ImageVolumes.resolve(
                now.topology().image(), now.pool(), hypervisor.volumes(now.pool())));
  }

  private void askGuest(String node) {
    Target now = target;
    UUID domain = now.topology().node(node).uuid();
    Seen<GuestReport> guest = ask(() -> Seen.of(steps.report(channel(domain))));
    boolean different;
    synchronized (this) {
      Machine old = snapshot.machine(node);
      if (!old.domain().is(DomainState::agentConnected)) {
        return;
      }
      Map<String, Machine> machinesNow = new LinkedHashMap<>(snapshot.machines());
      machinesNow.put(
          node,
          new Machine(old.volume(), old.domain(), guest, silentSince(old, old.domain(), guest)));
      snapshot = new LabSnapshot(snapshot.image(), snapshot.networks(), machinesNow);
      different = !GuestDiff.settled(old.guest()).equals(GuestDiff.settled(guest));
    }
    if (different) {
      changed.run();
    }
  }

  private Instant silentSince(Machine old, Seen<DomainState> domain, Seen<GuestReport> guest) {
    if (guest.isPresent() || !domain.is(d -> d.power() == Power.RUNNING)) {
      return null;
    }
    return old.silentSince() != null ? old.silentSince() : clock.instant();
  }

  private static <T> Seen<T> ask(Supplier<Seen<T>> question) {
    try {
      return question.get();
    } catch (Unreachable e) {
      return Seen.unknown(e.getMessage());
    } catch (HypervisorException.NotFound e) {
      return Seen.missing(e.getMessage());
    } catch (HypervisorException | GuestChannel.GuestTimeoutException | StepLaunchException e) {
      return Seen.unknown(e.getMessage());
    }
  }
}
