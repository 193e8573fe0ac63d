package dev.ejabberdlab.e2e;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Faults in which something is away for a time, and comes back. */
final class Outages {

  /** How long something is away that is not to be taken for dead. */
  private static final Duration AWAY = Duration.ofMinutes(1);

  private Outages() {}

  static void primaryCutOff(Injection i) {
    Runnable plugIn = i.undo(() -> i.link(i.primary(), "internal", "up"));
    i.link(i.primary(), "internal", "down");
    i.awaitNoticed();
    plugIn.run();
  }

  static void agentAway(Injection i) {
    i.mustBeNoticed();
    i.order(
        i.primary(),
        "systemctl mask --runtime --now %1$s; sleep 90; systemctl unmask --runtime %1$s; systemctl start %1$s"
            .formatted(Sabotage.AGENT));
    i.awaitNoticed();
    i.staysAsItIs(AWAY);
  }

  /** What a bridge between the two would lose, and nobody else's packets. */
  static void ejabberdSplit(Injection i) {
    String one = i.lab.address("e1server", "dmz");
    String other = i.lab.address("e2server", "dmz");
    Runnable join =
        i.undo(() -> i.lab.inNamespace("", List.of("nft", "delete", "table", "bridge", "fault")));
    i.lab.inNamespace(
        """
        table bridge fault {
          chain forward {
            type filter hook forward priority 0; policy accept;
            ip saddr %1$s ip daddr %2$s drop
            ip saddr %2$s ip daddr %1$s drop
          }
        }
        """
            .formatted(one, other),
        List.of("nft", "-f", "-"));
    i.awaitNoticed();
    join.run();
  }

  static void libvirtdStopped(Injection i) {
    servicesStay(i);
    Runnable start = i.undo(HostProcesses::startLibvirtd);
    HostProcesses.stopLibvirtd();
    i.awaitNoticed();
    i.staysAsItIs(AWAY);
    start.run();
  }

  static void libvirtdHangs(Injection i) {
    servicesStay(i);
    Runnable goOn = i.undo(() -> HostProcesses.libvirtd("CONT"));
    HostProcesses.libvirtd("STOP");
    i.awaitNoticed();
    i.staysAsItIs(AWAY);
    goOn.run();
  }

  static void hostReplaced(Injection i) {
    servicesStay(i);
    Runnable bringBack = i.undo(HostProcesses::bringLibvirtdBack);
    HostProcesses.replaceLibvirtd();
    i.awaitCondition("HostReachable", "OtherHost");
    i.staysAsItIs(AWAY);
    bringBack.run();
  }

  static void primaryKilledWithoutLibvirtd(Injection i) {
    Runnable start = i.undo(HostProcesses::startLibvirtd);
    HostProcesses.stopLibvirtd();
    i.awaitNoticed();
    i.qemu("KILL", i.primary());
    i.staysAsItIs(AWAY);
    start.run();
  }

  static void apiServerHangs(Injection i) {
    servicesStay(i);
    Runnable goOn = i.undo(() -> HostProcesses.apiServer("CONT"));
    HostProcesses.apiServer("STOP");
    i.staysAsItIs(AWAY);
    goOn.run();
    i.awaitOperator();
  }

  /** Nothing that runs in the guests is another one afterwards. */
  private static void servicesStay(Injection i) {
    Map<String, String> services = Injection.asked(i.lab::services);
    i.shows(() -> i.lab.services().equals(services));
  }
}
