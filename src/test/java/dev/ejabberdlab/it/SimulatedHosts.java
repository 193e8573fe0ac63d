package dev.ejabberdlab.it;

import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorFactory;
import dev.ejabberdlab.hypervisor.libvirt.LibvirtHypervisorFactory;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The hosts of all tests by URI: what the operator opens is what a test looks at and breaks. */
@ApplicationScoped
public class SimulatedHosts implements HypervisorFactory {

  private final HypervisorFactory libvirt = new LibvirtHypervisorFactory();
  private final Map<String, SimulatedHost> byUri = new ConcurrentHashMap<>();

  @Override
  public Hypervisor open(String uri) {
    SimulatedHost host = host(uri);
    host.opened();
    return host;
  }

  /** The host of a URI, made when it is first asked for. */
  SimulatedHost host(String uri) {
    return byUri.computeIfAbsent(uri, u -> new SimulatedHost(libvirt.open(u)));
  }
}
