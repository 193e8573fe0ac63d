# shellcheck shell=bash
# Makes the node's PostgreSQL instance a standby that streams from the primary. One that was primary before is brought
# back by pg_rewind. A data directory that cannot become such a standby is replaced, but only when its replacement is
# complete.
#
# Values: PRIMARY_TERM, PRIMARY_NODE (see obey_term); PRIMARY_ADDRESS, SLOT, NODE_NAME, REPLICATION_ROLE; ADDRESS, PREFIX_LENGTH, MAC and NETWORK of the read-write
#         address, which is not for a standby
# Files:  ejabberd-lab.conf, standby.conf, pg_hba.conf, replication.pgpass, server.crt, server.key, ca.crt, lab.conf
#         (systemd), read-write-address, standby-wait.sql

# Slots that were made here while it was primary, see the step postgresql-primary.
made=/var/lib/ejabberd-lab/facts/slots
# There while pg_rewind works on the data directory, which is useless when it has not ended.
rewinding=$PGDATA.rewinding

# Waits until this instance streams from the primary by its own slot and replays what it has received, or says why not.
# One that starts or replays is only busy: the time begins anew with every step that it makes.
streaming() { # SECONDS
  postgresql_await
  SECONDS_TO_WAIT=$1 as_postgres psql -Xq -v ON_ERROR_STOP=1 <"$LAB_FILES/standby-wait.sql"
}

check() {
  term_known
  postgresql_configured
  postgresql_current
  [[ -e $PGDATA/standby.signal && ! -e $made && ! -e $PGPERMIT ]]
  streaming 5
}

# How to reach the primary.
primary() { # [DATABASE]
  printf '%s\n' "host=$PRIMARY_ADDRESS user=$REPLICATION_ROLE application_name=$NODE_NAME passfile=$PGCONF/replication.pgpass connect_timeout=60 keepalives_idle=10 keepalives_interval=5 keepalives_count=3 sslmode=verify-full sslrootcert=$PGCONF/ca.crt${1:+ dbname=$1}"
}

# Whether the data directory could be brought back to where the primary's history and its own part. One that never
# ran has no history.
rewind() {
  [[ -e $PGDATA/postmaster.opts && ! -e $rewinding ]] || return 1
  postgresql_stop
  as_postgres psql -Xq -v ON_ERROR_STOP=1 -d "$(primary postgres)" -c CHECKPOINT || return 1
  : >"$rewinding"
  # An instance that crashed is recovered first, for which pg_rewind starts it, alone and without clients.
  as_postgres pg_rewind --target-pgdata="$PGDATA" --source-server="$(primary postgres)" \
    --config-file="$PGCONF/postgresql.conf" || return 1
  install -m 0600 -o postgres -g postgres /dev/null "$PGDATA/standby.signal"
  rm -f "$rewinding"
}

# The primary gives up a connection that says nothing for ten minutes: this machine may be too busy to answer sooner.
# Compressed, because an emulated CPU encrypts slowly; and written to the disk at once instead of file by file.
base_backup() {
  rm -rf "$PGDATA.partial" "$PGDATA.new"
  as_postgres pg_basebackup --pgdata="$PGDATA.partial" --slot="$SLOT" --wal-method=stream --checkpoint=fast \
    --compress=server-lz4 --no-sync --no-password --dbname="$(primary) options='-c wal_sender_timeout=10min'"
  install -m 0600 -o postgres -g postgres /dev/null "$PGDATA.partial/standby.signal"
  sync -f "$PGDATA.partial"
  # The name says that it is complete.
  mv "$PGDATA.partial" "$PGDATA.new"
}

# Slots do no good on a standby: they only keep WAL.
drop_slots() {
  [[ -e $made ]] || return 0
  SLOTS=$(<"$made") as_postgres psql -Xq -v ON_ERROR_STOP=1 <<'SQL'
\getenv slots SLOTS
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
WHERE slot_name = ANY (string_to_array(:'slots', E'\n')) \g /dev/null
SQL
  rm -f "$made"
}

# Ends a pause that somebody has asked for: see docs/adr/0013-standby.md.
resume() {
  postgresql_await
  as_postgres psql -Xq -v ON_ERROR_STOP=1 <<'SQL'
SELECT pg_wal_replay_resume() WHERE pg_is_in_recovery() AND pg_is_wal_replay_paused() \g /dev/null
SQL
}

apply() {
  obey_term
  forget postgresql-primary postgresql-promotion postgresql-demotion
  rm -f "$PGPERMIT"
  read_write_release
  postgresql_configure
  # Killed between the two renames below.
  [[ -e $PGDATA || ! -e $PGDATA.new ]] || mv "$PGDATA.new" "$PGDATA"
  if [[ -e $PGDATA/standby.signal && ! -e $rewinding ]]; then
    if postgresql_start && resume && streaming 30; then return; fi
  fi
  obey_term
  if rewind; then
    if postgresql_start && streaming 60; then return; fi
  fi
  base_backup
  # It has taken its time: this node may be primary by now.
  obey_term
  postgresql_stop
  rm -rf "$PGDATA.replaced"
  mv "$PGDATA" "$PGDATA.replaced"
  mv "$PGDATA.new" "$PGDATA"
  rm -f "$rewinding"
  postgresql_start
}

verify() {
  streaming 120
  drop_slots
  rm -rf "$PGDATA.replaced"
}

watch() {
  postgresql_watch
  echo "file $PGDATA/standby.signal"
  echo service postgresql@15-main.service
  echo "streams $PRIMARY_ADDRESS"
  echo replays
  [[ ! -e $PGCONF/conf.d/standby-raised.conf ]] || echo "raised $PGCONF/conf.d/standby-raised.conf"
}
