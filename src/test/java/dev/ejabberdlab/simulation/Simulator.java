package dev.ejabberdlab.simulation;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/** Lets labs live, one after the other. */
final class Simulator {

  /** How long a story is shortened. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Catalogue catalogue = new Catalogue();
  private final Set<Rule> removed;

  /**
   * @param removed safety rules that are out of force
   */
  Simulator(Set<Rule> removed) {
    this.removed = removed;
  }

  Life.Result live(Story story) {
    return Life.of(story, removed, catalogue);
  }

  /**
   * The same story without what it does not need to end badly; not the shortest when that takes too
   * long to find.
   *
   * @param story one that ends badly
   */
  Story shorten(Story story) {
    long began = System.nanoTime();
    String kind = live(story).kind();
    Story shortest = story;
    boolean shorter = true;
    while (shorter) {
      shorter = false;
      for (int i = shortest.events().size() - 1; i >= 0; i--) {
        if (System.nanoTime() - began > PATIENCE.toNanos()) {
          return shortest;
        }
        Story fewer = shortest.without(i);
        if (live(fewer).kind().equals(kind)) {
          shortest = fewer;
          shorter = true;
        }
      }
    }
    return shortest;
  }

  /** What is told of a seed; empty when all was well. */
  Optional<String> report(long seed) {
    Story story = Story.draw(seed);
    if (live(story).violation().isEmpty()) {
      return Optional.empty();
    }
    Story shortest = shorten(story);
    Life.Result result = live(shortest);
    return Optional.of(
        "%s%n%s%n%s"
            .formatted(result.violation().orElse(""), shortest, String.join("\n", result.log())));
  }
}
