package dev.ejabberdlab.e2e;

import static dev.ejabberdlab.e2e.Fault.Outcome.EITHER;
import static dev.ejabberdlab.e2e.Fault.Outcome.STAYS;
import static dev.ejabberdlab.e2e.Fault.Outcome.SWITCHES;
import static dev.ejabberdlab.e2e.Fault.Outcome.TAKES_OVER;
import static org.awaitility.Awaitility.await;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What labs are for: everything that is broken in them on purpose. */
final class Faults {

  /** How long something is away that is not to be taken for dead. */
  private static final Duration AWAY = Duration.ofMinutes(1);

  /** Twice as long as it takes until a changed pool is looked at. */
  private static final Duration SEARCHED = Duration.ofMinutes(1);

  private static final String POSTGRESQL = "postgresql@15-main.service";
  private static final String EJABBERD = "ejabberd.service";
  private static final String AGENT = "qemu-guest-agent.service";

  /** Every process of a unit stands still. */
  private static final String HANG = "systemctl kill --signal=STOP ";

  /** WAL until the primary needs more room for it than it has set aside. */
  private static final String FILL_THE_DISK =
      """
      fallocate -l "$(df --output=avail -B1 / | tail -n 1)" /var/tmp/full || :
      dd if=/dev/zero of=/var/tmp/fuller bs=1M status=none || :
      for i in {1..12}; do
        setpriv --reuid postgres --regid postgres --init-groups /usr/lib/postgresql/15/bin/psql -Xq -d postgres \
          -c "SET synchronous_commit = local" -c "SELECT pg_logical_emit_message(true, 'fill', repeat('x', 4000000))" \
          -c "SELECT pg_switch_wal()" >/dev/null || :
      done
      """;

  private static final String DROP_THE_SLOT =
      """
      psql() { setpriv --reuid postgres --regid postgres --init-groups /usr/lib/postgresql/15/bin/psql -XAtq -d postgres; }
      for i in {1..100}; do
        psql <<<"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active;
          SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active;"
        [[ -n $(psql <<<"SELECT 1 FROM pg_replication_slots") ]] || exit 0
      done
      exit 1
      """;

  private static final String PROMOTE =
      "setpriv --reuid postgres --regid postgres --init-groups /usr/lib/postgresql/15/bin/pg_ctl"
          + " promote -D /var/lib/postgresql/15/main";

  /** What a standby must have as much of: with less it stops replaying, and goes on receiving. */
  private static final String MORE_CONNECTIONS =
      """
      setpriv --reuid postgres --regid postgres --init-groups /usr/lib/postgresql/15/bin/psql -Xq -d postgres \
        -c "ALTER SYSTEM SET max_connections = 150"
      systemctl restart postgresql@15-main.service
      """;

  private static final String SHOW_CONNECTIONS =
      "setpriv --reuid postgres --regid postgres --init-groups /usr/lib/postgresql/15/bin/psql -XAtq"
          + " -d postgres -c 'SHOW max_connections'";

