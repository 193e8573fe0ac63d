# shellcheck shell=bash
# Stops this node's PostgreSQL instance in order, for another one to become primary: what it wrote is on every standby
# that streams when it has ended. A standby whose promotion has failed is stopped by it too: one that runs may be
# promoted late. The node keeps neither the permission to accept writes nor the address for them.
#
# Values: PRIMARY_TERM, PRIMARY_NODE (see obey_term), ADDRESS, PREFIX_LENGTH, MAC (of the interface), NETWORK

check() {
  term_known
  verify
}

apply() {
  obey_term
  # A promotion step that an operator has left behind would promote the instance again.
  systemctl stop lab-step-postgresql-promotion.service 2>/dev/null || :
  forget postgresql-primary postgresql-promotion
  rm -f "$PGPERMIT"
  postgresql_stop
  read_write_release
}

verify() {
  [[ ! -e $PGPERMIT ]] || die "this node still has the permission to be primary"
  ! postgresql_runs || die "PostgreSQL still runs"
  ! has_address "$ADDRESS" || die "this node still has the address $ADDRESS"
}
