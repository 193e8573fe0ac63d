package dev.ejabberdlab.simulation;

import dev.ejabberdlab.observe.SettableClock;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Time and chance. What happens, happens one after the other: by time, and at the same time in the
 * order in which it was planned.
 */
final class World {

  /** What is kept of what has happened: with the events of a failing seed it fits on a screen. */
  private static final int LINES = 36;

  /** How many calls may wait for late answers at once: each waits inside the one before. */
  private static final int WAITING = 2;

  private record Task(long at, long number, Runnable work) {}

  private final PriorityQueue<Task> tasks =
      new PriorityQueue<>(
          (a, b) -> a.at != b.at ? Long.compare(a.at, b.at) : Long.compare(a.number, b.number));
  private final SettableClock clock = new SettableClock();
  private final SplittableRandom chance;
  private final Deque<String> log = new ArrayDeque<>();
  private String told = "";
  private final Set<Rule> removed;
  private long now;
  private long numbers;
  private long hash;
  private int waiting;
  private Runnable afterEach = () -> {};
  private boolean over;

  World(long seed, Set<Rule> removed) {
    this.chance = new SplittableRandom(seed);
    this.removed = removed;
  }

  /** Whether a safety rule is in force. */
  boolean isInForce(Rule rule) {
    return !removed.contains(rule);
  }

  /** Milliseconds since the beginning, by a clock that nobody sets. */
  long now() {
    return now;
  }

  /** The clock of the operators. */
  Clock clock() {
    return clock;
  }

  /** Sets the operators' clock; back when negative. */
  void setClock(Duration by) {
    clock.advance(by);
  }

  /** A number from 0, below the bound. */
  int draw(int bound) {
    return chance.nextInt(bound);
  }

  /** Whether something that happens so many times out of a hundred does. */
  boolean happens(int percent) {
    return chance.nextInt(100) < percent;
  }

  void after(long millis, Runnable work) {
    tasks.add(new Task(now + Math.max(0, millis), numbers++, work));
  }

  /** Lets everything happen up to a time. */
  void runUntil(long end) {
    while (!over && !tasks.isEmpty() && tasks.peek().at() <= end) {
      next();
    }
    advance(end);
  }

  /** Is called after everything that happens. */
  void afterEach(Runnable look) {
    afterEach = look;
  }

  /** Nothing more happens. */
  void end() {
    over = true;
  }

  /** Whoever calls waits, and the world goes on meanwhile; not for ever inside each other. */
  void pass(long millis) {
    if (waiting < WAITING) {
      waiting++;
      try {
        runUntil(now + millis);
      } finally {
        waiting--;
      }
    }
  }

  private void next() {
    Task task = tasks.remove();
    advance(task.at());
    task.work().run();
    afterEach.run();
  }

  private void advance(long to) {
    if (to > now) {
      clock.advance(Duration.ofMillis(to - now));
      now = to;
    }
  }

  /** Writes down what has happened. */
  void tell(String what) {
    String line = "%7.1f s  %s".formatted(now / 1000.0, what);
    hash = hash * 31 + line.hashCode();
    if (what.equals(told)) {
      return;
    }
    told = what;
    log.addLast(line);
    if (log.size() > LINES) {
      log.removeFirst();
    }
  }

  /** Of everything that was told: the same for the same seed. */
  long hash() {
    return hash;
  }

  Iterable<String> log() {
    return log;
  }
}
