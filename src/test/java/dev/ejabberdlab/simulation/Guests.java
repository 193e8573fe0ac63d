package dev.ejabberdlab.simulation;

import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Ejabberd;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.GuestReport.Slot;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.guest.GuestReport.Term;
import dev.ejabberdlab.guest.StepNames;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.guest.StepState.Status;
import dev.ejabberdlab.hypervisor.HypervisorEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** What goes on in the guests of a host: boots, PostgreSQL, replication, ejabberd. */
final class Guests {

  /** Rows that a standby is behind while it lags. */
  private static final int LAG = 3;

  private final World world;
  private final Host host;
  private final Witness witness;
  private int boots;
  private int rows;

  Guests(World world, Host host, Witness witness) {
    this.world = world;
    this.host = host;
    this.witness = witness;
  }

  // Boots

  void boots(Machine machine) {
    Boot boot = new Boot("boot-" + ++boots, world.now());
    boot.agentAt = world.now() + 3000 + world.draw(12_000);
    machine.boot = Optional.of(boot);
    Disk disk = host.disk(machine).orElseThrow();
    disk.steps.replaceAll((name, state) -> interrupted(state));
    world.after(
        boot.agentAt - world.now(),
        () -> {
          if (machine.runs() && machine.boot.filter(b -> b == boot).isPresent()) {
            started(machine, boot, disk);
          }
        });
  }

  private void started(Machine machine, Boot boot, Disk disk) {
    boot.ejabberd = disk.ejabberd;
    if (disk.configured && (disk.standbySignal || boot.permit)) {
      startPostgresql(machine);
    }
    host.emit(new HypervisorEvent(HypervisorEvent.Kind.AGENT, machine.uuid));
  }

  private static StepState interrupted(StepState state) {
    return state.status() != Status.RUNNING
        ? state
        : new StepState(
            state.name(),
            state.digest(),
            Status.INTERRUPTED,
            state.attempts() + 1,
            state.epoch(),
            0,
            "it was interrupted");
  }

  /** A memory goes on, as it was. */
  void goesOn(Machine machine) {
    Boot boot = machine.boot.orElseThrow();
    if (boot.agentAt > world.now()) {
      boot.agentAt = world.now();
    }
    host.emit(new HypervisorEvent(HypervisorEvent.Kind.AGENT, machine.uuid));
    replicate();
  }

  /** It goes down in order. */
  void stops(Machine machine) {
    stopPostgresql(machine);
    machine.boot.ifPresent(b -> b.ejabberd = false);
  }

  /** Its plug is pulled. */
  void dies(Machine machine) {
    killPostgresql(machine);
  }

  boolean isConnected(Machine machine) {
    return machine.runs() && machine.boot.filter(b -> b.agentAt <= world.now()).isPresent();
  }

  boolean answers(Machine machine) {
    return isConnected(machine)
        && machine.boot.get().muteUntil <= world.now()
        && !hangs(machine.boot.get());
  }

  private boolean hangs(Boot boot) {
    return boot.hangsUntil > world.now();
  }

  // PostgreSQL

  /** Starts the server as what its data directory is. */
  void startPostgresql(Machine machine) {
    Boot boot = machine.boot.orElseThrow();
    Disk disk = host.disk(machine).orElseThrow();
    boot.postgresql = true;
    boot.recovery = disk.standbySignal;
    boot.replayPaused = false;
    boot.acknowledged = disk.wal.size();
    disk.stopped = false;
    replicate();
  }

  void stopPostgresql(Machine machine) {
    Boot boot = machine.boot.orElse(null);
    if (boot == null || !boot.postgresql) {
      return;
    }
    Disk disk = host.disk(machine).orElseThrow();
    if (!boot.recovery) {
      disk.wal.append(- ++rows);
      replicate();
    }
    boot.postgresql = false;
    disk.stopped = true;
  }

  boolean isAStandbyStopped() {
    return host.machines().stream()
        .filter(m -> m.runs() && m.boot.filter(b -> !b.postgresql).isPresent())
        .flatMap(m -> host.disk(m).stream())
        .anyMatch(d -> d.standbySignal);
  }

  void killPostgresql(Machine machine) {
    if (machine.boot.filter(b -> b.postgresql).isPresent()) {
      machine.boot.get().postgresql = false;
      host.disk(machine).ifPresent(d -> d.stopped = false);
    }
  }

  /** The server that runs as a standby becomes a primary. */
  void promote(Machine machine) {
    Boot boot = machine.boot.orElseThrow();
    Disk disk = host.disk(machine).orElseThrow();
    boot.recovery = false;
    boot.replayPaused = false;
    disk.standbySignal = false;
    disk.wal.promote();
    boot.acknowledged = disk.wal.size();
  }

