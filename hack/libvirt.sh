#!/usr/bin/env bash
# A libvirtd of its own for development: own network namespace, own mount namespace, own directories.
# A libvirtd of the system, its networks and its guests are neither used nor touched.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'EOF'
Usage: hack/libvirt.sh up|down|status [--name NAME]
       hack/libvirt.sh uri [NAME]
       hack/libvirt.sh exec NAME -- COMMAND...

up      starts virtlogd and libvirtd, makes the storage pool "default", prints the connection URI
down    stops the instance's guests and daemons and removes everything it made
status  prints the state and the URI; exit code 0 when it answers, 3 when not
uri     prints the connection URI
exec    runs COMMAND, as the calling user, in the network namespace where the guests' addresses live

NAME (a-z, 0-9, -; at most 16 characters; default "dev") tells several instances apart.
EOF
}

# /var/lib/libvirt and the others as libvirtd knows them, and the instance's directory behind each.
MOUNTS=(
  "run /run/libvirt"
  "lib /var/lib/libvirt"
  "etc /etc/libvirt"
  "cache /var/cache/libvirt"
  "log /var/log/libvirt"
)

set_name() {
  # The limit keeps the libvirt socket far below the 107 bytes of a socket's path.
  [[ $1 =~ ^[a-z0-9]([a-z0-9-]{0,14}[a-z0-9])?$ ]] \
    || die "name '$1' is not usable: use 1 to 16 of a-z, 0-9 and -, with no - at either end"
  NAME=$1
  NETNS=ejlab-$NAME
  DIR=$LAB_LIBVIRT_ROOT/$NAME
  URI="qemu:///system?socket=$DIR/run/libvirt-sock"
}

# up and down run wholly as root; the caller's group may use the socket.
become_root() {
  [[ $EUID -eq 0 ]] && return
  command -v sudo >/dev/null || die "needs root: run this as root or install sudo"
  exec sudo -- env LAB_SOCKET_GROUP="$(id -gn)" "${BASH_SOURCE[0]}" "$@"
}

netns_exists() {
  [[ -e /run/netns/$NETNS ]]
}

# daemon_pid DAEMON: its process id, if it runs and is this instance's: same name, same network namespace.
daemon_pid() {
  local pid
  pid=$(cat "$DIR/run/$1.pid" 2>/dev/null) || return 1
  [[ $pid =~ ^[0-9]+$ && $(cat "/proc/$pid/comm" 2>/dev/null) == "$1" ]] || return 1
  [[ /proc/$pid/ns/net -ef /run/netns/$NETNS ]] || return 1
  echo "$pid"
}

answers() {
  timeout 20 virsh --quiet --connect "$URI" version
}

