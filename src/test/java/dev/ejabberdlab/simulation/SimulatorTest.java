package dev.ejabberdlab.simulation;

import static dev.ejabberdlab.simulation.Kind.ANSWERS_LATE;
import static dev.ejabberdlab.simulation.Kind.CLOCK_BACK;
import static dev.ejabberdlab.simulation.Kind.CLOCK_FORWARD;
import static dev.ejabberdlab.simulation.Kind.DESTROY;
import static dev.ejabberdlab.simulation.Kind.EDIT_INSTANCES;
import static dev.ejabberdlab.simulation.Kind.EDIT_PRIMARY;
import static dev.ejabberdlab.simulation.Kind.EDIT_SYNCHRONOUS;
import static dev.ejabberdlab.simulation.Kind.HALT;
import static dev.ejabberdlab.simulation.Kind.HANG;
import static dev.ejabberdlab.simulation.Kind.HOST_REBOOTS;
import static dev.ejabberdlab.simulation.Kind.HOST_REPLACED;
import static dev.ejabberdlab.simulation.Kind.KILL;
import static dev.ejabberdlab.simulation.Kind.KILL_AT_ACTION;
import static dev.ejabberdlab.simulation.Kind.KILL_POSTGRESQL;
import static dev.ejabberdlab.simulation.Kind.LAG;
import static dev.ejabberdlab.simulation.Kind.LOSE_DISK;
import static dev.ejabberdlab.simulation.Kind.PAUSE;
import static dev.ejabberdlab.simulation.Kind.PAUSE_LAB;
import static dev.ejabberdlab.simulation.Kind.PROMOTE_BY_HAND;
import static dev.ejabberdlab.simulation.Kind.SAVE_TO_FILE;
import static dev.ejabberdlab.simulation.Kind.STATUS_CLEARED;
import static dev.ejabberdlab.simulation.Kind.STATUS_RESTORED;
import static dev.ejabberdlab.simulation.Kind.STOP_POSTGRESQL;
import static dev.ejabberdlab.simulation.Kind.UNMARK;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Labs live, and nothing happens that must not. The system property {@code seed} runs one again,
 * {@code seeds} says how many are run.
 */
class SimulatorTest {

  private static final int SEEDS = 2000;

  /** A machine that is busy with other things runs fewer, and says so. */
  private static final Duration LIMIT = Duration.ofSeconds(110);

  private static final int TOLD_EVERY = 1000;

  /** How many seeds may pass before somebody notices that a safety rule is missing. */
  private static final int UNNOTICED = 4000;

  /** How many stories are told when many fail. */
  private static final int STORIES = 3;

  @Test
  void nothingHappensThatMustNot() throws InterruptedException {
    Optional<Long> one = Optional.ofNullable(Long.getLong("seed"));
    Optional<Long> many = Optional.ofNullable(Long.getLong("seeds"));
    long from = one.orElse(1L);
    long count = one.isPresent() ? 1 : many.orElse((long) SEEDS);
    Optional<Duration> limit = many.isPresent() ? Optional.empty() : Optional.of(LIMIT);

    assertThat(new Seeds(from, count, limit).live()).as("stories that end badly").isEmpty();
  }

  /** Labs that live side by side, as many as there are processors, each in a world of its own. */
  private static final class Seeds {

    private final AtomicLong next;
    private final AtomicLong lived = new AtomicLong();
    private final long end;
    private final Optional<Duration> limit;
    private final long began = System.nanoTime();
    private final List<String> stories = Collections.synchronizedList(new ArrayList<>());

    /**
     * @param limit when no more lives begin; empty for never
     */
    Seeds(long from, long count, Optional<Duration> limit) {
      this.next = new AtomicLong(from);
      this.end = from + count;
      this.limit = limit;
    }

    /** The stories that end badly. */
    List<String> live() throws InterruptedException {
      int processors = Runtime.getRuntime().availableProcessors();
      ExecutorService threads = Executors.newFixedThreadPool(processors);
      List<Callable<Void>> parts = Collections.nCopies(processors, this::part);
      for (Future<Void> part : threads.invokeAll(parts)) {
        try {
          part.get();
        } catch (ExecutionException e) {
          throw new IllegalStateException("a life broke off", e.getCause());
        }
      }
      threads.shutdown();
      System.out.printf("%d labs have lived, in %d s.%n", lived.get(), took().toSeconds());
      return stories;
    }

    private Void part() {
      Simulator simulator = new Simulator(Set.of());
      while (stories.size() < STORIES && limit.filter(l -> took().compareTo(l) > 0).isEmpty()) {
        long seed = next.getAndIncrement();
        if (seed >= end) {
          break;
        }
        simulator.report(seed).ifPresent(stories::add);
        if (lived.incrementAndGet() % TOLD_EVERY == 0) {
          System.out.printf("%d labs have lived, in %d s.%n", lived.get(), took().toSeconds());
        }
      }
      return null;
    }

    private Duration took() {
      return Duration.ofNanos(System.nanoTime() - began);
    }
  }

