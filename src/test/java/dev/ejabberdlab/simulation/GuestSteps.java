package dev.ejabberdlab.simulation;

import dev.ejabberdlab.guest.GuestChannel;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Term;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepNames;
import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.guest.StepState.Status;
import dev.ejabberdlab.hypervisor.HypervisorException.AgentUnavailable;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** One operator's way into the guests: what the steps' scripts would do there. */
final class GuestSteps implements StepRunner {

  private static final Pattern QUOTED = Pattern.compile("\"([^\"]+)\"");
  private static final long POLL = 2000;

  /** How long an order may be on its way to a guest on a host that is slow, in milliseconds. */
  private static final int LATE = 40_000;

  private final World world;
  private final Disturbances faults;
  private final Process process;
  private final Connection connection;
  private final Witness witness;
  private final Map<String, Integer> failures;

  /**
   * @param failures how often the next steps of a node fail
   */
  GuestSteps(
      World world,
      Disturbances faults,
      Process process,
      Connection connection,
      Witness witness,
      Map<String, Integer> failures) {
    this.world = world;
    this.faults = faults;
    this.process = process;
    this.connection = connection;
    this.witness = witness;
    this.failures = failures;
  }

  private Machine asked(GuestChannel guest) {
    if (!guest.ping()) {
      throw new AgentUnavailable("the agent is silent", null);
    }
    return faults.host().machine(connection.asked()).orElseThrow();
  }

  @Override
  public GuestReport run(GuestChannel guest, Step step, String epoch, Duration wait) {
    throw new UnsupportedOperationException("Nobody waits here.");
  }

  @Override
  public CompletableFuture<GuestReport> begin(
      GuestChannel guest, Step step, String epoch, Duration wait) {
    Machine machine = asked(guest);
    process.reach("before step %s on %s".formatted(step.name(), step.node()));
    CompletableFuture<GuestReport> end = new CompletableFuture<>();
    if (faults.isLate()) {
      Boot boot = machine.boot.orElseThrow();
      long delay = world.draw(LATE);
      faults.arrivesAt(world.now() + delay);
      world.after(delay, () -> arrives(machine, boot, step, epoch));
      process.after(delay, () -> await(guest, machine, step, end));
    } else {
      launch(machine, step, epoch);
      await(guest, machine, step, end);
    }
    process.reach("in step %s on %s".formatted(step.name(), step.node()));
    return end;
  }

  /** An order that was on its way: whoever has given it may be dead, and others active. */
  private void arrives(Machine machine, Boot boot, Step step, String epoch) {
    boolean isThere = machine.boot.filter(b -> b == boot).isPresent();
    if (isThere && machine.runs() && boot.hangsUntil > world.now()) {
      faults.arrivesAt(boot.hangsUntil);
      world.after(boot.hangsUntil - world.now(), () -> arrives(machine, boot, step, epoch));
    } else if (isThere && machine.runs()) {
      launch(machine, step, epoch);
    }
  }

  private void await(
      GuestChannel guest, Machine machine, Step step, CompletableFuture<GuestReport> end) {
    process.after(
        POLL,
        () -> {
          GuestReport report = null;
          try {
            Machine now = asked(guest);
            if (state(now, step).status() != Status.RUNNING) {
              report = guests(now).report(now);
            }
          } catch (AgentUnavailable e) {
            // A guest that hangs may go on; one that is down has lost the program.
            if (!machine.runs() || machine.boot.filter(b -> b.hangsUntil > world.now()).isEmpty()) {
              end.completeExceptionally(e);
              return;
            }
          } catch (RuntimeException e) {
            end.completeExceptionally(e);
            return;
          }
          if (report == null) {
            await(guest, machine, step, end);
          } else {
            end.complete(report);
          }
        });
  }

  private Guests guests(Machine machine) {
    return faults.home().machine(machine.uuid).filter(machine::equals).isPresent()
        ? faults.home().guests()
        : faults.other().guests();
  }

  private Disk disk(Machine machine) {
    return faults.home().disk(machine).orElseThrow();
  }

