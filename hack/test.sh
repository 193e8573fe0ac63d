#!/usr/bin/env bash
# Runs layers of tests with everything that they need; `make test` calls it.
set -euo pipefail
export LAB_DEV_DIR=${LAB_DEV_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.dev/test}
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

INSTANCE=${INSTANCE:-test}
# A cluster of the user's.
given=${LAB_KUBECONFIG-}
started=
image=
user_made=
OPERATOR_USER=ejabberd-lab-operator
ended=
MVN=(mvn --batch-mode --no-transfer-progress --file "$REPO_DIR/pom.xml")

usage() {
  cat <<'EOF'
Usage: hack/test.sh LAYER...

unit     unit tests, formatting, package directions, generated files, scripts, and the CRDs as a
         current Kubernetes judges them
it       the operator on a real API server with libvirt's test driver
it-all   the same and the tests that take long (JUnit tag "long")
e2e      the operator with real guests on a libvirt of its own
e2e-all  the same and the tests that take long
image    the operator's container image, installed with its chart and run as a kubelet would, brings
         up a lab of real guests
faults   a lab in use that is broken in every way; FAULTS=NAME,... chooses, and then only with
         REPORT=yes their rows go into docs/reliability.md

INSTANCE (default "test") names the libvirt that is started for it.

Starts what a layer needs, and stops and removes what it started, whatever the outcome.
EOF
}

