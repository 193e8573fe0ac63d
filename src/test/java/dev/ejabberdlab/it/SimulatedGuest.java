package dev.ejabberdlab.it;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.InstanceRole;
import dev.ejabberdlab.guest.GuestReport.Ejabberd;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.GuestReport.Slot;
import dev.ejabberdlab.guest.GuestReport.Standby;
import dev.ejabberdlab.guest.GuestReport.Term;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepNames;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.guest.StepState.Status;
import dev.ejabberdlab.plan.Plan;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * A guest behind its agent. It understands the two programs that the operator runs in guests,
 * launch and report, and takes a step that was launched for done at once, unless a test wants
 * something else.
 */
final class SimulatedGuest {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Longer than a step waits before it is tried again, shorter than one that stalls its lab. */
  private static final long LONG_AGO_SECONDS = Plan.STALLED_RETRY.toSeconds() / 2;

  /** {@code -c TEXT lab}, and for launch what {@code launch.sh} says. */
  private static final int REPORT_ARGUMENTS = 3;

  private static final String SYSTEM_IDENTIFIER = "7400000000000000001";

  /** End of the WAL of a server that was stopped in order; nobody writes any more. */
  private static final long WAL = 1 << 20;

  /**
   * @param term number of the decision who is primary that it comes from; 0 for none
   */
  private record Program(
      String step, String digest, String epoch, boolean boot, long term, String primary) {}

  private final String domain;
  private final Function<SimulatedGuest, List<SimulatedGuest>> peers;
  private final Map<Long, Program> programs = new HashMap<>();
  private final Map<String, StepState> onDisk = new TreeMap<>();
  private final Map<String, StepState> sinceBoot = new TreeMap<>();
  private final Map<String, String> failing = new HashMap<>();
  private final Map<String, Integer> failures = new HashMap<>();
  private final Set<String> held = new HashSet<>();
  private final List<String> launched = new ArrayList<>();
  private String bootId = UUID.randomUUID().toString();
  private final Set<Long> clocks = new HashSet<>();
  private Duration clockOff = Duration.ZERO;
  private boolean running;
  private long pids;

  /** What its data directory is, and whether the server runs. */
  private InstanceRole role = InstanceRole.unknown;

  private boolean serves;
  private int timeline = 1;
  private Term term = Term.NONE;

  /**
   * @param peers running guests of the same lab, itself included
   */
  SimulatedGuest(String domain, Function<SimulatedGuest, List<SimulatedGuest>> peers) {
    this.domain = domain;
    this.peers = peers;
  }

  // For tests

  /** With what the names of all domains of its lab begin. */
  String lab() {
    return domain.substring(0, domain.length() - node().length());
  }

  /** The node; empty for a domain that is no lab's. */
  String node() {
    String[] parts = domain.split("-", 3);
    return parts.length == 3 ? parts[2] : "";
  }

  /** Lets a step fail from now on. */
  synchronized void fail(String step, String output) {
    fail(step, output, Integer.MAX_VALUE);
  }

  /** Lets a step fail so many times, and then end well again. */
  synchronized void fail(String step, String output, int times) {
    failing.put(step, output);
    failures.put(step, times);
  }

  /** Lets a step end well again. */
  synchronized void mend(String step) {
    failing.remove(step);
  }

  /** Lets a step run until it is released. */
  synchronized void hold(String step) {
    held.add(step);
  }

  synchronized void release(String step) {
    held.remove(step);
  }

  /** Names of the steps that were run, in order; one that was done already is not among them. */
  synchronized List<String> launched() {
    return List.copyOf(launched);
  }

  synchronized String bootId() {
    return bootId;
  }

  // For the host

  synchronized boolean isRunning() {
    return running;
  }

  synchronized void powerOff() {
    running = false;
  }