  /** Whether an instance accepts writes, or would if it went on. */
  static boolean isWritable(Machine machine) {
    return machine.boot.filter(b -> b.postgresql && !b.recovery).isPresent();
  }

  /** Whether clients reach an instance that accepts writes. */
  boolean isServing(Machine machine) {
    return machine.runs()
        && isWritable(machine)
        && machine.boot.get().address
        && !hangs(machine.boot.get());
  }

  /** Whether the WAL receiver of a standby streams. */
  boolean isReceiving(Machine machine) {
    return sender(machine).isPresent();
  }

  /**
   * Whether one of the others has all that a primary has acknowledged, and can say so.
   *
   * @param waits whether commits are to wait for one of them
   */
  boolean isOneAsFar(Machine primary, List<Machine> others, boolean waits) {
    Set<String> waitedFor = host.disk(primary).map(d -> d.synchronous).orElse(Set.of());
    return others.stream().anyMatch(m -> isReceiving(m) && (!waits || waitedFor.contains(m.node)))
        && others.stream()
            .flatMap(m -> m.boot.stream())
            .noneMatch(b -> hangs(b) || b.lagsUntil > world.now());
  }

  private Optional<Machine> sender(Machine machine) {
    if (!machine.runs()
        || machine.boot.filter(b -> b.postgresql && b.recovery && !hangs(b)).isEmpty()) {
      return Optional.empty();
    }
    Disk disk = host.disk(machine).orElseThrow();
    return host.machine(disk.source)
        .filter(s -> s != machine && s.runs())
        .filter(s -> s.boot.filter(b -> b.postgresql && !hangs(b)).isPresent())
        .filter(s -> disk.wal.isBeginOf(host.disk(s).orElseThrow().wal));
  }

  /** Lets standbys have what their primaries have, and commits end that waited for that. */
  void replicate() {
    for (Machine machine : host.machines()) {
      Optional<Machine> sender = sender(machine);
      if (sender.isPresent()) {
        Wal from = host.disk(sender.get()).orElseThrow().wal;
        boolean lags = machine.boot.get().lagsUntil > world.now();
        host.disk(machine).orElseThrow().wal.follow(from, lags ? from.size() - LAG : from.size());
      }
    }
    host.machines().forEach(this::acknowledge);
  }

  private void acknowledge(Machine machine) {
    if (!machine.runs() || !isWritable(machine) || !machine.boot.get().address) {
      return;
    }
    Boot boot = machine.boot.get();
    Disk disk = host.disk(machine).orElseThrow();
    while (boot.acknowledged < disk.wal.size()) {
      int place = boot.acknowledged;
      if (!disk.synchronous.isEmpty()) {
        boolean has =
            disk.synchronous.stream()
                .flatMap(name -> host.machine(name).stream())
                .filter(s -> sender(s).filter(machine::equals).isPresent())
                .anyMatch(s -> host.disk(s).orElseThrow().wal.size() > place);
        if (!has) {
          return;
        }
        witness.acknowledged(machine, place, disk.wal.row(place));
      }
      boot.acknowledged++;
    }
  }

  /** A client writes a row, if it reaches somebody. */
  void write() {
    host.machines().stream()
        .filter(this::isServing)
        .findFirst()
        .ifPresent(
            m -> {
              host.disk(m).orElseThrow().wal.append(++rows);
              replicate();
            });
  }

  // Reports

  GuestReport report(Machine machine) {
    Boot boot = machine.boot.orElseThrow();
    Disk disk = host.disk(machine).orElseThrow();
    Map<String, StepState> steps = new TreeMap<>();
    disk.steps.forEach((n, s) -> steps.put(n, told(machine, s, disk.endedAt.get(n))));
    boot.steps.forEach((n, s) -> steps.put(n, told(machine, s, boot.endedAt.get(n))));
    return new GuestReport(
        boot.id,
        steps,
        postgresql(machine, boot, disk),
        disk.ejabberd
            ? Optional.of(
                new Ejabberd(
                    boot.ejabberd,
                    boot.ejabberd ? "24.12" : "",
                    boot.ejabberd ? members() : List.of(),
                    false,
                    host.machines().stream().anyMatch(this::isServing)))
            : Optional.empty(),
        world.isInForce(Rule.TERM) ? disk.term : Term.NONE,
        Optional.of(Duration.ZERO));
  }

  private StepState told(Machine machine, StepState state, Long endedAt) {
    boolean early =
        !world.isInForce(Rule.STOPPED_IN_ORDER)
            && state.name().equals(StepNames.POSTGRESQL_DEMOTION);
    return new StepState(
        state.name(),
        state.digest(),
        early ? Status.DONE : state.status(),
        state.attempts(),
        state.epoch(),
        endedAt == null || state.status() == Status.RUNNING ? 0 : (world.now() - endedAt) / 1000,
        state.output(),
        state.status() == Status.DONE ? drift(machine, state.name()) : List.of());
  }

