package dev.ejabberdlab.e2e;

import java.util.function.Consumer;

/**
 * Something that breaks, and what is to follow. Faults are relative to who is primary at the time.
 *
 * @param name short, for {@code -Dfaults=}
 * @param what it is, for people
 * @param outcome what becomes of the primary
 * @param twoPrimaries the fault itself makes a second instance accept writes
 * @param script breaks the lab from outside, and mends what nobody but a human can
 */
record Fault(
    String name, String what, Outcome outcome, boolean twoPrimaries, Consumer<Injection> script) {

  /** What becomes of the primary. */
  enum Outcome {
    /**
     * The standby takes over; the old primary is turned off for it, and comes back as a standby.
     */
    TAKES_OVER,
    /** The standby takes over as somebody asked for; nobody is turned off. */
    SWITCHES,
    /** The primary stays. */
    STAYS,
    /** Either is right: it depends on who is quicker. */
    EITHER
  }

  Fault(String name, String what, Outcome outcome, Consumer<Injection> script) {
    this(name, what, outcome, false, script);
  }
}
