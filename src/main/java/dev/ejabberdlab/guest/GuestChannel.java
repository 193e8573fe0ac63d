package dev.ejabberdlab.guest;

import dev.ejabberdlab.hypervisor.HypervisorException;
import java.time.Duration;
import java.util.List;

/**
 * Runs commands inside one guest. Needs no address, key or open port. Thread-safe; commands run
 * side by side.
 */
public interface GuestChannel {

  /**
   * Runs a program and waits for its end.
   *
   * @param argv program and arguments; no shell in between, no secrets (argv is visible in the
   *     guest)
   * @param stdin what the program reads; may be empty, at most 2 MiB
   * @param timeout how long to wait; the program is not killed when it is over
   * @throws HypervisorException.AgentUnavailable when the agent does not answer
   * @throws GuestTimeoutException when the program did not end in time
   */
  ExecResult exec(List<String> argv, byte[] stdin, Duration timeout);

  /** Whether the agent answers at this moment. */
  boolean ping();

  /**
   * How a program ended.
   *
   * @param exitCode exit status, or 128 and the signal that ended it
   * @param stdout at most the last 64 KiB, decoded as UTF-8 with replacement
   * @param stderr likewise
   */
  record ExecResult(int exitCode, String stdout, String stderr) {}

  /** The program did not end in time; it goes on in the guest. */
  class GuestTimeoutException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public GuestTimeoutException(String message) {
      super(message);
    }
  }
}
