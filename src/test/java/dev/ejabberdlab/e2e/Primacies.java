package dev.ejabberdlab.e2e;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Times during which instances accepted writes. */
final class Primacies {

  /** An instance that has said nothing for longer may have been off in between. */
  static final Duration SILENCE = Duration.ofSeconds(5);

  private Primacies() {}

  /**
   * From the first to the last time that an instance said without a break that it accepts writes.
   */
  record Primacy(String node, Instant first, Instant last) {

    boolean overlaps(Primacy other) {
      return !node.equals(other.node) && !first.isAfter(other.last) && !other.first.isAfter(last);
    }
  }

  /** In the order in which they ended. */
  static List<Primacy> of(List<Load.Sample> samples) {
    List<Primacy> ended = new ArrayList<>();
    Map<String, Primacy> open = new HashMap<>();
    for (Load.Sample sample : samples) {
      Primacy before = open.get(sample.node());
      boolean goesOn =
          before != null && !before.last().plus(SILENCE).isBefore(sample.at()) && sample.writable();
      if (before != null && !goesOn) {
        ended.add(open.remove(sample.node()));
      }
      if (sample.writable()) {
        open.put(
            sample.node(),
            new Primacy(sample.node(), goesOn ? before.first() : sample.at(), sample.at()));
      }
    }
    ended.addAll(open.values());
    return ended;
  }

  /** How many pairs of instances accepted writes at the same time. */
  static long conflicts(List<Load.Sample> samples) {
    List<Primacy> all = of(samples);
    long found = 0;
    for (int i = 0; i < all.size(); i++) {
      Primacy one = all.get(i);
      found += all.subList(i + 1, all.size()).stream().filter(one::overlaps).count();
    }
    return found;
  }
}
