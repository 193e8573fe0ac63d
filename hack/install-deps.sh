#!/usr/bin/env bash
# Installs the Debian packages that building, testing and trying out the project need, and only those that are missing.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'EOF'
Usage: hack/install-deps.sh [apiserver-build]

Installs what is missing for make test and make demo. With apiserver-build: what building
kube-apiserver from Debian's source package needs besides (hack/kube-apiserver.sh calls it).
EOF
}

MISSING=()

# want PACKAGE WHY [PATH-OR-COMMAND...]: notes PACKAGE unless it is installed or one of the commands or files exists,
# from wherever it came.
want() {
  local package=$1 why=$2 found
  shift 2
  for found; do
    if [[ $found == /* ]]; then
      [[ -e $found ]] && return
    else
      command -v "$found" >/dev/null && return
    fi
  done
  [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] && return
  MISSING+=("$package")
  step "missing: $package ($why)"
}

want_default() {
  want openjdk-17-jdk-headless "compiles and runs the operator" javac
  want maven "builds it" mvn
  want libvirt-daemon "libvirtd with the drivers for networks and storage" libvirtd
  want libvirt-daemon-driver-qemu "QEMU guests in libvirt" /usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so
  # It also makes the user libvirt-qemu, as which QEMU runs.
  want libvirt-daemon-system "libvirt's users and directories"
  want libvirt-clients "virsh" virsh
  want libvirt0 "the library that libvirt-java loads"
  want qemu-system-x86 "runs the guests" qemu-system-x86_64
  want qemu-utils "makes disk images" qemu-img
  want dnsmasq-base "DHCP and names in the guests' networks" dnsmasq
  want iproute2 "network namespaces" ip
  want iptables "libvirt's NAT" iptables
  want nftables "checks the guests' firewall rules" nft
  want mmdebstrap "builds the guest image" mmdebstrap
  want e2fsprogs "makes its file system" mke2fs
  want etcd-server "stores the development control plane's resources" etcd
  want jq "reads JSON in scripts" jq
  want curl "downloads envtest's kube-apiserver" curl
  want openssl "the development control plane's keys" openssl
  want shellcheck "checks the scripts" shellcheck
  want kubernetes-client "kubectl" kubectl
}

want_apiserver_build() {
  want make "Kubernetes' build" make
  want rsync "Kubernetes' build" rsync
  want jq "Kubernetes' build" jq
  want dpkg-dev "unpacks source packages" dpkg-source
  want etcd-server "goes with the API server" etcd
}

# Packages start their services when they are installed. For those installed here that must not happen: a
# libvirtd of the system would take addresses and bridges, an etcd its port, and nobody asked for either. Services that
# are installed already are left as they are.
install_missing() {
  local policy=/usr/sbin/policy-rc.d
  step "installing with apt-get: ${MISSING[*]}"
  as_root apt-get -qq update >&2 || step "apt-get update reported errors"
  if [[ -e $policy ]]; then
    apt_install
    return
  fi
  trap 'as_root rm -f "$policy"' EXIT
  printf '#!/bin/sh\n# Of an ejabberd-lab hack/install-deps.sh that is at work: new services are not started.\nexit 101\n' \
    | as_root install -m 0755 /dev/stdin "$policy"
  apt_install
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "${MISSING[@]}" >&2
}

case ${1-} in
  '') want_default ;;
  apiserver-build) want_apiserver_build ;;
  -h | --help | help) usage; exit ;;
  *) usage >&2; exit 2 ;;
esac
if ((${#MISSING[@]})); then
  install_missing
  step "installed: ${MISSING[*]}"
else
  step "all packages are there"
fi
