package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.EjabberdStatus.VirtualAddress;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Endpoint;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The address that a healthy member holds. */
@ExtendWith(SharedLab.Extension.class)
@Tag("long")
class VirtualAddressE2E {

  private static final String ADDRESS = "192.168.1.4";

  private final SharedLab lab;

  VirtualAddressE2E(SharedLab lab) {
    this.lab = lab.ready();
  }

  @Test
  void itMovesWhenTheHoldersEjabberdStopsAndGoesWithTheSpec() {
    Map<String, String> boots = lab.bootIds();
    lab.edit(spec -> ((ObjectNode) spec.get("ejabberd")).put("virtualAddress", ADDRESS));
    lab.until("somebody holds " + ADDRESS, l -> holder() != null);
    lab.awaitReady();
    String first = holder();
    assertThat(lab.status().endpoints()).contains(new Endpoint("xmpp", null, ADDRESS, 5222));
    assertThat(connect()).contains("succeeded");

    lab.bash(first, "systemctl stop ejabberd");
    lab.until("it has moved", l -> holder() != null && !holder().equals(first));
    assertThat(connect()).contains("succeeded");
    lab.awaitReady();

    lab.edit(spec -> ((ObjectNode) spec.get("ejabberd")).remove("virtualAddress"));
    lab.awaitReady();
    assertThat(lab.status().ejabberd().virtualAddress()).isNull();
    for (String member : List.of("e1server", "e2server")) {
      assertThat(lab.bash(member, "ip -4 address")).as(member).doesNotContain(ADDRESS + "/");
    }
    assertThat(lab.bootIds()).isEqualTo(boots);
  }

  private String holder() {
    VirtualAddress address = lab.status().ejabberd().virtualAddress();
    return address == null ? null : address.holder();
  }

  private String connect() {
    return lab.bash("gw1server", "nc -vzn -w 10 " + ADDRESS + " 5222 2>&1 || :");
  }
}
