# shellcheck shell=bash
# Makes the node's PostgreSQL instance a standby that streams from the primary. A data directory that is not such a
# standby is replaced, but only when its replacement is complete.
#
# Values: PRIMARY_ADDRESS, SLOT, NODE_NAME, REPLICATION_ROLE
# Files:  ejabberd-lab.conf, standby.conf, pg_hba.conf, replication.pgpass, server.crt, server.key, ca.crt,
#         read-write-address, standby-wait.sql

# Waits until this instance streams from the primary by its own slot, or says why not.
streaming() { # SECONDS
  SECONDS_TO_WAIT=$1 as_postgres psql -Xq -v ON_ERROR_STOP=1 <"$LAB_FILES/standby-wait.sql"
}

check() {
  postgresql_configured
  postgresql_current
  [[ -e $PGDATA/standby.signal ]]
  streaming 5
}

base_backup() {
  rm -rf "$PGDATA.partial" "$PGDATA.new"
  as_postgres pg_basebackup --pgdata="$PGDATA.partial" --slot="$SLOT" --wal-method=stream --checkpoint=fast \
    --no-password --dbname="host=$PRIMARY_ADDRESS user=$REPLICATION_ROLE application_name=$NODE_NAME passfile=$PGCONF/replication.pgpass sslmode=verify-full sslrootcert=$PGCONF/ca.crt"
  install -m 0600 -o postgres -g postgres /dev/null "$PGDATA.partial/standby.signal"
  # The name says that it is complete.
  mv "$PGDATA.partial" "$PGDATA.new"
}

apply() {
  postgresql_configure
  # Killed between the two renames below.
  [[ -e $PGDATA || ! -e $PGDATA.new ]] || mv "$PGDATA.new" "$PGDATA"
  if [[ -e $PGDATA/standby.signal ]]; then
    postgresql_start
    if streaming 30; then return; fi
  fi
  base_backup
  systemctl stop postgresql@15-main.service
  rm -rf "$PGDATA.replaced"
  mv "$PGDATA" "$PGDATA.replaced"
  mv "$PGDATA.new" "$PGDATA"
  postgresql_start
}

verify() {
  streaming 120
  rm -rf "$PGDATA.replaced"
}

watch() {
  postgresql_watch
}
