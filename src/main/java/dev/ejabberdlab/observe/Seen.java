package dev.ejabberdlab.observe;

import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * The answer to one question put to a host or guest.
 *
 * @param state whether there was an answer, and which
 * @param value what is there; null unless {@link State#PRESENT}
 * @param why one sentence on why it is unknown or missing; empty when there is nothing to say
 */
public record Seen<T>(State state, T value, String why) {

  /** Whether there was an answer, and which. */
  public enum State {
    /** It could not be asked, or not yet. */
    UNKNOWN,
    /** It was asked: there is none. */
    MISSING,
    PRESENT
  }

  public static <T> Seen<T> unknown(String why) {
    return new Seen<>(State.UNKNOWN, null, why);
  }

  public static <T> Seen<T> missing(String why) {
    return new Seen<>(State.MISSING, null, why);
  }

  public static <T> Seen<T> of(T value) {
    return new Seen<>(State.PRESENT, value, "");
  }

  /** Present or missing: an answer either way. */
  public static <T> Seen<T> answer(Optional<T> answer) {
    return answer.map(Seen::of).orElseGet(() -> missing(""));
  }

  public boolean isUnknown() {
    return state == State.UNKNOWN;
  }

  public boolean isMissing() {
    return state == State.MISSING;
  }

  public boolean isPresent() {
    return state == State.PRESENT;
  }

  /** Present and of that kind; false when missing or unknown. */
  public boolean is(Predicate<T> test) {
    return isPresent() && test.test(value);
  }

  /** The value, or empty when it is missing or unknown. */
  public Optional<T> known() {
    return Optional.ofNullable(value);
  }

  public <R> Seen<R> map(Function<T, R> function) {
    return isPresent() ? of(function.apply(value)) : new Seen<>(state, null, why);
  }

  /** A guest whose domain has gone meanwhile is no guest without anything: it was not asked. */
  Seen<T> missingIsUnknown() {
    return isMissing() ? unknown(why) : this;
  }

  /** The answer that another question about the value gets. */
  public <R> Seen<R> flatMap(Function<T, Seen<R>> question) {
    return isPresent() ? question.apply(value) : new Seen<>(state, null, why);
  }
}
