package dev.ejabberdlab.provision;

import static dev.ejabberdlab.provision.ReferenceLabSteps.LAB;
import static dev.ejabberdlab.provision.ReferenceLabSteps.file;
import static dev.ejabberdlab.provision.ReferenceLabSteps.lab;
import static dev.ejabberdlab.provision.ReferenceLabSteps.step;
import static dev.ejabberdlab.provision.ReferenceLabSteps.steps;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepNames;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What every node gets: names, networks, routes and the firewall. */
class BaseTest {

  @Test
  void everybodyHasTheSameHostsFile() {
    List<String> hosts =
        steps().stream()
            .filter(s -> s.name().equals(StepNames.BASE))
            .map(s -> file(s, "hosts"))
            .distinct()
            .toList();

    assertThat(hosts)
        .containsExactly(
            """
            127.0.0.1 localhost
            ::1 localhost ip6-localhost ip6-loopback
            192.168.1.1 gw1server.domain.local gw1server
            192.168.1.2 e1server.domain.local e1server
            192.168.1.3 e2server.domain.local e2server
            192.168.1.10 psql1server.domain.local psql1server
            192.168.1.11 psql2server.domain.local psql2server
            """);
  }

  @Test
  void interfacesAreFoundByTheirMacAndRoutesLieWhereTheirGatewayIs() {
    Step base = step(steps(), "e1server", StepNames.BASE);
    Node e1 = LAB.node("e1server");

    assertThat(withoutComments(file(base, "10-lab-management.network")))
        .isEqualTo(
            """
            [Match]
            MACAddress=%s

            [Network]
            Address=%s/24
            Gateway=192.168.121.1
            ConfigureWithoutCarrier=yes
            LinkLocalAddressing=no
            IPv6AcceptRA=no
            """
                .formatted(e1.interfaces().get(0).mac(), e1.addressIn("management").orElseThrow()));
    assertThat(withoutComments(file(base, "10-lab-dmz.network")))
        .isEqualTo(
            """
            [Match]
            MACAddress=%s

            [Network]
            Address=192.168.1.2/29
            ConfigureWithoutCarrier=yes
            LinkLocalAddressing=no
            IPv6AcceptRA=no

            [Route]
            Destination=192.168.1.8/29
            Gateway=192.168.1.1
            """
                .formatted(e1.interfaces().get(1).mac()));
    assertThat(base.values()).containsEntry("ROUTES", "192.168.1.8/29,192.168.1.1");
    assertThat(step(steps(), "gw1server", StepNames.BASE).values()).containsEntry("ROUTES", "");
  }

  private static String withoutComments(String text) {
    return text.lines().filter(l -> !l.startsWith("#")).collect(Collectors.joining("\n", "", "\n"));
  }

  @Test
  void onlyGatewaysForward() {
    for (Node node : LAB.nodes()) {
      assertThat(file(step(steps(), node.name(), StepNames.BASE), "90-ejabberd-lab.conf"))
          .contains("net.ipv4.ip_forward = " + (node.name().equals("gw1server") ? "1" : "0") + "\n")
          .contains("net.ipv4.ip_default_ttl = 66\n");
    }
  }

  private List<String> rules(String node, String chain) {
    return rules(LAB, node, chain);
  }

  private static List<String> rules(LabTopology lab, String node, String chain) {
    List<Step> steps = steps(lab);
    List<String> rules = new ArrayList<>();
    String current = "";
    for (String line : file(step(steps, node, StepNames.BASE), "nftables.conf").lines().toList()) {
      String text = line.strip();
      if (text.startsWith("chain ")) {
        current = text.split(" ")[1];
      } else if (current.equals(chain) && text.startsWith("ip saddr")) {
        rules.add(text);
      }
    }
    return rules;
  }