  synchronized void boot() {
    running = true;
    bootId = UUID.randomUUID().toString();
    sinceBoot.clear();
    onDisk.replaceAll((name, state) -> interrupted(state));
    programs.clear();
    serves = role == InstanceRole.standby;
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

  /** Lets its clock be wrong from now on, until somebody sets it. */
  synchronized void clockOff(Duration ahead) {
    clockOff = ahead;
  }

  synchronized Duration clockOff() {
    return clockOff;
  }

  /** Answers a command to the agent. */
  String answer(String command) {
    try {
      JsonNode asked = JSON.readTree(command);
      JsonNode arguments = asked.path("arguments");
      ObjectNode answer = JSON.createObjectNode();
      answer.set(
          "return",
          switch (asked.path("execute").asText()) {
            case "guest-ping" -> JSON.createObjectNode();
            case "guest-exec" -> JSON.createObjectNode().put("pid", start(arguments));
            case "guest-exec-status" -> status(arguments.path("pid").asLong());
            default -> throw new IllegalArgumentException("No such command: " + command);
          });
      return answer.toString();
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("Not JSON: " + command, e);
    }
  }

  private synchronized long start(JsonNode arguments) {
    JsonNode argv = arguments.path("arg");
    String input = arguments.path("input-data").asText();
    pids++;
    if (argv.path(2).asText().equals("lab-clock")) {
      if (!arguments.path("input-data").asText().isEmpty()) {
        clockOff = Duration.ZERO;
      }
      clocks.add(-pids);
      return -pids;
    }
    if (argv.size() > REPORT_ARGUMENTS) {
      String step = argv.get(3).asText();
      String digest = argv.get(4).asText();
      String epoch = argv.get(5).asText();
      boolean boot = Step.Scope.valueOf(argv.get(6).asText()) == Step.Scope.BOOT;
      Map<String, String> values = values(input);
      Program same =
          new Program(
              step,
              digest,
              epoch,
              boot,
              Long.parseLong(values.getOrDefault("PRIMARY_TERM", "0")),
              values.getOrDefault("PRIMARY_NODE", ""));
      if (programs.containsValue(same)) {
        // Who launches what runs already waits for its end.
        programs.put(pids, same);
      } else if (!isDone(step) || !state(step).digest().equals(digest)) {
        programs.put(pids, same);
        launched.add(step);
        remember(same, Status.RUNNING, "");
      }
      return pids;
    }
    return -pids;
  }

  /** Values of a step, from the archive that is sent with it. */
  private static Map<String, String> values(String input) {
    Map<String, String> values = new HashMap<>();
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(
            new ByteArrayInputStream(Base64.getDecoder().decode(input)), "UTF-8")) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        if (entry.getName().startsWith("values/")) {
          values.put(
              entry.getName().substring("values/".length()),
              new String(tar.readAllBytes(), StandardCharsets.UTF_8));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return values;
  }

  private ObjectNode status(long pid) throws JsonProcessingException {
    ObjectNode status = JSON.createObjectNode();
    if (pid > 0 && !ended(pid)) {
      return status.put("exited", false);
    }
    boolean clock;
    synchronized (this) {
      clock = clocks.remove(pid);
    }
    // Not under the lock: its peers are asked.
    byte[] report =
        clock
            ? Long.toString(System.nanoTime() / 1_000_000).getBytes(StandardCharsets.US_ASCII)
            : JSON.writeValueAsBytes(report());
    return status
        .put("exited", true)
        .put("exitcode", 0)
        .put("out-data", Base64.getEncoder().encodeToString(report));
  }

  private synchronized boolean ended(long pid) {
    Program program = programs.get(pid);
    if (program == null) {
      return true;
    }
    if (held.contains(program.step())) {
      return false;
    }
    String output =
        program.term() > 0 && program.term() < term.number()
            ? Term.STALE + "a later decision was obeyed here"
            : failing.get(program.step());
    if (output == null && program.term() > 0) {
      term = new Term(program.term(), program.primary());
    }
    remember(program, output == null ? Status.DONE : Status.FAILED, output == null ? "" : output);
    if (output == null) {
      postgresqlAfter(program.step());
    } else if (failures.merge(program.step(), -1, Integer::sum) == 0) {
      mend(program.step());
    }
    programs.values().removeIf(program::equals);
    return true;
  }

  /** Says that it has obeyed a decision who is primary. */
  synchronized void obeyed(long number, String primary) {
    term = new Term(number, primary);
  }

  synchronized Term term() {
    return term;
  }

  /** Lets the PostgreSQL server end; nobody starts it again but the operator. */
  synchronized void stopPostgresql() {
    serves = false;
  }

  /** Whether its instance is a primary that can be written to. */
  synchronized boolean acceptsWrites() {
    return running && serves && role == InstanceRole.primary;
  }

  /** A step that undoes another one makes the guest forget it. */
  private void forget(String... steps) {
    onDisk.keySet().removeAll(List.of(steps));
    sinceBoot.keySet().removeAll(List.of(steps));
  }

  private void postgresqlAfter(String step) {
    switch (step) {
      case StepNames.POSTGRESQL_PRIMARY -> {
        role = InstanceRole.primary;
        serves = true;
      }
      case StepNames.POSTGRESQL_STANDBY -> {
        forget(
            StepNames.POSTGRESQL_PRIMARY,
            StepNames.POSTGRESQL_PROMOTION,
            StepNames.POSTGRESQL_DEMOTION);
        role = InstanceRole.standby;
        serves = true;
        timeline =
            peers.apply(this).stream()
                .filter(g -> g.serves && g.role == InstanceRole.primary)
                .mapToInt(g -> g.timeline)
                .max()
                .orElse(timeline);
      }
      case StepNames.POSTGRESQL_PROMOTION -> {
        forget(StepNames.POSTGRESQL_STANDBY, StepNames.POSTGRESQL_DEMOTION);
        if (role == InstanceRole.standby) {
          timeline++;
          role = InstanceRole.primary;
        }
        serves = role == InstanceRole.primary;
      }
      case StepNames.POSTGRESQL_DEMOTION -> {
        forget(StepNames.POSTGRESQL_PRIMARY, StepNames.POSTGRESQL_PROMOTION);
        serves = false;
      }
      default -> {
        // another service's
      }
    }
  }

  private void remember(Program program, Status status, String output) {
    StepState before = state(program.step());
    boolean same =
        before != null
            && before.digest().equals(program.digest())
            && before.epoch().equals(program.epoch());
    int attempts = (same ? before.attempts() : 0) + (status == Status.FAILED ? 1 : 0);
    (program.boot() ? sinceBoot : onDisk)
        .put(
            program.step(),
            new StepState(
                program.step(),
                program.digest(),
                status,
                attempts,
                program.epoch(),
                status == Status.RUNNING ? 0 : LONG_AGO_SECONDS,
                output));
  }

  private synchronized StepState state(String step) {
    return sinceBoot.getOrDefault(step, onDisk.get(step));
  }

  private boolean isDone(String step) {
    StepState state = state(step);
    return state != null && state.status() == Status.DONE;
  }

  private Map<String, Object> report() {
    Map<String, Object> report = new HashMap<>();
    synchronized (this) {
      report.put("bootId", bootId);
      report.put("clock", Instant.now().plus(clockOff).toEpochMilli());
      report.put("took", 0);
      List<StepState> steps = new ArrayList<>(onDisk.values());
      steps.addAll(sinceBoot.values());
      report.put("term", term);
      report.put("steps", steps);
    }
    List<SimulatedGuest> lab = peers.apply(this);
    if (role != InstanceRole.unknown) {
      report.put("postgresql", postgresql(lab));
    }
    if (isDone(StepNames.EJABBERD)) {
      report.put("ejabberd", new Ejabberd(true, "24.12", members(lab)));
    }
    return report;
  }

  private Postgresql postgresql(List<SimulatedGuest> lab) {
    Postgresql.Builder said =
        Postgresql.builder().timeline(timeline).systemIdentifier(SYSTEM_IDENTIFIER);
    if (!serves) {
      return said.inRecovery(role == InstanceRole.standby).lsn(WAL).stopped(true).build();
    }
    if (role == InstanceRole.standby) {
      boolean receiving = lab.stream().anyMatch(g -> g.serves && g.role == InstanceRole.primary);
      return said.standby().lsn(WAL + 1).receiving(receiving).build();
    }
    List<String> standbys =
        lab.stream()
            .filter(g -> g.serves && g.role == InstanceRole.standby)
            .map(SimulatedGuest::node)
            .sorted()
            .toList();
    return said.primary()
        .readWriteAddress(isDone(StepNames.POSTGRESQL_PROMOTION))
        .standbys(standbys.stream().map(name -> new Standby(name, "streaming", 0)).toList())
        .slots(
            standbys.stream()
                .map(name -> new Slot(name.replace('-', '_'), true, "reserved"))
                .toList())
        .build();
  }

  /** The first member needs no joining, and joins nobody. */
  private List<String> members(List<SimulatedGuest> lab) {
    List<SimulatedGuest> servers =
        lab.stream()
            .filter(g -> g.isDone(StepNames.EJABBERD))
            .sorted(Comparator.comparing(SimulatedGuest::node))
            .toList();
    boolean joined = this == servers.get(0) || isDone(StepNames.EJABBERD_CLUSTER);
    return servers.stream()
        .filter(
            g ->
                g == this
                    || joined && (g == servers.get(0) || g.isDone(StepNames.EJABBERD_CLUSTER)))
        .map(g -> "ejabberd@" + g.node())
        .toList();
  }
}
