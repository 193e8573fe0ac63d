package dev.ejabberdlab.simulation;

import dev.ejabberdlab.hypervisor.DomainState.Power;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** Sees everything as it is, and says what must never be. */
final class Witness {

  /**
   * How long two primaries may be reached that others have made by what nobody can prevent: the
   * operator is told by libvirt, or looks every half a minute, and then has to act.
   */
  private static final int PATIENCE = 90;

  private final World world;
  private final UUID lab;
  private Host home;
  private Api api;
  private final List<int[]> rows = new ArrayList<>();
  private final Set<String> disks = new HashSet<>();
  private Optional<String> violation = Optional.empty();
  private Optional<String> system = Optional.empty();

  /** Seconds for which somebody has looked since others made what may be a second primary. */
  private int looked = PATIENCE;

  private boolean isPromised;

  /** Somebody else has promoted a standby: what it lacks is his. */
  private boolean diverged;

  Witness(World world, UUID lab) {
    this.world = world;
    this.lab = lab;
  }

  void looksAt(Host host, Api server) {
    home = host;
    api = server;
  }

  Optional<String> violation() {
    return violation;
  }

  /** System identifier of the lab's database, once there is one. */
  Optional<String> system() {
    return system;
  }

  void found(String what) {
    if (violation.isEmpty()) {
      violation = Optional.of("%.1f s: %s".formatted(world.now() / 1000.0, what));
      world.tell("VIOLATION: " + what);
      world.end();
    }
  }

  // What others do

  /** Somebody else has started, resumed or restored something. */
  void interference() {
    looked = 0;
  }

  void diverges() {
    diverged = true;
  }

  /** A second has passed in which an operator could see and act. */
  void look() {
    looked++;
  }

  // What the operator does

  void diskMade(String name) {
    disks.add(name);
  }

  void volumeDeleted(Host.Volume volume, List<String> users) {
    if (!volume.ours()) {
      found("volume %s was deleted, which the operator did not make".formatted(volume.name()));
    }
    if (!users.isEmpty()) {
      found("volume %s was deleted, which %s uses".formatted(volume.name(), users));
    }
  }

  void touched(Machine machine, String done) {
    if (!isOurs(machine)) {
      found("domain %s was %s, which has not the lab's mark".formatted(machine.name, done));
    }
  }

  void changed(Host host, String what) {
    if (host != home) {
      found("another host was changed: " + what);
    }
  }

  /**
   * A row that a client was told is safe. Of a former primary that somebody has just brought back,
   * with its memory, nothing is promised: another standby may confirm its commits until it follows
   * the new one.
   */
  void acknowledged(Machine machine, int place, int row) {
    boolean isBroughtBack = looked < PATIENCE && api.hasRecordedOther(machine.node);
    if (isPromised && !isBroughtBack) {
      rows.add(new int[] {place, row});
    }
  }

  /** Whether the spec promises that no acknowledged row is lost; what it takes back is over. */
  void promise(boolean isMade) {
    isPromised = isMade;
    if (!isMade) {
      rows.clear();
    }
  }

  /** An instance gets the permission to accept writes, and does not accept any yet. */
  void promoting(Machine machine, Disk disk, long term) {
    for (Machine other : home.machines()) {
      if (other != machine
          && looked >= PATIENCE
          && Guests.isWritable(other)
          && other.boot.get().address) {
        found(
            "%s is promoted, and %s (%s%s) may still accept writes"
                .formatted(machine.node, other.node, other.power, other.saved ? ", saved" : ""));
      }
    }
    if (disk.standbySignal && !api.hasRecorded(machine.node, term)) {
      found("%s is promoted by decision %d, which is not recorded".formatted(machine.node, term));
    }
    if (diverged) {
      return;
    }
    if (system.isEmpty()) {
      system = Optional.of(disk.wal.system());
    } else if (!disk.wal.system().equals(system.get())
        && wals().stream().anyMatch(w -> w.system().equals(system.get()))) {
      found("%s begins with an empty database".formatted(machine.node));
    }
    for (int[] row : rows) {
      if (!disk.wal.has(row[0], row[1]) && isSomewhere(row)) {
        found(
            "%s is promoted without row %d, which a client was told is safe"
                .formatted(machine.node, row[1]));
      }
    }
  }

  private List<Wal> wals() {
    return home.volumes().values().stream()
        .filter(v -> v.disk() != null && v.disk().configured)
        .map(v -> v.disk().wal)
        .toList();
  }

  private boolean isSomewhere(int[] row) {
    return wals().stream().anyMatch(w -> w.has(row[0], row[1]));
  }

  /** A data directory was replaced. */
  void overwritten(Machine machine, Wal before, Wal after) {
    if (diverged) {
      return;
    }
    for (int[] row : rows) {
      if (before.has(row[0], row[1]) && !after.has(row[0], row[1]) && !isSomewhere(row)) {
        found(
            "row %d, which a client was told is safe, was only on %s and is overwritten"
                .formatted(row[1], machine.node));
      }
    }
  }

  // What must be true at every moment

  void check() {
    int serving = 0;
    for (Machine machine : home.machines()) {
      if (isOurs(machine) && home.guests().isServing(machine)) {
        serving++;
      }
    }
    if (serving > 1 && looked >= PATIENCE) {
      found(
          "clients reach more than one primary: "
              + home.machines().stream()
                  .filter(m -> isOurs(m) && home.guests().isServing(m))
                  .map(m -> m.node)
                  .toList());
    }
  }

  /** The operator may do nothing about one that has lost the lab's mark. */
  private boolean isOurs(Machine machine) {
    return machine.owner.filter(o -> o.uid().equals(lab)).isPresent();
  }

  /** Whether the service is what the lab promises. */
  boolean serves(Draw.Shape shape) {
    return obstacle(shape).isEmpty();
  }

  /** What of the service is not as the lab promises. */
  Optional<String> obstacle(Draw.Shape shape) {
    for (String node : shape.nodes()) {
      if (home.machine(node).filter(m -> m.power == Power.RUNNING).isEmpty()) {
        return Optional.of(node + " does not run");
      }
    }
    Guests guests = home.guests();
    List<String> serving =
        shape.instances().stream()
            .filter(i -> home.machine(i).filter(guests::isServing).isPresent())
            .toList();
    if (serving.size() != 1) {
      return Optional.of("clients reach the primaries " + serving);
    }
    for (String instance : shape.instances()) {
      if (!instance.equals(serving.get(0))
          && home.machine(instance).filter(guests::isReceiving).isEmpty()) {
        return Optional.of(instance + " is no standby that streams");
      }
    }
    for (String member : shape.members()) {
      if (home.machine(member).flatMap(m -> m.boot).filter(b -> b.ejabberd).isEmpty()) {
        return Optional.of("ejabberd does not run on " + member);
      }
    }
    return Optional.empty();
  }
}
