# shellcheck shell=bash
# Gives this node, whose PostgreSQL instance is primary, the address that clients write to. Not for ever: after a
# reboot somebody else may be primary, so nothing of it is on the disk.
#
# Values: ADDRESS, PREFIX_LENGTH, MAC (of the interface), NETWORK, GATEWAYS (addresses separated by blanks)
# Files:  read-write-address.conf (networkd)

drop_in=/run/systemd/network/10-lab-$NETWORK.network.d

check() {
  verify
  placed "$drop_in" read-write-address.conf
}

apply() {
  local interface gateway
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
  has_address "$ADDRESS" || die "this node does not have the address $ADDRESS"
}

watch() {
  echo "address $ADDRESS"
}
