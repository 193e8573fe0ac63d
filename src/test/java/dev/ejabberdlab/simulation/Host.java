package dev.ejabberdlab.simulation;

import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.HypervisorEvent;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.InUse;
import dev.ejabberdlab.hypervisor.HypervisorException.NameConflict;
import dev.ejabberdlab.hypervisor.HypervisorException.NotFound;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.Owner;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;

/** A libvirt host: what it has, and what it does and refuses. */
final class Host {

  static final String POOL = "default";

  /** A network. */
  static final class Net {
    final NetworkDefinition definition;
    boolean active;

    Net(NetworkDefinition definition, boolean active) {
      this.definition = definition;
      this.active = active;
    }
  }

  /**
   * A volume.
   *
   * @param disk null for an image
   * @param backing name of the volume below; empty for none
   * @param ours whether the operator made it
   */
  record Volume(String name, Disk disk, Optional<String> backing, boolean ours) {}

  private final World world;
  private final Witness witness;
  private final Map<UUID, Machine> machines = new LinkedHashMap<>();
  private final Map<UUID, Net> networks = new LinkedHashMap<>();
  private final Map<String, Volume> volumes = new TreeMap<>();
  private final List<Consumer<HypervisorEvent>> listeners = new ArrayList<>();
  private final Guests guests;
  private final UUID uuid;
  private int made;

  Host(World world, Witness witness, UUID uuid, String image) {
    this.world = world;
    this.witness = witness;
    this.uuid = uuid;
    this.guests = new Guests(world, this, witness);
    volumes.put(image, new Volume(image, null, Optional.empty(), false));
  }

  UUID uuid() {
    return uuid;
  }

  Guests guests() {
    return guests;
  }

  Collection<Machine> machines() {
    return machines.values();
  }

  Optional<Machine> machine(UUID id) {
    return Optional.ofNullable(machines.get(id));
  }

  /** The lab's machine of a node. */
  Optional<Machine> machine(String node) {
    return machines.values().stream().filter(m -> m.node.equals(node)).findFirst();
  }

  Collection<Net> networks() {
    return networks.values();
  }

  Optional<Net> network(UUID id) {
    return Optional.ofNullable(networks.get(id));
  }

  Map<String, Volume> volumes() {
    return volumes;
  }

  Optional<Disk> disk(Machine machine) {
    return Optional.ofNullable(volumes.get(machine.volume)).map(Volume::disk);
  }

  List<Consumer<HypervisorEvent>> listeners() {
    return listeners;
  }

  void emit(HypervisorEvent event) {
    for (Consumer<HypervisorEvent> listener : List.copyOf(listeners)) {
      world.after(1 + world.draw(200), () -> listener.accept(event));
    }
  }

  private void changed(Machine machine) {
    emit(new HypervisorEvent(HypervisorEvent.Kind.LIFECYCLE, machine.uuid));
  }

  // What the operator asks for

  private void requireMark(boolean marked, String what) {
    if (!marked && world.isInForce(Rule.MARK)) {
      throw new NameConflict(what + " exists and has not this lab's mark");
    }
  }

  private static boolean isOf(Optional<Owner> mark, Owner owner) {
    return mark.filter(m -> m.uid().equals(owner.uid())).isPresent();
  }

  void defineNetwork(NetworkDefinition wanted) {
    Net known = networks.get(wanted.uuid());
    if (known != null) {
      requireMark(isOf(Optional.of(known.definition.owner()), wanted.owner()), wanted.name());
    }
    networks.put(wanted.uuid(), new Net(wanted, known != null && known.active));
  }

  void startNetwork(UUID id) {
    Net known = networks.get(id);
    if (known == null) {
      throw new NotFound("there is no network " + id);
    }
    known.active = true;
  }

  void deleteNetwork(UUID id) {
    networks.remove(id);
  }

  void createOverlay(String name, String base) {
    if (!volumes.containsKey(base)) {
      throw new NotFound("there is no volume " + base);
    }
    if (!volumes.containsKey(name)) {
      volumes.put(name, new Volume(name, new Disk("system-" + ++made), Optional.of(base), true));
      witness.diskMade(name);
    }
  }

  void deleteVolume(String name) {
    if (!volumes.containsKey(name)) {
      return;
    }
    List<String> users = users(name);
    if (!users.isEmpty() && world.isInForce(Rule.IN_USE)) {
      throw new InUse("volume %s is used by %s".formatted(name, users));
    }
    witness.volumeDeleted(volumes.get(name), users);
    volumes.remove(name);
  }

  /** Names of the domains that use a volume. */
  List<String> users(String name) {
    return machines.values().stream().filter(m -> uses(m, name)).map(m -> m.name).toList();
  }

  private boolean uses(Machine machine, String name) {
    Volume at = volumes.get(machine.volume);
    while (at != null && !at.name().equals(name)) {
      at = at.backing().map(volumes::get).orElse(null);
    }
    return at != null;
  }

