package dev.ejabberdlab.simulation;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** The life of one lab, from a story. */
final class Life {

  static final UUID LAB = UUID.fromString("3f0c9a52-7d3e-4b54-9a63-2f6f5f1f7b10");

  private static final UUID HOME = UUID.fromString("00000000-0000-4000-8000-00000000000a");
  private static final UUID OTHER = UUID.fromString("00000000-0000-4000-8000-00000000000b");

  /** How long a lab may take when nothing disturbs it any more. */
  private static final int PEACE_SECONDS = 45 * 60;

  /** How long nothing may be written then. */
  private static final int QUIET_SECONDS = 180;

  /** How long Ready may be told of a lab that is not, with an operator that can look. */
  private static final int READY_SECONDS = 60;

  /** How long a reason must be told that is the last word. */
  private static final int STANDING_SECONDS = 20 * 60;

  private static final int SECOND = 1000;

  /** Of a violation: enough to tell one kind from another. */
  private static final int KIND_CHARACTERS = 60;

  private final World world;
  private final Story story;
  private final Catalogue catalogue;
  private final Witness witness;
  private final Host host;
  private final Disturbances faults;
  private final Api api;
  private final Map<String, Integer> failures = new HashMap<>();
  private final Operators operators;
  private final Judge judge;
  private Draw.Shape shape;
  private boolean isPeace;
  private boolean isShrunk;
  private boolean isStatusOld;
  private int untrue;
  private int clones;

  /**
   * How a life went.
   *
   * @param violation what must not be; empty when all was well
   * @param log the last of what has happened
   * @param hash of all that has happened
   * @param end how it ended
   */
  record Result(Optional<String> violation, List<String> log, long hash, String end) {

    /** What must not be, without numbers, and not to its end. */
    String kind() {
      return violation
          .map(v -> v.substring(v.indexOf(": ") + 2).replaceAll("[0-9]+", "N"))
          .map(v -> v.substring(0, Math.min(v.length(), KIND_CHARACTERS)))
          .orElse("");
    }
  }

  private Life(Story story, Set<Rule> removed, Catalogue catalogue) {
    this.world = new World(story.seed(), removed);
    this.story = story;
    this.catalogue = catalogue;
    this.shape = story.shape();
    this.witness = new Witness(world, LAB);
    this.host = new Host(world, witness, HOME, Draw.IMAGE);
    this.faults = new Disturbances(world, host, new Host(world, witness, OTHER, Draw.IMAGE));
    this.api = new Api(world, witness, LAB, catalogue.spec(shape));
    this.operators =
        new Operators(world, faults, witness, api, catalogue, failures, 1 + world.draw(4));
    this.judge = new Judge(LAB, host, api, witness);
    witness.looksAt(host, api);
    witness.promise(shape.synchronous().isPresent());
    if (!shape.automatic()) {
      mayBlock("PrimaryFailing");
      mayBlock("PromotionHeld");
    }
    world.afterEach(witness::check);
  }

  static Result of(Story story, Set<Rule> removed, Catalogue catalogue) {
    return new Life(story, removed, catalogue).live();
  }

  private Result live() {
    operators.start();
    second();
    clients();
    int end = 0;
    for (Story.Event event : story.events()) {
      world.after(
          event.second() * (long) SECOND,
          () -> {
            world.tell("--- " + event.kind() + " " + event.a() + " " + event.b());
            event.kind().happen(this, event.a(), event.b());
            host.guests().replicate();
          });
      end = event.second();
    }
    world.runUntil((end + 60) * (long) SECOND);
    String ended = witness.violation().isPresent() ? "" : peace();
    return new Result(witness.violation(), lines(), world.hash(), ended);
  }

  private List<String> lines() {
    List<String> lines = new ArrayList<>();
    world.log().forEach(lines::add);
    return lines;
  }

