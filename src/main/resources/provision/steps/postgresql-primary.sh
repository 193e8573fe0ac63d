# shellcheck shell=bash
# Gives the node's PostgreSQL instance, which may accept writes, what a primary has: settings, roles, database, schema,
# and a slot for each standby. A slot that it made for a standby that is gone is dropped, never one that somebody else
# made. A standby is not promoted by it: that is the step postgresql-promotion.
#
# Values: PRIMARY_TERM, PRIMARY_NODE (see obey_term), DATABASE, OWNER, COMMENT, REPLICATION_ROLE, SLOTS (names separated by blanks)
# Files:  ejabberd-lab.conf, standby.conf, pg_hba.conf, replication.pgpass, server.crt, server.key, ca.crt, lab.conf
#         (systemd), database-password, replication-password, read-write-address, primary.sql, primary-verify.sql

# Names of the slots that were made here, one a line: a slot itself does not tell who made it.
made=/var/lib/ejabberd-lab/facts/slots

# Remembers slots as made here.
remember() { # NAME...
  printf '%s\n' "$@" >"$LAB_STAGE/slots"
  mv -f "$LAB_STAGE/slots" "$made"
}

# Those of them that are not wanted any more, separated by blanks.
obsolete() {
  local slot
  [[ -e $made ]] || return 0
  while read -r slot; do
    [[ -z $slot || " $SLOTS " == *" $slot "* ]] || printf '%s ' "$slot"
  done <"$made"
}

check() {
  term_known
  postgresql_configured
  [[ ! -e $PGCONF/conf.d/standby-raised.conf ]]
  postgresql_current
  verify
}

apply() {
  obey_term
  postgresql_configure
  [[ ! -e $PGDATA/standby.signal ]] || die "PostgreSQL on this node is a standby: it must be promoted first"
  postgresql_start
  # Before they are made: a step that is killed in between has not forgotten them.
  # shellcheck disable=SC2046,SC2086 # one name a word
  remember $SLOTS $(obsolete)
  OBSOLETE_SLOTS=$(obsolete) DATABASE_PASSWORD=$(<"$LAB_FILES/database-password") REPLICATION_PASSWORD=$(<"$LAB_FILES/replication-password") \
    as_postgres psql -Xq -v ON_ERROR_STOP=1 <"$LAB_FILES/primary.sql"
  # shellcheck disable=SC2086 # one name a word
  remember $SLOTS
}

verify() {
  local answer
  # On loopback encryption only takes time.
  export PGSSLMODE=disable
  answer=$(OBSOLETE_SLOTS=$(obsolete) PGPASSWORD=$(<"$LAB_FILES/database-password") \
    psql -XAtq -v ON_ERROR_STOP=1 -h 127.0.0.1 -U "$OWNER" -d "$DATABASE" <"$LAB_FILES/primary-verify.sql")
  [[ $answer == ok ]] || die "$answer"
  PGPASSWORD=$(<"$LAB_FILES/replication-password") \
    psql -XAtq -h 127.0.0.1 -U "$REPLICATION_ROLE" -d 'replication=true' -c IDENTIFY_SYSTEM >/dev/null
}

watch() {
  postgresql_watch
  # After a reboot it waits for the permission.
  echo "service postgresql@15-main.service $PGPERMIT"
  [[ -z $SLOTS ]] || echo "slots $SLOTS"
}
