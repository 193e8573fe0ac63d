#!/usr/bin/env bash
# Runs one step in this guest and returns when it has ended; joins it when it runs already.
# usage: bash -c "$(cat launch.sh)" lab NAME DIGEST EPOCH DISK|BOOT TIMEOUT_SECONDS "$(cat report.sh)" <TAR
#
# The tar has run.sh, lib.sh, step.sh, values/VARIABLE and files/NAME. The step runs as the transient unit
# lab-step-NAME, so it goes on when this script, the agent or the operator ends. When the step has ended, in whatever
# way, this script becomes report.sh, which tells how it ended.
#
# What a step leaves, in $disk/steps/NAME (scope DISK) or $boot/steps/NAME (scope BOOT, gone after a reboot):
#   running   "DIGEST EPOCH ATTEMPTS" while it runs; empty when it has ended
#   result    "DONE|FAILED DIGEST EPOCH ATTEMPTS END" and a second line, the output of a failure as a JSON string
#   watch     what must stay as it is. report.sh writes what has changed to $boot/drift/NAME: such a step is applied
#             again although it is done
set -euo pipefail
umask 077

name=$1 digest=$2 epoch=$3 scope=$4 timeout=$5 report=$6
disk=${LAB_DISK:-/var/lib/ejabberd-lab}
boot=${LAB_BOOT:-/run/ejabberd-lab}
cgroup=${LAB_CGROUP:-/sys/fs/cgroup/system.slice}/lab-step-$name.service

case $scope in
  DISK) state=$disk/steps/$name ;;
  BOOT) state=$boot/steps/$name ;;
  *) echo "scope '$scope' is neither DISK nor BOOT" >&2; exit 2 ;;
esac

ended() {
  exec /bin/bash -c "$report" lab
}

join() {
  while [[ -d $cgroup ]]; do sleep 0.3; done
  ended
}

[[ ! -d $cgroup ]] || join

was='' was_digest='' was_epoch='' attempts=0
[[ ! -e $state/result ]] || read -r was was_digest was_epoch attempts _ <"$state/result"
drifted=no
if [[ $was == DONE && $was_digest == "$digest" ]]; then
  # The first line is a time.
  mapfile -t drift < <(cat "$boot/drift/$name" 2>/dev/null)
  if ((${#drift[@]} < 2)); then
    : >"$state/running"
    ended
  fi
  drifted=yes
fi
# A run that left no result was killed, or the guest went down. It counts as a failure: otherwise a step that reboots
# the guest would do so for ever.
if [[ -s $state/running ]]; then
  read -r was_digest was_epoch attempts <"$state/running"
  attempts=$((attempts + 1))
fi
[[ $was_digest == "$digest" && $was_epoch == "$epoch" ]] || attempts=0

# The inputs may hold secrets: they stay in memory, each launch has a directory of its own, and those of
# launches that were killed are removed.
for left in "$boot/work/$name".*; do
  [[ ! -d $left || -d /proc/${left##*.} ]] || rm -rf "$left"
done
work=$boot/work/$name.$$
mkdir -p "$state" "$work" "$disk/stage/$name"
tar -x -f - -C "$work"

status=0
message=$(systemd-run --quiet --wait --collect --unit="lab-step-$name" --service-type=exec \
  --property=RuntimeMaxSec="$timeout" --property=TimeoutStopSec=30 \
  /bin/bash "$work/run.sh" "$digest" "$epoch" "$attempts" "$timeout" "$state" "$disk/stage/$name" \
  "$drifted" 2>&1) || status=$?
if ((status != 0)) && [[ -d $work && ! -e $work/started ]]; then
  rm -rf "$work"
  # Another launch was faster.
  [[ ! -d $cgroup ]] || join
  echo "unit lab-step-$name could not be started: $message" >&2
  exit 1
fi
ended
