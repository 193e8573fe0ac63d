#!/usr/bin/env bash
# A Kubernetes API for development: etcd and kube-apiserver on loopback, no kubelet, no controllers.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

STATE=$LAB_DEV_DIR/control-plane
KUBECONFIG_ADMIN=$LAB_DEV_DIR/kubeconfig
KUBECONFIG_OPERATOR=$LAB_DEV_DIR/operator.kubeconfig
OPERATOR_NAMESPACE=ejabberd-lab-system
OPERATOR_ACCOUNT=ejabberd-lab-operator

usage() {
  cat <<EOF
Usage: hack/control-plane.sh up|down|status|operator-kubeconfig

up      starts etcd and kube-apiserver, or takes the cluster of LAB_KUBECONFIG, and prints the
        administrator's kubeconfig: $KUBECONFIG_ADMIN
down    stops exactly what up started and removes what it made, the stored resources included
status  prints the state; exit code 0 when the API is ready, 3 when not
operator-kubeconfig
        prints the kubeconfig with the operator's own rights: $KUBECONFIG_OPERATOR
        (with LAB_KUBECONFIG the service account must exist: apply the manifests first)
EOF
}

admin() {
  kubectl --kubeconfig "$KUBECONFIG_ADMIN" --request-timeout 10s "$@"
}

# running DAEMON: the process that up started, known by process id and start time, is still there.
running() {
  local pid start
  read -r pid start 2>/dev/null <"$STATE/$1.pid" || return 1
  process_runs "$pid" "$start"
}

# start DAEMON CMD...: starts it in a session of its own and records which process it is.
start() {
  local daemon=$1
  shift
  setsid "$@" </dev/null >>"$STATE/$daemon.log" 2>&1 9<&- &
  echo "$! $(start_time $!)" >"$STATE/$daemon.pid.new"
  mv "$STATE/$daemon.pid.new" "$STATE/$daemon.pid"
}

stopped() {
  ! running "$1"
}

stop() {
  local daemon=$1 pid start
  if running "$daemon"; then
    read -r pid start <"$STATE/$daemon.pid"
    step "stopping $daemon ($pid)"
    kill -TERM "$pid"
    if ! wait_for "$daemon ends" 20 stopped "$daemon"; then
      kill -KILL "$pid"
      wait_for "killed $daemon ends" 20 stopped "$daemon" || die "$daemon ($pid, started at $start) cannot be stopped"
    fi
  fi
  rm -f "$STATE/$daemon.pid"
}

port_is_free() {
  [[ -z $(ss --tcp --listening --numeric --no-header "sport = :$1") ]]
}

