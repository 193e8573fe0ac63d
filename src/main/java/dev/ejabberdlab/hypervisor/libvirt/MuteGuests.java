package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.HypervisorException.AgentUnavailable;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Function;

/**
 * Guests whose agent is connected and does not answer. Each command to one holds a connection until
 * its time is over; so they are asked for a shorter time, less and less often, and only a few of
 * them at once. Guests that answer are never held up by them.
 */
final class MuteGuests {

  /** How long a mute guest has to answer: an emulated one that is busy needs seconds. */
  private static final Duration SHORT = Duration.ofSeconds(10);

  /** How long a guest is left alone after its first silence; doubled with each. */
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(2);

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);

  private record Silence(int count, Instant since, Instant askAgain) {}

  private final Map<UUID, Silence> silent = new ConcurrentHashMap<>();
  private final Semaphore turns;
  private final InstantSource clock;

  /**
   * @param atOnce how many mute guests may be asked at the same time
   * @param clock any that only goes forward
   */
  MuteGuests(int atOnce, InstantSource clock) {
    this.turns = new Semaphore(atOnce);
    this.clock = clock;
  }

  /**
   * Asks a guest.
   *
   * @param timeout how long one that answers may take
   * @param question gets how long this one may take
   * @throws AgentUnavailable when it does not answer, or is not asked because it did not before
   */
  <T> T ask(UUID guest, Duration timeout, Function<Duration, T> question) {
    Silence silence = silent.get(guest);
    if (silence == null) {
      return listened(guest, question, timeout);
    }
    if (clock.instant().isBefore(silence.askAgain())) {
      throw leftAlone(guest, silence, "it is asked again soon");
    }
    if (!turns.tryAcquire()) {
      throw leftAlone(guest, silence, "other mute guests are being asked");
    }
    try {
      return listened(guest, question, timeout.compareTo(SHORT) < 0 ? timeout : SHORT);
    } finally {
      turns.release();
    }
  }

  /**
   * Only the time tells a mute guest from one that refuses: what is refused, is refused at once.
   */
  private <T> T listened(UUID guest, Function<Duration, T> question, Duration timeout) {
    Instant asked = clock.instant();
    try {
      T answer = question.apply(timeout);
      silent.remove(guest);
      return answer;
    } catch (AgentUnavailable e) {
      Instant now = clock.instant();
      if (Duration.between(asked, now).compareTo(FIRST_PAUSE) > 0) {
        silent.merge(guest, silence(1, asked, now), (old, first) -> again(old, now));
      }
      throw e;
    }
  }

  private static Silence again(Silence old, Instant now) {
    return silence(old.count() + 1, old.since(), now);
  }

  private static Silence silence(int count, Instant since, Instant now) {
    Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(count - 1, 10));
    return new Silence(
        count, since, now.plus(pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE));
  }

  private AgentUnavailable leftAlone(UUID guest, Silence silence, String why) {
    return new AgentUnavailable(
        "the agent of domain %s has not answered for %d s; %s"
            .formatted(guest, Duration.between(silence.since(), clock.instant()).toSeconds(), why),
        null);
  }

  /** Something has happened to it: it is asked as any other. */
  void forget(UUID guest) {
    silent.remove(guest);
  }
}
