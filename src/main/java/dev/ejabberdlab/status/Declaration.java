package dev.ejabberdlab.status;

import java.util.List;

/**
 * What a condition is, whatever was seen: the page, the order in the status, the Events and what is
 * kept of an older status follow from it.
 *
 * @param type its name in {@code status.conditions}
 * @param kind how it stands to {@code Ready}
 * @param meaning what True means: a clause in Markdown, without the full stop
 * @param reasons that it has of its own
 * @param borrowed what it takes from other conditions
 * @param telling how Events tell of it
 */
public record Declaration(
    String type, Kind kind, String meaning, Reasons reasons, Borrowed borrowed, Telling telling) {

  private static final Borrowed NOTHING = new Borrowed("", Reasons.NONE);

  /** How a condition stands to {@code Ready}. */
  public enum Kind {
    /** It is {@code Ready} itself, and always there. */
    READY,
    /** It must be True for {@code Ready}, and is always there once something was seen. */
    PART,
    /** It is there only while it is True, and {@code Ready} does not look at it. */
    ADVICE,
    /** It tells what the operator does, and is there only while it is True. */
    NOTICE
  }

  /** How Events tell of a condition. */
  public enum Telling {
    /** By its changes: which of them, and whether they are a warning, depends on the reason. */
    CHANGES,
    /** By news when it comes. */
    NEWS,
    /** By a warning when it comes. */
    WARNING,
    /** Not at all: another Event tells the same. */
    NOTHING
  }

  /**
   * What a condition takes from others.
   *
   * @param words for the page: whose reasons they are; empty when the page says it elsewhere
   * @param reasons the ones that it takes
   */
  public record Borrowed(String words, Reasons reasons) {}

  static Declaration ready(String type, String meaning) {
    return of(type, Kind.READY, meaning, Telling.CHANGES);
  }

  /**
   * A part of Ready. It also says what every part says of a lab that shall not run, of a host that
   * is silent, and of what could not be asked.
   */
  static Declaration part(String type, String meaning) {
    return of(type, Kind.PART, meaning, Telling.CHANGES)
        .borrowing(
            "", Halting.REASONS.and(SilentHost.REASONS).andUnknown(List.of(Reason.NotObserved)));
  }

  /** The part of Ready that the other parts depend on: it says nothing but its own. */
  static Declaration firstPart(String type, String meaning) {
    return of(type, Kind.PART, meaning, Telling.CHANGES);
  }

  static Declaration advice(String type, String meaning) {
    return of(type, Kind.ADVICE, meaning, Telling.WARNING);
  }

  static Declaration notice(String type, String meaning, Telling telling) {
    return of(type, Kind.NOTICE, meaning, telling);
  }

  private static Declaration of(String type, Kind kind, String meaning, Telling telling) {
    return new Declaration(type, kind, meaning, Reasons.NONE, NOTHING, telling);
  }

  Declaration whenTrue(Reason... more) {
    return with(reasons.andTrue(List.of(more)));
  }

  Declaration whenFalse(Reason... more) {
    return with(reasons.andFalse(List.of(more)));
  }

  Declaration whenUnknown(Reason... more) {
    return with(reasons.andUnknown(List.of(more)));
  }

  /** The same with these reasons of its own, too. */
  Declaration and(Reasons more) {
    return with(reasons.and(more));
  }

  /**
   * The same with reasons of others.
   *
   * @param words whose they are, for the page; empty when it says so elsewhere
   */
  Declaration borrowing(String words, Reasons others) {
    return new Declaration(type, kind, meaning, reasons, new Borrowed(words, others), telling);
  }

  /** The same, of which each node tells by an Event of its own. */
  Declaration toldByNodes() {
    return new Declaration(type, kind, meaning, reasons, borrowed, Telling.NOTHING);
  }

  /** Every reason that it can have, its own and others'. */
  Reasons every() {
    return reasons.and(borrowed.reasons());
  }

  /** Whether a condition of this declaration may say that. */
  boolean allows(Finding finding) {
    return every().allow(finding);
  }

  private Declaration with(Reasons own) {
    return new Declaration(type, kind, meaning, own, borrowed, telling);
  }
}
