package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * When each lab was last reconciled, and what went wrong then. Its times are monotonic: a clock
 * that is set makes no lab overdue.
 */
@ApplicationScoped
public class Attendance {

  private static final Logger LOG = Logger.getLogger(Attendance.class);

  /**
   * How long a lab may go without a reconcile: three times the interval at which the framework
   * starts one by itself.
   */
  static final Duration LIMIT = Duration.ofMinutes(15);

  private record Entry(String name, long at, int failures, Optional<Refusal> last) {}

  private final LongSupplier nanoTime;
  private final Map<String, Entry> labs = new HashMap<>();
  private volatile Supplier<Map<String, String>> existing = Map::of;

  public Attendance() {
    this(System::nanoTime);
  }

  Attendance(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** Says how to find the labs that there are: name by UID. */
  void existing(Supplier<Map<String, String>> labs) {
    existing = labs;
  }

  /** A reconcile has ended, however. */
  synchronized void ended(EjabberdLab lab) {
    Entry known = labs.get(uid(lab));
    labs.put(
        uid(lab),
        new Entry(
            lab.qualifiedName(),
            nanoTime.getAsLong(),
            known == null ? 0 : known.failures(),
            known == null ? Optional.empty() : known.last()));
  }

  /** A reconcile went as it should. */
  synchronized void succeeded(EjabberdLab lab) {
    labs.put(uid(lab), new Entry(lab.qualifiedName(), nanoTime.getAsLong(), 0, Optional.empty()));
  }

  /**
   * Something went wrong in a reconcile.
   *
   * @param failures how often in a row, from 1
   * @param news whether it was something else before, or nothing
   */
  record Failed(int failures, boolean news) {}

  /**
   * Notes and logs that a reconcile went wrong.
   *
   * @param cause with the stack, for what the code does not expect
   */
  Failed failed(EjabberdLab lab, Refusal why, Throwable cause) {
    Failed failed = note(lab, why);
    if (!failed.news()) {
      LOG.debugf(
          "%s: %s, %d times in a row.", lab.qualifiedName(), why.reason(), failed.failures());
    } else if (why.expected()) {
      LOG.warnf("%s: %s: %s", lab.qualifiedName(), why.reason(), why.message());
    } else {
      LOG.errorf(cause, "%s: a reconcile failed.", lab.qualifiedName());
    }
    return failed;
  }

  private synchronized Failed note(EjabberdLab lab, Refusal why) {
    Entry known = labs.get(uid(lab));
    int failures = known == null ? 1 : known.failures() + 1;
    boolean news = known == null || known.last().filter(why::equals).isEmpty();
    labs.put(
        uid(lab), new Entry(lab.qualifiedName(), nanoTime.getAsLong(), failures, Optional.of(why)));
    return new Failed(failures, news);
  }

  synchronized void forget(String uid) {
    labs.remove(uid);
  }

  /** Takes note of labs that have come and gone. */
  void beat() {
    Map<String, String> now = existing.get();
    synchronized (this) {
      labs.keySet().retainAll(Set.copyOf(now.keySet()));
      now.forEach(
          (uid, name) ->
              labs.putIfAbsent(uid, new Entry(name, nanoTime.getAsLong(), 0, Optional.empty())));
    }
  }

  /** Names of the labs that have not been reconciled for too long. */
  synchronized List<String> overdue() {
    long now = nanoTime.getAsLong();
    return labs.values().stream()
        .filter(entry -> now - entry.at() > LIMIT.toNanos())
        .map(Entry::name)
        .sorted()
        .toList();
  }

  private static String uid(EjabberdLab lab) {
    return lab.getMetadata().getUid();
  }
}