# How the lab was when the first test failed; the whole is in target/e2e/failures.
first_failure() {
  local reports=("$REPO_DIR"/target/e2e/failures/*) oldest report
  oldest=${reports[0]}
  [[ -e $oldest ]] || return 0
  for report in "${reports[@]}"; do [[ $oldest -ot $report ]] || oldest=$report; done
  step "the end of $oldest"
  tail -n 50 "$oldest" | cut -c 1-240
}

control_planes_down() {
  local outcome=0
  LAB_DEV_DIR=$LAB_DEV_DIR/second "$HACK_DIR/control-plane.sh" down || outcome=1
  "$HACK_DIR/control-plane.sh" down || outcome=1
  return "$outcome"
}

clean_up() {
  local outcome=$?
  trap - EXIT
  step "cleaning up"
  # A run that is ended from outside has left its Maven behind.
  pkill --parent $$ || :
  # Only what was started here: another run may have a libvirt of that name.
  [[ -z $started ]] || "$HACK_DIR/libvirt.sh" down --name "$INSTANCE" || outcome=1
  [[ -z $image ]] || as_root podman rmi --force "$image" "${image/operator:/operator-base:}" >/dev/null || outcome=1
  if [[ -n $user_made ]]; then
    ! getent passwd "$OPERATOR_USER" >/dev/null || as_root userdel "$OPERATOR_USER" || outcome=1
    # userdel takes the group along where the machine is set up so.
    ! getent group "$OPERATOR_USER" >/dev/null || as_root groupdel "$OPERATOR_USER" || outcome=1
  fi
  control_planes_down || outcome=1
  [[ -n $ended ]] || outcome=$((outcome ? outcome : 1))
  if ((outcome == 0)); then
    step "passed"
  else
    first_failure
    step "failed"
  fi
  exit "$outcome"
}

scripts() {
  local list
  step "shellcheck"
  mapfile -t list < <(cd "$REPO_DIR" && git ls-files '*.sh' .ci/run)
  (cd "$REPO_DIR" && shellcheck "${list[@]}")
}

# What a layer needs and takes minutes to build is built beside the layers before it, at low priority. Whoever needs it
# calls the same script, which waits for it, or says why it cannot be had.
build_ahead() { # LAYER...
  local layer
  for layer in "$@"; do
    case $layer in
      unit) "$HACK_DIR/crd-check.sh" build ;;
      it | it-all) "$HACK_DIR/kube-apiserver.sh" ;;
      *) nice "$REPO_DIR/image/build.sh" ;;
    esac >/dev/null 2>&1 &
  done
}

unit() {
  scripts
  step "unit tests"
  "${MVN[@]}" verify
  "$HACK_DIR/crd-check.sh"
}

package() {
  step "packaging the operator"
  "${MVN[@]}" --quiet -DskipTests package
}

control_plane() {
  "$HACK_DIR/control-plane.sh" up >/dev/null
  LAB_KUBECONFIG=$LAB_DEV_DIR/kubeconfig
  LAB_OPERATOR_KUBECONFIG=$("$HACK_DIR/control-plane.sh" operator-kubeconfig)
  "$HACK_DIR/operator.sh" manifests
}

# Its tests wait more than they work, so two processes share them, each with a control plane of its own: operators that
# shared one would find each other's labs. On a cluster that was given there is one.
it() {
  local second=$LAB_DEV_DIR/second
  local -a processes=()
  if [[ -z $given ]]; then
    LAB_DEV_DIR=$second "$HACK_DIR/control-plane.sh" up >/dev/null
    LAB_DEV_DIR=$second "$HACK_DIR/operator.sh" manifests
    LAB_OPERATOR_KUBECONFIG_2=$(LAB_DEV_DIR=$second "$HACK_DIR/control-plane.sh" operator-kubeconfig)
    export LAB_KUBECONFIG_2=$second/kubeconfig LAB_OPERATOR_KUBECONFIG_2
    processes=(-Dfailsafe.forks=2)
  fi
  control_plane
  step "integration tests"
  LAB_KUBECONFIG=$LAB_KUBECONFIG LAB_OPERATOR_KUBECONFIG=$LAB_OPERATOR_KUBECONFIG \
    "${MVN[@]}" -DskipUnitTests -Pit "${processes[@]}" "$@" verify
  # The next layer's operator must not find the labs of this one.
  control_planes_down
}

it-all() {
  it -Dfailsafe.excluded=none
}

# guests PROFILE [MAVEN_OPTION...]: the tests of a profile with everything that real guests need.
guests() {
  local profile=$1
  shift
  "$REPO_DIR/image/build.sh"
  control_plane
  started=yes
  "$HACK_DIR/libvirt.sh" up --name "$INSTANCE" >/dev/null
  LAB_LIBVIRT_URI=$("$HACK_DIR/libvirt.sh" uri "$INSTANCE")
  "$REPO_DIR/image/publish.sh" "$LAB_LIBVIRT_URI" default
  package
  rm -rf "$REPO_DIR/target/e2e"
  step "tests with real guests ($profile); the operator's log: target/e2e/operator.log"
  LAB_KUBECONFIG=$LAB_KUBECONFIG LAB_OPERATOR_KUBECONFIG=$LAB_OPERATOR_KUBECONFIG LAB_LIBVIRT_URI=$LAB_LIBVIRT_URI \
    LAB_LIBVIRT_NAME=$INSTANCE "${MVN[@]}" -DskipUnitTests "-P$profile" "$@" verify
}

e2e() {
  guests e2e
}

e2e-all() {
  guests e2e -Dfailsafe.excluded=faults
}

# The name is that of this run, so that it can be taken away again.
image() {
  "$HACK_DIR/install-deps.sh" container
  package
  image=localhost/ejabberd-lab-operator:test-$INSTANCE
  "$REPO_DIR/container/build.sh" --tag "$image"
  # libvirtd lets in only users and groups that its machine knows (docs/install.md).
  if ! getent passwd 10001 >/dev/null; then
    user_made=yes
    as_root groupadd --system --gid 10001 "$OPERATOR_USER"
    as_root useradd --system --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin "$OPERATOR_USER"
  fi
  LAB_OPERATOR_IMAGE=$image guests e2e -Dit.test=BringUpE2E
}

faults() {
  guests faults ${FAULTS:+"-Dfaults=$FAULTS"} ${REPORT:+-Dfaults.report=true}
}

[[ $# -gt 0 ]] || {
  usage >&2
  exit 2
}
for layer in "$@"; do
  case $layer in
    unit | it | it-all | e2e | e2e-all | image | faults) ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
done

"$HACK_DIR/install-deps.sh"
trap clean_up EXIT
build_ahead "$@"
for layer in "$@"; do
  "$layer"
done
# One that is killed has not passed, whatever its exit code was until then.
ended=yes