  private static final String PAUSE_REPLAY =
      "setpriv --reuid postgres --regid postgres --init-groups /usr/lib/postgresql/15/bin/psql -Xq"
          + " -d postgres -c 'SELECT pg_wal_replay_pause()' -o /dev/null";

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
      new Fault(
          "switchover",
          "switchover asked for",
          SWITCHES,
          i -> {
            Runnable leave = i.undo(() -> askFor(i, null));
            askFor(i, i.standby());
            i.awaits(
                "the standby takes over",
                l -> i.standby().equals(l.getStatus().postgresql().currentPrimary()));
            leave.run();
          });

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
              i -> {
                String file = "/var/lib/libvirt/" + i.primary() + ".fault";
                i.virsh("save", i.primary(), file);
                i.awaits(
                    "another one has taken over",
                    l -> i.change().filter(c -> c.finished() != null).isPresent());
                restore(i, file);
              }),
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
              i -> {
                Runnable plugIn = i.undo(() -> i.link(i.primary(), "internal", "up"));
                i.link(i.primary(), "internal", "down");
                i.awaitNoticed();
                plugIn.run();
              }),
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
              i -> {
                i.mustBeNoticed();
                i.order(
                    i.primary(),
                    "systemctl mask --runtime --now %1$s; sleep 90; systemctl unmask --runtime %1$s; systemctl start %1$s"
                        .formatted(AGENT));
                i.awaitNoticed();
                i.staysAsItIs(AWAY);
              }),
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
              i -> {
                Runnable plugIn = i.undo(() -> i.link(i.standby(), "internal", "up"));
                Runnable leave = i.undo(() -> askFor(i, null));
                i.link(i.standby(), "internal", "down");
                i.awaitNoticed();
                askFor(i, i.standby());
                i.awaitCondition("DatabaseReady", "SwitchoverRefused");
                leave.run();
                plugIn.run();
              }),
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
              Faults::split),
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
              i -> {
                Map<String, String> services = Injection.asked(i.lab::services);
                i.shows(() -> i.lab.services().equals(services));
                Runnable start = i.undo(HostProcesses::startLibvirtd);
                HostProcesses.stopLibvirtd();
                i.awaitNoticed();
                i.staysAsItIs(AWAY);
                start.run();
              }),
          new Fault(
              "host-replaced",
              "another libvirt answers in the host's place for a minute",
              STAYS,
              i -> {
                Map<String, String> services = Injection.asked(i.lab::services);
                i.shows(() -> i.lab.services().equals(services));
                Runnable bringBack = i.undo(HostProcesses::bringLibvirtdBack);
                HostProcesses.replaceLibvirtd();
                i.awaitCondition("HostReachable", "OtherHost");
                i.staysAsItIs(AWAY);
                bringBack.run();
              }),
          new Fault(
              "foreign-snapshot",
              "standby: external snapshot by hand, then its domain destroyed",
              STAYS,
              i -> {
                String file = "/var/lib/postgresql/after-snapshot";
                i.restarts(i.standby());
                i.undo(() -> mergeSnapshot(i));
                i.virsh("snapshot-create-as", i.standby(), "s1", "--disk-only", "--no-metadata");
                i.awaits(
                    "the status tells of the disk",
                    l ->
                        l.getStatus().nodes().stream()
                            .anyMatch(
                                n ->
                                    n.name().equals(i.standby())
                                        && n.foreignDisk() != null
                                        && n.foreignDisk().endsWith(".s1")));
                i.insist(i.standby(), "echo here >" + file + "; sync " + file);
                // Longer than the host is left unsearched: nothing of it is taken for surplus.
                i.staysAsItIs(SEARCHED);
                i.shows(() -> i.lab.bash(i.standby(), "cat " + file).equals("here"));
                i.begin();
                i.virsh("destroy", i.standby());
              }),
          new Fault(
              "libvirtd-hangs",
              "libvirtd hangs for a minute (SIGSTOP)",
              STAYS,
              i -> {
                Map<String, String> services = Injection.asked(i.lab::services);
                i.shows(() -> i.lab.services().equals(services));
                Runnable goOn = i.undo(() -> HostProcesses.libvirtd("CONT"));
                HostProcesses.libvirtd("STOP");
                i.awaitNoticed();
                i.staysAsItIs(AWAY);
                goOn.run();
              }),
          new Fault(
              "api-server-away",
              "API server hangs for a minute (SIGSTOP)",
              STAYS,
              i -> {
                Map<String, String> services = Injection.asked(i.lab::services);
                i.shows(() -> i.lab.services().equals(services));
                Runnable goOn = i.undo(() -> HostProcesses.apiServer("CONT"));
                HostProcesses.apiServer("STOP");
                i.staysAsItIs(AWAY);
                goOn.run();
                i.awaitOperator();
              }),
          new Fault(
              "primary-killed-without-libvirtd",
              "primary: QEMU killed while libvirtd is away",
              TAKES_OVER,
              i -> {
                Runnable start = i.undo(HostProcesses::startLibvirtd);
                HostProcesses.stopLibvirtd();
                i.awaitNoticed();
                i.qemu("KILL", i.primary());
                i.staysAsItIs(AWAY);
                start.run();
              }),
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
              i -> {
                EjabberdLabStatus old = i.lab.status();
                Runnable leave = i.undo(() -> askFor(i, null));
                askFor(i, i.standby());
                i.awaits(
                    "the standby takes over",
                    l -> i.standby().equals(l.getStatus().postgresql().currentPrimary()));
                leave.run();
                i.lab.awaitReady();
                i.restarts(i.standby());
                i.mayRestart(i.primary());
                i.begin();
                i.lab.writeStatus(old);
                i.virsh("destroy", i.standby());
              }),
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

  /** Names the instance that is to be primary; null leaves it to the operator. */
  private static void askFor(Injection i, String primary) {
    i.lab.edit(
        spec -> {
          if (primary == null) {
            spec.withObject("/postgresql").remove("primary");
          } else {
            spec.withObject("/postgresql").put("primary", primary);
          }
        });
  }

  /** Puts a machine back on its own disk, without loss. */
  private static void mergeSnapshot(Injection i) {
    i.insist(i.standby(), "true");
    i.virsh("blockcommit", i.standby(), "vda", "--active", "--pivot", "--wait");
    i.host("vol-delete", "--pool", GuestStand.POOL, i.lab.node(i.standby()).domain() + ".s1");
    i.awaits(
        "the machine is on its own disk",
        l -> l.getStatus().nodes().stream().allMatch(n -> n.foreignDisk() == null));
  }

  /** As often as it takes to come before the operator, which boots what is off. */
  private static void restore(Injection i, String file) {
    await("an old memory is restored")
        .atMost(GuestStand.PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              try {
                i.virsh("destroy", i.primary());
              } catch (RuntimeException | AssertionError e) {
                // It is off already.
              }
              i.host("restore", file);
              return true;
            });
  }

  private static void killed(Injection i, String node, String unit) {
    i.replaces(node, unit);
    i.begin();
    i.lab.bash(node, "systemctl kill --kill-who=main --signal=KILL " + unit);
  }

  /** What a bridge between the two would lose, and nobody else's packets. */
  private static void split(Injection i) {
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
}