  /** What the simulator has found, each the shortest story. */
  static Stream<Story> found() {
    return Stream.of(
        // A primary that was lost while the lab was paused: who had streamed then was forgotten.
        story(127, 3, 1, on(272, PAUSE_LAB, 63), on(437, LOSE_DISK, 748)),
        // A commit that only the third instance had: the others were judged by what they said
        // before.
        story(
            1066,
            4,
            4,
            on(159, HOST_REPLACED, 962),
            on(252, LAG, 4),
            on(260, HANG, 7),
            on(263, LOSE_DISK, 1)),
        // A machine without the lab's mark: it was said to be shutting down, for ever.
        story(61, 2, 4, on(94, UNMARK, 819), on(217, HALT, 990)),
        // A refused edit that passed after the status was lost: it removed the primary's disk.
        story(
            634,
            3,
            4,
            on(289, LOSE_DISK, 10),
            new Story.Event(522, EDIT_INSTANCES, 0, 795_288),
            on(608, STATUS_CLEARED, 937)),
        // A status from before the third instance was there, and only that one had a commit.
        story(
            4317,
            shape(2, 1, true, 60),
            new Story.Event(21, CLOCK_FORWARD, 240, 474_583),
            new Story.Event(261, EDIT_INSTANCES, 931, 119_507),
            new Story.Event(297, LAG, 4, 868_827),
            new Story.Event(306, HANG, 7, 469_745),
            new Story.Event(309, LOSE_DISK, 1, 836_639),
            new Story.Event(443, STATUS_RESTORED, 468, 20_659),
            new Story.Event(494, KILL, 712, 77_871)),
        // Another primary was named while the first one was being set up, by the same decision.
        story(
            8406,
            shape(3, 1, false, 60),
            new Story.Event(12, CLOCK_BACK, 44, 156_631),
            new Story.Event(16, EDIT_PRIMARY, 242, 146_294),
            new Story.Event(31, PAUSE, 793, 683_284)),
        // Somebody promoted a third instance in the middle of a switchover, which never ended.
        story(
            9507,
            shape(3, 2, true, 60),
            new Story.Event(30, SAVE_TO_FILE, 832, 879_448),
            new Story.Event(134, HOST_REBOOTS, 678, 804_213),
            new Story.Event(140, EDIT_PRIMARY, 67, 12_458),
            new Story.Event(153, PROMOTE_BY_HAND, 637, 380_024)),
        // The status was lost while an order to promote was on its way to a server that was down.
        story(
            31_137,
            new Draw.Shape(2, 3, Optional.empty(), true, 1, 0, 1, true, true),
            new Story.Event(77, KILL_POSTGRESQL, 529, 378_395),
            new Story.Event(83, ANSWERS_LATE, 854, 141_636),
            new Story.Event(84, STOP_POSTGRESQL, 425, 695_186),
            new Story.Event(86, STATUS_CLEARED, 201, 752_347)),
        // Two decisions with one number, the first of which was never recorded.
        story(
            36_972,
            new Draw.Shape(4, 2, Optional.of("preferred"), true, 60, 0, 1, true, true),
            new Story.Event(48, LOSE_DISK, 342, 487_506),
            new Story.Event(78, EDIT_SYNCHRONOUS, 177, 392_904),
            new Story.Event(340, KILL_AT_ACTION, 389, 905_946),
            new Story.Event(343, DESTROY, 865, 852_607),
            new Story.Event(387, DESTROY, 4, 417_655),
            new Story.Event(390, STATUS_RESTORED, 0, 557_714)));
  }

  private static Story story(long seed, int instances, int members, Story.Event... events) {
    return story(seed, shape(instances, members, true, 1), events);
  }

  private static Story story(long seed, Draw.Shape shape, Story.Event... events) {
    return new Story(seed, shape, List.of(events));
  }

  private static Draw.Shape shape(int instances, int members, boolean automatic, int delay) {
    return new Draw.Shape(
        instances, members, Optional.of("required"), automatic, delay, 0, 1, true, true);
  }

  private static Story.Event on(int second, Kind kind, int machine) {
    return new Story.Event(second, kind, machine, 433_682);
  }

  @ParameterizedTest
  @MethodSource("found")
  void whatOnceEndedBadlyEndsWell(Story story) {
    assertThat(new Simulator(Set.of()).live(story).violation()).isEmpty();
  }

  @Test
  void aSeedIsTheSameLifeEachTime() {
    for (long seed : LongStream.rangeClosed(1, 5).toArray()) {
      Story story = Story.draw(seed);

      assertThat(new Simulator(Set.of()).live(story).hash())
          .as("seed %d", seed)
          .isEqualTo(new Simulator(Set.of()).live(story).hash());
    }
  }

  @ParameterizedTest
  @EnumSource
  @Tag("simulation")
  void aMissingSafetyRuleIsNoticed(Rule rule) {
    Simulator simulator = new Simulator(EnumSet.of(rule));
    boolean noticed =
        LongStream.rangeClosed(1, UNNOTICED)
            .mapToObj(s -> s % 4 == 0 ? Story.draw(s) : Story.ofTheme(s, rule.themes()))
            .anyMatch(story -> simulator.live(story).violation().isPresent());

    assertThat(noticed).as("some seed fails without the rule %s", rule).isTrue();
  }
}
