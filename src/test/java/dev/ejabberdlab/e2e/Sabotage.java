package dev.ejabberdlab.e2e;

/** What somebody runs in a guest to break what it is there for. */
final class Sabotage {

  static final String POSTGRESQL = "postgresql@15-main.service";
  static final String EJABBERD = "ejabberd.service";
  static final String AGENT = "qemu-guest-agent.service";

  /** Every process of a unit stands still. */
  static final String HANG = "systemctl kill --signal=STOP ";

  /** WAL until the primary needs more room for it than it has set aside. */
  static final String FILL_THE_DISK =
      """
      fallocate -l "$(df --output=avail -B1 / | tail -n 1)" /var/tmp/full || :
      dd if=/dev/zero of=/var/tmp/fuller bs=1M status=none || :
      for i in {1..12}; do
        setpriv --reuid postgres --regid postgres --init-groups /usr/lib/postgresql/15/bin/psql -Xq -d postgres \
          -c "SET synchronous_commit = local" -c "SELECT pg_logical_emit_message(true, 'fill', repeat('x', 4000000))" \
          -c "SELECT pg_switch_wal()" >/dev/null || :
      done
      """;

  static final String DROP_THE_SLOT =
      """
      psql() { setpriv --reuid postgres --regid postgres --init-groups /usr/lib/postgresql/15/bin/psql -XAtq -d postgres; }
      for i in {1..100}; do
        psql <<<"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active;
          SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active;"
        [[ -n $(psql <<<"SELECT 1 FROM pg_replication_slots") ]] || exit 0
      done
      exit 1
      """;

  static final String PROMOTE =
      "setpriv --reuid postgres --regid postgres --init-groups /usr/lib/postgresql/15/bin/pg_ctl"
          + " promote -D /var/lib/postgresql/15/main";

  /** What a standby must have as much of: with less it stops replaying, and goes on receiving. */
  static final String MORE_CONNECTIONS =
      """
      setpriv --reuid postgres --regid postgres --init-groups /usr/lib/postgresql/15/bin/psql -Xq -d postgres \
        -c "ALTER SYSTEM SET max_connections = 150"
      systemctl restart postgresql@15-main.service
      """;

  static final String SHOW_CONNECTIONS =
      "setpriv --reuid postgres --regid postgres --init-groups /usr/lib/postgresql/15/bin/psql -XAtq"
          + " -d postgres -c 'SHOW max_connections'";

  static final String PAUSE_REPLAY =
      "setpriv --reuid postgres --regid postgres --init-groups /usr/lib/postgresql/15/bin/psql -Xq"
          + " -d postgres -c 'SELECT pg_wal_replay_pause()' -o /dev/null";

  private Sabotage() {}

  static void killed(Injection i, String node, String unit) {
    i.replaces(node, unit);
    i.begin();
    i.lab.bash(node, "systemctl kill --kill-who=main --signal=KILL " + unit);
  }
}