  private StepState state(Machine machine, Step step) {
    Map<String, StepState> states =
        step.scope() == Step.Scope.BOOT
            ? machine.boot.map(b -> b.steps).orElse(Map.of())
            : disk(machine).steps;
    return states.getOrDefault(
        step.name(), new StepState(step.name(), "", Status.INTERRUPTED, 0, "", 0, ""));
  }

  private void launch(Machine machine, Step step, String epoch) {
    Boot boot = machine.boot.orElseThrow();
    Disk disk = disk(machine);
    boolean atBoot = step.scope() == Step.Scope.BOOT;
    Map<String, StepState> states = atBoot ? boot.steps : disk.steps;
    Map<String, Long> endedAt = atBoot ? boot.endedAt : disk.endedAt;
    StepState was = states.get(step.name());
    if (was != null
        && (was.status() == Status.RUNNING
            || (was.status() == Status.DONE
                && was.digest().equals(step.digest())
                && guests(machine).drift(machine, step.name()).isEmpty()))) {
      return;
    }
    int attempts =
        was != null && was.digest().equals(step.digest()) && was.epoch().equals(epoch)
            ? was.attempts()
            : 0;
    world.tell("%s: step %s begins".formatted(step.node(), step.name()));
    states.put(
        step.name(),
        new StepState(step.name(), step.digest(), Status.RUNNING, attempts, epoch, 0, ""));
    Optional<String> stale = obey(disk, step);
    world.after(
        500 + world.draw(6000),
        () -> end(machine, boot, disk, step, epoch, attempts, states, endedAt, stale));
  }

  private void end(
      Machine machine,
      Boot boot,
      Disk disk,
      Step step,
      String epoch,
      int attempts,
      Map<String, StepState> states,
      Map<String, Long> endedAt,
      Optional<String> stale) {
    StepState running = states.get(step.name());
    if (machine.boot.filter(b -> b == boot).isEmpty()
        || running == null
        || running.status() != Status.RUNNING
        || !running.digest().equals(step.digest())) {
      return;
    }
    if (!machine.runs() || boot.hangsUntil > world.now()) {
      world.after(
          3000, () -> end(machine, boot, disk, step, epoch, attempts, states, endedAt, stale));
      return;
    }
    Optional<String> failure = stale.or(() -> obey(disk, step));
    if (failure.isEmpty() && failures.merge(step.node(), -1, Integer::sum) >= 0) {
      failure = Optional.of("no space left on device");
    }
    Optional<String> outcome = failure.or(() -> effect(machine, boot, disk, step));
    world.tell(
        "%s: step %s %s"
            .formatted(step.node(), step.name(), outcome.map("fails: "::concat).orElse("is done")));
    states.put(
        step.name(),
        new StepState(
            step.name(),
            step.digest(),
            outcome.isEmpty() ? Status.DONE : Status.FAILED,
            outcome.isEmpty() ? 0 : attempts + 1,
            epoch,
            0,
            outcome.orElse("")));
    endedAt.put(step.name(), world.now());
    faults.home().guests().replicate();
  }

  /** Why a guest does not obey a decision. */
  private Optional<String> obey(Disk disk, Step step) {
    String told = step.values().get("PRIMARY_TERM");
    if (told == null) {
      return Optional.empty();
    }
    long number = Long.parseLong(told);
    String primary = step.values().get("PRIMARY_NODE");
    boolean stale =
        number < disk.term.number()
            || (number == disk.term.number() && !primary.equals(disk.term.primary()));
    if (stale && world.isInForce(Rule.TERM)) {
      return Optional.of(Term.STALE + "a later decision was obeyed here");
    }
    disk.term = new Term(number, primary);
    return Optional.empty();
  }

  private static void forget(Boot boot, Disk disk, String... steps) {
    disk.steps.keySet().removeAll(List.of(steps));
    boot.steps.keySet().removeAll(List.of(steps));
  }

