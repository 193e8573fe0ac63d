# shellcheck shell=bash
# Makes this node a member of the cluster. Only an empty node joins: joining replaces its Mnesia database.
#
# Values: ERLANG_NODE, CLUSTER_NODE (the member that is joined)
# Files:  join.json (arguments of the API's join_cluster)

api() { # COMMAND [FILE]
  curl -sS -m 60 -H 'Content-Type: application/json' ${2:+--data "@$2"} "http://127.0.0.1:5280/api/$1/v2"
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
  [[ $(members) == *"\"$CLUSTER_NODE\""* && $(members_there) == *"$ERLANG_NODE"* ]]
}

check() {
  joined
}

apply() {
  local here answer
  here=$(members)
  case $here in
    *"\"$CLUSTER_NODE\""*) return ;;
    "[\"$ERLANG_NODE\"]") ;;
    *) die "this node is in another cluster: $here" ;;
  esac
  answer=$(api join_cluster "$LAB_FILES/join.json")
  case $answer in
    *"Trying to join"* | *"already joined"*) ;;
    *) die "ejabberd does not join $CLUSTER_NODE: $answer" ;;
  esac
}

verify() {
  wait_until 300 joined || die "the nodes do not list each other: here $(members), there $(members_there)"
}
