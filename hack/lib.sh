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

# start_time PID: the kernel's start time of a process, in clock ticks since boot; empty if it is gone.
# With the process id it names one process for good, although ids are used again.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # The command name stands in parentheses and may hold blanks: count the fields after it.
  stat=${stat##*) }
  awk '{print $20}' <<<"$stat"
}
