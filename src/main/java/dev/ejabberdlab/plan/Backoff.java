package dev.ejabberdlab.plan;

import java.time.Duration;

/**
 * How long to wait after failures in a row: the first delay, doubled with each, up to a limit.
 *
 * @param first delay after the first failure
 * @param limit longest delay
 */
public record Backoff(Duration first, Duration limit) {

  /** Calls to the hypervisor: cheap to repeat. */
  public static final Backoff ACTION = new Backoff(Duration.ofSeconds(2), Duration.ofMinutes(1));

  /** Steps in guests: each may cost a minute of a guest's time. */
  public static final Backoff STEP = new Backoff(Duration.ofSeconds(5), Duration.ofMinutes(2));

  /**
   * @param failures in a row, from 1
   */
  public Duration after(int failures) {
    Duration delay = first;
    for (int i = 1; i < failures && delay.compareTo(limit) < 0; i++) {
      delay = delay.multipliedBy(2);
    }
    return delay.compareTo(limit) < 0 ? delay : limit;
  }
}
