# shellcheck shell=bash
# Makes this node a member of the cluster. Only an empty node joins: joining replaces its Mnesia database. A member that
# has lost the joined one while both ran is restarted, for example after the network between them was cut: its Mnesia
# then takes over what the joined one has.
#
# Values: ERLANG_NODE, CLUSTER_NODE (the member that is joined)
# Files:  join.json (arguments of the API's join_cluster)

api() { # COMMAND [FILE]
  curl -sS -m 60 -H 'Content-Type: application/json' ${2:+--data "@$2"} "http://127.0.0.1:5280/api/$1/v2"
}

# Calls a function on this node.
erlang() { # MODULE FUNCTION ARGUMENTS
  setpriv --reuid ejabberd --regid ejabberd --init-groups env HOME=/var/lib/ejabberd \
    erl_call -sname "$ERLANG_NODE" -a "$1 $2 $3"
}

# Gives ejabberd so much time until it must tell systemd again that it is alive; without a number, the usual. The Erlang VM
# says so: it is there while ejabberd starts anew in it, and systemd hears nobody outside of the service.
watchdog() { # [MICROSECONDS]
  local time=${1:-}
  [[ -n $time ]] || time=$(erlang os getenv '["WATCHDOG_USEC"]' | tr -d '"')
  if [[ $time =~ ^[0-9]+$ ]]; then
    erlang os cmd "[\"systemd-notify WATCHDOG=1 WATCHDOG_USEC=$time\"]" >/dev/null
  fi
}

# Members as this node sees them.
members() {
  api list_cluster
}

# Members as the joined node sees them. Its API listens on its loopback only, so it is asked in Erlang.
members_there() {
  setpriv --reuid ejabberd --regid ejabberd --init-groups env HOME=/var/lib/ejabberd \
    erl_call -sname "$CLUSTER_NODE" -a 'ejabberd_cluster get_nodes []'
}

joined() {
  lists_node "$(members)" "$CLUSTER_NODE" && lists_node "$(members_there)" "$ERLANG_NODE"
}

# A step that was killed after the node had joined has left systemd with the patience of a join.
check() {
  joined && [[ $(systemctl show --property WatchdogUSec --value ejabberd.service) != 15min ]]
}

apply() {
  local here known answer
  here=$(members)
  if lists_node "$here" "$CLUSTER_NODE"; then return; fi
  known=$(erlang ejabberd_cluster get_known_nodes '[]')
  if lists_node "$known" "$CLUSTER_NODE"; then
    systemctl restart ejabberd.service
    return
  fi
  [[ $here == "[\"$ERLANG_NODE\"]" ]] || die "this node is in another cluster: $here"
  # To join, ejabberd stops and starts inside its Erlang VM, and would tell systemd that it stops. systemd would wait for
  # the end of the VM and kill it after two minutes. So the process that tells systemd is suspended; the one that is
  # started in its place tells again, but not before half of the watchdog's time has gone: with what had gone before, and
  # the start, that can be too late.
  watchdog $((15 * 60 * 1000000))
  erlang sys suspend '[ejabberd_systemd]' >/dev/null
  answer=$(api join_cluster "$LAB_FILES/join.json")
  case $answer in
    *"Trying to join"* | *"already joined"*) ;;
    *)
      erlang sys resume '[ejabberd_systemd]' >/dev/null
      watchdog
      die "ejabberd does not join $CLUSTER_NODE: $answer"
      ;;
  esac
}

# Asked seldom: on an emulated CPU each question takes a third of a second from the node that restarts.
joined_soon() {
  joined || {
    sleep 1.5
    return 1
  }
}

verify() {
  local state
  wait_until 300 joined_soon || die "the nodes do not list each other: here $(members), there $(members_there)"
  # If ejabberd did not have to stop, that process is still suspended, and systemd's watchdog would miss it.
  erlang sys resume '[ejabberd_systemd]' >/dev/null
  watchdog
  state=$(systemctl is-active ejabberd.service) || :
  [[ $state == active ]] || die "systemd takes ejabberd for $state"
}

watch() {
  echo "member $ERLANG_NODE $CLUSTER_NODE"
}
