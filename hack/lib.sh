# shellcheck shell=bash
# Common to the scripts in hack/: sourced, never run.
# Progress goes to standard error, so that standard output carries only results (paths, URIs).

REPO_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
HACK_DIR=$REPO_DIR/hack
# Process ids, logs, ports and kubeconfigs of the development control plane.
LAB_DEV_DIR=${LAB_DEV_DIR:-$REPO_DIR/.dev}
# What QEMU must read: it runs as libvirt-qemu and cannot look below a 0700 home.
LAB_LIBVIRT_ROOT=/var/lib/ejabberd-lab-dev
# What is costly to make and the same for every checkout.
LAB_CACHE_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/ejabberd-lab
export REPO_DIR HACK_DIR LAB_DEV_DIR LAB_LIBVIRT_ROOT LAB_CACHE_DIR

# Daemons live here, and a plain user's PATH does not name it on Debian.
case ":$PATH:" in *:/usr/sbin:*) ;; *) PATH=$PATH:/usr/sbin:/sbin ;; esac

# step TEXT: one line of progress, with the seconds since the script started.
step() {
  printf '[%4ds] %s\n' "$SECONDS" "$*" >&2
}

# die TEXT: says what is wrong and what would be right, and ends the script.
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# as_root CMD...: runs a command as root, directly or with sudo.
as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    die "'$1' needs root: run this as root or install sudo"
  fi
}

# need CMD...: every command must exist.
need() {
  local cmd
  for cmd in "$@"; do
    command -v "$cmd" >/dev/null || die "'$cmd' is not installed: run hack/install-deps.sh"
  done
}

# wait_for WHAT SECONDS CMD...: polls CMD until it succeeds; returns 1 at the deadline.
# Shows the time on a terminal, and a line every ten seconds in a log.
wait_for() {
  local what=$1 limit=$2 start=$SECONDS shown=0 waited
  shift 2
  until "$@" >/dev/null 2>&1; do
    waited=$((SECONDS - start))
    if ((waited >= limit)); then
      [[ -t 2 ]] && printf '\r\033[K' >&2
      step "$what: not within $limit s"
      return 1
    fi
    if [[ -t 2 ]]; then
      printf '\r\033[K[%4ds] %s: %d of at most %d s' "$SECONDS" "$what" "$waited" "$limit" >&2
    elif ((waited >= shown + 10)); then
      shown=$waited
      step "$what: $waited of at most $limit s"
    fi
    sleep 0.2
  done
  [[ -t 2 ]] && printf '\r\033[K' >&2
  return 0
}

# run_logged WHAT LOG CMD...: runs CMD with its output in LOG; shows how long it takes and its last line; on failure
# prints the end of LOG and returns 1.
run_logged() {
  local what=$1 log=$2 pid started=$SECONDS shown=0 every=10 waited
  shift 2
  [[ -t 2 ]] && every=1
  "$@" >"$log" 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    waited=$((SECONDS - started))
    if ((waited >= shown + every)); then
      shown=$waited
      [[ -t 2 ]] && printf '\r\033[K' >&2
      printf '[%4ds] %s: %.90s' "$SECONDS" "$what" "$(tail -n 1 "$log" | tr -dc '[:print:]')" >&2
      [[ -t 2 ]] || echo >&2
    fi
    sleep 0.2
  done
  [[ -t 2 ]] && printf '\r\033[K' >&2
  wait "$pid" && return
  tail -n 30 "$log" >&2
  step "$what failed: the end of $log is above"
  return 1
}

# start_time PID: the kernel's start time of a process, in clock ticks since boot; empty if it is gone.
# With the process id it names one process for good, although ids are used again.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # The command name stands in parentheses and may hold blanks: count the fields after it.
  stat=${stat##*) }
  awk '{print $20}' <<<"$stat"
}

