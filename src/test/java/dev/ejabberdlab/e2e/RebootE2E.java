package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.hypervisor.HypervisorException.AgentUnavailable;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What was set up is there again after guests have rebooted. */
@ExtendWith(SharedLab.Extension.class)
@Tag("long")
class RebootE2E {

  /**
   * Everything that must survive, as text; which of two addresses came first need not, and the
   * database's may have gone to another instance.
   */
  private static final String STATE =
      """
      cat /proc/sys/kernel/hostname /etc/hosts
      cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/net/ipv4/ip_forward
      ip -4 -o address show scope global | tr -s ' ' | cut -d ' ' -f 2,4 | grep -v -F " $DATABASE/" | sort
      ip -4 route | sed 's/ src .*//' | sort
      nft list ruleset
      """;

  private final SharedLab lab;

  RebootE2E(SharedLab lab) {
    this.lab = lab.ready();
  }

  /** A primary that reboots is off for a moment: another instance takes over. */
  @AfterEach
  void withTheFirstPrimary() {
    lab.edit(spec -> spec.withObject("/postgresql").put("primary", "psql1server"));
    lab.until(
        "psql1server is primary",
        l -> "psql1server".equals(l.getStatus().postgresql().currentPrimary()));
    lab.edit(spec -> ((ObjectNode) spec.get("postgresql")).remove("primary"));
    lab.awaitReady();
  }

  @Test
  void allAtOnce() {
    reboot(lab.bootIds().keySet());
  }

  @Test
  void oneAfterTheOther() {
    for (String node : lab.bootIds().keySet()) {
      reboot(Set.of(node));
    }
  }

  private void reboot(Collection<String> nodes) {
    Map<String, String> before = state();
    Map<String, String> boots = lab.bootIds();
    for (String node : nodes) {
      try {
        lab.tryExec(node, List.of("/bin/systemctl", "--no-block", "reboot"), "");
      } catch (AgentUnavailable e) {
        // Gone before it could say that it goes.
      }
    }
    for (String node : nodes) {
      lab.until(
          node + " goes down", l -> !lab.isTrue("Ready") || hasRebooted(node, boots.get(node)));
    }
    lab.until(
        "everybody is back",
        l -> nodes.stream().allMatch(node -> hasRebooted(node, boots.get(node))));
    lab.awaitReady();
    assertThat(state()).isEqualTo(before);
    Map<String, String> after = lab.bootIds();
    boots.forEach(
        (node, boot) ->
            assertThat(after.get(node).equals(boot)).as(node).isEqualTo(!nodes.contains(node)));
    String primary = lab.status().postgresql().currentPrimary();
    assertThat(List.of("psql1server", "psql2server"))
        .allSatisfy(
            instance ->
                assertThat(lab.sql(instance, "SELECT pg_is_in_recovery()"))
                    .as(instance)
                    .isEqualTo(instance.equals(primary) ? "f" : "t"));
  }

  private boolean hasRebooted(String node, String boot) {
    try {
      return !lab.bootId(node).equals(boot);
    } catch (RuntimeException | AssertionError e) {
      return false;
    }
  }

  private Map<String, String> state() {
    Map<String, String> states = new TreeMap<>();
    String address =
        lab.status().endpoints().stream()
            .filter(e -> e.name().equals("postgresql"))
            .findFirst()
            .orElseThrow()
            .address();
    String state = "DATABASE=%s%n%s".formatted(address, STATE);
    lab.bootIds().keySet().forEach(node -> states.put(node, lab.bash(node, state)));
    return states;
  }
}