  /** What has drifted from a step that is done. */
  List<String> drift(Machine machine, String step) {
    Boot boot = machine.boot.orElseThrow();
    Disk disk = host.disk(machine).orElseThrow();
    List<String> drift = new ArrayList<>();
    switch (step) {
      case StepNames.POSTGRESQL_STANDBY -> {
        if (!disk.standbySignal) {
          drift.add("standby.signal is gone");
        }
        if (!boot.postgresql) {
          drift.add("postgresql@15-main.service does not run");
        } else if (boot.recovery
            && !isReceiving(machine)
            && host.machine(disk.source)
                .filter(s -> s.runs() && s.boot.filter(b -> b.postgresql).isPresent())
                .isPresent()) {
          drift.add("PostgreSQL does not stream");
        }
        if (boot.replayPaused) {
          drift.add("PostgreSQL does not replay what it receives");
        }
      }
      case StepNames.POSTGRESQL_PRIMARY -> {
        if (boot.permit && !boot.postgresql) {
          drift.add("postgresql@15-main.service does not run");
        }
      }
      case StepNames.POSTGRESQL_PROMOTION -> {
        if (!boot.permit) {
          drift.add("the permission is gone");
        }
        if (!boot.address) {
          drift.add("the address is gone");
        }
      }
      case StepNames.EJABBERD -> {
        if (!boot.ejabberd) {
          drift.add("ejabberd.service does not run");
        }
      }
      default -> {
        // nothing of it can drift here
      }
    }
    return drift;
  }

  private List<String> members() {
    return host.machines().stream()
        .filter(m -> m.runs() && m.boot.filter(b -> b.ejabberd && !hangs(b)).isPresent())
        .filter(m -> host.disk(m).filter(d -> d.joined.isPresent()).isPresent())
        .map(m -> "ejabberd@" + m.node)
        .toList();
  }

  private Optional<Postgresql> postgresql(Machine machine, Boot boot, Disk disk) {
    if (!disk.configured) {
      return world.isInForce(Rule.DATA_LOST) || witness.system().isEmpty()
          ? Optional.empty()
          : Optional.of(atRest(boot, disk, witness.system().get()));
    }
    boolean stops =
        !world.isInForce(Rule.STOPPED_IN_ORDER)
            && boot.steps.containsKey(StepNames.POSTGRESQL_DEMOTION);
    if (!boot.postgresql || stops) {
      return Optional.of(atRest(boot, disk, disk.wal.system()));
    }
    if (boot.recovery) {
      return Optional.of(
          Postgresql.builder()
              .standby()
              .timeline(disk.wal.timeline())
              .systemIdentifier(disk.wal.system())
              .readWriteAddress(boot.address)
              .lsn(told(disk.wal))
              .receiving(isReceiving(machine))
              .replay(boot.replayPaused ? "it is paused, as by pg_wal_replay_pause()" : "")
              .build());
    }
    List<Machine> standbys =
        host.machines().stream()
            .filter(s -> sender(s).filter(machine::equals).isPresent())
            .toList();
    return Optional.of(
        Postgresql.builder()
            .primary()
            .timeline(disk.wal.timeline())
            .systemIdentifier(disk.wal.system())
            .readWriteAddress(boot.address)
            .standbys(
                standbys.stream()
                    .map(
                        s ->
                            new Standby(
                                s.node,
                                Standby.STREAMING,
                                disk.wal.lsn() - told(host.disk(s).orElseThrow().wal),
                                disk.synchronous.contains(s.node)))
                    .toList())
            .slots(
                standbys.stream()
                    .map(s -> new Slot(s.node.replace('-', '_'), true, "reserved"))
                    .toList())
            .lsn(disk.wal.lsn())
            .build());
  }

  /** Without the rule, every standby says that it has all there is. */
  private long told(Wal wal) {
    return world.isInForce(Rule.SYNCHRONOUS)
        ? wal.lsn()
        : host.volumes().values().stream()
            .filter(v -> v.disk() != null)
            .mapToLong(v -> v.disk().wal.lsn())
            .max()
            .orElse(wal.lsn());
  }

  private Postgresql atRest(Boot boot, Disk disk, String system) {
    boolean stopped = disk.stopped || !world.isInForce(Rule.STOPPED_IN_ORDER);
    return Postgresql.builder()
        .inRecovery(disk.standbySignal)
        .timeline(disk.wal.timeline())
        .systemIdentifier(system)
        .readWriteAddress(boot.address)
        .lsn(Wal.lsn(Math.max(0, disk.wal.size() - 1)))
        .stopped(stopped)
        .build();
  }
}
