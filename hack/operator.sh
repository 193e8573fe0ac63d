#!/usr/bin/env bash
# Runs the operator, built by Maven into target/quarkus-app, as a process of its own against the development control
# plane, with exactly the rights that deploy/rbac.yaml gives it.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

STATE=$LAB_DEV_DIR/operator
JAR=$REPO_DIR/target/quarkus-app/quarkus-run.jar

usage() {
  cat <<'EOF'
Usage: hack/operator.sh up|down|status|log|manifests

up      applies CRDs and RBAC, starts the operator and waits until it is ready; a running one is kept
down    stops it
status  exit code 0 when it runs, 3 when not
log     prints the path of its log
manifests  applies CRDs and RBAC only

JAVA_OPTS are passed on; OPERATOR_HTTP_PORT (default: a free one) is where it serves health and metrics.
EOF
}

admin() {
  kubectl --kubeconfig "$LAB_DEV_DIR/kubeconfig" --request-timeout 30s "$@"
}

running() {
  local pid start
  read -r pid start 2>/dev/null <"$STATE/pid" || return 1
  process_runs "$pid" "$start"
}

free_port() {
  local port
  for port in $(shuf -i 20000-29999 -n 50); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  die "no free port between 20000 and 29999"
}

ready() {
  curl --silent --fail --max-time 2 --output /dev/null "http://127.0.0.1:$1/q/health/ready"
}

ready_or_ended() {
  ready "$1" || ! running
}

manifests() {
  # kubectl's own check does not know the CRDs' validation rules when the API server is older than they are.
  admin apply --validate=false -k "$REPO_DIR/crds" >&2
  admin apply --validate=false -f "$REPO_DIR/deploy/namespace.yaml" -f "$REPO_DIR/deploy/rbac.yaml" >&2
  admin wait --for=condition=Established --timeout=60s \
    crd/ejabberdlabs.ejabberdlab.dev crd/libvirthosts.ejabberdlab.dev >&2
}

up() {
  [[ -e $JAR ]] || die "$JAR is missing: run 'make build' first"
  need kubectl curl java
  manifests
  mkdir -p "$STATE"
  if running; then
    step "the operator runs already"
    return
  fi
  local port kubeconfig options
  port=${OPERATOR_HTTP_PORT:-$(free_port)}
  kubeconfig=$("$HACK_DIR/control-plane.sh" operator-kubeconfig)
  # The emulated guests need the processor more than the operator does: no parallel collector, one compiler tier.
  read -r -a options <<<"${JAVA_OPTS:--Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1}"
  KUBECONFIG=$kubeconfig EJABBERD_LAB_IDENTITY=hack-operator QUARKUS_HTTP_PORT=$port QUARKUS_HTTP_HOST=127.0.0.1 \
    setsid java "${options[@]}" -jar "$JAR" </dev/null >>"$STATE/log" 2>&1 &
  echo "$! $(start_time $!)" >"$STATE/pid"
  wait_for "operator ready" 180 ready_or_ended "$port" || die "the operator did not become ready: see $STATE/log"
  running || die "the operator has ended: see $STATE/log"
  step "the operator runs; log: $STATE/log"
}

down() {
  if running; then
    local pid start
    read -r pid start <"$STATE/pid"
    step "stopping the operator ($pid)"
    kill -TERM "$pid"
    if ! wait_for "operator ends" 30 gone "$pid" "$start"; then
      kill -KILL "$pid"
      wait_for "killed operator ends" 20 gone "$pid" "$start" || die "the operator ($pid) cannot be stopped"
    fi
  fi
  rm -rf "$STATE"
}

gone() {
  ! process_runs "$1" "$2"
}

case ${1-} in
  up) up ;;
  down) down ;;
  status) running || exit 3 ;;
  manifests) manifests ;;
  log) echo "$STATE/log" ;;
  -h | --help) usage ;;
  *)
    usage >&2
    exit 2
    ;;
esac
