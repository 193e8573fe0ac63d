package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.hypervisor.NetworkState;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What somebody changes in a guest by hand is seen, told and put back; no guest restarts. */
@ExtendWith(SharedLab.Extension.class)
class DriftE2E {

  private final SharedLab lab;
  private Map<String, String> boots;

  DriftE2E(SharedLab lab) {
    this.lab = lab.ready();
  }

  @BeforeEach
  void remember() {
    boots = lab.bootIds();
  }

  @AfterEach
  void nobodyWasRestarted() {
    lab.awaitReady();
    assertThat(lab.bootIds()).isEqualTo(boots);
  }

  @Test
  void aFlushedFirewallIsLoadedAgain() {
    Supplier<String> rules = () -> lab.bash("gw1server", "nft list ruleset");
    String before = rules.get();
    lab.bash("gw1server", "nft flush ruleset");
    tells("gw1server: the firewall was changed");
    lab.until("the firewall is back", l -> rules.get().equals(before));
  }

  @Test
  void anEditedFileAndASettingArePutBack() {
    Supplier<String> state =
        () -> lab.bash("psql2server", "cat /etc/hosts /proc/sys/net/ipv4/ip_default_ttl");
    String before = state.get();
    lab.bash(
        "psql2server",
        "echo 203.0.113.1 elsewhere >>/etc/hosts; echo 1 >/proc/sys/net/ipv4/ip_default_ttl");
    tells("/etc/hosts was changed");
    tells("net.ipv4.ip_default_ttl is 1 instead of 66");
    lab.until("both are back", l -> state.get().equals(before));
  }

  /**
   * By hand, and by a file that comes after ours; meanwhile the operator leaves no line in logs.
   */
  @Tag("long")
  @Test
  void aGatewayForwardsAgain() {
    Supplier<String> questions =
        () ->
            lab.bash(
                "e1server",
                "grep -c 'API call\\|-> 127.0.0.1:5280' /var/log/ejabberd/ejabberd.log || :");
    String before = questions.get();
    for (String how :
        List.of(
            "echo 0 >/proc/sys/net/ipv4/ip_forward",
            "echo net.ipv4.ip_forward=0 >/etc/sysctl.d/99-mine.conf;"
                + " /lib/systemd/systemd-sysctl; rm /etc/sysctl.d/99-mine.conf")) {
      lab.bash("gw1server", how);
      tells("gw1server: net.ipv4.ip_forward is 0 instead of 1");
      lab.until(
          "it forwards",
          l -> lab.bash("gw1server", "cat /proc/sys/net/ipv4/ip_forward").equals("1"));
      lab.awaitReady();
    }
    assertThat(questions.get()).isEqualTo(before);
    assertThat(
            lab.bash(
                "psql1server",
                "grep -c 'user \"root\"' /var/log/postgresql/postgresql-15-main.log || :"))
        .isEqualTo("0");
  }

  @Test
  void stoppedServicesRunAgain() {
    lab.bash("e2server", "systemctl stop ejabberd");
    lab.bash("psql2server", "systemctl stop postgresql@15-main");
    tells("e2server: ejabberd.service does not run");
    tells("psql2server: postgresql@15-main.service does not run");
    lab.awaitReady();
    assertThat(lab.bash("e2server", "systemctl is-active ejabberd")).isEqualTo("active");
    assertThat(lab.sql("psql2server", "SELECT pg_is_in_recovery()")).isEqualTo("t");
  }

  @Test
  @Tag("long")
  void anUnregisteredAccountIsRegisteredAgainWithItsPassword() {
    String password = lab.secret(SharedLab.NAME + "-accounts").get("max");
    String account = "{\"user\":\"max\",\"host\":\"%s\"}".formatted(SharedLab.DOMAIN);
    lab.api("e2server", "unregister", account);
    tells("the account max@%s is gone".formatted(SharedLab.DOMAIN));
    lab.until(
        "the account has its password",
        l ->
            lab.api(
                    "e2server",
                    "check_password",
                    account.replace("}", ",\"password\":\"%s\"}".formatted(password)))
                .strip()
                .equals("0"));
  }

  @Test
  @Tag("long")
  void aDestroyedNetworkIsStartedAndItsGuestsArePluggedInAgain() {
    UUID dmz =
        lab.stand.hypervisor.networks().stream()
            .filter(n -> n.owner().equals(Optional.of(lab.owner())) && n.name().endsWith("-dmz"))
            .map(NetworkState::uuid)
            .findFirst()
            .orElseThrow();
    GuestStand.run(
        List.of(
            "virsh", "-c", GuestStand.variable("LAB_LIBVIRT_URI"), "net-destroy", dmz.toString()),
        "");
    lab.until(
        "the guests reach each other in the DMZ",
        l ->
            lab.bash("e1server", "ping -q -c 1 -W 5 192.168.1.3 >/dev/null && echo yes || :")
                .equals("yes"));
  }

  private void tells(String words) {
    lab.until(
        "an Event says: " + words,
        l -> lab.events("Drifted").stream().anyMatch(m -> m.contains(words)));
  }
}
