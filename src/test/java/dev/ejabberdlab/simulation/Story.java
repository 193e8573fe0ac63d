package dev.ejabberdlab.simulation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/**
 * A lab and what happens to it.
 *
 * @param seed what it was drawn from, and what else is left to chance
 * @param shape the lab at first
 * @param events in their order
 */
record Story(long seed, Draw.Shape shape, List<Event> events) {

  /** How long a life has its disturbances. */
  static final int SECONDS = 900;

  /**
   * Something that happens.
   *
   * @param second when
   * @param kind what
   * @param a which machine, mostly
   * @param b how long, mostly
   */
  record Event(int second, Kind kind, int a, int b) {

    @Override
    public String toString() {
      return "%5d s  %s(%d, %d)".formatted(second, kind, a, b);
    }
  }

  /** Numbers that stand for instances: see {@link Life#node}. */
  private static final int FIRST = 1;

  private static final int SECOND = 4;
  private static final int THIRD = 7;

  /**
   * What comes together is worse than what comes alone: the numbers of seconds between one and the
   * next are drawn up to {@code gap}.
   */
  private record Theme(int gap, List<Event> events) {

    private static Theme of(int gap, Event... events) {
      return new Theme(gap, List.of(events));
    }
  }

  private static Event on(Kind kind, int machine) {
    return new Event(0, kind, machine, -1);
  }

  private static final List<Theme> THEMES =
      List.of(
          Theme.of(15, on(Kind.LAG, SECOND), on(Kind.DESTROY, FIRST)),
          Theme.of(15, on(Kind.LAG, SECOND), on(Kind.DESTROY, THIRD), on(Kind.DESTROY, FIRST)),
          Theme.of(10, on(Kind.LAG, SECOND), on(Kind.HANG, THIRD), on(Kind.LOSE_DISK, FIRST)),
          Theme.of(8, on(Kind.EDIT_PRIMARY, FIRST), on(Kind.DESTROY, FIRST)),
          Theme.of(8, on(Kind.EDIT_PRIMARY, FIRST), on(Kind.HANG, SECOND)),
          Theme.of(8, on(Kind.EDIT_PRIMARY, FIRST), on(Kind.KILL_AT_ACTION, FIRST)),
          Theme.of(8, on(Kind.EDIT_PRIMARY, FIRST), on(Kind.SAVE, FIRST), on(Kind.START, FIRST)),
          Theme.of(
              120, on(Kind.DESTROY, FIRST), on(Kind.STATUS_RESTORED, FIRST), on(Kind.KILL, FIRST)),
          Theme.of(
              90, on(Kind.DESTROY, FIRST), on(Kind.DESTROY, SECOND), on(Kind.STATUS_RESTORED, 0)),
          Theme.of(
              60, on(Kind.DESTROY, FIRST), on(Kind.STATUS_CLEARED, 0), on(Kind.DESTROY, SECOND)),
          Theme.of(60, on(Kind.SAVE, FIRST), on(Kind.START, FIRST)),
          Theme.of(60, on(Kind.PAUSE, FIRST), on(Kind.RESUME, FIRST)),
          Theme.of(60, on(Kind.SAVE_TO_FILE, FIRST), on(Kind.RESTORE, FIRST)),
          Theme.of(10, on(Kind.SECOND_OPERATOR, 0), on(Kind.API_STALE, 0), on(Kind.DESTROY, FIRST)),
          Theme.of(10, on(Kind.API_AWAY, 0), on(Kind.DESTROY, FIRST)),
          Theme.of(10, on(Kind.HOST_PARTIAL, 0), on(Kind.HANG, FIRST)),
          Theme.of(5, on(Kind.FAIL_STEPS, SECOND), on(Kind.DESTROY, FIRST)),
          Theme.of(20, on(Kind.HOST_REPLACED, 0), on(Kind.KILL, 0)),
          Theme.of(20, on(Kind.CLONE, FIRST), on(Kind.DELETE, 0)),
          Theme.of(100, on(Kind.DESTROY, FIRST), on(Kind.EDIT_INSTANCES, 0)),
          Theme.of(20, on(Kind.PAUSE_REPLAY, SECOND), on(Kind.DESTROY, FIRST)),
          Theme.of(30, on(Kind.PROMOTE_BY_HAND, SECOND), on(Kind.HANG, FIRST)),
          Theme.of(60, on(Kind.HOST_SUSPENDS, 0), on(Kind.HOST_RESUMES, 0)),
          Theme.of(120, on(Kind.PAUSE_LAB, 0), on(Kind.DESTROY, FIRST), on(Kind.UNPAUSE_LAB, 0)));

  static Story draw(long seed) {
    SplittableRandom chance = new SplittableRandom(seed ^ 0x5DEECE66DL);
    Draw.Shape shape = Draw.shape(chance);
    List<Event> events = new ArrayList<>();
    int count = 2 + chance.nextInt(12);
    int second = 10 + chance.nextInt(200);
    for (int i = 0; i < count; i++) {
      Kind kind = Kind.values()[chance.nextInt(Kind.values().length)];
      if (kind == Kind.DELETE && chance.nextInt(3) > 0) {
        kind = Kind.DESTROY;
      }
      events.add(new Event(second, kind, chance.nextInt(1000), chance.nextInt(1_000_000)));
      second =
          chance.nextInt(3) > 0
              ? Math.min(SECONDS, second + chance.nextInt(20))
              : Math.min(SECONDS, second + chance.nextInt(300));
    }
    if (chance.nextInt(2) > 0) {
      events.addAll(theme(chance, 40 + chance.nextInt(SECONDS - 400)));
    }
    events.sort(Comparator.comparingInt(Event::second));
    return new Story(seed, shape, List.copyOf(events));
  }

  /** A life with nothing but one theme. */
  static Story ofTheme(long seed) {
    SplittableRandom chance = new SplittableRandom(seed);
    return new Story(seed, Draw.shape(chance), theme(chance, 60 + chance.nextInt(60)));
  }

  private static List<Event> theme(SplittableRandom chance, int second) {
    Theme theme = THEMES.get(chance.nextInt(THEMES.size()));
    List<Event> events = new ArrayList<>();
    int at = second;
    for (Event event : theme.events()) {
      events.add(new Event(at, event.kind(), event.a(), chance.nextInt(1_000_000)));
      at += 1 + chance.nextInt(theme.gap());
    }
    return List.copyOf(events);
  }

  Story without(int index) {
    List<Event> fewer = new ArrayList<>(events);
    fewer.remove(index);
    return new Story(seed, shape, List.copyOf(fewer));
  }

  @Override
  public String toString() {
    return "seed %d: %s%n%s"
        .formatted(
            seed, shape, events.stream().map(Event::toString).collect(Collectors.joining("\n")));
  }
}