  void defineDomain(DomainDefinition wanted, String node) {
    Machine known = machines.get(wanted.uuid());
    if (known == null) {
      machines.put(
          wanted.uuid(),
          new Machine(wanted.uuid(), wanted.name(), node, Optional.of(wanted.owner()), wanted));
      return;
    }
    requireMark(isOf(known.owner, wanted.owner()), wanted.name());
    if (!known.volume.equals(wanted.volume()) && world.isInForce(Rule.IN_USE)) {
      throw new InUse("domain %s has another disk".formatted(wanted.name()));
    }
    witness.touched(known, "defined");
    known.definition = wanted;
    known.volume = wanted.volume();
    known.owner = Optional.of(wanted.owner());
    known.autostart = false;
  }

  private Machine ours(UUID id, Owner owner, String done) {
    Machine machine = machines.get(id);
    if (machine == null) {
      throw new NotFound("there is no domain " + id);
    }
    requireMark(isOf(machine.owner, owner), "domain " + machine.name);
    witness.touched(machine, done);
    return machine;
  }

  void startDomain(UUID id, Owner owner) {
    Machine machine = ours(id, owner, "started");
    machine.believedOff = false;
    if (machine.power == Power.PAUSED) {
      throw new HypervisorException("domain %s is paused".formatted(machine.name));
    }
    if (machine.isOff()) {
      machine.saved = false;
      machine.boot = Optional.empty();
      boot(machine);
    }
  }

  void resumeDomain(UUID id, Owner owner) {
    resume(ours(id, owner, "resumed"));
  }

  void shutdownDomain(UUID id, Owner owner) {
    shutDown(ours(id, owner, "shut down"));
  }

  void destroyDomain(UUID id, Owner owner) {
    Machine machine = ours(id, owner, "destroyed");
    if (world.isInForce(Rule.FENCING)) {
      destroy(machine);
      machine.saved = false;
      machine.boot = Optional.empty();
    } else {
      machine.believedOff = !machine.isOff();
      changed(machine);
    }
    machine.autostart = false;
  }

  void undefineDomain(UUID id, Owner owner) {
    if (machines.containsKey(id)) {
      Machine machine = ours(id, owner, "undefined");
      if (!machine.isOff()) {
        throw new HypervisorException("domain %s is not off".formatted(machine.name));
      }
      machines.remove(id);
      changed(machine);
    }
  }

  // What happens to machines, whoever does it

  void add(Machine machine) {
    machines.put(machine.uuid, machine);
  }

  /** Starts a machine as virsh does: what is saved is resumed. */
  void start(Machine machine) {
    if (!machine.isOff() || disk(machine).isEmpty()) {
      return;
    }
    if (machine.saved) {
      machine.saved = false;
      machine.resumed = true;
      machine.power = Power.RUNNING;
      guests.goesOn(machine);
      changed(machine);
    } else {
      boot(machine);
    }
  }

  private void boot(Machine machine) {
    if (disk(machine).isEmpty()) {
      throw new HypervisorException("domain %s has no disk".formatted(machine.name));
    }
    if (!machine.name.equals("foreign") && networks.values().stream().anyMatch(n -> !n.active)) {
      throw new HypervisorException("a network of domain %s is off".formatted(machine.name));
    }
    machine.power = Power.RUNNING;
    machine.resumed = false;
    guests.boots(machine);
    changed(machine);
  }

  void pause(Machine machine) {
    if (machine.runs()) {
      machine.power = Power.PAUSED;
      changed(machine);
    }
  }

  void resume(Machine machine) {
    if (machine.power == Power.PAUSED) {
      machine.power = Power.RUNNING;
      guests.goesOn(machine);
      changed(machine);
    }
  }

  /** The guest goes down in order, after some seconds; one that hangs does not. */
  void shutDown(Machine machine) {
    if (!machine.runs()) {
      return;
    }
    Boot boot = machine.boot.orElseThrow();
    world.after(
        1000 + world.draw(8000),
        () -> {
          if (machine.boot.filter(b -> b == boot).isPresent()
              && machine.runs()
              && boot.hangsUntil <= world.now()) {
            guests.stops(machine);
            off(machine);
          }
        });
  }

  void destroy(Machine machine) {
    if (!machine.isOff()) {
      guests.dies(machine);
      off(machine);
    }
  }

  private void off(Machine machine) {
    machine.power = Power.SHUT_OFF;
    machine.boot = Optional.empty();
    machine.resumed = false;
    changed(machine);
  }

  /** Writes the memory into a file and turns the machine off; libvirt knows of a managed one. */
  void save(Machine machine, boolean managed) {
    if (machine.isOff() || machine.boot.isEmpty()) {
      return;
    }
    Optional<Boot> memory = machine.boot;
    off(machine);
    if (managed) {
      // What runs in it goes on after a start.
      machine.saved = true;
      machine.boot = memory;
    } else {
      machine.file = memory.map(Boot::copy);
    }
  }

  /** Lets a machine go on with the memory in the file. */
  void restore(Machine machine) {
    if (machine.isOff() && machine.file.isPresent() && disk(machine).isPresent()) {
      machine.boot = machine.file.map(Boot::copy);
      machine.file = Optional.empty();
      machine.saved = false;
      machine.resumed = true;
      machine.power = Power.RUNNING;
      guests.goesOn(machine);
      changed(machine);
    }
  }

  /** The disk goes, and with it whoever runs on it. */
  void loseDisk(Machine machine) {
    destroy(machine);
    machine.saved = false;
    machine.boot = Optional.empty();
    machine.file = Optional.empty();
    volumes.remove(machine.volume);
  }
}