# process_runs PID START: whether that very process still runs; one that only waits to be reaped does not.
process_runs() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  [[ ${stat##*) } != Z* && $(start_time "$1") == "$2" ]]
}

# lock_directory DIR: makes DIR if need be and holds a lock on it, as file descriptor 9, until the script ends. Daemons
# that are started meanwhile must not inherit it: start them with 9<&-.
# The directory itself is the lock, so nothing is left behind; one that was removed meanwhile is made anew.
lock_directory() {
  while :; do
    # The directory above may be removed in the same moment.
    mkdir -p "$1" 2>/dev/null || mkdir -p "$1"
    exec 9<"$1"
    if ! flock --nonblock 9; then
      step "waiting for another $(basename "$0") that works in $1"
      flock 9
    fi
    [[ /proc/self/fd/9 -ef $1 ]] && return
  done
}

# apt_mirror CODENAME: the Debian mirror of this machine's own apt configuration (.list or .sources).
# The machine's package lists are used if it has any; else lists of our own are fetched, /etc/apt is not changed.
apt_mirror() {
  local query=(indextargets --format "\$(REPO_URI)" 'Created-By: Packages' 'Origin: Debian' "Codename: $1"
    'Component: main')
  local mirror options
  mirror=$(apt-get "${query[@]}" | head -n 1)
  if [[ -z $mirror ]]; then
    mkdir -p "$LAB_CACHE_DIR/apt/machine/lists/partial"
    options=(-o "Dir::State::Lists=$LAB_CACHE_DIR/apt/machine/lists" -o APT::Sandbox::User=root)
    apt-get "${options[@]}" -qq update >&2 || step "apt-get update reported errors"
    mirror=$(apt-get "${options[@]}" "${query[@]}" | head -n 1)
  fi
  [[ -n $mirror ]] || die "no apt source of this machine has Debian '$1' with component main: add one to /etc/apt"
  echo "${mirror%/}"
}

# debian_sources SUITE: the lines of a sources.list for a Debian release from this machine's own mirror or DEBIAN_MIRROR,
# and for its security updates if the machine has them.
debian_sources() {
  local releases mirror security
  # apt itself says what its sources are, deb822 or one-line alike, and needs no package lists for that:
  # 'MIRROR/dists/SUITE/InRelease' NAME SIZE
  releases=$(apt-get update --print-uris | sed -nE "s|^'(.*)/dists/(.*)/InRelease' .*|\2 \1|p")
  mirror=${DEBIAN_MIRROR:-$(awk -v s="$1" '$1 == s {print $2; exit}' <<<"$releases")}
  [[ -n $mirror ]] || die "no mirror of Debian $1 in this machine's apt configuration: set DEBIAN_MIRROR to one"
  echo "deb $mirror $1 main"
  security=$(awk -v s="$1-security" '$1 == s {print $2; exit}' <<<"$releases")
  [[ -z $security ]] || echo "deb $security $1-security main"
}

# use_apt_proxy: mmdebstrap does not read this machine's apt proxy, but takes it from the environment.
use_apt_proxy() {
  local proxy
  proxy=$(apt-config shell proxy Acquire::http::Proxy)
  eval "$proxy"
  [[ -z ${proxy:-} ]] || export http_proxy=$proxy
}

# private_apt SUITE...: prints the path of an apt configuration (for APT_CONFIG) with binary and source
# packages of these suites from the machine's own mirror, kept in the cache, with fresh package lists.
# The packages installed on the machine are known to it; /etc/apt/sources.list* is neither used nor changed.
private_apt() {
  local dir=$LAB_CACHE_DIR/apt/${*// /-} keyring=/usr/share/keyrings/debian-archive-keyring.gpg mirror codename
  dir=${dir// /+}
  codename=${1%%-*}
  # Hardly a machine names unstable, and every mirror of a release has it.
  if [[ $codename == sid ]]; then codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release); fi
  mirror=$(apt_mirror "$codename") || return
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/sources"
  {
    printf 'Types: deb deb-src\nURIs: %s\nSuites: %s\nComponents: main\n' "$mirror" "$*"
    # Without the keyring apt falls back to the keys it trusts for every source.
    if [[ -e $keyring ]]; then echo "Signed-By: $keyring"; fi
  } >"$dir/sources/debian.sources"
  cat >"$dir/apt.conf" <<EOF
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$dir/sources";
Dir::State::Lists "$dir/lists";
Dir::Cache "$dir/cache";
APT::Sandbox::User "root";
EOF
  APT_CONFIG=$dir/apt.conf apt-get -qq update >&2
  echo "$dir/apt.conf"
}
