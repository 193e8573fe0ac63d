#!/usr/bin/env bash
# Has a current Kubernetes' own code judge the CRDs: the IT layer's API server may be one that drops rules and knows no
# costs. The program (crd-check/main.go) is built once, with the libraries and the Go of Debian's unstable suite, which
# is where a current Kubernetes is packaged; nothing is installed on the machine.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'EOF'
Usage: hack/crd-check.sh [build | FILE...]

Judges the given CRDs, by default those in crds/, and prints what their rules cost. build: only has the program there,
and prints its path.

LAB_CRD_CHECK: use this program and build none.
EOF
}

SUITE=sid
LIBRARY=golang-k8s-apiextensions-apiserver-dev
SOURCE=$HACK_DIR/crd-check/main.go
CACHE=$LAB_CACHE_DIR/crd-check
# The packages, unpacked, and Go's build cache.
BUILD_GIB=6

# By what it is built of, as far as that is known without asking a mirror.
from_cache() {
  local program
  for program in "$CACHE"/*-"$SUM"; do
    if [[ -x $program ]]; then
      echo "$program"
      return
    fi
  done
  return 1
}

# Unpacks the library with all that it is built on, and Go, below $WORK.
fetch() {
  local package candidate
  APT_CONFIG=$(private_apt "$SUITE") || die "Debian's package lists of $SUITE could not be had: see above"
  export APT_CONFIG
  # As on a machine with nothing installed: the libraries of the machine's own release are too old.
  : >"$WORK/status"
  candidate=$(apt-cache policy "$LIBRARY" | sed -n 's/^ *Candidate: //p')
  [[ -n $candidate && $candidate != '(none)' ]] || die "Debian $SUITE has no $LIBRARY at present: try later"
  VERSION=${candidate%-*}
  mkdir -p "$WORK/debs/partial" "$WORK/root"
  run_logged "fetching $LIBRARY $VERSION and what it needs" "$WORK/fetch.log" \
    apt-get -o Dir::State::status="$WORK/status" -o Dir::Cache::archives="$WORK/debs" -o Debug::NoLocking=true --yes \
    --no-install-recommends --download-only install "$LIBRARY" golang-go \
    || die "the packages of Debian $SUITE could not be fetched"
  for package in "$WORK"/debs/*.deb; do
    # Go's sources and the libraries': what else the packages depend on runs nothing here.
    case ${package##*/} in
      golang-*) dpkg-deb --fsys-tarfile "$package" | tar --extract --directory "$WORK/root" \
        --exclude '*_test.go' --exclude './usr/share/doc' --exclude './usr/share/gocode/src/*/testdata' ;;
    esac
    rm "$package"
  done
}

build() {
  local free goroot
  free=$(df --output=avail -BG "$CACHE" | tail -n 1 | tr -dc 0-9)
  ((free >= BUILD_GIB)) || die "building crd-check needs $BUILD_GIB GiB free in $CACHE, there are $free"
  fetch
  goroot=$(echo "$WORK"/root/usr/lib/go-*)
  mkdir -p "$WORK/src" "$WORK/tmp"
  cp "$SOURCE" "$WORK/src/"
  run_logged "building crd-check with $LIBRARY $VERSION: 2 to 4 minutes on 2 cores, once" "$WORK/build.log" \
    nice -n 10 env --chdir "$WORK/src" GOROOT="$goroot" GOPATH="$WORK/root/usr/share/gocode" GO111MODULE=off \
    GOFLAGS= GOTOOLCHAIN=local CGO_ENABLED=0 GOCACHE="$WORK/gocache" TMPDIR="$WORK/tmp" HOME="$WORK" \
    "$goroot/bin/go" build -ldflags=-s -o "$WORK/crd-check" . 9<&- \
    || die "crd-check could not be built"
  mv "$WORK/crd-check" "$CACHE/$VERSION-$SUM"
}

program() {
  if [[ -n ${LAB_CRD_CHECK-} ]]; then
    [[ -x $LAB_CRD_CHECK ]] || die "LAB_CRD_CHECK=$LAB_CRD_CHECK is no program: correct or unset it"
    PROGRAM=$LAB_CRD_CHECK
    return
  fi
  SUM=$(sha256sum "$SOURCE" | cut -c 1-12)-$(dpkg --print-architecture)
  PROGRAM=$(from_cache) && return
  lock_directory "$CACHE"
  # Another caller may have made it while this one waited.
  PROGRAM=$(from_cache) && return
  # What a killed run left; the lock says that none is at work.
  rm -rf "$CACHE"/.work-*
  WORK=$(mktemp -d "$CACHE/.work-XXXXXX")
  trap clean_up EXIT
  trap 'exit 130' INT TERM HUP
  build
  PROGRAM=$(from_cache)
}

clean_up() {
  pkill --parent $$ || :
  chmod -R u+w "$WORK"
  rm -rf "$WORK"
}

case ${1-} in
  -h | --help | help)
    usage
    exit
    ;;
  build)
    program
    echo "$PROGRAM"
    exit
    ;;
esac
program
[[ $# -gt 0 ]] || set -- "$REPO_DIR"/crds/[a-z]*.yaml
step "the CRDs as ${PROGRAM##*/} judges them"
"$PROGRAM" "$@" || die "an API server would refuse a CRD, or a rule comes too close to a limit: see above"
