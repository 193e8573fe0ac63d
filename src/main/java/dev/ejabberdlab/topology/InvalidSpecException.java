package dev.ejabberdlab.topology;

import java.util.List;

/** The spec cannot work as it is. */
public class InvalidSpecException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final transient List<String> faults;

  /**
   * @param faults one sentence each: what, where, what would be right; at least one
   */
  public InvalidSpecException(List<String> faults) {
    super(String.join(" ", faults));
    this.faults = List.copyOf(faults);
  }

  public List<String> faults() {
    return faults;
  }
}