  @Test
  void theFirewallLetsInWhatTheRoleNeeds() {
    String management = "ip saddr { 192.168.121.1 } accept";
    String ssh =
        "ip saddr { 192.168.1.0/29, 192.168.1.8/29, 192.168.121.0/24 } tcp dport { 22 } accept";
    assertThat(rules("gw1server", "input")).containsExactly(management, ssh);
    assertThat(rules("e1server", "input"))
        .containsExactly(
            management,
            ssh,
            "ip saddr { 192.168.121.0/24 } tcp dport { 5222, 5223, 5443 } accept",
            "ip saddr { 192.168.1.0/29 } tcp dport { 5222, 5223, 5269, 5443, 5280, 1883, 4369,"
                + " 4200-4210 } accept",
            "ip saddr { 192.168.1.0/29 } udp dport { 514, 3478 } accept",
            "ip saddr { 192.168.1.0/29 } meta l4proto vrrp accept",
            "ip saddr { 192.168.1.0/29, 192.168.1.8/29, 192.168.121.0/24 } tcp dport { 9100, 9102 }"
                + " accept");
    assertThat(rules("psql2server", "input"))
        .containsExactly(
            management,
            ssh,
            "ip saddr { 192.168.1.0/29, 192.168.1.8/29 } tcp dport { 5432 } accept",
            "ip saddr { 192.168.1.0/29, 192.168.1.8/29, 192.168.121.0/24 } tcp dport { 9100, 9102,"
                + " 9187 } accept");
  }

  @Test
  void rulesOfTheSpecOpenTheirNodesAndTheWayThere() {
    LabTopology lab =
        lab(
            tree -> {
              ObjectNode spec = (ObjectNode) tree.get("spec");
              ObjectNode web = spec.putArray("firewall").addObject();
              web.put("protocol", "tcp").put("from", "dmz").put("comment", "a web server");
              web.putArray("nodes").add("psql1server");
              web.putArray("ports").add("80").add("8000-8100");
              ((ArrayNode) spec.get("firewall")).addObject().put("protocol", "icmp");
              return tree;
            });
    String web = "tcp dport { 80, 8000-8100 } accept comment \"a web server\"";

    assertThat(rules(lab, "psql1server", "input")).contains("ip saddr { 192.168.1.0/29 } " + web);
    assertThat(rules(lab, "psql2server", "input")).noneMatch(r -> r.contains("8100"));
    assertThat(rules(lab, "gw1server", "forward"))
        .contains("ip saddr { 192.168.1.0/29 } ip daddr { 192.168.1.10 } " + web)
        .noneMatch(r -> r.contains("192.168.1.11 } tcp"));
    for (Node node : lab.nodes()) {
      assertThat(file(step(steps(lab), node.name(), StepNames.BASE), "nftables.conf"))
          .contains("\n    meta l4proto icmp accept\n");
    }
  }

  @Test
  void membersShareAVirtualAddressWhenTheSpecHasOne() {
    LabTopology lab =
        lab(
            tree -> {
              ((ObjectNode) tree.at("/spec/ejabberd")).put("virtualAddress", "192.168.121.9");
              return tree;
            });
    List<Step> steps = steps(lab);
    Step e2 = step(steps, "e2server", StepNames.BASE);

    assertThat(e2.values())
        .containsEntry("VIRTUAL_ADDRESS", "192.168.121.9")
        .containsEntry("VIRTUAL_ADDRESS_MAC", lab.node("e2server").interfaces().get(0).mac());
    assertThat(file(e2, "keepalived.conf"))
        .contains("  priority 199\n")
        .contains("  unicast_src_ip 192.168.121.12\n")
        .contains("  unicast_peer {\n    192.168.121.11\n  }\n")
        .contains("    192.168.121.9/24\n");
    assertThat(rules(lab, "e2server", "input"))
        .contains("ip saddr { 192.168.121.0/24 } meta l4proto vrrp accept");
    assertThat(step(steps, "gw1server", StepNames.BASE).files())
        .doesNotContainKey("keepalived.conf");
    assertThat(step(steps(), "e2server", StepNames.BASE).files())
        .doesNotContainKey("keepalived.conf");
  }

  @Test
  void theGatewayPassesOnNothingButTheDatabase() {
    assertThat(rules("gw1server", "forward"))
        .containsExactly(
            "ip saddr { 192.168.1.0/29 } ip daddr { 192.168.1.8/29 } tcp dport { 5432 } accept");
    assertThat(rules("e1server", "forward")).isEmpty();
  }

  @Test
  void everyFirewallIsExchangedAsAWholeAndDropsByDefault() {
    for (Node node : LAB.nodes()) {
      assertThat(file(step(steps(), node.name(), StepNames.BASE), "nftables.conf"))
          .startsWith("flush ruleset\n")
          .contains("table inet lab {")
          .contains("hook input priority filter; policy drop;")
          .contains("hook forward priority filter; policy drop;");
    }
  }
}