  /** Nothing disturbs the lab any more. */
  private String peace() {
    world.tell("--- peace");
    isPeace = true;
    faults.end();
    world.runUntil(Math.max(world.now(), faults.lastArrival()));
    failures.clear();
    host.machines()
        .forEach(
            m -> m.boot.ifPresent(b -> b.hangsUntil = b.muteUntil = b.lagsUntil = world.now()));
    if (story.seed() % 2 == 0) {
      edit(s -> s.withValid(true));
    }
    api.endFaults();
    api.annotate(EjabberdLab.PAUSED, Optional.empty());
    operators.startIfThereIsNone();
    long limit = world.now() + PEACE_SECONDS * (long) SECOND;
    int standing = 0;
    Set<String> said = Set.of();
    Optional<String> lacks = judge.lacks(shape);
    while (lacks.isPresent() && world.now() < limit && witness.violation().isEmpty()) {
      world.runUntil(world.now() + 10 * SECOND);
      lacks = judge.lacks(shape);
      said = judge.reasons();
      standing = judge.isBlocked() ? standing + 10 : 0;
      if (standing >= STANDING_SECONDS) {
        break;
      }
    }
    if (lacks.isPresent() && standing < STANDING_SECONDS) {
      witness.found("the lab does not become what its spec says: " + lacks.get());
      return "";
    }
    if (story.isCalm() && api.hasFailedOver()) {
      witness.found("a primary that was only restarted was taken over from");
    }
    String end = lacks.isEmpty() ? "well" : "blocked: " + said;
    long writes = api.writes();
    world.runUntil(world.now() + 30 * SECOND);
    writes = api.writes();
    world.runUntil(world.now() + QUIET_SECONDS * (long) SECOND);
    if (api.writes() != writes
        && lacks.isEmpty()
        && shape.valid()
        && !judge.accepts("NameConflict")) {
      witness.found("%d times a status is written for nothing".formatted(api.writes() - writes));
    }
    Optional<String> again = judge.lacks(shape);
    if (lacks.isEmpty() && again.isPresent() && !judge.isBlocked() && shape.valid()) {
      witness.found("the lab does not stay what it has become: " + again.get());
    }
    return end;
  }

  // Time

  private void second() {
    world.after(
        SECOND,
        () -> {
          operators.forgetDead();
          boolean isWatched =
              operators.isOneAwake()
                  && faults.none()
                  && api.answers()
                  && api.isFresh()
                  && api.exists()
                  && !api.lab().paused();
          if (isWatched && instancesAnswer()) {
            witness.look();
          }
          boolean lies =
              isWatched
                  && shape.valid()
                  && shape.running()
                  && Judge.isReady(api.lab())
                  && !witness.serves(shape);
          untrue = lies ? untrue + 1 : 0;
          if (untrue > READY_SECONDS) {
            witness.found("Ready is told, but " + witness.obstacle(shape).orElse(""));
          }
          second();
        });
  }

  /** What an instance has become that hangs, nobody can see. */
  private boolean instancesAnswer() {
    return shape.instances().stream()
        .flatMap(i -> host.machine(i).stream())
        .filter(Machine::runs)
        .allMatch(host.guests()::answers);
  }

  private void clients() {
    world.after(
        500 + world.draw(4000),
        () -> {
          host.guests().write();
          clients();
        });
  }

  // For what happens

  World world() {
    return world;
  }

  Host host() {
    return host;
  }

  Disturbances faults() {
    return faults;
  }

  Api api() {
    return api;
  }

  Witness witness() {
    return witness;
  }

  Operators operators() {
    return operators;
  }

  Map<String, Integer> failures() {
    return failures;
  }

  /** The status becomes one of so many writes before; beyond the first there is none. */
  void restoreStatus(int back) {
    isStatusOld = true;
    doubt();
    api.restore(back);
  }

  /** Nothing may be left that says whether one that is removed was the primary. */
  private void doubt() {
    if (isShrunk && isStatusOld) {
      mayBlock("PromotionHeld");
    }
  }

  /** Says with which reason the lab may rest without being what its spec says. */
  void mayBlock(String reason) {
    judge.mayBlock(reason);
  }

