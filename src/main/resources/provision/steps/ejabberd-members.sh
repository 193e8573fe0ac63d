# shellcheck shell=bash
# Makes the cluster forget the members that are gone. Mnesia would wait for them for ever, and a node that comes back
# under an old name would not be let in.
#
# Values: ERLANG_NODE, MEMBERS (Erlang nodes that belong to the cluster, separated by blanks)

erlang() { # MODULE FUNCTION
  setpriv --reuid ejabberd --regid ejabberd --init-groups env HOME=/var/lib/ejabberd \
    erl_call -sname "$ERLANG_NODE" -a "$1 $2 []"
}

# The Erlang nodes in a list that ejabberd answers, separated by blanks: ['ejabberd@a','ejabberd@b'].
listed() { # FUNCTION
  local answer
  answer=$(erlang ejabberd_cluster "$1")
  [[ $answer == '['*']' ]] || die "ejabberd does not tell its nodes: $answer"
  printf '%s\n' "${answer//[][\'\",[:space:]]/ }"
}

# Members that the cluster knows and that do not belong to it, separated by blanks.
gone() {
  local known node
  known=$(listed get_known_nodes) || return 1
  for node in $known; do
    [[ " $MEMBERS " == *" $node "* ]] || printf '%s ' "$node"
  done
}

stopped() { # ERLANG_NODE
  local running
  running=$(listed get_nodes) || return 1
  [[ " $running " != *" $1 "* ]]
}

check() {
  local left
  left=$(gone)
  [[ -z $left ]]
}

apply() {
  local left node
  left=$(gone)
  for node in $left; do
    # It is being shut down. One that was switched off is missed within a minute.
    wait_until 300 stopped "$node" || die "$node is to leave the cluster and still runs"
    jq -n --arg node "$node" '{node: $node}' >"$LAB_STAGE/leave.json"
    curl -sS -m 120 -H 'Content-Type: application/json' --data "@$LAB_STAGE/leave.json" \
      http://127.0.0.1:5280/api/leave_cluster/v2
  done
}

verify() {
  local left
  left=$(gone)
  [[ -z $left ]] || die "the cluster still knows $left"
}
