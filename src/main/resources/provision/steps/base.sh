# shellcheck shell=bash
# What every node has: its name, everybody's names, addresses and routes that survive a reboot, kernel settings and
# the firewall; an agent that comes back when it is stopped; and keepalived where it is wanted.
#
# Values: NODE_NAME, ADDRESSES and ROUTES (DESTINATION,GATEWAY; both separated by blanks), and with keepalived VIRTUAL_ADDRESS and VIRTUAL_ADDRESS_MAC (of
#         the interface that gets it)
# Files:  hostname, hosts, resolv.conf, nftables.conf, 90-ejabberd-lab.conf (sysctl), 10-lab-NETWORK.network,
#         lab.conf (systemd, of multi-user.target), keepalived.conf and ejabberd-answers or neither

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
    placed /etc/keepalived keepalived.conf ejabberd-answers && [[ -d /sys/fs/cgroup/system.slice/keepalived.service ]]
  else
    [[ ! -e $facts/virtual-address ]]
  fi
}

keepalived_configure() {
  local name
  if ! keepalived_wanted; then
    [[ -e $facts/virtual-address ]] || return 0
    systemctl --quiet disable --now keepalived.service
    rm -f /etc/keepalived/keepalived.conf /etc/keepalived/ejabberd-answers /etc/keepalived/interface.conf "$facts/virtual-address"
    return
  fi
  mkdir -p "$facts" /etc/keepalived
  printf '%s\n' "$VIRTUAL_ADDRESS" >"$facts/virtual-address"
  name=$(interface "$VIRTUAL_ADDRESS_MAC")
  # shellcheck disable=SC2016 # a variable of keepalived
  printf '$LAB_INTERFACE=%s\n' "$name" >/etc/keepalived/interface.conf
  place 0644 root /etc/keepalived ejabberd-answers keepalived.conf
  systemctl --quiet --no-reload add-wants multi-user.target keepalived.service
  systemctl reload-or-restart keepalived.service
}

# Whether systemd has read that the agent is to run.
agent_upheld() {
  [[ " $(systemctl show --property=Upholds --value multi-user.target) " == *" qemu-guest-agent.service "* ]]
}

# Loads what gives the kernel settings that it has only with a module, now and at each boot before they are set.
load_modules() {
  local name modules=() module
  while read -r name _; do
    case $name in
      net.netfilter.* | net.nf_conntrack_max) module=nf_conntrack ;;
      net.bridge.*) module=br_netfilter ;;
      *) continue ;;
    esac
    [[ " ${modules[*]} " == *" $module "* ]] || modules+=("$module")
  done <"$LAB_FILES/90-ejabberd-lab.conf"
  if ((${#modules[@]} == 0)); then
    rm -f /etc/modules-load.d/90-ejabberd-lab.conf
    return
  fi
  printf '%s\n' "${modules[@]}" >/etc/modules-load.d/90-ejabberd-lab.conf
  modprobe -a "${modules[@]}" || die "the kernel cannot load ${modules[*]}, which spec.sysctls needs"
}

# The firewall's rules, as the kernel lists what was made of the file in place: two checksums.
firewall_sums() {
  local file rules
  file=$(cksum </etc/nftables.conf)
  rules=$(nft list ruleset | cksum)
  printf '%s\n' "$file $rules"
}

# Whether the kernel still has the rules that were made of the file in place.
firewall_current() {
  local was=''
  [[ ! -e $facts/firewall ]] || read -r was <"$facts/firewall"
  [[ -n $was && $was == "$(firewall_sums)" ]]
}

# Units that systemd starts at the next boot.
enabled() {
  [[ $(systemctl is-enabled nftables.service systemd-networkd.service) == $'enabled\nenabled' ]]
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
  mkdir -p "$facts"
  firewall_sums >"$facts/firewall"

  printf '%s\n' "$NODE_NAME" >/proc/sys/kernel/hostname
  place 0644 root /etc/sysctl.d 90-ejabberd-lab.conf
  load_modules
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
  local name wrong
  # systemd-sysctl passes over what the kernel does not have.
  wrong=$(wrong_settings "$LAB_FILES/90-ejabberd-lab.conf")
  [[ -z $wrong ]] || die "$wrong: see spec.sysctls"
  firewall_current || die "the kernel does not have the firewall's rules as they were loaded"
  enabled || die "nftables.service or systemd-networkd.service is not enabled: it would not start at the next boot"
  wait_until 60 routed || die "not all of the routes $ROUTES are there"
  read -r name </proc/sys/kernel/hostname
  [[ $name == "$NODE_NAME" ]] || die "the host name is $name instead of $NODE_NAME"
  wait_until 60 addressed || die "not all of the addresses $ADDRESSES are there"
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
    watch_files /etc/keepalived keepalived.conf ejabberd-answers
    echo service keepalived.service
  fi
  # shellcheck disable=SC2086 # addresses separated by blanks
  printf 'address %s\n' $ADDRESSES
}
