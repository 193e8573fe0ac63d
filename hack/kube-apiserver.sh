#!/usr/bin/env bash
# Prints the path of a kube-apiserver. etcd lies beside it, unless KUBEBUILDER_ASSETS names a directory without one.
# Taken from the first of: KUBEBUILDER_ASSETS, the cache, an envtest release, a build from Debian's source package.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# https://github.com/kubernetes-sigs/controller-tools/blob/main/envtest-releases.yaml names releases and SHA-512.
ENVTEST_VERSION=v1.30.0
declare -A ENVTEST_SHA512=(
  [amd64]=d53870e1a6c9b3b50366489a9387f4e254c664955e932e3e25e2088bb437b270bfab75d241b50849233f9a34bb1f08b41567ebb81ea29352104ae0f5b1cb9e88
  [arm64]=140748efaa394598f50175e809cd53896881ed046d93ebdfbd5442100f68b3d8d51fd22f8cf1ae06a6e43473897b789df0db6e0ae6c45c8320b000d5ee900005
)
ENVTEST_URL=https://github.com/kubernetes-sigs/controller-tools/releases/download

# Debian 12 is the last release whose source package builds with its own Go and holds the API server.
DEBIAN_SUITE=bookworm
# Entries in Go's build cache after a whole build of 1.20.2, for the progress line.
BUILD_ENTRIES=4200
BUILD_GIB=4

CACHE=$LAB_CACHE_DIR/kube-apiserver

# usable DIR: its server runs on this machine.
usable() {
  "$1/kube-apiserver" --version >/dev/null 2>&1
}

from_cache() {
  local dir
  for dir in "$CACHE/envtest-$ENVTEST_VERSION-$ARCH" "$CACHE"/debian-*-"$ARCH"; do
    if usable "$dir"; then
      echo "$dir/kube-apiserver"
      return
    fi
  done
  return 1
}

# publish DIR NAME: moves a finished DIR into the cache in one step.
publish() {
  usable "$1" || die "the new kube-apiserver in $1 does not run on this machine"
  rm -rf "${CACHE:?}/$2"
  mv -T "$1" "$CACHE/$2"
}

from_envtest() {
  local file=envtest-$ENVTEST_VERSION-linux-$ARCH.tar.gz sum=${ENVTEST_SHA512[$ARCH]-} error
  [[ -n $sum ]] || { step "envtest: no release for $ARCH is known here"; return 1; }
  command -v curl >/dev/null || { step "envtest: curl is not installed"; return 1; }
  step "downloading envtest $ENVTEST_VERSION"
  # A machine without that way out shall know within seconds; a slow download may take its time.
  if ! error=$(curl --fail --silent --show-error --location --connect-timeout 5 --speed-limit 1000 --speed-time 20 \
    --output "$WORK/$file" "$ENVTEST_URL/envtest-$ENVTEST_VERSION/$file" 2>&1); then
    step "envtest is not reachable from here (${error%%$'\n'*})"
    return 1
  fi
  if ! echo "$sum  $WORK/$file" | sha512sum --check --quiet --status; then
    step "envtest: $file has another SHA-512 than published, it is not used"
    return 1
  fi
  mkdir "$WORK/envtest"
  # The programs lie some directories deep, and not equally deep in every release.
  tar --extract --gzip --file "$WORK/$file" --directory "$WORK/envtest" --wildcards --transform 's|.*/||' \
    '*/kube-apiserver' '*/etcd' || return 1
  publish "$WORK/envtest" "envtest-$ENVTEST_VERSION-$ARCH"
}

