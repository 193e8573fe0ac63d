package dev.ejabberdlab.guest;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** The time that a question to a guest takes, by the operator's clock. */
final class RoundTrip {

  private final Clock clock;
  private final long start = System.nanoTime();

  private RoundTrip(Clock clock) {
    this.clock = clock;
  }

  static RoundTrip start(Clock clock) {
    return new RoundTrip(clock);
  }

  /**
   * How long the question took is measured by another clock, because the operator's may be set
   * meanwhile.
   */
  Times end() {
    return new Times(clock.instant(), Duration.ofNanos(System.nanoTime() - start));
  }

  /**
   * @param end when the answer was there
   * @param took from the question to the answer
   */
  record Times(Instant end, Duration took) {

    /**
     * The middle of the round trip. The guest answered at that time, give or take half of the round
     * trip.
     */
    Instant middle() {
      return end.minus(took.dividedBy(2));
    }

    /**
     * By how much a guest's clock differs from the operator's at least.
     *
     * @param told what the guest's clock showed when it had its answer
     * @param work how long the guest has worked for the answer, by its own clock
     * @return negative when it is behind, zero when it may be right; empty when nothing can be
     *     said, because the guest has worked longer than anybody has waited: its clock was set
     *     meanwhile
     */
    Optional<Duration> offset(Instant told, Duration work) {
      Duration least = Duration.between(end, told);
      Duration most = least.plus(took).minus(work);
      if (work.isNegative() || most.compareTo(least) < 0) {
        return Optional.empty();
      }
      if (!least.isNegative()) {
        return Optional.of(least);
      }
      return Optional.of(most.isNegative() ? most : Duration.ZERO);
    }
  }
}
