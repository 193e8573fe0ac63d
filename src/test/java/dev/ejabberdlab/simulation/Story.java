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
      events.addAll(any(chance).from(40 + chance.nextInt(SECONDS - 400), chance));
    }
    events.sort(Comparator.comparingInt(Event::second));
    return new Story(seed, shape, List.copyOf(events));
  }

  /** A life with nothing but one of these themes. */
  static Story ofTheme(long seed, List<Theme> themes) {
    SplittableRandom chance = new SplittableRandom(seed);
    Draw.Shape shape = Draw.shape(chance);
    Theme theme = themes.get(chance.nextInt(themes.size()));
    return new Story(seed, shape, theme.from(60 + chance.nextInt(60), chance));
  }

  private static Theme any(SplittableRandom chance) {
    return Theme.values()[chance.nextInt(Theme.values().length)];
  }

  /** Whether nothing happens in which a primary that works could seem not to. */
  boolean isCalm() {
    return events.stream()
        .allMatch(e -> e.kind() == Kind.EDIT_MEMORY || e.kind() == Kind.SLOW_OPERATOR);
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
