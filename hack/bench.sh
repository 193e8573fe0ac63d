#!/usr/bin/env bash
# Measures the bring-up of the reference lab as a ratio to the floor; `make bench-bringup` calls it.
set -euo pipefail
export LAB_DEV_DIR=${LAB_DEV_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.dev/bench}
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

INSTANCE=bench
ROUNDS=${ROUNDS:-3}

clean_up() {
  local outcome=$?
  trap - EXIT
  step "cleaning up"
  "$HACK_DIR/operator.sh" down || outcome=1
  "$HACK_DIR/libvirt.sh" down --name "$INSTANCE" || outcome=1
  "$HACK_DIR/control-plane.sh" down || outcome=1
  exit "$outcome"
}

"$HACK_DIR/install-deps.sh"
trap clean_up EXIT
step "packaging the operator"
mvn --batch-mode --quiet --file "$REPO_DIR/pom.xml" -DskipTests package
"$REPO_DIR/image/build.sh"
"$HACK_DIR/control-plane.sh" up >/dev/null
"$HACK_DIR/libvirt.sh" up --name "$INSTANCE" >/dev/null
uri=$("$HACK_DIR/libvirt.sh" uri "$INSTANCE")
"$REPO_DIR/image/publish.sh" "$uri" default
"$HACK_DIR/operator.sh" up
jq --null-input --arg uri "$uri" '{apiVersion: "ejabberdlab.dev/v1alpha1", kind: "LibvirtHost",
  metadata: {name: "default"}, spec: {uri: $uri, virtualization: "qemu"}}' |
  kubectl --kubeconfig "$LAB_DEV_DIR/kubeconfig" apply --validate=false -f - >&2
read -r pid _ <"$LAB_DEV_DIR/operator/pid"
"$REPO_DIR/bench/bringup.py" --kubeconfig "$LAB_DEV_DIR/kubeconfig" --operator-pid "$pid" --uri "$uri" \
  --image "$LAB_CACHE_DIR/image" --rounds "$ROUNDS" --report "$REPO_DIR/docs/performance.md"