  long until(int b, int seconds) {
    return world.now() + millis(b, seconds);
  }

  long millis(int b, int seconds) {
    return 1000L + b % (seconds * SECOND);
  }

  /** PostgreSQL instances are drawn twice as often. */
  String node(int a) {
    List<String> instances = shape.instances();
    List<String> nodes = shape.nodes();
    return a % 3 > 0 ? instances.get(a / 3 % instances.size()) : nodes.get(a / 3 % nodes.size());
  }

  void machine(int a, Consumer<Machine> what) {
    host.machine(node(a)).ifPresent(what);
  }

  void boot(int a, Consumer<Boot> what) {
    machine(a, m -> m.boot.filter(b -> m.runs()).ifPresent(what));
  }

  /** What is refused to others matters to nobody. */
  Consumer<Machine> quietly(Consumer<Machine> what) {
    return machine -> {
      try {
        what.accept(machine);
      } catch (RuntimeException e) {
        world.tell("refused: " + e.getMessage());
      }
    };
  }

  /** Somebody's machine with an overlay on a disk of the lab. */
  void cloneOf(Machine machine) {
    String name = machine.name + "-clone" + ++clones;
    host.volumes()
        .put(
            name + ".qcow2",
            new Host.Volume(
                name + ".qcow2", new Disk("other"), Optional.of(machine.volume), false));
    host.add(
        new Machine(
            UUID.nameUUIDFromBytes(name.getBytes(java.nio.charset.StandardCharsets.UTF_8)),
            name,
            "",
            Optional.empty(),
            null));
    mayBlock("Deleting");
  }

  /** A file of somebody's that is called like one of the lab. */
  void copyOf(Machine machine) {
    String name = LabTopology.namePrefix(LAB) + "copy" + ++clones + ".qcow2";
    host.volumes().put(name, new Host.Volume(name, new Disk("other"), Optional.empty(), false));
  }

  void promoteByHand(Machine machine) {
    if (machine.runs() && machine.boot.filter(b -> b.postgresql && b.recovery).isPresent()) {
      witness.interference();
      witness.diverges();
      // What is on two timelines nobody may choose from but a user.
      mayBlock("PrimaryFailing");
      mayBlock("PromotionHeld");
      host.guests().promote(machine);
    }
  }

  /**
   * Never the last one that has the data: nobody could do anything about that. Where none of the
   * others is seen to have all of it, a user must say what is to become of what they lack.
   */
  void loseDisk(Machine machine) {
    boolean database = shape.instances().contains(machine.node);
    List<Machine> others =
        host.machines().stream()
            .filter(m -> m != machine && shape.instances().contains(m.node))
            .filter(m -> host.disk(m).filter(d -> d.configured && d.wal.size() > 0).isPresent())
            .toList();
    if (database && others.isEmpty()) {
      return;
    }
    // Else nobody knows any more how far the lost one was.
    boolean isSeen = operators.isOneAwake() && api.hasRecordedTimeline();
    if (database
        && !(isSeen
            && host.guests().isOneAsFar(machine, others, shape.synchronous().isPresent()))) {
      mayBlock("PrimaryFailing");
      mayBlock("PromotionHeld");
    }
    host.loseDisk(machine);
  }

  void edit(UnaryOperator<Draw.Shape> how) {
    Draw.Shape next = how.apply(shape);
    if (api.exists() && !next.equals(shape)) {
      if (next.instanceCount() < shape.instanceCount()) {
        // The primary cannot be removed.
        mayBlock("InvalidSpec");
        isShrunk = true;
        doubt();
      }
      shape = next;
      witness.promise(shape.synchronous().isPresent());
      api.change(
          lab -> {
            lab.setSpec(catalogue.spec(next));
            return lab;
          });
    }
  }

  void delete() {
    api.change(
        lab -> {
          if (!lab.isMarkedForDeletion()) {
            lab.getMetadata()
                .setDeletionTimestamp(
                    Instant.ofEpochSecond(world.clock().instant().getEpochSecond()).toString());
          }
          return lab;
        });
  }
}
