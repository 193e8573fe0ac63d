package dev.ejabberdlab.hypervisor;

import java.util.UUID;

/**
 * A hint that something has changed. Events can be lost: only asking again tells the truth.
 *
 * @param kind what has changed
 * @param domain libvirt's UUID of the domain; null for {@link Kind#CONNECTED} and {@link
 *     Kind#DISCONNECTED}
 */
public record HypervisorEvent(Kind kind, UUID domain) {

  /** What has changed. */
  public enum Kind {
    /** A domain was defined, started, stopped, crashed, undefined or rebooted. */
    LIFECYCLE,
    /** A guest agent's channel opened or closed. */
    AGENT,
    /** The connection to libvirt stands (again). */
    CONNECTED,
    /** The connection to libvirt is lost. */
    DISCONNECTED
  }
}