# port NAME: the port remembered under this name if it is free, else a new one, remembered.
# Below 32768, where Linux takes the ports of outgoing connections from.
port() {
  local file=$STATE/$1.port port
  if [[ -s $file ]]; then
    port=$(<"$file")
    if port_is_free "$port"; then
      echo "$port"
      return
    fi
  fi
  port=$((20000 + RANDOM % 10000))
  until port_is_free "$port" && [[ $(cat "$STATE"/*.port 2>/dev/null) != *"$port"* ]]; do
    port=$((port + 1))
  done
  echo "$port" >"$file"
  echo "$port"
}

make_credentials() {
  local token
  if [[ ! -s $STATE/tls.crt ]]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=ejabberd-lab-dev \
      -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout "$STATE/tls.key" -out "$STATE/tls.crt.new" 2>/dev/null
    mv "$STATE/tls.crt.new" "$STATE/tls.crt"
  fi
  if [[ ! -s $STATE/service-account.key ]]; then
    openssl genrsa -out "$STATE/service-account.key.new" 2048 2>/dev/null
    mv "$STATE/service-account.key.new" "$STATE/service-account.key"
  fi
  if [[ ! -s $STATE/tokens.csv ]]; then
    for token in admin operator; do
      openssl rand -hex 32 >"$STATE/$token.token"
    done
    cat >"$STATE/tokens.csv.new" <<EOF
$(<"$STATE/admin.token"),admin,admin,system:masters
$(<"$STATE/operator.token"),system:serviceaccount:$OPERATOR_NAMESPACE:$OPERATOR_ACCOUNT,operator,"system:serviceaccounts,system:serviceaccounts:$OPERATOR_NAMESPACE"
EOF
    mv "$STATE/tokens.csv.new" "$STATE/tokens.csv"
  fi
}

# write_kubeconfig FILE USER PORT
write_kubeconfig() {
  cat >"$1.new" <<EOF
apiVersion: v1
kind: Config
current-context: ejabberd-lab-dev
clusters:
  - name: ejabberd-lab-dev
    cluster:
      server: https://127.0.0.1:$3
      certificate-authority-data: $(base64 --wrap 0 "$STATE/tls.crt")
contexts:
  - name: ejabberd-lab-dev
    context: {cluster: ejabberd-lab-dev, user: $2, namespace: default}
users:
  - name: $2
    user: {token: $(<"$STATE/$2.token")}
EOF
  mv "$1.new" "$1"
}

# Slow heartbeats and no fsync: nobody waits for another etcd to take over, and a development store may be lost.
start_etcd() {
  local etcd=$1 client peer
  local -a extra=()
  client=$(port etcd)
  peer=$(port etcd-peer)
  if "$etcd" --unsafe-no-fsync --version >/dev/null 2>&1; then
    extra+=(--unsafe-no-fsync)
  fi
  step "etcd on 127.0.0.1:$client"
  start etcd "$etcd" --name default --data-dir "$STATE/etcd" \
    --listen-client-urls "http://127.0.0.1:$client" --advertise-client-urls "http://127.0.0.1:$client" \
    --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
    --initial-cluster "default=http://127.0.0.1:$peer" \
    --heartbeat-interval 1000 --election-timeout 5000 --log-level warn "${extra[@]}"
}

# Left out is what costs CPU and memory while nothing happens and changes nothing for an operator: priority and
# fairness, profiling, the endpoints lease of several API servers, object counts, beta APIs. Measured on 1.20.2: idle
# 1.3 % of one core and 240 MB, by default 2.2 % and 330 MB. RBAC and admission are as in a cluster.
start_apiserver() {
  local server=$1 port=$2
  step "kube-apiserver on 127.0.0.1:$port"
  start kube-apiserver "$server" --etcd-servers "http://127.0.0.1:$(<"$STATE/etcd.port")" \
    --bind-address 127.0.0.1 --advertise-address 127.0.0.1 --secure-port "$port" \
    --cert-dir "$STATE" --tls-cert-file "$STATE/tls.crt" --tls-private-key-file "$STATE/tls.key" \
    --token-auth-file "$STATE/tokens.csv" --authorization-mode RBAC \
    --service-account-key-file "$STATE/service-account.key" \
    --service-account-signing-key-file "$STATE/service-account.key" \
    --service-account-issuer https://kubernetes.default.svc --api-audiences https://kubernetes.default.svc \
    --service-cluster-ip-range 10.0.0.0/24 --disable-admission-plugins ServiceAccount \
    --enable-priority-and-fairness=false --profiling=false --endpoint-reconciler-type none \
    --etcd-count-metric-poll-period 0 --runtime-config api/beta=false
}

# curl, as kubectl would take half a core away from the server that is starting.
ready() {
  local url
  running etcd && running kube-apiserver || return 1
  url=https://127.0.0.1:$(<"$STATE/kube-apiserver.port")
  curl --silent --fail --fail-early --max-time 10 --cacert "$STATE/tls.crt" --header @<(echo "Authorization: Bearer $(<"$STATE/admin.token")") \
    "$url/readyz" "$url/api/v1/namespaces/default"
}

# ready_or_ended: nothing is left to wait for.
ready_or_ended() {
  ready || ! running etcd || ! running kube-apiserver
}

up_own() {
  local server etcd port
  need curl openssl ss setsid
  mkdir -p "$STATE"
  if ready >/dev/null 2>&1; then
    step "the control plane runs already"
    return
  fi
  server=$("$HACK_DIR/kube-apiserver.sh")
  etcd=$(dirname "$server")/etcd
  if [[ ! -x $etcd ]]; then
    need etcd
    etcd=$(command -v etcd)
  fi
  make_credentials
  running etcd || start_etcd "$etcd"
  if ! running kube-apiserver; then
    port=$(port kube-apiserver)
    write_kubeconfig "$KUBECONFIG_ADMIN" admin "$port"
    write_kubeconfig "$KUBECONFIG_OPERATOR" operator "$port"
    start_apiserver "$server" "$port"
  fi
  if ! wait_for "kube-apiserver gets ready" 180 ready_or_ended || ! ready >/dev/null 2>&1; then
    tail -n 15 "$STATE/etcd.log" "$STATE/kube-apiserver.log" >&2
    die "the control plane did not get ready: the last lines of $STATE/*.log are above"
  fi
}

up_given() {
  [[ ! -d $STATE ]] \
    || die "LAB_KUBECONFIG is set, but $LAB_DEV_DIR has a control plane of its own: run hack/control-plane.sh down"
  # In files of our own, so that everything after this reads the same path in both cases.
  if ! kubectl --kubeconfig "$LAB_KUBECONFIG" config view --raw --flatten --minify >"$KUBECONFIG_ADMIN.new"; then
    rm "$KUBECONFIG_ADMIN.new"
    die "LAB_KUBECONFIG=$LAB_KUBECONFIG is no kubeconfig with a current context"
  fi
  mv "$KUBECONFIG_ADMIN.new" "$KUBECONFIG_ADMIN"
  admin get --raw /readyz >/dev/null \
    || die "the cluster of LAB_KUBECONFIG=$LAB_KUBECONFIG is not ready: it is used as it is, nothing is started for it"
}

up() {
  local version
  need kubectl jq
  lock_directory "$LAB_DEV_DIR"
  if [[ -n ${LAB_KUBECONFIG-} ]]; then up_given; else up_own; fi
  version=$(admin get --raw /version | jq -r .gitVersion)
  step "Kubernetes $version is ready"
  echo "$KUBECONFIG_ADMIN"
}

down() {
  [[ -d $LAB_DEV_DIR ]] || return 0
  lock_directory "$LAB_DEV_DIR"
  stop kube-apiserver
  stop etcd
  rm -rf "$STATE" "$KUBECONFIG_ADMIN" "$KUBECONFIG_OPERATOR"
  rmdir --ignore-fail-on-non-empty "$LAB_DEV_DIR"
  step "the control plane is gone"
}

status() {
  need kubectl
  if [[ ! -e $KUBECONFIG_ADMIN ]]; then
    echo "down"
    return 3
  fi
  if [[ -d $STATE ]]; then
    if ready >/dev/null 2>&1; then
      echo "ready, kubeconfig $KUBECONFIG_ADMIN"
      return
    fi
  elif [[ $(admin get --raw /readyz 2>/dev/null) == ok ]]; then
    echo "ready, a given cluster, kubeconfig $KUBECONFIG_ADMIN"
    return
  fi
  echo "not ready, kubeconfig $KUBECONFIG_ADMIN"
  return 3
}

operator_kubeconfig() {
  need kubectl
  [[ -e $KUBECONFIG_ADMIN ]] || die "there is no control plane: run hack/control-plane.sh up"
  if [[ ! -d $STATE ]]; then
    local token
    token=$(admin --namespace "$OPERATOR_NAMESPACE" create token "$OPERATOR_ACCOUNT" --duration 24h) \
      || die "service account $OPERATOR_NAMESPACE/$OPERATOR_ACCOUNT gets no token: apply the operator's manifests first"
    admin config view --raw -o json \
      | TOKEN=$token jq '.users[].user = {token: env.TOKEN}' >"$KUBECONFIG_OPERATOR.new"
    mv "$KUBECONFIG_OPERATOR.new" "$KUBECONFIG_OPERATOR"
  fi
  echo "$KUBECONFIG_OPERATOR"
}

(($# == 1)) || { usage >&2; exit 2; }
# Kubeconfigs, tokens and keys are for this user alone.
umask 077
case $1 in
  up | down | status) "$1" ;;
  operator-kubeconfig) operator_kubeconfig ;;
  -h | --help | help) usage ;;
  *) usage >&2; exit 2 ;;
esac
