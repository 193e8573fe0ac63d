package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Work that is done one after the other for each key, in the order in which it came.
 *
 * @param <K> what the work is about
 */
final class Turns<K> {

  private final Map<K, ReentrantLock> locks = new ConcurrentHashMap<>();

  /**
   * Waits for the turn and does the work.
   *
   * @param limit how long to wait
   * @param busy what is thrown when the turn did not come within the limit
   * @throws Unreachable when the caller was interrupted meanwhile
   */
  <T> T take(K key, Duration limit, Supplier<HypervisorException> busy, Supplier<T> work) {
    ReentrantLock lock = locks.computeIfAbsent(key, k -> new ReentrantLock(true));
    try {
      if (!lock.tryLock(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw busy.get();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Unreachable("interrupted while waiting for a turn", e);
    }
    try {
      return work.get();
    } finally {
      lock.unlock();
    }
  }

  /** What it is about is gone. */
  void forget(K key) {
    locks.remove(key);
  }
}
