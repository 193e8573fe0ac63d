#!/usr/bin/env bash
# A real lab on this machine with nothing but this checkout: control plane, libvirt, image, operator, lab.
set -euo pipefail
export LAB_DEV_DIR=${LAB_DEV_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.demo}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

INSTANCE=demo
# KVM that is offered does not always work inside virtual machines; emulation does everywhere.
VIRTUALIZATION=${VIRTUALIZATION:-qemu}
# Five emulated guests on two busy cores need 5 to 8 minutes.
DEADLINE=1800

usage() {
  cat <<'EOF'
Usage: hack/demo.sh up|down

up    starts whatever is not running yet, applies deploy/samples/minimal-lab.yaml as lab "demo" and shows its progress
      until it is Ready; VIRTUALIZATION=kvm uses KVM (default: qemu, emulation)
down  deletes the lab, then stops and removes everything that up made
EOF
}

admin() {
  kubectl --kubeconfig "$LAB_DEV_DIR/kubeconfig" --request-timeout 30s "$@"
}

host() {
  jq --null-input --arg uri "$("$HACK_DIR/libvirt.sh" uri "$INSTANCE")" --arg virtualization "$VIRTUALIZATION" '{
    apiVersion: "ejabberdlab.dev/v1alpha1", kind: "LibvirtHost", metadata: {name: "default"},
    spec: {uri: $uri, virtualization: $virtualization}}'
}

# One line for each node and one for the whole, so that a changed line is news.
progress() {
  jq --raw-output '
    (.status.nodes // [] | .[] | "\(.name): \(.state), agent \(.agent), steps \(.steps)"
      + (if .step then ", \(.step)" else "" end)
      + (if .attempts then " (failed \(.attempts) times)" else "" end)),
    "lab: \(.status.phase // "Pending")"
      + (.status.conditions // [] | map(select(.type == "Ready")) | .[0].reason // "" | if . == "" then "" else ", \(.)" end)'
}

follow() {
  local seen='' now line started=$SECONDS
  while :; do
    now=$(admin get ejabberdlab demo --output json)
    while IFS= read -r line; do
      grep --quiet --fixed-strings --line-regexp -- "$line" <<<"$seen" || step "$line"
    done < <(progress <<<"$now")
    seen=$(progress <<<"$now")
    case $(jq --raw-output '.status.phase // ""' <<<"$now") in
      Ready) return ;;
      Stalled)
        admin describe ejabberdlab demo >&2
        die "the lab is stalled: see above"
        ;;
    esac
    ((SECONDS - started < DEADLINE)) || die "the lab is not Ready after $DEADLINE s: see $("$HACK_DIR/operator.sh" log)"
    # Not more often: each call of kubectl takes a third of a second from the guests.
    sleep 3
  done
}

what_next() {
  local uri address
  uri=$("$HACK_DIR/libvirt.sh" uri "$INSTANCE")
  address=$(admin get ejabberdlab demo --output jsonpath='{.status.endpoints[0].address}')
  cat <<EOF

The lab is Ready. What to try next:
  export KUBECONFIG=$LAB_DEV_DIR/kubeconfig
  kubectl get ejabberdlab demo -o wide
  kubectl describe ejabberdlab demo
  virsh -c '$uri' list
  hack/libvirt.sh exec $INSTANCE -- ping -c 1 $address
  virsh -c '$uri' destroy DOMAIN       # break something, and watch the lab mend itself
  make demo-down                       # remove everything again
EOF
}

up() {
  "$HACK_DIR/install-deps.sh"
  if "$HACK_DIR/operator.sh" status; then
    step "the operator runs already: not built again"
  else
    mkdir -p "$LAB_DEV_DIR"
    run_logged "building the operator" "$LAB_DEV_DIR/build.log" \
      mvn --batch-mode --file "$REPO_DIR/pom.xml" -DskipTests package
  fi
  "$REPO_DIR/image/build.sh"
  "$HACK_DIR/control-plane.sh" up >/dev/null
  "$HACK_DIR/libvirt.sh" up --name "$INSTANCE" >/dev/null
  "$REPO_DIR/image/publish.sh" "$("$HACK_DIR/libvirt.sh" uri "$INSTANCE")" default
  "$HACK_DIR/operator.sh" up
  step "applying the host and deploy/samples/minimal-lab.yaml"
  host | admin apply --validate=false -f - >&2
  admin apply --validate=false -f "$REPO_DIR/deploy/samples/minimal-lab.yaml" >&2
  follow
  echo
  admin get ejabberdlab demo
  what_next
}

down() {
  if "$HACK_DIR/control-plane.sh" status >/dev/null 2>&1 && "$HACK_DIR/operator.sh" status; then
    step "deleting the lab"
    admin delete ejabberdlab --all --all-namespaces --wait --timeout=300s --request-timeout=0 >&2 ||
      step "the lab was not deleted in time: its guests are removed with libvirt"
  fi
  "$HACK_DIR/operator.sh" down
  "$HACK_DIR/libvirt.sh" down --name "$INSTANCE"
  "$HACK_DIR/control-plane.sh" down
  rm -rf "$LAB_DEV_DIR"
}

case ${1-} in
  up) up ;;
  down) down ;;
  -h | --help) usage ;;
  *)
    usage >&2
    exit 2
    ;;
esac
