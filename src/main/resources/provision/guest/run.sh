#!/usr/bin/env bash
# Runs the step that lies beside this script: check, and where that fails apply and verify. Started by launch.sh as a
# transient unit; launch.sh says what is kept in STATE_DIR.
# usage: run.sh DIGEST EPOCH ATTEMPTS TIMEOUT_SECONDS STATE_DIR STAGE_DIR DRIFTED
#
# DRIFTED is yes when something that a step watches was changed: then it is applied without a check.
#
# A step is bash with the functions check, apply and verify. Each runs as if alone under "set -euo pipefail", with
# the functions of lib.sh, the values as environment, and
#   LAB_FILES   directory of its files, 0600
#   LAB_STAGE   empty directory on the disk, for files on their way to their place
# It may have a function watch, which prints what must stay as it is; report.sh says what can be watched.
set -uo pipefail
umask 077

digest=$1 epoch=$2 attempts=$3 timeout=$4 state=$5 drifted=$7
work=${BASH_SOURCE[0]%/*}
export LAB_FILES=$work/files LAB_STAGE=$6
drift=${LAB_BOOT:-/run/ejabberd-lab}/drift/${state##*/}
cgroup=${LAB_CGROUP:-/sys/fs/cgroup/system.slice}/lab-step-${state##*/}.service

: >"$work/started"
printf '%s\n' "$digest $epoch $attempts" >"$state/running"

for value in "$work"/values/*; do
  [[ -e $value ]] || continue
  IFS= read -r -d '' text <"$value"
  export "${value##*/}=$text"
done

# Ends the run: records the result so that it is either there or not, after everything that it speaks of.
finish() { # DONE|FAILED JSON_STRING
  local now
  trap '' TERM
  printf -v now '%(%s)T' -1
  printf '%s\n' "$1 $digest $epoch $attempts $now" "$2" >"$state/result.new"
  sync -f "$state"
  mv -f "$state/result.new" "$state/result"
  : >"$state/running"
  rm -rf "$work"
  exit 0
}

# Ends what the phase has left running, in its process group and out of it: it would hold the log open.
kill_left() {
  local pid pids left round
  kill -KILL -- "-$child" 2>/dev/null
  # More than once: one may have been about to start another. The list is read at once, because it gets shorter.
  for round in {1..10}; do
    left=''
    mapfile -t pids 2>/dev/null <"$cgroup/cgroup.procs" || return
    for pid in "${pids[@]}"; do
      [[ $pid == "$$" || $pid == "$log" ]] || { kill -KILL "$pid" 2>/dev/null && left=$round; }
    done
    [[ -n $left ]] || return
  done
}

fail() { # SENTENCE
  local output
  trap '' TERM
  attempts=$((attempts + 1))
  printf '%s\n' "$1" >&3
  exec 3>&-
  kill_left
  timeout 5 tail -s 0.1 -f /dev/null --pid="$log"
  # Somebody who cannot be killed still holds it.
  [[ -s $work/output ]] || printf '%s\n' "$1" >"$work/output"
  output=$(jq -Rs 'gsub("[^\\P{Cc}\\n\\t]"; "")' <"$work/output") || output='"its output could not be read"'
  finish FAILED "$output"
}

# The unit is stopped at its limit and when the guest shuts down; only the first is the step's fault.
# shellcheck disable=SC2317 # called by the trap
stopped() {
  [[ $(systemctl is-system-running) != stopping ]] || exit 1
  fail "$phase was stopped: the step may take $timeout seconds"
}
trap stopped TERM

# Sets status to the exit code. Never call it in a condition: bash would then ignore set -e inside.
phase() { # check|apply|verify OUTPUT
  phase=$1
  local output=$2
  (
    trap - TERM
    set -eEuo pipefail
    trap 'echo "step.sh line $LINENO: exit code $?" >&2' ERR
    # shellcheck disable=SC1091 # linted by itself
    . "$work/lib.sh"
    # shellcheck disable=SC2317 # for steps that have none
    watch() { :; }
    # shellcheck source=/dev/null
    . "$work/step.sh"
    "$phase"
  ) </dev/null >"$output" 2>&1 3>&- &
  child=$!
  wait "$child"
  status=$?
}

# Each phase gets a process group of its own.
set -m
exec 3> >(trap '' TERM && exec tail -c 1024 >"$work/output")
log=$!
status=1
[[ $drifted == yes ]] || phase check /dev/null
if ((status != 0)); then
  for part in apply verify; do
    phase "$part" /dev/fd/3
    ((status == 0)) || fail "$part failed"
  done
fi
# Its time says which files are newer than the step.
phase watch "$state/watch"
((status == 0)) || fail "what is to be watched could not be told"
# It is as it shall be: report.sh looks at it when its interval is over.
[[ -d ${drift%/*} ]] || mkdir -p "${drift%/*}"
printf '%(%s)T\n' -1 >"$drift"
finish DONE '""'
