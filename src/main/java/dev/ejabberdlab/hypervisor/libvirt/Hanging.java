package dev.ejabberdlab.hypervisor.libvirt;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Calls that nobody waits for any more and that have not ended. Each holds one of libvirtd's
 * threads, so the same call is not made again before it has ended: libvirtd would run out of them,
 * and be silent for everybody.
 */
final class Hanging {

  private final Map<Operation, Long> since = new ConcurrentHashMap<>();

  /** For how long a call that does the same has been hanging; empty when none does. */
  Optional<Duration> time(Operation what) {
    return Optional.ofNullable(since.get(what))
        .map(start -> Duration.ofNanos(System.nanoTime() - start));
  }

  /**
   * Nobody waits for it any more.
   *
   * @param start when it was made, as {@link System#nanoTime}
   */
  void begin(Operation what, long start) {
    since.putIfAbsent(what, start);
  }

  /** It has ended, whether somebody had waited for it or not. */
  void end(Operation what) {
    since.remove(what);
  }
}
