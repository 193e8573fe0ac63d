#!/bin/bash
# Tells twice a second, by UDP, whether this guest's PostgreSQL accepts writes. Whoever listens knows when it was said:
# neither this guest's clock nor its disk, which a fault may stop or take away, matters.
#
# usage: fault-watch.sh ADDRESS PORT
address=$1 port=$2
read -r name </proc/sys/kernel/hostname
while :; do
  setpriv --reuid postgres --regid postgres --init-groups \
    /usr/lib/postgresql/15/bin/psql -XAtq -d postgres 2>/dev/null <<'SQL' |
SELECT 'writable', NOT pg_is_in_recovery() \watch 0.5
SQL
    while IFS='|' read -r what writable; do
      # The host may be out of reach for a while.
      [[ $what != writable ]] || echo "$name $writable" 2>/dev/null >"/dev/udp/$address/$port" || continue
    done
  # It does not run at this moment.
  sleep 0.5
done
