#!/usr/bin/env bash
# Prints what this guest says of itself as one JSON object.
# usage: bash -c "$(cat report.sh)" lab
#
# It is asked often, and on an emulated CPU every program costs 30 to 300 ms: the steps are told by bash alone, and
# one client is started for a service, only where it is set up. What a step watches is looked at every 20 seconds.
set -euo pipefail

began=${EPOCHREALTIME//[!0-9]/}
disk=${LAB_DISK:-/var/lib/ejabberd-lab}
boot=${LAB_BOOT:-/run/ejabberd-lab}
cgroups=${LAB_CGROUP:-/sys/fs/cgroup/system.slice}
sys=${LAB_SYS:-/proc/sys}
facts=$disk/facts
# The wrappers in /usr/bin are Perl and cost half a second on an emulated CPU.
postgresql=${LAB_POSTGRESQL:-/usr/lib/postgresql/15/bin}

# Asks the PostgreSQL server here. One that hangs lets clients in and says nothing.
sql() {
  PGCONNECT_TIMEOUT=5 setpriv --reuid postgres --regid postgres --clear-groups "$postgresql/psql" -XAtq 2>/dev/null
}

# Whether a unit has processes.
runs() { # UNIT
  local path
  for path in "$cgroups/$1" "$cgroups"/*/"$1"; do [[ ! -d $path ]] || return 0; done
  return 1
}

# Whether the PostgreSQL server here neither lets clients in nor refuses them.
silent() {
  local status=0
  "$postgresql/pg_isready" -q -t 10 || status=$?
  ((status == 2))
}

# Whether a command's output has this checksum, written with a colon.
prints() { # CKSUM COMMAND...
  local sum=$1
  shift
  [[ $({ "$@" || :; } 2>&1 | cksum) == "${sum/:/ }" ]]
}

# Whether this Erlang node and another one, which can be reached, are both in a cluster without the other.
apart() { # HERE THERE
  local answer
  answer=$(curl -fsS -m 10 http://127.0.0.1:5280/api/list_cluster/v2 2>/dev/null) || return 1
  [[ $answer == *"$1"* && $answer != *"$2"* ]] || return 1
  answer=$(HOME=/var/lib/ejabberd timeout 10 setpriv --reuid ejabberd --regid ejabberd --init-groups \
    erl_call -sname "$2" -a 'ejabberd_cluster get_nodes []' 2>/dev/null) || return 1
  [[ $answer == *"$2"* && $answer != *"$1"* ]]
}

# Prints what is not as a step has left it, a sentence a line. The step's watch file says where to look:
#   file PATH             is there and was not written since
#   service UNIT [PATH]   runs; where a path is given, as long as that is there
#   answers UNIT          PostgreSQL's: while it runs, whoever connects is told something
#   address ADDRESS       is one of this guest's
#   setting NAME VALUE    a kernel setting
#   output WHAT CKSUM COMMAND...   prints the same as then; WHAT is a word for people
#   accounts HOST NAME...          ejabberd has these accounts
#   slots NAME...                  the primary here has these replication slots, and their WAL
#   streams ADDRESS                the standby here streams, if the primary at that address can be reached
#   member HERE THERE              these Erlang nodes see each other, if they can
differences() { # WATCH_FILE
  local kind first rest path value all account
  while read -r kind first rest; do
    case $kind in
      file)
        if [[ ! -e $first ]]; then
          printf '%s\n' "$first is gone"
        elif [[ $first -nt $1 ]]; then
          printf '%s\n' "$first was changed"
        fi ;;
      service)
        [[ -z $rest || -e $rest ]] || continue
        runs "$first" || printf '%s\n' "$first does not run" ;;
      answers)
        # Twice: the machine may be busy, or the server about to open its socket.
        if runs "$first" && silent && sleep 5 && silent; then printf '%s\n' "$first does not answer"; fi ;;
      address) has_address "$first" || printf '%s\n' "the address $first is gone" ;;
      setting)
        path=$sys/${first//.//}
        value=''
        [[ ! -r $path ]] || read -ra all <"$path"
        value=${all[*]}
        [[ $value == "$rest" ]] || printf '%s\n' "$first is $value instead of $rest" ;;
      output)
        # shellcheck disable=SC2086 # a checksum, and a command with its arguments
        # Twice: a route is set a moment after the guest counts as up.
        if ! prints $rest && sleep 5 && ! prints $rest; then printf '%s\n' "the $first was changed"; fi ;;
      accounts)
        all=("$(curl -fsS -m 10 --data "{\"host\":\"$first\"}" http://127.0.0.1:5280/api/registered_users 2>/dev/null)") || continue
        # Also what it answers while its database is away.
        [[ ${all[0]} != '[]' ]] || continue
        for account in $rest; do
          [[ ${all[0]} == *"\"$account\""* ]] || printf '%s\n' "the account $account@$first is gone"
        done ;;
      slots)
        SLOTS="$first $rest" sql <<'SQL' || :
\getenv slots SLOTS
SELECT 'the replication slot ' || name || CASE WHEN slot_name IS NULL THEN ' is gone' ELSE ' has lost its WAL' END
FROM unnest(string_to_array(trim(:'slots'), ' ')) AS name LEFT JOIN pg_replication_slots ON slot_name = name
WHERE name <> '' AND NOT pg_is_in_recovery() AND (slot_name IS NULL OR wal_status = 'lost');
SQL
        ;;
      streams)
        [[ $(sql <<<"SELECT pg_is_in_recovery() AND NOT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')") == t ]] \
          && timeout 5 bash -c "exec 3<>/dev/tcp/$first/5432" 2>/dev/null \
          && printf '%s\n' "PostgreSQL does not stream from $first" ;;
      member)
        # Twice: nodes that have just started find each other in a moment.
        if apart "$first" "$rest" && sleep 5 && apart "$first" "$rest"; then
          printf '%s\n' "$first does not see $rest"
        fi ;;
    esac
  done <"$1"
}

# Sets drift to what has drifted from a step that is done, as elements of a JSON array.
drift_of() { # STATE_DIRECTORY NAME
  local file=$boot/drift/$2 asked=0 found sentence
  drift=''
  [[ -s $1/watch ]] || return 0
  [[ ! -e $file ]] || read -r asked <"$file"
  if ((now - asked >= 20 || now < asked)); then
    found=$(differences "$1/watch")
    # What is not there yet while the guest starts, or not any more while it stops, was not changed by anybody.
    if [[ -n $found && $(systemctl is-system-running 2>/dev/null) == @(initializing|starting|stopping) ]]; then found=''; fi
    [[ -d $boot/drift ]] || mkdir -p "$boot/drift"
    printf '%s\n' "$now" ${found:+"$found"} >"$file"
  fi
  {
    read -r asked
    while read -r sentence; do
      drift+=${drift:+,}\"${sentence//[\"\\]/}\"
    done
  } <"$file"
}

steps() {
  local now state name running='' status digest epoch attempts ended output drift separator=''
  printf -v now '%(%s)T' -1
  for state in "$disk"/steps/* "$boot"/steps/*; do
    [[ -d $state ]] || continue
    name=${state##*/} running='' status='' output='""' ended=$now
    if [[ -s $state/result ]]; then
      { read -r status digest epoch attempts ended && read -r output; } <"$state/result"
    fi
    [[ ! -e $state/running ]] || read -r running <"$state/running" || :
    if [[ -n $running && ! ($status == DONE && ${running%% *} == "$digest") ]]; then
      read -r digest epoch attempts <<<"$running"
      output='""' ended=$now
      if [[ -d $cgroups/lab-step-$name.service ]]; then
        status=RUNNING
      else
        status=INTERRUPTED attempts=$((attempts + 1))
        output='"it was interrupted: the guest went down, or the step was killed"'
      fi
    fi
    [[ -n $status ]] || continue
    drift=''
    [[ $status != DONE ]] || drift_of "$state" "$name"
    printf '%s{"name":"%s","digest":"%s","status":"%s","attempts":%d,"epoch":"%s","secondsAgo":%d,"output":%s,"drift":[%s]}' \
      "$separator" "$name" "$digest" "$status" "$attempts" "$epoch" "$((now > ended ? now - ended : 0))" "$output" "$drift"
    separator=,
  done
}

