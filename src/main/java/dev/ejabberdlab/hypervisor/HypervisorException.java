package dev.ejabberdlab.hypervisor;

/** The hypervisor was asked and refused; the message is one sentence for the user. */
public class HypervisorException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public HypervisorException(String message) {
    super(message);
  }

  public HypervisorException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The hypervisor could not be asked: nothing is known, and nothing may be concluded. */
  public static class Unreachable extends HypervisorException {

    private static final long serialVersionUID = 1L;

    public Unreachable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Another host answers than the one that was expected: of that one nothing is known. */
  public static class OtherHost extends Unreachable {

    private static final long serialVersionUID = 1L;

    public OtherHost(String message) {
      super(message, null);
    }
  }

  /** A domain uses it; it was left alone. */
  public static class InUse extends HypervisorException {

    private static final long serialVersionUID = 1L;

    public InUse(String message) {
      super(message);
    }
  }

  /** An object of that name exists and is not ours; it was left alone. */
  public static class NameConflict extends HypervisorException {

    private static final long serialVersionUID = 1L;

    public NameConflict(String message) {
      super(message);
    }
  }

  /** What was named does not exist. */
  public static class NotFound extends HypervisorException {

    private static final long serialVersionUID = 1L;

    public NotFound(String message) {
      super(message);
    }
  }

  /** The guest agent does not answer, or its answer is an error. */
  public static class AgentUnavailable extends HypervisorException {

    private static final long serialVersionUID = 1L;

    public AgentUnavailable(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
