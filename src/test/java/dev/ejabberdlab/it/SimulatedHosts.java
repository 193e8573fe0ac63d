package dev.ejabberdlab.it;

import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorFactory;
import dev.ejabberdlab.hypervisor.libvirt.LibvirtHypervisorFactory;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What the operator opens is what a test looks at and breaks. */
@ApplicationScoped
public class SimulatedHosts implements HypervisorFactory {

  private static final Map<String, SimulatedHost> BY_URI = new ConcurrentHashMap<>();

  @Override
  public Hypervisor open(String uri) {
    SimulatedHost host = host(uri);
    host.opened();
    return host;
  }

  /** The host of a URI, made when it is first asked for. */
  static SimulatedHost host(String uri) {
    return BY_URI.computeIfAbsent(
        uri, u -> new SimulatedHost(new LibvirtHypervisorFactory().open(u)));
  }
}
