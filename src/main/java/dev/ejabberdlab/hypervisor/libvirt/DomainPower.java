package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.hypervisor.libvirt.Operation.OnObject;
import dev.ejabberdlab.hypervisor.libvirt.Operation.Verb;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.libvirt.Domain;
import org.libvirt.Domain.CreateFlags;
import org.libvirt.LibvirtException;

/** Turns domains on and off. */
final class DomainPower {

  /** How long a refusal is waited for; libvirt's call lasts until the guest is off. */
  private static final Duration SHUTDOWN_WAIT = Duration.ofSeconds(1);

  private final Domains domains;
  private final Connections shutdowns;
  private final String host;
  private final Set<UUID> shuttingDown = ConcurrentHashMap.newKeySet();

  /**
   * @param shutdowns carry the calls that may last until a guest is off
   * @param host the URI without parameters, for messages
   */
  DomainPower(Domains domains, Connections shutdowns, String host) {
    this.domains = domains;
    this.shutdowns = shutdowns;
    this.host = host;
  }

  void start(UUID uuid, Owner owner) {
    DomainState state = domains.existing(uuid);
    domains.change(
        Verb.START,
        state,
        owner,
        domain -> {
          switch (DomainStates.power(domain)) {
            case RUNNING -> {}
            case PAUSED, SHUTTING_DOWN ->
                throw new HypervisorException(
                    "cannot start domain '%s' on %s: it is %s"
                        .formatted(
                            state.name(),
                            host,
                            DomainStates.power(domain) == Power.PAUSED
                                ? "paused"
                                : "shutting down"));
            case CRASHED -> {
              domain.destroy();
              create(domain);
            }
            case SHUT_OFF -> create(domain);
          }
        });
  }

  /**
   * Boots a domain, so that its agent can be heard. When QEMU dies with a command for the agent
   * that it has not read, as one that hung does, libvirt may note the error only after it has
   * cleaned up (qemuProcessHandleAgentError waits for a lock that qemuProcessStop holds, 9.0). The
   * next run inherits it, and every command to its agent is refused: so it is stopped again before
   * its guest has begun.
   */
  private static void create(Domain domain) throws LibvirtException {
    launch(domain);
    if (inheritsAgentError(domain)) {
      domain.destroy();
      launch(domain);
    }
  }

  private static boolean inheritsAgentError(Domain domain) {
    try {
      domain.qemuAgentCommand("{\"execute\":\"guest-ping\"}", 1, 0);
      return false;
    } catch (LibvirtException e) {
      // Anything else is as it should be: an agent is connected when its guest has booted.
      return LibvirtErrors.isAgentError(e);
    }
  }

  private static void launch(Domain domain) throws LibvirtException {
    forgetMemory(domain);
    try {
      boot(domain);
    } catch (LibvirtException e) {
      if (DomainStates.power(domain) != Power.RUNNING) {
        throw e;
      }
    }
  }

  private static void boot(Domain domain) throws LibvirtException {
    try {
      domain.create(CreateFlags.FORCE_BOOT);
    } catch (LibvirtException e) {
      if (!LibvirtErrors.isUnknownFlag(e)) {
        throw e;
      }
      // The test driver knows no other way to start than to boot.
      domain.create();
    }
  }

  private static void forgetMemory(Domain domain) throws LibvirtException {
    if (DomainStates.isSaved(domain)) {
      domain.managedSaveRemove();
    }
  }

  void resume(UUID uuid, Owner owner) {
    domains.change(
        Verb.RESUME,
        domains.existing(uuid),
        owner,
        domain -> {
          switch (domain.getInfo().state) {
            case VIR_DOMAIN_PAUSED -> domain.resume();
            case VIR_DOMAIN_PMSUSPENDED -> domain.PMwakeup();
            default -> {
              // it is not paused, or not any more
            }
          }
        });
  }

  void shutdown(UUID uuid, Owner owner) {
    Optional<DomainState> state = domains.domain(uuid);
    if (state.isEmpty()) {
      return;
    }
    domains.refuseOtherOwner(state.get(), owner);
    if (state.get().power() == Power.SHUT_OFF || state.get().power() == Power.CRASHED) {
      return;
    }
    // While libvirt still waits for the guest, asking again would only take another of its threads.
    if (!shuttingDown.add(uuid)) {
      return;
    }
    try {
      shutdowns.callAndLeave(
          new OnObject(Verb.SHUT_DOWN, ObjectKind.DOMAIN, state.get().name()),
          SHUTDOWN_WAIT,
          c -> {
            try {
              Lookup.domain(
                  c,
                  uuid,
                  domain -> {
                    domain.shutdown();
                    return uuid;
                  });
            } finally {
              shuttingDown.remove(uuid);
            }
            return null;
          });
    } catch (HypervisorException e) {
      shuttingDown.remove(uuid);
      throw e;
    }
  }

  void destroy(UUID uuid, Owner owner) {
    Optional<DomainState> state = domains.domain(uuid);
    if (state.isEmpty()) {
      return;
    }
    String name = state.get().name();
    domains.change(
        Verb.DESTROY,
        state.get(),
        owner,
        domain -> {
          if (DomainStates.power(domain) != Power.SHUT_OFF) {
            try {
              domain.destroy();
            } catch (LibvirtException e) {
              if (DomainStates.power(domain) != Power.SHUT_OFF) {
                throw e;
              }
            }
          }
          Power now = DomainStates.power(domain);
          if (now != Power.SHUT_OFF) {
            throw new HypervisorException(
                "domain '%s' on %s was destroyed but is %s".formatted(name, host, now));
          }
          Domains.leaveToUs(domain);
          forgetMemory(domain);
          if (DomainStates.isSaved(domain)) {
            throw new HypervisorException(
                "domain '%s' on %s is off, but libvirt keeps its memory".formatted(name, host));
          }
        });
  }
}
