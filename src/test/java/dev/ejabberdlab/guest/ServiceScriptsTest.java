package dev.ejabberdlab.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What scripts make of the answers of services: runs them for real, with stand-ins for those. */
@Timeout(120)
class ServiceScriptsTest {

  private static final Path STEPS = Path.of("src/main/resources/provision/steps");
  private static final Path LIBRARY = Path.of("src/main/resources/provision/guest/lib.sh");
  private static final Duration WAIT = Duration.ofSeconds(60);

  @TempDir Path root;
  private LocalGuest guest;
  private final TransientStepRunner runner = new TransientStepRunner(Clock.systemUTC());

  @BeforeEach
  void machine() throws IOException {
    guest = new LocalGuest(root);
    guest.program("setpriv", LocalGuest.AS_HIMSELF);
  }

  private void file(String name, String content) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
  }

  /** Runs bash with the functions of the library, or of a step. */
  private String bash(String script, String... scripts) {
    StringBuilder sources = new StringBuilder("set -euo pipefail; . " + LIBRARY.toAbsolutePath());
    for (String step : scripts) {
      sources.append("; . ").append(STEPS.resolve(step).toAbsolutePath());
    }
    GuestChannel.ExecResult result =
        guest.exec(List.of("/bin/bash", "-c", sources + "\n" + script), new byte[0], WAIT);
    assertThat(result.stderr()).isEmpty();
    return result.stdout();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[\"ejabberd@xmpp\",\"ejabberd@xmpp2\"] | ejabberd@xmpp | yes",
        "[\"ejabberd@xmpp2\"] | ejabberd@xmpp | no",
        "['ejabberd@xmpp2'] | ejabberd@xmpp | no",
        "['ejabberd@xmpp','ejabberd@my-xmpp'] | ejabberd@my-xmpp | yes",
        "['ejabberd@my-xmpp'] | ejabberd@xmpp | no",
        "{ok, [ejabberd@xmpp2, 'ejabberd@a-b']} | ejabberd@xmpp | no",
        "{ok, [ejabberd@xmpp2, 'ejabberd@a-b']} | ejabberd@a-b | yes",
        "[ejabberd@xmpp, 'ejabberd@a-b'] | ejabberd@xmpp | yes",
        "['ejabberd@axb'] | ejabberd@a.b | no",
        "[] | ejabberd@xmpp | no",
      })
  void nodesAreComparedWhole(String list, String node, String there) throws IOException {
    file("list", list);
    assertThat(
            bash(
                "if lists_node \"$(<$GUEST/list)\" '%s'; then echo yes; else echo no; fi"
                    .formatted(node)))
        .isEqualTo(there + "\n");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "ejabberd@xmpp, The node ejabberd@xmpp is started. Status: started  ejabberd 24.12, yes",
        "ejabberd@my-x, The node 'ejabberd@my-x' is started. Status: started  ejabberd 24.12, yes",
        "ejabberd@xmpp, The node ejabberd@xmpp2 is started. Status: started  ejabberd 24.12, no",
        "ejabberd@xmpp, The node ejabberd@xmpp is started. Status: starting, no",
      })
  void aNodeIsStartedUnderItsOwnName(String node, String answer, String started)
      throws IOException {
    file("answer", '"' + answer + '"');
    guest.program("curl", "#!/bin/sh\ncat \"$GUEST/answer\"\n");
    assertThat(
            bash(
                "ERLANG_NODE='%s'; if started; then echo yes; else echo no; fi".formatted(node),
                "ejabberd.sh"))
        .isEqualTo(started + "\n");
  }

  /**
   * xmpp2 is to be a member of the cluster of xmpp, which sees only itself.
   *
   * @param here whom xmpp2 sees
   * @param known whom it has known
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[\"ejabberd@xmpp2\"] | ['ejabberd@xmpp2'] | joined",
        "[\"ejabberd@xmpp2\"] | ['ejabberd@xmpp','ejabberd@xmpp2'] | restarted",
        "[\"ejabberd@xmpp2\",\"ejabberd@xmpp3\"] | ['ejabberd@xmpp','ejabberd@xmpp2'] | restarted",
        "[\"ejabberd@xmpp2\",\"ejabberd@a\"] | ['ejabberd@a','ejabberd@xmpp2'] |"
            + " this node is in another cluster: [\"ejabberd@xmpp2\",\"ejabberd@a\"]",
      })
  void aMemberIsJoinedOrRestartedByWhomItHasKnown(String here, String known, String done)
      throws IOException {
    file("members", here);
    file("known", known);
    file("there", "['ejabberd@xmpp']");
    guest.program(
        "curl",
        """
        #!/usr/bin/env bash
        case ${!#} in
          */list_cluster/v2) cat "$GUEST/members" ;;
          */join_cluster/v2)
            echo joined >>"$GUEST/log"
            echo '["ejabberd@xmpp","ejabberd@xmpp2"]' >"$GUEST/members"
            echo "['ejabberd@xmpp','ejabberd@xmpp2']" >"$GUEST/there"
            echo '"Trying to join that cluster, wait a few seconds"' ;;
        esac
        """);
    guest.program(
        "erl_call",
        """
        #!/usr/bin/env bash
        case $* in
          *get_known_nodes*) cat "$GUEST/known" ;;
          *get_nodes*) cat "$GUEST/there" ;;
          *) echo ok ;;
        esac
        """);
    guest.program(
        "systemctl",
        """
        #!/usr/bin/env bash
        case $1 in
          restart)
            echo restarted >>"$GUEST/log"
            echo '["ejabberd@xmpp","ejabberd@xmpp2"]' >"$GUEST/members"
            echo "['ejabberd@xmpp','ejabberd@xmpp2']" >"$GUEST/there" ;;
          is-active) echo active ;;
          *) echo running ;;
        esac
        """);
    Step step =
        Step.builder()
            .node("xmpp2")
            .name("ejabberd-cluster")
            .script(Files.readString(STEPS.resolve("ejabberd-cluster.sh")))
            .values(Map.of("ERLANG_NODE", "ejabberd@xmpp2", "CLUSTER_NODE", "ejabberd@xmpp"))
            .files(Map.of("join.json", "{}".getBytes(StandardCharsets.UTF_8)))
            .timeout(Duration.ofSeconds(600))
            .digest("d1")
            .build();

    StepState state = runner.run(guest, step, "1", WAIT).steps().get("ejabberd-cluster");

    Path log = root.resolve("log");
    if (state.status() == StepState.Status.DONE) {
      assertThat(log).hasContent(done);
    } else {
      assertThat(state.output()).contains(done);
      assertThat(log).doesNotExist();
    }
  }

  private GuestReport.Ejabberd ejabberd(String answer) throws IOException {
    file("disk/facts/ejabberd", "");
    file("sys/kernel/hostname", "xmpp\n");
    file("answer", answer);
    guest.program("erl_call", "#!/bin/sh\n[ \"$2\" = ejabberd@xmpp ] && cat \"$GUEST/answer\"\n");
    guest.program("curl", "#!/bin/sh\ntouch \"$GUEST/asked-by-http\"\n");
    GuestReport.Ejabberd said = runner.report(guest).ejabberd().orElseThrow();
    assertThat(root.resolve("asked-by-http")).doesNotExist();
    return said;
  }

  @Test
  void ejabberdIsAskedWithoutALineInItsLog() throws IOException {
    assertThat(ejabberd("{ok, {up, \"24.12 ejabberd@xmpp ejabberd@my-xmpp\"}}"))
        .isEqualTo(
            new GuestReport.Ejabberd(true, "24.12", List.of("ejabberd@xmpp", "ejabberd@my-xmpp")));
    assertThat(ejabberd("{ok, down}").up()).isFalse();
    assertThat(ejabberd("{error, \"*** eval: {'EXIT',{undef,[{\\\"").up()).isFalse();
    assertThat(ejabberd("").up()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    // 192.168.1.10:5432, established
    "0A01A8C0:1538 01, true",
    // Asked for and not answered.
    "0A01A8C0:1538 02, false",
    // 192.168.1.110, 192.168.1.1, another port
    "6E01A8C0:1538 01, false",
    "0101A8C0:1538 01, false",
    "0A01A8C0:1539 01, false",
  })
  void ejabberdsWayToItsDatabaseIsLookedAt(String remote, boolean connected) throws IOException {
    file("disk/facts/database", "192.168.1.10 5432\n");
    file(
        "tcp",
        """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
           0: 0B01A8C0:8B3A %s 00000000:00000000 02:000004D2 00000000   105        0 1 2
        """
            .formatted(remote));
    assertThat(ejabberd("{ok, {up, \"24.12 ejabberd@xmpp\"}}").database()).isEqualTo(connected);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "{ok: {gone: \"bob\"}}, the account bob@domain.local is gone",
        "{ok: {gone: []}}, -",
        "{error: \"no\"}, -",
      })
  void accountsThatAreGoneAreToldWithoutALineInEjabberdsLog(String answer, String drift)
      throws IOException {
    file("sys/kernel/hostname", "xmpp\n");
    file("answer", answer.replace(':', ','));
    guest.program("erl_call", "#!/bin/sh\ncat >\"$GUEST/code\"\ncat \"$GUEST/answer\"\n");
    Step step =
        Step.builder()
            .node("xmpp")
            .name("accounts")
            .script("check() { :; }; watch() { echo 'accounts domain.local bob bobby al.ice'; }")
            .timeout(Duration.ofSeconds(600))
            .digest("d1")
            .build();
    runner.run(guest, step, "1", WAIT);
    Files.delete(root.resolve("boot/drift/accounts"));

    assertThat(runner.report(guest).steps().get("accounts").drift())
        .isEqualTo(drift == null ? List.of() : List.of(drift));
    assertThat(root.resolve("code")).content().contains("bob bobby al.ice");
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "net.ipv4.ip_forward = 1, -",
        "net.ipv4.ip_forward = 0x1, -",
        "net.ipv4.ip_forward = 0, the kernel has net.ipv4.ip_forward = 1 instead of 0",
        "net.ipv4.tcp_rmem = 4096 131072  6291456, -",
        "kernel.printk = 3, -",
        "net.ipv4.tcp_keepalive_tim = 5, the kernel has no setting net.ipv4.tcp_keepalive_tim",
        "net.ipv4 = 5, the kernel has no setting net.ipv4",
        "net.ipv4.conf.eth0/1.rp_filter = 1, -",
        "net.ipv4.conf.*.rp_filter = 1, -",
        "# net.ipv4.nothing = 1, -",
      })
  void aSettingThatTheKernelDoesNotHaveIsNamed(String line, String sentence) throws IOException {
    file("sys/net/ipv4/ip_forward", "1\n");
    file("sys/net/ipv4/tcp_rmem", "4096\t131072\t6291456\n");
    file("sys/net/ipv4/conf/eth0.1/rp_filter", "1\n");
    file("sys/kernel/printk", "3\t4\t1\t7\n");
    file("settings", line + "\n");
    assertThat(bash("wrong_settings \"$GUEST/settings\""))
        .isEqualTo(sentence == null ? "" : sentence);
  }
}