# Downloads the source package, Debian's Go and reflect2, and unpacks the last two below $WORK: nothing of them is
# installed on the machine.
fetch_debian_sources() {
  local go package
  APT_CONFIG=$(private_apt "$DEBIAN_SUITE")
  export APT_CONFIG
  go=$(apt-cache depends golang-go | sed -n 's/^ *Depends: \(golang-[0-9.]*-go\)$/\1/p')
  [[ -n $go ]] || die "golang-go of $DEBIAN_SUITE names no versioned Go package"
  mkdir "$WORK/debs" "$WORK/root"
  cd "$WORK/debs"
  apt-get -qq download "$go" "${go%-go}-src" golang-github-modern-go-reflect2-dev >&2
  for package in *.deb; do
    dpkg-deb --extract "$package" "$WORK/root"
  done
  rm -- *.deb
  GOROOT=$(echo "$WORK"/root/usr/lib/go-*)
  apt-get -qq source --download-only kubernetes >&2
  # apt has checked the files against the signed index; the uploader's own signature needs more keyrings than most have.
  dpkg-source --no-check --extract ./*.dsc "$WORK/gopath/src/k8s.io/kubernetes" >"$WORK/unpack.log"
  SOURCE_VERSION=$(sed -n 's/^Version: //p' ./*.dsc | head -n 1)
  cd "$WORK/gopath/src/k8s.io/kubernetes"
  # The vendored reflect2 1.0.1 reads Go's map iterator by its old layout: built with Go 1.18 or later, the server
  # crashes at the first custom resource. 1.0.2 has the same import path.
  rm -r vendor/github.com/modern-go/reflect2
  cp -r "$WORK/root/usr/share/gocode/src/github.com/modern-go/reflect2" vendor/github.com/modern-go/
}

from_debian_source() {
  local free log started shown=0 entries upstream
  free=$(df --output=avail -BG "$CACHE" | tail -n 1 | tr -dc 0-9)
  ((free >= BUILD_GIB)) || die "building kube-apiserver needs $BUILD_GIB GiB free in $CACHE, there are $free"
  "$HACK_DIR/install-deps.sh" apiserver-build
  step "fetching Debian's source package kubernetes and its Go"
  mkdir -p "$WORK/gopath/src/k8s.io" "$WORK/tmp"
  fetch_debian_sources
  upstream=${SOURCE_VERSION##*really}
  upstream=${upstream%%-*}
  log=$WORK/build.log
  step "building kube-apiserver $upstream: 6 to 8 minutes on 2 cores, once"
  # The version is set as a release's would be: the tree is no git checkout, and clients read it. providerless leaves
  # out the cloud providers' libraries, which makes the server 62 instead of 110 MB.
  # Its own session, so that the whole build can be ended with this script.
  setsid nice -n 10 env GOROOT="$GOROOT" GOPATH="$WORK/gopath" GO111MODULE=off GOFLAGS=-tags=providerless CGO_ENABLED=0 \
    PATH="$GOROOT/bin:$PATH" TMPDIR="$WORK/tmp" \
    KUBE_GIT_VERSION="v$upstream" KUBE_GIT_COMMIT=debian KUBE_GIT_TREE_STATE=archive \
    make WHAT=cmd/kube-apiserver >"$log" 2>&1 9<&- &
  BUILD_PID=$!
  started=$SECONDS
  while kill -0 "$BUILD_PID" 2>/dev/null; do
    if ((SECONDS - started >= shown + 15)); then
      shown=$((SECONDS - started))
      entries=$(find _output/local/go/cache -name '*-a' 2>/dev/null | wc -l) || entries=0
      step "building kube-apiserver: $entries of about $BUILD_ENTRIES build steps"
    fi
    sleep 1
  done
  if ! wait "$BUILD_PID"; then
    BUILD_PID=
    tail -n 30 "$log" >&2
    die "building kube-apiserver from Debian's source package failed; its last lines are above"
  fi
  BUILD_PID=
  mkdir "$WORK/debian"
  cp _output/bin/kube-apiserver "$WORK/debian/"
  ln -s "$(command -v etcd)" "$WORK/debian/etcd"
  publish "$WORK/debian" "debian-$SOURCE_VERSION-$ARCH"
}

if [[ -n ${KUBEBUILDER_ASSETS-} ]]; then
  usable "$KUBEBUILDER_ASSETS" \
    || die "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS holds no kube-apiserver that runs here: correct or unset it"
  echo "$KUBEBUILDER_ASSETS/kube-apiserver"
  exit
fi

# Ends a build that is under way, and removes what is half made.
clean_up() {
  if [[ -n $BUILD_PID ]] && kill -TERM -- "-$BUILD_PID" 2>/dev/null; then
    wait "$BUILD_PID" || step "the build is ended"
  fi
  rm -rf "$WORK"
}

case $(uname -m) in
  x86_64) ARCH=amd64 ;;
  aarch64) ARCH=arm64 ;;
  *) ARCH=$(uname -m) ;;
esac
from_cache && exit
lock_directory "$CACHE"
# Another caller may have made it while this one waited.
from_cache && exit
# What a killed run left; the lock says that none is at work.
rm -rf "$CACHE"/.work-*
WORK=$(mktemp -d "$CACHE/.work-XXXXXX")
BUILD_PID=
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
from_envtest || from_debian_source
from_cache
