package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Endpoint;
import dev.ejabberdlab.topology.LabTopology;
import java.util.ArrayList;
import java.util.List;

/** Where clients of a lab connect. */
final class Endpoints {

  private static final int XMPP_PORT = 5222;
  private static final int XMPPS_PORT = 5223;
  private static final int POSTGRESQL_PORT = 5432;

  private Endpoints() {}

  static List<Endpoint> of(LabTopology lab) {
    List<Endpoint> endpoints = new ArrayList<>();
    for (String member : lab.ejabberd().members()) {
      lab.node(member)
          .addressIn(lab.management().name())
          .ifPresent(
              address -> {
                endpoints.add(new Endpoint("xmpp", member, address, XMPP_PORT));
                endpoints.add(new Endpoint("xmpps", member, address, XMPPS_PORT));
              });
    }
    lab.ejabberd()
        .virtualAddress()
        .ifPresent(
            virtual -> {
              endpoints.add(new Endpoint("xmpp", null, virtual.address(), XMPP_PORT));
              endpoints.add(new Endpoint("xmpps", null, virtual.address(), XMPPS_PORT));
            });
    endpoints.add(
        new Endpoint("postgresql", null, lab.postgresql().readWriteAddress(), POSTGRESQL_PORT));
    return endpoints;
  }
}
