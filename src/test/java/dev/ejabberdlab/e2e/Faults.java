package dev.ejabberdlab.e2e;

import static dev.ejabberdlab.e2e.Fault.Outcome.EITHER;
import static dev.ejabberdlab.e2e.Fault.Outcome.STAYS;
import static dev.ejabberdlab.e2e.Fault.Outcome.SWITCHES;
import static dev.ejabberdlab.e2e.Fault.Outcome.TAKES_OVER;
import static dev.ejabberdlab.e2e.Sabotage.AGENT;
import static dev.ejabberdlab.e2e.Sabotage.DROP_THE_SLOT;
import static dev.ejabberdlab.e2e.Sabotage.EJABBERD;
import static dev.ejabberdlab.e2e.Sabotage.FILL_THE_DISK;
import static dev.ejabberdlab.e2e.Sabotage.HANG;
import static dev.ejabberdlab.e2e.Sabotage.MORE_CONNECTIONS;
import static dev.ejabberdlab.e2e.Sabotage.PAUSE_REPLAY;
import static dev.ejabberdlab.e2e.Sabotage.POSTGRESQL;
import static dev.ejabberdlab.e2e.Sabotage.PROMOTE;
import static dev.ejabberdlab.e2e.Sabotage.SHOW_CONNECTIONS;
import static dev.ejabberdlab.e2e.Sabotage.killed;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What labs are for: everything that is broken in them on purpose. */
final class Faults {

  private static final Fault PRIMARY_DESTROYED =
      new Fault(
          "primary-destroyed",
          "primary: domain destroyed",
          TAKES_OVER,
          i -> i.virsh("destroy", i.primary()));

  private static final Fault STANDBY_DESTROYED =
      new Fault(
          "standby-destroyed",
          "standby: domain destroyed",
          STAYS,
          i -> {
            i.restarts(i.standby());
            i.virsh("destroy", i.standby());
          });

  private static final Fault SWITCHOVER =
      new Fault("switchover", "switchover asked for", SWITCHES, Switchovers::toTheStandby);

  /** A few of them for every change of the code; the second one undoes the first. */
  static final List<Fault> SHORT = List.of(PRIMARY_DESTROYED, SWITCHOVER);