write_configuration() {
  local group=${LAB_SOCKET_GROUP:-root} uuid
  # Where the machine has none, libvirtd makes one up at each start; two instances on a machine are two hosts.
  uuid=$(sha1sum <<<"$DIR" | sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-5\3-a\4-\5/')
  cat >"$DIR/etc/libvirtd.conf" <<EOF
listen_tls = 0
listen_tcp = 0
unix_sock_group = "$group"
unix_sock_rw_perms = "0770"
auth_unix_ro = "none"
auth_unix_rw = "none"
host_uuid = "$uuid"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
EOF
  # No AppArmor or SELinux labels, no cgroups and no /dev of its own for each guest: a system libvirtd
  # beside this one would meet the same names there.
  cat >"$DIR/etc/qemu.conf" <<EOF
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
EOF
  cat >"$DIR/etc/virtlogd.conf" <<EOF
log_outputs = "3:file:/var/log/libvirt/virtlogd.log"
EOF
}

# libvirtd probes QEMU with CAP_DAC_OVERRIDE but checks /dev/kvm without: where the device is closed to QEMU's
# user, it takes each probe for outdated and repeats it, 4 s and more, at every define and start of a guest.
# There the device is hidden from it.
qemu_may_use_kvm() {
  setpriv --reuid libvirt-qemu --regid kvm --init-groups test -r /dev/kvm -a -w /dev/kvm
}

# start_daemon DAEMON: starts it in the instance's network namespace and a mount namespace where
# libvirt's directories are the instance's.
start_daemon() {
  local daemon=$1 mount
  local -a pairs=()
  for mount in "${MOUNTS[@]}"; do
    # shellcheck disable=SC2206 # two words, split on purpose
    pairs+=($mount)
  done
  if [[ -e /dev/kvm ]] && ! qemu_may_use_kvm; then
    install -m 0600 /dev/null "$DIR/no-kvm"
    pairs+=(no-kvm /dev/kvm)
  fi
  # The system bus is out of reach on purpose: over it libvirtd would enter its bridges into the
  # system's firewalld and its guests into the system's machined.
  # shellcheck disable=SC2016 # expanded by the inner shell
  DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent \
    ip netns exec "$NETNS" unshare --mount --propagation private bash -euc '
      dir=$1 daemon=$2
      shift 2
      while (($#)); do
        [[ -e $2 ]] || mkdir -p "$2"
        mount --bind "$dir/$1" "$2"
        shift 2
      done
      cd /
      exec "$daemon" --daemon --pid-file "/run/libvirt/$daemon.pid"
    ' - "$DIR" "$daemon" "${pairs[@]}" 9<&- </dev/null >/dev/null
}

make_pool() {
  local pool=(virsh --quiet --connect "$URI")
  "${pool[@]}" pool-info default >/dev/null 2>&1 \
    || "${pool[@]}" pool-define-as default dir --target "$DIR/pool" >/dev/null
  "${pool[@]}" pool-autostart default >/dev/null
  [[ $("${pool[@]}" pool-info default | awk '/^State:/ {print $2}') == running ]] \
    || "${pool[@]}" pool-start default >/dev/null
}

up() {
  need ip virsh libvirtd virtlogd dnsmasq qemu-system-x86_64 unshare
  lock_directory "$DIR"
  local mount
  for mount in "${MOUNTS[@]}"; do
    install -d -m 0755 "$DIR/${mount%% *}"
  done
  # virtlogd opens the guests' logs there but does not make the directory.
  install -d -m 0755 "$DIR/log/qemu"
  install -d -m 0711 "$DIR/pool"
  if ! netns_exists; then
    step "network namespace $NETNS"
    # No namespace means nothing of this instance runs: what is left of a machine that went down is stale.
    find "$DIR/run" -mindepth 1 -delete
    ip netns add "$NETNS"
  fi
  ip -n "$NETNS" link set lo up
  ip netns exec "$NETNS" sysctl -q -w net.ipv4.ip_forward=1
  if ! daemon_pid virtlogd >/dev/null; then
    step "virtlogd"
    write_configuration
    start_daemon virtlogd
  fi
  if ! daemon_pid libvirtd >/dev/null; then
    step "libvirtd"
    write_configuration
    start_daemon libvirtd
  fi
  wait_for "libvirtd answers" 120 answers \
    || die "libvirtd of '$NAME' does not answer at $DIR/run/libvirt-sock: see $DIR/log/libvirtd.log"
  make_pool
  step "libvirt '$NAME' is up, pool $DIR/pool"
  echo "$URI"
}

netns_empty() {
  [[ -z $(ip netns pids "$NETNS") ]]
}

down() {
  need ip
  [[ -e $LAB_LIBVIRT_ROOT ]] || netns_exists || return 0
  lock_directory "$DIR"
  local id pid
  if netns_exists; then
    if daemon_pid libvirtd >/dev/null && answers >/dev/null 2>&1; then
      # QEMU gets a moment to end by itself, so that its disks are closed; what hangs is killed below.
      while read -r id; do
        [[ -n $id ]] || continue
        step "stopping guest $(virsh --quiet --connect "$URI" domname "$id")"
        timeout 30 virsh --quiet --connect "$URI" destroy --graceful "$id" >/dev/null \
          || step "guest $id did not end by itself, it is killed"
      done < <(timeout 30 virsh --quiet --connect "$URI" list --uuid)
      while read -r id; do
        [[ -n $id ]] || continue
        step "stopping network $(virsh --quiet --connect "$URI" net-name "$id")"
        timeout 30 virsh --quiet --connect "$URI" net-destroy "$id" >/dev/null \
          || step "network $id could not be stopped, its dnsmasq is killed"
      done < <(timeout 30 virsh --quiet --connect "$URI" net-list --uuid)
    fi
    # The namespace was made for this instance, so every process in it belongs to it.
    for pid in $(ip netns pids "$NETNS"); do
      kill -TERM "$pid" 2>/dev/null || continue
    done
    if ! wait_for "processes of '$NAME' end" 15 netns_empty; then
      for pid in $(ip netns pids "$NETNS"); do
        kill -KILL "$pid" 2>/dev/null || continue
      done
      wait_for "killed processes of '$NAME' end" 30 netns_empty \
        || die "processes $(ip netns pids "$NETNS" | xargs) of '$NAME' cannot be killed"
    fi
    ip netns del "$NETNS"
  fi
  rm -rf --one-file-system "$DIR"
  rmdir --ignore-fail-on-non-empty "$LAB_LIBVIRT_ROOT"
  step "libvirt '$NAME' is gone"
}

status() {
  need virsh
  local guests
  if answers >/dev/null 2>&1; then
    guests=$(virsh --quiet --connect "$URI" list --name | grep -c . || :)
    echo "running, $guests guests"
    echo "$URI"
  else
    if netns_exists; then echo "not answering"; else echo "down"; fi
    echo "$URI"
    return 3
  fi
}

run_inside() {
  (($#)) || die "exec needs a command: hack/libvirt.sh exec NAME -- COMMAND..."
  need ip
  netns_exists || die "libvirt '$NAME' is not up: run hack/libvirt.sh up --name $NAME"
  if [[ $EUID -eq 0 ]]; then
    exec ip netns exec "$NETNS" "$@"
  fi
  command -v sudo >/dev/null || die "exec needs root: run this as root or install sudo"
  # sudo takes away PATH and HOME; the command shall find what the caller would.
  exec sudo --preserve-env -- ip netns exec "$NETNS" \
    setpriv --reuid "$(id -u)" --regid "$(id -g)" --init-groups -- env PATH="$PATH" HOME="$HOME" "$@"
}

(($#)) || { usage >&2; exit 2; }
command=$1
all=("$@")
shift
case $command in
  up | down | status)
    name=dev
    case ${1-} in
      --name)
        (($# == 2)) || { usage >&2; exit 2; }
        name=$2
        ;;
      '') ;;
      *) usage >&2; exit 2 ;;
    esac
    set_name "$name"
    # libvirt-qemu must get through to the pool.
    umask 022
    [[ $command == status ]] || become_root "${all[@]}"
    "$command"
    ;;
  uri)
    (($# <= 1)) || { usage >&2; exit 2; }
    set_name "${1:-dev}"
    echo "$URI"
    ;;
  exec)
    (($#)) || { usage >&2; exit 2; }
    set_name "$1"
    shift
    [[ ${1-} == -- ]] && shift
    run_inside "$@"
    ;;
  -h | --help | help) usage ;;
  *) usage >&2; exit 2 ;;
esac
