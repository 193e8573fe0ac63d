package dev.ejabberdlab.plan;

import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** The actions of a {@link Scene} that are under way, and how earlier ones have ended. */
final class Work {

  private final Set<Key> inFlight = new HashSet<>();
  private final Map<Key, Failure> failures = new HashMap<>();
  private final Map<Key, Progress.End> ends = new HashMap<>();
  private final Map<Key, Progress.CutOff> cutOffs = new HashMap<>();

  void inFlight(Key key) {
    inFlight.add(key);
  }

  void failed(Action action, String message, boolean conflict, int count, Instant at) {
    failures.put(action.key(), new Failure(action, message, conflict, count, at));
  }

  void ended(Action action, Instant begun, Instant at) {
    ends.put(action.key(), new Progress.End(action, begun, at));
  }

  void cutOff(Action action, Instant at) {
    cutOffs.put(action.key(), new Progress.CutOff(action, at, at));
  }

  Progress progress() {
    return new Progress(
        Set.copyOf(inFlight), Map.copyOf(failures), Map.copyOf(ends), Map.copyOf(cutOffs));
  }
}
