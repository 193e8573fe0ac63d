package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.HypervisorException.AgentUnavailable;
import dev.ejabberdlab.hypervisor.HypervisorException.NameConflict;
import dev.ejabberdlab.hypervisor.HypervisorException.NotFound;
import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import java.util.EnumSet;
import java.util.Set;
import org.libvirt.Error.ErrorNumber;
import org.libvirt.LibvirtException;

/** libvirt's error codes in the port's terms. */
final class LibvirtErrors {

  private static final Set<ErrorNumber> MISSING =
      EnumSet.of(
          ErrorNumber.VIR_ERR_NO_DOMAIN,
          ErrorNumber.VIR_ERR_NO_NETWORK,
          ErrorNumber.VIR_ERR_NO_STORAGE_POOL,
          ErrorNumber.VIR_ERR_NO_STORAGE_VOL);

  private static final Set<ErrorNumber> EXISTS =
      EnumSet.of(
          ErrorNumber.VIR_ERR_DOM_EXIST,
          ErrorNumber.VIR_ERR_NETWORK_EXIST,
          ErrorNumber.VIR_ERR_STORAGE_VOL_EXIST);

  /** Nothing was done, or nothing is known about what was done. */
  private static final Set<ErrorNumber> NO_CONNECTION =
      EnumSet.of(
          ErrorNumber.VIR_ERR_RPC,
          ErrorNumber.VIR_ERR_NO_CONNECT,
          ErrorNumber.VIR_ERR_INVALID_CONN,
          ErrorNumber.VIR_ERR_UNKNOWN_HOST,
          ErrorNumber.VIR_ERR_AUTH_FAILED,
          ErrorNumber.VIR_ERR_AUTH_CANCELLED,
          ErrorNumber.VIR_ERR_AUTH_UNAVAILABLE,
          ErrorNumber.VIR_ERR_GNUTLS_ERROR,
          ErrorNumber.VIR_ERR_SSH,
          ErrorNumber.VIR_ERR_LIBSSH,
          ErrorNumber.VIR_ERR_NO_SERVER,
          ErrorNumber.VIR_ERR_NO_CLIENT);

  /**
   * What libvirt answers when the agent does not: it is silent or out of step, the domain does not
   * run, has no agent channel, or its agent is held by another command.
   */
  private static final Set<ErrorNumber> NO_AGENT =
      EnumSet.of(
          ErrorNumber.VIR_ERR_AGENT_UNRESPONSIVE,
          ErrorNumber.VIR_ERR_AGENT_UNSYNCED,
          ErrorNumber.VIR_ERR_OPERATION_INVALID,
          ErrorNumber.VIR_ERR_OPERATION_TIMEOUT,
          ErrorNumber.VIR_ERR_OPERATION_UNSUPPORTED,
          ErrorNumber.VIR_ERR_ARGUMENT_UNSUPPORTED,
          ErrorNumber.VIR_ERR_CONFIG_UNSUPPORTED,
          ErrorNumber.VIR_ERR_NO_SUPPORT,
          // The agent's own errors: "unable to execute QEMU agent command '…': …".
          ErrorNumber.VIR_ERR_INTERNAL_ERROR);

  private LibvirtErrors() {}

  /** Whether what was looked up does not exist. */
  static boolean isMissing(LibvirtException e) {
    return MISSING.contains(e.getError().getCode());
  }

  /** Whether the driver does not have the function at all. */
  static boolean isUnsupported(LibvirtException e) {
    return e.getError().getCode() == ErrorNumber.VIR_ERR_NO_SUPPORT;
  }

  /** Whether this driver, or this version of libvirt, does not know a flag that was given. */
  static boolean isUnknownFlag(LibvirtException e) {
    return e.getError().getCode() == ErrorNumber.VIR_ERR_INVALID_ARG
        && sentence(e).startsWith("unsupported flags");
  }

  /**
   * Whether commands to an agent are refused because of an error that libvirt remembers. An agent
   * that is not connected has the same code; a libvirtd that speaks another language is not
   * understood.
   */
  static boolean isAgentError(LibvirtException e) {
    return is(e, ErrorNumber.VIR_ERR_AGENT_UNRESPONSIVE)
        && sentence(e).endsWith("not available due to an error");
  }

  static boolean is(LibvirtException e, ErrorNumber code) {
    return e.getError().getCode() == code;
  }

  /**
   * The exception for a call that libvirt refused.
   *
   * @param what what was to be done
   * @param host the host's URI without parameters
   */
  static HypervisorException translate(Operation what, String host, LibvirtException e) {
    return translate(what, host, e.getError().getCode(), sentence(e), e);
  }

  static HypervisorException translate(
      Operation what, String host, ErrorNumber code, String reason, Exception cause) {
    String message = cannot(what, host, reason);
    if (MISSING.contains(code)) {
      return new NotFound(message);
    }
    if (EXISTS.contains(code)) {
      return new NameConflict(message);
    }
    if (NO_CONNECTION.contains(code)) {
      return new Unreachable(message, cause);
    }
    return new HypervisorException(message, cause);
  }

  /** The exception for a command to a guest's agent. */
  static HypervisorException translateAgent(Operation what, String host, LibvirtException e) {
    return translateAgent(what, host, e.getError().getCode(), sentence(e), e);
  }

  static HypervisorException translateAgent(
      Operation what, String host, ErrorNumber code, String reason, Exception cause) {
    return NO_AGENT.contains(code)
        ? new AgentUnavailable(cannot(what, host, reason), cause)
        : translate(what, host, code, reason, cause);
  }

  /** The exception for a call of which nothing is known. */
  static Unreachable unreachable(Operation what, String host, String reason, Throwable cause) {
    return new Unreachable(cannot(what, host, reason), cause);
  }

  /** The exception for a caller that was interrupted; it is marked as interrupted again. */
  static Unreachable interrupted(Operation what, String host, InterruptedException e) {
    Thread.currentThread().interrupt();
    return unreachable(what, host, "interrupted", e);
  }

  /** The message for what could not be done. */
  static String cannot(Operation what, String host, String reason) {
    return "cannot %s on %s: %s".formatted(what.words(), host, reason);
  }

  /** libvirt's message on one line. */
  static String sentence(LibvirtException e) {
    String message = e.getError().getMessage();
    return message == null ? "libvirt gives no reason" : message.strip().replaceAll("\\s+", " ");
  }
}
