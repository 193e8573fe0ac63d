package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.hypervisor.MarkedObject;
import dev.ejabberdlab.hypervisor.libvirt.Operation.OnHost;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.libvirt.NodeInfo;
import org.w3c.dom.Element;

/** What is asked of a host as a whole, whichever it is. */
final class Host {

  private final ConnectionUri uri;
  private final Connections connections;

  Host(ConnectionUri uri, Connections connections) {
    this.uri = uri;
    this.connections = connections;
  }

  HostFacts facts() {
    return connections.callWhoeverItIs(
        new OnHost("read the host's facts"),
        c -> {
          Element capabilities = Xml.parse(c.getCapabilities());
          NodeInfo node = c.nodeInfo();
          long version = c.getLibVersion();
          return new HostFacts(
              c.getHostName(),
              Capabilities.hasKvm(capabilities),
              version / 1_000_000 + "." + version / 1_000 % 1_000 + "." + version % 1_000,
              node.memory * 1024,
              node.cpus,
              Capabilities.uuid(capabilities, uri));
        });
  }

  List<MarkedObject> marked() {
    return connections.callWhoeverItIs(
        new OnHost("search for what carries a mark"),
        c ->
            Stream.concat(
                    Lookup.domains(c, d -> marked(MarkedObject.Kind.DOMAIN, d.getXMLDesc(0)))
                        .stream(),
                    Lookup.networks(c, n -> marked(MarkedObject.Kind.NETWORK, n.getXMLDesc(0)))
                        .stream())
                .flatMap(Optional::stream)
                .toList());
  }

  private static Optional<MarkedObject> marked(MarkedObject.Kind kind, String xml) {
    Element object = Xml.parse(xml);
    return OwnerMark.read(object)
        .map(mark -> new MarkedObject(kind, Xml.text(object, "name").orElse(""), mark.owner()));
  }
}