# Whether an address is one of this guest's.
has_address() { # ADDRESS
  local line last=''
  while read -r line; do
    [[ $line == */32\ host\ LOCAL && $last == "|-- $1" ]] && return 0
    last=$line
  done </proc/net/fib_trie
  return 1
}

postgresql() {
  local address held=false
  read -r address <"$facts/read-write-address"
  ! has_address "$address" || held=true
  HELD=$held sql <<'SQL' ||
\getenv held HELD
SET statement_timeout = '5s';
WITH senders AS (
  -- A base backup opens a second walsender that streams: while it runs, "backup" is the truth.
  SELECT DISTINCT ON (application_name) application_name AS name, state,
    pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
      coalesce(replay_lsn, '0/0'))::bigint AS "lagBytes",
    sync_state IN ('sync', 'quorum') AS synchronous
  FROM pg_stat_replication ORDER BY application_name, state <> 'backup', replay_lsn DESC NULLS LAST
), slots AS (
  SELECT slot_name AS name, active, wal_status AS "walStatus" FROM pg_replication_slots ORDER BY slot_name
)
SELECT json_build_object(
  'up', true,
  'inRecovery', pg_is_in_recovery(),
  -- pg_control_checkpoint() shows the old timeline until the first checkpoint after a promotion.
  'timeline', CASE WHEN pg_is_in_recovery()
    THEN coalesce((SELECT received_tli FROM pg_stat_wal_receiver), (SELECT timeline_id FROM pg_control_checkpoint()))
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
  'systemIdentifier', (SELECT system_identifier::text FROM pg_control_system()),
  'readWriteAddress', :'held'::boolean,
  'standbys', (SELECT coalesce(json_agg(senders), '[]') FROM senders),
  'slots', (SELECT coalesce(json_agg(slots), '[]') FROM slots),
  'lsn', pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()
    THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) ELSE pg_current_wal_lsn() END, '0/0')::bigint,
  'receiving', EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'),
  'stopped', false);
