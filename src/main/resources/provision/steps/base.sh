# shellcheck shell=bash
# What every node has: its name, everybody's names, addresses and routes that survive a reboot, kernel settings and
# the firewall; an agent that comes back when it is stopped; and keepalived where it is wanted.
#
# Values: NODE_NAME, ADDRESSES and ROUTES (DESTINATION,GATEWAY; both separated by blanks), and with keepalived VIRTUAL_ADDRESS and VIRTUAL_ADDRESS_MAC (of
#         the interface that gets it)
# Files:  hostname, hosts, resolv.conf, nftables.conf, 90-ejabberd-lab.conf (sysctl), 10-lab-NETWORK.network,
#         lab.conf (systemd, of multi-user.target), keepalived.conf or none

etc=(hostname hosts resolv.conf nftables.conf)
networks=("$LAB_FILES"/10-lab-*.network)
networks=("${networks[@]##*/}")
target=/etc/systemd/system/multi-user.target.d
facts=/var/lib/ejabberd-lab/facts
interfaces=(/sys/class/net/e*)
interfaces=("${interfaces[@]##*/}")

# Networks that the node is no longer attached to.
stale_networks() {
  local file
  for file in /etc/systemd/network/10-lab-*.network; do
    [[ ! -e $file || -e $LAB_FILES/${file##*/} ]] || printf '%s\n' "$file"
  done
}

keepalived_wanted() {
  [[ -e $LAB_FILES/keepalived.conf ]]
}

# The file is there only as long as the operator wants keepalived.
keepalived_configured() {
  if keepalived_wanted; then
    placed /etc/keepalived keepalived.conf && [[ -d /sys/fs/cgroup/system.slice/keepalived.service ]]
  else
    [[ ! -e $facts/virtual-address ]]
  fi
}

keepalived_configure() {
  local name
  if ! keepalived_wanted; then
    [[ -e $facts/virtual-address ]] || return 0
    systemctl --quiet disable --now keepalived.service
    rm -f /etc/keepalived/keepalived.conf /etc/keepalived/interface.conf "$facts/virtual-address"
    return
  fi
  mkdir -p "$facts" /etc/keepalived
  printf '%s\n' "$VIRTUAL_ADDRESS" >"$facts/virtual-address"
  name=$(interface "$VIRTUAL_ADDRESS_MAC")
  # shellcheck disable=SC2016 # a variable of keepalived
  printf '$LAB_INTERFACE=%s\n' "$name" >/etc/keepalived/interface.conf
  place 0644 root /etc/keepalived keepalived.conf
  systemctl --quiet --no-reload add-wants multi-user.target keepalived.service
  systemctl reload-or-restart keepalived.service
}

# Whether systemd has read that the agent is to run.
agent_upheld() {
  [[ $(systemctl show --property=Upholds --value multi-user.target) == *qemu-guest-agent.service* ]]
}

addressed() {
  local address
  for address in $ADDRESSES; do
    has_address "$address" || return 1
  done
}

routed() {
  local route
  for route in $ROUTES; do
    [[ -n $(ip -4 route show "${route%,*}" via "${route#*,}") ]] || return 1
  done
}

check() {
  placed /etc "${etc[@]}"
  placed /etc/sysctl.d 90-ejabberd-lab.conf
  placed /etc/systemd/network "${networks[@]}"
  placed "$target" lab.conf
  agent_upheld
  [[ -z $(stale_networks) ]]
  addressed
  keepalived_configured
  verify
}

apply() {
  local stale
  # The firewall first: from here on the node answers only whom it should. The whole set is exchanged at once, and one
  # that is not accepted does not come into its place.
  nft -f "$LAB_FILES/nftables.conf"
  place 0644 root /etc "${etc[@]}"

  printf '%s\n' "$NODE_NAME" >/proc/sys/kernel/hostname
  place 0644 root /etc/sysctl.d 90-ejabberd-lab.conf
  /lib/systemd/systemd-sysctl /etc/sysctl.d/90-ejabberd-lab.conf

  mapfile -t stale < <(stale_networks)
  ((${#stale[@]} == 0)) || rm -f "${stale[@]}"
  place 0644 root /etc/systemd/network "${networks[@]}"
  # Reloading the manager costs seconds on an emulated CPU and is not needed: the units are started below.
  systemctl --quiet --no-reload enable nftables.service systemd-networkd.service
  if [[ -d /sys/fs/cgroup/system.slice/systemd-networkd.service ]]; then
    networkctl reload
  else
    systemctl start systemd-networkd.service
  fi
  # What somebody took away by hand is not in the files that networkd compares.
  if ! wait_until 10 addressed || ! wait_until 10 routed; then
    networkctl reconfigure "${interfaces[@]}"
  fi
  keepalived_configure

  install -d -m 0755 "$target"
  place 0644 root "$target" lab.conf
  agent_upheld || systemctl daemon-reload
}

verify() {
  local name
  wait_until 60 routed || die "not all of the routes $ROUTES are there"
  read -r name </proc/sys/kernel/hostname
  [[ $name == "$NODE_NAME" ]] || die "the host name is $name instead of $NODE_NAME"
  wait_until 60 addressed || die "not all of the addresses $ADDRESSES are there"
  nft list table inet lab >/dev/null || die "the firewall is not loaded"
}

watch() {
  watch_files /etc "${etc[@]}"
  watch_files /etc/sysctl.d 90-ejabberd-lab.conf
  watch_files /etc/systemd/network "${networks[@]}"
  watch_files "$target" lab.conf
  watch_settings /etc/sysctl.d/90-ejabberd-lab.conf
  watch_output firewall nft list ruleset
  watch_output routing ip -4 route show proto static
  echo service systemd-networkd.service
  if keepalived_wanted; then
    watch_files /etc/keepalived keepalived.conf
    echo service keepalived.service
  fi
  # shellcheck disable=SC2086 # addresses separated by blanks
  printf 'address %s\n' $ADDRESSES
}
