package dev.ejabberdlab.provision;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.certificate.Subject;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Whom a lab's certificates are for. */
public final class CertificateSubjects {

  private CertificateSubjects() {}

  /** By name of the node: every node whose service speaks TLS. */
  public static Map<String, Subject> of(LabTopology lab) {
    String domain = lab.ejabberd().domain();
    Map<String, Subject> subjects = new LinkedHashMap<>();
    for (Node node : lab.nodes(Role.ejabberd)) {
      // Services of the domain, like conference.DOMAIN, are on every member.
      subjects.put(
          node.name(),
          subject(
              lab,
              node,
              Stream.of(domain, "*." + domain),
              lab.ejabberd().virtualAddress().map(LabTopology.VirtualAddress::address).stream()));
    }
    for (Node node : lab.nodes(Role.postgresql)) {
      subjects.put(
          node.name(),
          subject(lab, node, Stream.empty(), Stream.of(lab.postgresql().readWriteAddress())));
    }
    return subjects;
  }

  private static Subject subject(
      LabTopology lab, Node node, Stream<String> names, Stream<String> addresses) {
    List<String> own =
        List.of(node.name(), "%s.%s".formatted(node.name(), lab.ejabberd().domain()));
    return new Subject(
        node.name(),
        Stream.concat(names, own.stream()).distinct().toList(),
        Stream.concat(addresses, node.interfaces().stream().map(Node.Interface::address))
            .distinct()
            .toList());
  }
}
