# shellcheck shell=bash
# Makes the node's PostgreSQL instance the one that accepts writes: settings, roles, database, schema, and a slot for
# each standby. A standby is not promoted by it.
#
# Values: DATABASE, OWNER, COMMENT, REPLICATION_ROLE, SLOTS (names separated by blanks)
# Files:  ejabberd-lab.conf, standby.conf, pg_hba.conf, replication.pgpass, database-password, replication-password,
#         read-write-address, primary.sql, primary-verify.sql

check() {
  postgresql_configured
  verify
}

apply() {
  postgresql_configure
  [[ ! -e $PGDATA/standby.signal ]] || die "PostgreSQL on this node is a standby: it must be promoted first"
  postgresql_start
  DATABASE_PASSWORD=$(<"$LAB_FILES/database-password") REPLICATION_PASSWORD=$(<"$LAB_FILES/replication-password") \
    as_postgres psql -Xq -v ON_ERROR_STOP=1 <"$LAB_FILES/primary.sql"
}

verify() {
  local answer
  answer=$(PGPASSWORD=$(<"$LAB_FILES/database-password") \
    psql -XAtq -v ON_ERROR_STOP=1 -h 127.0.0.1 -U "$OWNER" -d "$DATABASE" <"$LAB_FILES/primary-verify.sql")
  [[ $answer == ok ]] || die "$answer"
  PGPASSWORD=$(<"$LAB_FILES/replication-password") \
    psql -XAtq -h 127.0.0.1 -U "$REPLICATION_ROLE" -d 'replication=true' -c IDENTIFY_SYSTEM >/dev/null
}

watch() {
  postgresql_watch
}
