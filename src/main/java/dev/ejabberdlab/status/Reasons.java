package dev.ejabberdlab.status;

import java.util.List;
import java.util.stream.Stream;

/**
 * The reasons that a condition can have, each list without duplicates and in the order of the page.
 *
 * @param whenTrue while it is True
 * @param whenFalse while it is False
 * @param whenUnknown while it is Unknown
 */
public record Reasons(List<Reason> whenTrue, List<Reason> whenFalse, List<Reason> whenUnknown) {

  /** No reason at all. */
  static final Reasons NONE = new Reasons(List.of(), List.of(), List.of());

  Reasons andTrue(List<Reason> more) {
    return and(new Reasons(more, List.of(), List.of()));
  }

  Reasons andFalse(List<Reason> more) {
    return and(new Reasons(List.of(), more, List.of()));
  }

  Reasons andUnknown(List<Reason> more) {
    return and(new Reasons(List.of(), List.of(), more));
  }

  /** These, and those of another. */
  Reasons and(Reasons other) {
    return new Reasons(
        union(whenTrue, other.whenTrue),
        union(whenFalse, other.whenFalse),
        union(whenUnknown, other.whenUnknown));
  }

  /** The ones of a condition that is False or Unknown. */
  Reasons unlessTrue() {
    return new Reasons(List.of(), whenFalse, whenUnknown);
  }

  /** The reasons for that truth. */
  public List<Reason> of(Truth truth) {
    return switch (truth) {
      case True -> whenTrue;
      case False -> whenFalse;
      case Unknown -> whenUnknown;
    };
  }

  /** Those of a condition that is not True. */
  public List<Reason> otherwise() {
    return union(whenFalse, whenUnknown);
  }

  /** Every one of them. */
  public List<Reason> all() {
    return union(whenTrue, otherwise());
  }

  boolean allow(Finding finding) {
    return of(finding.truth()).contains(finding.reason());
  }

  private static List<Reason> union(List<Reason> some, List<Reason> others) {
    return Stream.concat(some.stream(), others.stream()).distinct().toList();
  }
}
