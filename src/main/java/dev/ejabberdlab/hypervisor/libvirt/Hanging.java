package dev.ejabberdlab.hypervisor.libvirt;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Calls that nobody waits for any more and that have not ended. Each holds one of libvirtd's
 * threads, so the same call is not made again before it has ended: libvirtd would run out of them,
 * and be silent for everybody.
 */
final class Hanging {

  private final Map<String, Instant> since = new ConcurrentHashMap<>();

  /** Since when a call hangs that does the same; empty when none does. */
  Optional<Instant> since(String what) {
    return Optional.ofNullable(since.get(what)).map(at -> at.truncatedTo(ChronoUnit.SECONDS));
  }

  /** Nobody waits for it any more. */
  void begin(String what, Instant at) {
    since.putIfAbsent(what, at);
  }

  /** It has ended, whether somebody had waited for it or not. */
  void end(String what) {
    since.remove(what);
  }
}
