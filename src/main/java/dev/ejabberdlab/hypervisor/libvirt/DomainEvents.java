package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.HypervisorEvent;
import dev.ejabberdlab.hypervisor.HypervisorEvent.Kind;
import java.util.UUID;
import java.util.function.Consumer;
import org.jboss.logging.Logger;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;
import org.libvirt.event.AgentLifecycleListener;
import org.libvirt.event.LifecycleListener;

/** What libvirt tells of domains over one connection, in the port's terms. */
final class DomainEvents {

  private static final Logger LOG = Logger.getLogger(DomainEvents.class);

  private final Consumer<HypervisorEvent> listener;
  private final LifecycleListener lifecycle =
      (domain, event) -> {
        forward(domain, Kind.LIFECYCLE);
        return 0;
      };
  private final AgentLifecycleListener agent =
      (domain, state, reason) -> forward(domain, Kind.AGENT);

  /**
   * @param listener is called on libvirt's event thread
   */
  DomainEvents(Consumer<HypervisorEvent> listener) {
    this.listener = listener;
  }

  void addTo(LibvirtConnect connect) throws LibvirtException {
    connect.addLifecycleListener(lifecycle);
    connect.addAgentLifecycleListener(agent);
  }

  void removeLifecycleFrom(LibvirtConnect connect) throws LibvirtException {
    connect.removeLifecycleListener(lifecycle);
  }

  void removeAgentFrom(LibvirtConnect connect) throws LibvirtException {
    connect.removeAgentLifecycleListener(agent);
  }

  private void forward(Domain domain, Kind kind) {
    try {
      UUID uuid = UUID.fromString(domain.getUUIDString());
      listener.accept(new HypervisorEvent(kind, uuid));
    } catch (LibvirtException e) {
      LOG.debugf("an event without a domain: %s", e.getMessage());
    } finally {
      free(domain);
    }
  }

  private static void free(Domain domain) {
    try {
      domain.free();
    } catch (LibvirtException e) {
      LOG.debugf("a domain object could not be freed: %s", e.getMessage());
    }
  }
}
