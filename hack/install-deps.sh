#!/usr/bin/env bash
# Installs the Debian packages that building, testing and trying out the project need, and only those that are missing.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'EOF'
Usage: hack/install-deps.sh [apiserver-build|container]

Installs what is missing for make test and make demo. With apiserver-build: what building
kube-apiserver from Debian's source package needs besides (hack/kube-apiserver.sh calls it). With
container: what the operator's container image is built with (make operator-image).
EOF
}

MISSING=()

# want PACKAGE WHY [COMMAND]: notes PACKAGE unless it is installed, or COMMAND exists from wherever it came.
want() {
  if [[ -n ${3-} ]] && command -v "$3" >/dev/null; then
    return
  fi
  [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null) == installed ]] && return
  MISSING+=("$1")
  step "missing: $1 ($2)"
}

has_java_17() {
  local version
  version=$(javac -version 2>&1) || return 1
  version=${version#javac }
  [[ ${version%%.*} =~ ^[0-9]+$ ]] && ((${version%%.*} >= 17))
}

want_default() {
  has_java_17 || want openjdk-17-jdk-headless "compiles and runs the operator"
  want maven "builds it" mvn
  want make "runs the targets that CONTRIBUTING.md names" make
  want git "the source's version" git
  want libvirt-daemon "libvirtd with the drivers for networks and storage" libvirtd
  want libvirt-daemon-driver-qemu "QEMU guests in libvirt"
  want libvirt-daemon-system "libvirt's users and directories"
  want libvirt-clients "virsh" virsh
  want libvirt0 "the library that libvirt-java loads"
  want qemu-system-x86 "runs the guests" qemu-system-x86_64
  want qemu-utils "makes disk images" qemu-img
  want dnsmasq-base "DHCP and names in the guests' networks" dnsmasq
  want iproute2 "network namespaces" ip
  want iptables "libvirt's NAT" iptables
  want nftables "checks the guests' firewall rules" nft
  want procps "sets kernel parameters of the network namespace" sysctl
  want mmdebstrap "builds the guest image" mmdebstrap
  want e2fsprogs "makes its file system" mke2fs
  want etcd-server "stores the development control plane's resources" etcd
  want kubernetes-client "kubectl" kubectl
  want jq "reads JSON in scripts" jq
  want curl "downloads envtest's kube-apiserver" curl
  want openssl "the development control plane's keys" openssl
  want shellcheck "checks the scripts" shellcheck
}

want_apiserver_build() {
  want make "Kubernetes' build" make
  want rsync "Kubernetes' build" rsync
  want jq "Kubernetes' build" jq
  want dpkg-dev "unpacks source packages" dpkg-source
  want etcd-server "goes with the API server" etcd
}

want_container() {
  has_java_17 || want openjdk-17-jdk-headless "compiles the operator, and is linked into the image"
  want maven "builds the operator" mvn
  want mmdebstrap "unpacks Debian packages" mmdebstrap
  want podman "makes the image" podman
  want runc "runs it in tests" runc
  want jq "lists what is in it" jq
}

# Services that packages bring along are neither started now nor at the next boot: a libvirtd of the system would take
# addresses and bridges, an etcd its port, and the project starts its own. Services that were installed before are
# left as they are, also when a package is upgraded underneath them.
QUIET_PACKAGES=(libvirt-daemon libvirt-daemon-system libvirt-daemon-system-systemd etcd-server)
POLICY=/usr/sbin/policy-rc.d
POLICY_MARK="# Of ejabberd-lab's hack/install-deps.sh while it works"

forbid_starts() {
  # An administrator's policy stands; one of ours that a killed run left is replaced.
  if [[ -e $POLICY ]] && ! grep -qF "$POLICY_MARK" "$POLICY"; then
    return
  fi
  trap 'as_root rm -f "$POLICY"' EXIT
  as_root install -m 0755 /dev/stdin "$POLICY" <<EOF
#!/bin/sh
$POLICY_MARK
case \$1 in
  libvirt* | virt* | etcd*) exit 101 ;;
esac
EOF
}

installed_packages() {
  dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' | sed -n 's/ installed$//p' | sort -u
}

# disable_units PACKAGE: its units are not started at boot.
disable_units() {
  local unit
  command -v systemctl >/dev/null || return 0
  while read -r unit; do
    as_root systemctl --quiet disable "$(basename "$unit")" >/dev/null 2>&1 \
      || step "$(basename "$unit") of $1 could not be disabled, the next boot will start it"
  done < <(dpkg -L "$1" | grep -E '^(/usr)?/lib/systemd/system/[^/@]+\.(service|socket)$')
}

install_missing() {
  local before package apt=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600)
  mkdir -p "$LAB_CACHE_DIR"
  step "installing with apt-get: ${MISSING[*]}"
  forbid_starts
  before=$(installed_packages)
  "${apt[@]}" -qq update >&2 || step "apt-get update reported errors: going on with the package lists there are"
  run_logged "apt-get install" "$LAB_CACHE_DIR/apt-get.log" \
    "${apt[@]}" -o Dpkg::Use-Pty=0 install --yes --no-install-recommends "${MISSING[@]}" \
    || die "these packages could not be installed: ${MISSING[*]}"
  for package in "${QUIET_PACKAGES[@]}"; do
    if ! grep -qxF "$package" <<<"$before" && installed_packages | grep -xF "$package" >/dev/null; then
      disable_units "$package"
    fi
  done
}

case ${1-} in
  '') wanted=want_default ;;
  apiserver-build) wanted=want_apiserver_build ;;
  container) wanted=want_container ;;
  -h | --help | help) usage; exit ;;
  *) usage >&2; exit 2 ;;
esac
"$wanted"
if ((${#MISSING[@]})); then
  install_missing
  step "installed: ${MISSING[*]}"
else
  step "all packages are there"
fi