  static final List<Fault> ALL =
      List.of(
          PRIMARY_DESTROYED,
          new Fault(
              "primary-shut-down",
              "primary: domain shut down from outside",
              TAKES_OVER,
              i -> i.virsh("shutdown", i.primary())),
          new Fault(
              "primary-managed-saved",
              "primary: saved by virsh managedsave",
              TAKES_OVER,
              i -> i.virsh("managedsave", i.primary())),
          new Fault(
              "primary-restored-by-others",
              "primary: an old memory restored by others after the failover",
              TAKES_OVER,
              Snapshots::oldMemory),
          new Fault(
              "primary-qemu-killed",
              "primary: QEMU killed",
              TAKES_OVER,
              i -> i.qemu("KILL", i.primary())),
          new Fault(
              "primary-qemu-hangs",
              "primary: QEMU hangs (SIGSTOP)",
              TAKES_OVER,
              i -> i.qemu("STOP", i.primary())),
          new Fault(
              "primary-paused",
              "primary: domain paused",
              EITHER,
              i -> {
                i.mustBeNoticed();
                i.virsh("suspend", i.primary());
              }),
          new Fault(
              "primary-panics",
              "primary: kernel panic",
              TAKES_OVER,
              i -> i.order(i.primary(), "echo c >/proc/sysrq-trigger")),
          new Fault(
              "primary-reboots",
              "primary: rebooted from inside",
              EITHER,
              i -> {
                i.restarts(i.primary());
                i.order(i.primary(), "systemctl reboot");
              }),
          new Fault(
              "primary-disk-lost",
              "primary: domain and disk deleted",
              TAKES_OVER,
              i -> i.loseDisk(i.primary())),
          new Fault(
              "primary-postgresql-killed",
              "primary: PostgreSQL killed",
              EITHER,
              i -> killed(i, i.primary(), POSTGRESQL)),
          new Fault(
              "primary-postgresql-stopped",
              "primary: PostgreSQL stopped by hand",
              EITHER,
              i -> {
                i.mustBeNoticed();
                i.order(i.primary(), "systemctl stop " + POSTGRESQL);
              }),
          new Fault(
              "primary-postgresql-hangs",
              "primary: PostgreSQL hangs (SIGSTOP)",
              EITHER,
              i -> {
                i.mustBeNoticed();
                i.lab.bash(i.primary(), HANG + POSTGRESQL);
              }),
          new Fault(
              "primary-disk-full",
              "primary: file system full; freed when told",
              EITHER,
              i -> {
                i.order(i.primary(), FILL_THE_DISK);
                i.awaitNoticed();
                i.insist(i.primary(), "rm -f /var/tmp/full /var/tmp/fuller");
              }),
          new Fault(
              "primary-cut-off",
              "primary: cable unplugged; plugged in when told",
              STAYS,
              Outages::primaryCutOff),
          new Fault(
              "primary-agent-stopped",
              "primary: guest agent stopped, PostgreSQL serves",
              STAYS,
              i -> {
                i.replaces(i.primary(), AGENT);
                i.order(i.primary(), "systemctl stop " + AGENT);
              }),
          new Fault(
              "primary-agent-away",
              "primary: guest agent away for 90 s, PostgreSQL serves",
              STAYS,
              Outages::agentAway),
          STANDBY_DESTROYED,
          new Fault(
              "standby-disk-lost",
              "standby: domain and disk deleted",
              STAYS,
              i -> {
                i.restarts(i.standby());
                i.loseDisk(i.standby());
              }),
          new Fault(
              "standby-postgresql-killed",
              "standby: PostgreSQL killed",
              STAYS,
              i -> killed(i, i.standby(), POSTGRESQL)),
          new Fault(
              "standby-postgresql-hangs",
              "standby: PostgreSQL hangs (SIGSTOP)",
              STAYS,
              i -> {
                i.replaces(i.standby(), POSTGRESQL);
                i.lab.bash(i.standby(), HANG + POSTGRESQL);
              }),
          new Fault(
              "standby-slot-dropped",
              "standby: its slot dropped on the primary",
              STAYS,
              i -> {
                i.mustBeNoticed();
                i.lab.bash(i.primary(), DROP_THE_SLOT);
              }),
          new Fault(
              "replay-paused",
              "primary: ALTER SYSTEM SET max_connections, restarted, then its domain destroyed",
              EITHER,
              i -> {
                i.restarts(i.primary());
                i.lab.bash(i.primary(), MORE_CONNECTIONS);
                i.virsh("destroy", i.primary());
                for (String node : List.of(i.primary(), i.standby())) {
                  i.shows(() -> i.lab.bash(node, SHOW_CONNECTIONS).equals("100"));
                }
              }),
          new Fault(
              "replay-paused-by-hand",
              "standby: replay paused by hand, then the primary's domain destroyed",
              EITHER,
              i -> {
                i.restarts(i.primary());
                i.lab.bash(i.standby(), PAUSE_REPLAY);
                i.virsh("destroy", i.primary());
              }),
          new Fault(
              "standby-promoted-by-hand",
              "standby: promoted by hand",
              STAYS,
              true,
              i -> {
                i.mustBeNoticed();
                i.restarts(i.standby());
                i.lab.bash(i.standby(), PROMOTE);
              }),
          SWITCHOVER,
          new Fault(
              "switchover-refused",
              "switchover to a standby that is cut off",
              STAYS,
              Switchovers::refused),
          new Fault(
              "ejabberd-killed",
              "ejabberd killed on one node",
              STAYS,
              i -> killed(i, "e2server", EJABBERD)),
          new Fault(
              "ejabberd-hangs",
              "ejabberd hangs on one node (SIGSTOP)",
              STAYS,
              i -> {
                i.replaces("e2server", EJABBERD);
                i.lab.bash("e2server", HANG + EJABBERD);
              }),
          new Fault(
              "ejabberd-destroyed",
              "ejabberd: one node's domain destroyed",
              STAYS,
              i -> {
                i.restarts("e2server");
                i.virsh("destroy", "e2server");
              }),
          new Fault(
              "ejabberd-split",
              "ejabberd: nodes cut off from each other; joined when told",
              STAYS,
              Outages::ejabberdSplit),
          new Fault(
              "ejabberd-all-destroyed",
              "ejabberd: all domains destroyed",
              STAYS,
              i -> {
                i.restarts("e1server", "e2server");
                i.virsh("destroy", "e1server");
                i.virsh("destroy", "e2server");
              }),
          new Fault(
              "gateway-destroyed",
              "gateway: domain destroyed",
              STAYS,
              i -> {
                i.restarts("gw1server");
                i.virsh("destroy", "gw1server");
              }),
          new Fault(
              "network-destroyed",
              "libvirt network of the database destroyed",
              EITHER,
              i -> {
                i.mustBeNoticed();
                i.host("net-destroy", i.libvirtName("internal"));
              }),
          new Fault(
              "all-destroyed",
              "all domains destroyed at once",
              EITHER,
              i -> {
                String[] nodes = i.lab.bootIds().keySet().toArray(String[]::new);
                i.restarts(nodes);
                i.begin();
                for (String node : nodes) {
                  i.virsh("destroy", node);
                }
              }),
          new Fault(
              "database-destroyed",
              "primary and standby destroyed",
              EITHER,
              i -> {
                i.restarts(i.primary(), i.standby());
                i.virsh("destroy", i.primary());
                i.virsh("destroy", i.standby());
              }),
          new Fault(
              "libvirtd-restarted",
              "libvirtd stopped, started after a minute",
              STAYS,
              Outages::libvirtdStopped),
          new Fault(
              "host-replaced",
              "another libvirt answers in the host's place for a minute",
              STAYS,
              Outages::hostReplaced),
          new Fault(
              "foreign-snapshot",
              "standby: external snapshot by hand, then its domain destroyed",
              STAYS,
              Snapshots::otherDisk),
          new Fault(
              "libvirtd-hangs",
              "libvirtd hangs for a minute (SIGSTOP)",
              STAYS,
              Outages::libvirtdHangs),
          new Fault(
              "api-server-away",
              "API server hangs for a minute (SIGSTOP)",
              STAYS,
              Outages::apiServerHangs),
          new Fault(
              "primary-killed-without-libvirtd",
              "primary: QEMU killed while libvirtd is away",
              TAKES_OVER,
              Outages::primaryKilledWithoutLibvirtd),
          new Fault(
              "status-cleared",
              "the lab's status cleared",
              STAYS,
              i -> {
                long term = i.lab.status().postgresql().term();
                i.shows(() -> Long.valueOf(term).equals(i.lab.status().postgresql().term()));
                i.lab.writeStatus(null);
              }),
          new Fault(
              "status-restored-primary-destroyed",
              "switched over, the status from before restored, primary destroyed",
              EITHER,
              Switchovers::statusRestored),
          new Fault(
              "operator-killed-in-failover",
              "primary destroyed, operator killed in the failover",
              TAKES_OVER,
              i -> {
                i.virsh("destroy", i.primary());
                i.awaits("a failover has begun", l -> i.change().isPresent());
                i.restartOperator();
              }),
          new Fault(
              "operator-killed-in-rejoin",
              "primary destroyed, operator killed when it comes back",
              TAKES_OVER,
              i -> {
                i.virsh("destroy", i.primary());
                i.awaits(
                    "the old primary becomes a standby, or is one",
                    l ->
                        i.change().filter(c -> c.finished() != null).isPresent()
                            && ("postgresql-standby".equals(i.lab.node(i.primary()).step())
                                || "Streaming".equals(l.getStatus().postgresql().replication())));
                i.restartOperator();
              }));

  private Faults() {}

  /**
   * Those with these names, separated by commas, in the order of the list; all when none is named.
   */
  static List<Fault> named(String names) {
    return names == null || names.isBlank()
        ? ALL
        : Arrays.stream(names.split(","))
            .map(
                name ->
                    find(name)
                        .orElseThrow(
                            () ->
                                new IllegalArgumentException(
                                    "There is no fault '%s'; there are: %s"
                                        .formatted(name, ALL.stream().map(Fault::name).toList()))))
            .toList();
  }

  private static Optional<Fault> find(String name) {
    return ALL.stream().filter(f -> f.name().equals(name)).findFirst();
  }
}