  /** Does what the script does; tells why it fails. */
  private Optional<String> effect(Machine machine, Boot boot, Disk disk, Step step) {
    Guests guests = guests(machine);
    switch (step.name()) {
      case StepNames.POSTGRESQL_PROMOTION -> {
        forget(boot, disk, StepNames.POSTGRESQL_STANDBY, StepNames.POSTGRESQL_DEMOTION);
        disk.synchronous = names(step.files().get("synchronous.conf"));
        boot.permit = true;
        if (disk.configured) {
          if (disk.standbySignal || !boot.postgresql) {
            witness.promoting(machine, disk, Long.parseLong(step.values().get("PRIMARY_TERM")));
          }
          if (!boot.postgresql) {
            guests.startPostgresql(machine);
          }
          if (boot.recovery) {
            guests.promote(machine);
          }
        }
        boot.address = true;
      }
      case StepNames.POSTGRESQL_PRIMARY -> {
        if (disk.standbySignal) {
          return Optional.of("PostgreSQL on this node is a standby: it must be promoted first");
        }
        if (!boot.permit) {
          return Optional.of("PostgreSQL does not start");
        }
        disk.configured = true;
        if (!boot.postgresql) {
          witness.promoting(machine, disk, Long.parseLong(step.values().get("PRIMARY_TERM")));
          guests.startPostgresql(machine);
        }
      }
      case StepNames.POSTGRESQL_STANDBY -> {
        return standby(machine, boot, disk, step.values().get("PRIMARY_NODE"));
      }
      case StepNames.POSTGRESQL_DEMOTION -> {
        forget(boot, disk, StepNames.POSTGRESQL_PRIMARY, StepNames.POSTGRESQL_PROMOTION);
        boot.permit = false;
        guests.stopPostgresql(machine);
        boot.address = false;
      }
      case StepNames.EJABBERD -> {
        disk.ejabberd = true;
        boot.ejabberd = true;
        if (step.requires().stream().noneMatch(r -> r.name().equals(StepNames.EJABBERD))
            && machine.node.equals("e1server")) {
          disk.joined = Optional.of(machine.node);
        }
      }
      case StepNames.EJABBERD_CLUSTER -> {
        boolean there =
            faults
                .home()
                .machine("e1server")
                .filter(m -> m.runs() && m.boot.filter(b -> b.ejabberd).isPresent())
                .isPresent();
        if (!there) {
          return Optional.of("ejabberd@e1server cannot be reached");
        }
        disk.joined = Optional.of("e1server");
      }
      default -> {
        // nothing that matters here
      }
    }
    return Optional.empty();
  }

  private Optional<String> standby(Machine machine, Boot boot, Disk disk, String primary) {
    Guests guests = guests(machine);
    forget(
        boot,
        disk,
        StepNames.POSTGRESQL_PRIMARY,
        StepNames.POSTGRESQL_PROMOTION,
        StepNames.POSTGRESQL_DEMOTION);
    boot.permit = false;
    boot.address = false;
    disk.configured = true;
    disk.source = primary;
    boolean was = disk.standbySignal && boot.postgresql;
    if (was) {
      boot.replayPaused = false;
      if (guests.isReceiving(machine)) {
        return Optional.empty();
      }
    }
    Optional<Machine> source =
        faults
            .home()
            .machine(primary)
            .filter(s -> s.runs() && s.boot.filter(b -> b.postgresql).isPresent());
    if (source.isEmpty()) {
      return Optional.of(primary + " cannot be reached");
    }
    Wal theirs = faults.home().disk(source.get()).orElseThrow().wal;
    guests.stopPostgresql(machine);
    if (!disk.standbySignal || !disk.wal.isBeginOf(theirs)) {
      Wal before = disk.wal;
      disk.wal = theirs.copy();
      witness.overwritten(machine, before, disk.wal);
    }
    disk.standbySignal = true;
    guests.startPostgresql(machine);
    return guests.isReceiving(machine)
        ? Optional.empty()
        : Optional.of("PostgreSQL does not stream from " + primary);
  }

  private static Set<String> names(byte[] file) {
    return QUOTED
        .matcher(new String(file, StandardCharsets.UTF_8))
        .results()
        .map(MatchResult::group)
        .map(name -> name.substring(1, name.length() - 1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Override
  public GuestReport report(GuestChannel guest) {
    Machine machine = asked(guest);
    GuestReport report = guests(machine).report(machine);
    if (faults.isLate() && world.happens(20)) {
      world.pass(world.draw(20_000));
      process.requireAlive();
    }
    return report;
  }

  @Override
  public void setClock(GuestChannel guest) {
    asked(guest);
  }
}