SQL
    postgresql_at_rest "$held"
}

# What the data directory of a server that does not answer says.
postgresql_at_rest() { # READ_WRITE_ADDRESS_HELD
  local data=/var/lib/postgresql/15/main key value system='' timeline=0 lsn=0 stopped=false standby=false
  while IFS=: read -r key value; do
    value=${value#"${value%%[! ]*}"}
    case $key in
      'Database system identifier') system=$value ;;
      'Database cluster state') [[ $value != 'shut down'* ]] || stopped=true ;;
      'Latest checkpoint location') lsn=$((16#${value%/*} << 32 | 16#${value#*/})) ;;
      "Latest checkpoint's TimeLineID") timeline=$value ;;
    esac
  done < <(LC_ALL=C "$postgresql/pg_controldata" -D "$data" 2>/dev/null)
  [[ ! -e $data/standby.signal ]] || standby=true
  printf '{"up":false,"inRecovery":%s,"timeline":%d,"systemIdentifier":"%s","readWriteAddress":%s,"standbys":[],"slots":[],"lsn":%d,"receiving":false,"stopped":%s}' \
    "$standby" "$timeline" "$system" "$1" "$lsn" "$stopped"
}

ejabberd() {
  local status='' members='' up=false version='' address held=false
  { IFS= read -r status && IFS= read -r members; } < <(curl -fsS -m 10 -w '\n' \
    http://127.0.0.1:5280/api/status/v2 http://127.0.0.1:5280/api/list_cluster/v2 2>/dev/null) || :
  [[ $status != *"Status: started"* ]] || up=true
  [[ ! $status =~ ejabberd\ ([0-9.]+)[^\ ]*\ is\ running ]] || version=${BASH_REMATCH[1]}
  [[ $members =~ ^\[(\"[A-Za-z0-9@._-]+\",?)*\]$ ]] || members='[]'
  if [[ -e $facts/virtual-address ]]; then
    read -r address <"$facts/virtual-address"
    ! has_address "$address" || held=true
  fi
  printf '{"up":%s,"version":"%s","members":%s,"virtualAddress":%s}' "$up" "$version" "$members" "$held"
}

read -r boot_id </proc/sys/kernel/random/boot_id
printf '{"bootId":"%s","steps":[%s]' "$boot_id" "$(steps)"
[[ ! -e $facts/read-write-address ]] || printf ',"postgresql":%s' "$(postgresql)"
[[ ! -e $facts/ejabberd ]] || printf ',"ejabberd":%s' "$(ejabberd)"
# What time it is here, and how many milliseconds of it went into this: the asker compares.
ended=${EPOCHREALTIME//[!0-9]/}
printf ',"clock":%d,"took":%d}\n' "$((ended / 1000))" "$(((ended - began) / 1000))"
