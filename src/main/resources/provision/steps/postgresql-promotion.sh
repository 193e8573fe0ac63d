# shellcheck shell=bash
# Makes this node the primary: its PostgreSQL instance gets the permission to accept writes and is promoted when it is a
# standby, and the node gets the address that clients write to. Neither outlives a reboot: another node may be primary
# then. The operator sees to it that no other node is primary now.
#
# Values: PRIMARY_TERM, PRIMARY_NODE (see obey_term), ADDRESS, PREFIX_LENGTH, MAC (of the interface), NETWORK, GATEWAYS (addresses separated by blanks)
# Files:  synchronous.conf, read-write-address.conf (networkd), promote.sql

# Nothing is configured yet on a new node; the step postgresql-primary starts it then.
configured() {
  [[ -e $PGCONF/conf.d/ejabberd-lab.conf ]]
}

check() {
  term_known
  placed "$PGCONF/conf.d" synchronous.conf
  placed "$(read_write_drop_in)" read-write-address.conf
  verify
}

apply() {
  local interface gateway drop_in
  drop_in=$(read_write_drop_in)
  obey_term
  forget postgresql-standby postgresql-demotion
  # Before it accepts a write: nobody may be told that one is safe when it is not.
  place 0640 postgres "$PGCONF/conf.d" synchronous.conf
  mkdir -p "${PGPERMIT%/*}"
  : >"$PGPERMIT"
  if configured; then
    # For a standby that does not replay because it has less of a setting than its primary had.
    postgresql_suffice
    if ! postgresql_runs || [[ -e $PGCONF/conf.d/standby-raised.conf || -n $(postgresql_overruled) ]]; then
      postgresql_start
    fi
    postgresql_await
    # Another one may have been told meanwhile who is primary.
    obey_term
    as_postgres psql -Xq -v ON_ERROR_STOP=1 <"$LAB_FILES/promote.sql"
  fi
  interface=$(interface "$MAC")
  # networkd learns of it too, or it would take the address away when it next configures the interface.
  install -d -m 0755 "$drop_in"
  place 0644 root "$drop_in" read-write-address.conf
  has_address "$ADDRESS" || ip address add "$ADDRESS/$PREFIX_LENGTH" dev "$interface"
  # Whoever still has the former holder's MAC address learns the new one from the question for the gateway's. A
  # gateway that does not answer has nothing to unlearn.
  for gateway in $GATEWAYS; do
    ip neighbour flush to "$gateway" dev "$interface"
    ping -q -c 1 -W 2 -I "$ADDRESS" "$gateway" >/dev/null || continue
  done
}

verify() {
  [[ -e $PGPERMIT ]] || die "this node has no permission to be primary"
  [[ ! -e $PGDATA/standby.signal ]] || die "PostgreSQL on this node is a standby"
  ! configured || postgresql_runs || die "PostgreSQL does not run"
  has_address "$ADDRESS" || die "this node does not have the address $ADDRESS"
}

watch() {
  echo "address $ADDRESS"
  watch_files "$PGCONF/conf.d" synchronous.conf
  echo "file $PGPERMIT"
}
