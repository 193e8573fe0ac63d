package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.HypervisorException.AgentUnavailable;
import dev.ejabberdlab.hypervisor.libvirt.Operation.CommandAgent;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

/** The guest agents of a host's domains. */
final class Agents {

  /** libvirt waits so long for its own lock on a domain (QEMU_JOB_WAIT_TIME), and a bit. */
  private static final Duration DOMAIN_LOCK = Duration.ofSeconds(35);

  /** How many commands at once may be for guests that are mute. */
  private static final int MUTE_AT_ONCE = 3;

  private final Connections connections;
  private final Refusals refusals;
  private final Turns<UUID> turns = new Turns<>();
  private final MuteGuests mute =
      new MuteGuests(MUTE_AT_ONCE, () -> Instant.EPOCH.plusNanos(System.nanoTime()));

  /**
   * @param connections for nothing else, because a silent agent holds its connection; more than
   *     mute guests may take
   */
  Agents(Connections connections, Refusals refusals) {
    this.connections = connections;
    this.refusals = refusals;
  }

  String command(UUID domain, String command, Duration timeout) {
    Operation what = new CommandAgent(domain);
    return turns.take(
        domain,
        timeout.plus(DOMAIN_LOCK),
        () ->
            new AgentUnavailable(
                "cannot %s: an earlier command is still under way".formatted(what.words()), null),
        () -> mute.ask(domain, timeout, limit -> command(what, domain, command, limit)));
  }

  private String command(Operation what, UUID domain, String command, Duration timeout) {
    return connections.call(
        what,
        // libvirt first synchronizes with the agent, under the same timeout.
        timeout.multipliedBy(2).plus(DOMAIN_LOCK),
        LibvirtErrors::translateAgent,
        c ->
            Lookup.domain(c, domain, d -> d.qemuAgentCommand(command, seconds(timeout), 0))
                .orElseThrow(() -> refusals.missing(ObjectKind.DOMAIN, domain)));
  }

  private static int seconds(Duration timeout) {
    return (int) Math.max(1, timeout.plusMillis(999).toSeconds());
  }

  /** Something has happened to a domain, a start for example: its agent may answer again. */
  void mayAnswer(UUID domain) {
    mute.forget(domain);
  }

  /** A domain is gone. */
  void forget(UUID domain) {
    turns.forget(domain);
    mute.forget(domain);
  }
}
