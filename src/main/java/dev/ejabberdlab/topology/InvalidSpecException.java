package dev.ejabberdlab.topology;

import java.util.List;

/** The spec cannot work as it is. */
public class InvalidSpecException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final transient List<String> violations;

  /**
   * @param violations one sentence each: what, where, what would be right; at least one
   */
  public InvalidSpecException(List<String> violations) {
    super(String.join(" ", violations));
    this.violations = List.copyOf(violations);
  }

  /** One sentence each; at least one. */
  public List<String> violations() {
    return violations;
  }
}
