#!/usr/bin/env bash
# Tells this guest's uptime, or sets its clock.
# usage: bash -c "$(cat clock.sh)" lab-clock </dev/null         prints the uptime in milliseconds
#        bash -c "$(cat clock.sh)" lab-clock <<<"UPTIME TIME"    sets the clock: at that uptime it was that time, both in
#                                                               milliseconds, the time since 1970
# The time is set in one jump, back as well. A clock that is nearly right is left alone.
set -euo pipefail

uptime_ms() {
  local up
  read -r up _ </proc/uptime
  # With two decimals.
  printf '%d' "$((10#${up/./} * 10))"
}

if ! read -r moment time; then
  uptime_ms
  exit
fi
[[ $moment =~ ^[0-9]{1,15}$ && $time =~ ^[0-9]{1,15}$ ]] || { echo "'$moment $time' is no uptime and time" >&2; exit 2; }
right=$((time + $(uptime_ms) - moment))
now=$((${EPOCHREALTIME//[!0-9]/} / 1000))
off=$((now - right))
((off < -500 || off > 500)) || exit 0
printf -v seconds '%d.%03d' "$((right / 1000))" "$((right % 1000))"
date --utc --set="@$seconds" >/dev/null
# The next boot begins with the hardware's clock; without the program it has the host's time.
if type -P hwclock >/dev/null; then hwclock --systohc --utc; fi
