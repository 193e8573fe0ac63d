#!/usr/bin/env bash
# Prints what this guest says of itself as one JSON object.
# usage: bash -c "$(cat report.sh)" lab
#
# The operator asks often, and on an emulated CPU every program costs 30 to 300 ms. So bash alone tells of the steps, and
# one client is started for each service that is set up. What a step watches is looked at every 20 seconds.
set -euo pipefail

began=${EPOCHREALTIME//[!0-9]/}
disk=${LAB_DISK:-/var/lib/ejabberd-lab}
boot=${LAB_BOOT:-/run/ejabberd-lab}
cgroups=${LAB_CGROUP:-/sys/fs/cgroup/system.slice}
sys=${LAB_SYS:-/proc/sys}
tcp=${LAB_TCP:-/proc/net/tcp}
facts=$disk/facts
# This guest's name, by which Erlang knows its node.
read -r host <"$sys/kernel/hostname" || host=''
data=${LAB_PGDATA:-/var/lib/postgresql/15/main}
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
  # As a user who may log in: a question that the server refuses would leave a line in its log.
  setpriv --reuid postgres --regid postgres --clear-groups "$postgresql/pg_isready" -q -t 10 -d postgres || status=$?
  ((status == 2))
}

# Whether a command's output has this checksum, written with a colon.
prints() { # CKSUM COMMAND...
  local sum=$1
  shift
  [[ $({ "$@" || :; } 2>&1 | cksum) == "${sum/:/ }" ]]
}

# Whether a list of Erlang nodes, as ejabberd's API or erl_call prints it, has this one, compared whole.
lists_node() { # LIST ERLANG_NODE
  [[ " ${1//[][\'\",[:space:]]/ } " == *" $2 "* ]]
}

# Evaluates Erlang code on a node and prints the result. A question by HTTP would leave three lines in ejabberd's log, which
# is the user's. erl_call is also the smaller program.
erlang() { # ERLANG_NODE <CODE
  HOME=${LAB_EJABBERD_HOME:-/var/lib/ejabberd} timeout 10 erl_call -sname "$1" -e 2>/dev/null
}

# Whether two Erlang nodes are in clusters without each other. The other one must be reachable.
apart() { # HERE THERE
  local answer
  answer=$(erlang "$1" <<<'ejabberd_cluster:get_nodes().') || return 1
  lists_node "$answer" "$1" && ! lists_node "$answer" "$2" || return 1
  answer=$(HOME=/var/lib/ejabberd timeout 10 setpriv --reuid ejabberd --regid ejabberd --init-groups \
    erl_call -sname "$2" -a 'ejabberd_cluster get_nodes []' 2>/dev/null) || return 1
  lists_node "$answer" "$2" && ! lists_node "$answer" "$1"
}

# Prints the settings of which a standby must have as much as its primary, with the values that the primary had when it
# wrote the WAL that comes next here: NAME VALUE, one a line.
demanded() {
  local key value
  while IFS=: read -r key value; do
    [[ $key == max_*' setting' ]] || continue
    key=${key% setting}
    key=${key/_xacts/_transactions}
    printf '%s\n' "${key/%_xact/_transaction} ${value##* }"
  done < <(LC_ALL=C "$postgresql/pg_controldata" -D "$data" 2>/dev/null)
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
#   replays                        the standby here replays what it receives, by the last report
#   raised FILE                    the standby here needs what this file of settings gives it
#   unset FILE NAME...             the settings file, in which ALTER SYSTEM writes, has none of these settings
#   member HERE THERE              these Erlang nodes see each other, if they can
differences() { # WATCH_FILE
  local kind first rest path value all account why name
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
        path=$sys/$(setting_path "$first")
        all=()
        [[ ! -r $path ]] || read -ra all <"$path" || :
        value=${all[*]}
        [[ $value == "$rest" ]] || printf '%s\n' "$first is $value instead of $rest" ;;
      output)
        # shellcheck disable=SC2086 # a checksum, and a command with its arguments
        # Twice: a route is set a moment after the guest counts as up.
        if ! prints $rest && sleep 5 && ! prints $rest; then printf '%s\n' "the $first was changed"; fi ;;
      accounts)
        # They become part of a program: nothing else may be in them.
        [[ $first$rest =~ ^[a-z0-9._\ -]+$ ]] || continue
        # No accounts at all is also what it says while its database is away.
        value=$(
          erlang "ejabberd@$host" <<ERL
Users = [User || {User, _} <- ejabberd_auth:get_users(<<"$first">>)],
Gone = [Name || Name <- string:lexemes("$rest", " "), Users =/= [], not lists:member(list_to_binary(Name), Users)],
{gone, lists:flatten(lists:join(" ", Gone))}.
ERL
        ) || continue
        [[ $value =~ ^\{ok,\ \{gone,\ \"([^\"]*)\"\}\} ]] || continue
        for account in ${BASH_REMATCH[1]}; do
          printf '%s\n' "the account $account@$first is gone"
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
      replays)
        why=''
        [[ ! -r $boot/replay ]] || { read -r _ && read -r why; } <"$boot/replay" || :
        [[ -z $why ]] || printf '%s\n' "PostgreSQL does not replay what it receives: $why" ;;
      raised)
        [[ -r $first ]] || continue
        path=" $(demanded | tr '\n' ' ')"
        while read -r name _ value; do
          [[ $path == ' ' || $path == *" $name $value "* ]] \
            || printf '%s\n' "$name is still $value, as it was on the primary"
        done <"$first" ;;
      unset)
        [[ -r $first ]] || continue
        while read -r name _; do
          name=${name%%=*}
          [[ -z $name || " $rest " != *" ${name,,} "* ]] || printf '%s\n' "$name was set by ALTER SYSTEM"
        done <"$first" ;;
      member)
        # Twice: nodes that have just started find each other in a moment.
        if apart "$first" "$rest" && sleep 5 && apart "$first" "$rest"; then
          printf '%s\n' "$first does not see $rest"
        fi ;;
    esac
  done <"$1"
}

# A kernel setting's file below /proc/sys: in its name a dot stands for a slash, and a slash for a dot.
setting_path() { # NAME
  local name=${1//\//:}
  name=${name//.//}
  printf '%s' "${name//:/.}"
}

# Sets drift to what has drifted from a step that is done, as elements of a JSON array.
drift_of() { # STATE_DIRECTORY NAME
  local file=$boot/drift/$2 asked=0 found sentence
  drift=''
  [[ -s $1/watch ]] || return 0
  [[ ! -e $file ]] || read -r asked <"$file"
  if ((now - asked >= 20 || now < asked)); then
    found=$(differences "$1/watch")
    # While the guest starts or stops, something may be missing that nobody has changed.
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
  local interrupted='"it was interrupted: the guest went down, or the step was killed"'
  local now state name running='' status digest epoch attempts ended output drift separator=''
  printf -v now '%(%s)T' -1
  for state in "$disk"/steps/* "$boot"/steps/*; do
    [[ -d $state ]] || continue
    name=${state##*/} running='' status='' digest='' epoch='' attempts='' output='""' ended=$now
    if [[ -s $state/result ]]; then
      { read -r status digest epoch attempts ended && read -r output; } <"$state/result"
    fi
    [[ ! -e $state/running ]] || read -r running <"$state/running" || :
    if [[ -n $running && ! ($status == DONE && ${running%% *} == "$digest") ]]; then
      # The output of the last failure stays until this try has ended.
      if [[ "$digest $epoch $attempts" != "$running" || $status != FAILED ]]; then output='""'; fi
      read -r digest epoch attempts <<<"$running"
      ended=$now
      if [[ -d $cgroups/lab-step-$name.service ]]; then
        status=RUNNING
        if [[ $attempts != 0 && $output == '""' ]]; then output=$interrupted; fi
      else
        status=INTERRUPTED attempts=$((attempts + 1))
        output=$interrupted
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
  local address held=false answer='' position='' state='' wait='' replay=''
  read -r address <"$facts/read-write-address"
  ! has_address "$address" || held=true
  {
    IFS= read -r answer && IFS='|' read -r position state wait && replay "$position" "$state" "$wait"
  } < <(HELD=$held sql <<'SQL'
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
SELECT jsonb_build_object(
  'up', true,
  'inRecovery', pg_is_in_recovery(),
  -- pg_control_checkpoint() shows the old timeline until the first checkpoint after a promotion.
  'timeline', CASE WHEN pg_is_in_recovery()
    -- On a standby whose receiver has ended it does not show the timeline that it followed: the WAL files do.
    THEN greatest((SELECT received_tli FROM pg_stat_wal_receiver), (SELECT timeline_id FROM pg_control_checkpoint()),
      (SELECT max(('x' || substr(name, 1, 8))::bit(32)::int) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{8}'))
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
  'systemIdentifier', (SELECT system_identifier::text FROM pg_control_system()),
  'readWriteAddress', :'held'::boolean,
  'standbys', (SELECT coalesce(jsonb_agg(senders), '[]') FROM senders),
  'slots', (SELECT coalesce(jsonb_agg(slots), '[]') FROM slots),
  'lsn', pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()
    THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) ELSE pg_current_wal_lsn() END, '0/0')::bigint,
  'receiving', EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'),
  'stopped', false);
-- Of a standby: the position that it has replayed, with a - if there is more to replay; its pause state; what it waits for.
SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() || CASE
    WHEN pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn() AND EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')
    THEN '-' ELSE '' END END,
  CASE WHEN pg_is_in_recovery() THEN pg_get_wal_replay_pause_state() END,
  (SELECT coalesce(wait_event_type || ' ' || wait_event, '') FROM pg_stat_activity WHERE backend_type = 'startup');
SQL
  ) || :
  if [[ $answer == \{* ]]; then
    printf '%s,"replay":"%s"}' "${answer%\}}" "${replay//[\"\\]/}"
  elif [[ -n $answer ]]; then
    # Only the second question was answered in time. That says nothing but that the machine is busy.
    echo 'PostgreSQL did not say within 5 s how it is' >&2
    return 1
  else
    : 2>/dev/null >"$boot/replay" || :
    postgresql_at_rest "$held"
  fi
}

# Sets replay to the reason why the standby here does not replay what it receives; empty when it does. It keeps what it has
# found in $boot/replay: "POSITION SINCE", and the reason on a second line.
replay() { # POSITION[-] PAUSE_STATE WAIT_EVENT
  local position=${1%-} now was='' since='' why='' key value
  local -A here=()
  read -r now _ </proc/uptime
  now=${now%.*}
  [[ ! -r $boot/replay ]] || { read -r was since && read -r why; } <"$boot/replay" || :
  case $2 in
    '' | 'not paused')
      # The last part of a record may never come when the primary is gone: that is no standstill.
      if [[ -z $position || $position != "$was" || ($1 != *- && -z $why) || $why == 'it is paused'* ]]; then
        since=$now why=''
      elif ((now - since >= 60)); then
        case $3 in
          *RecoveryApplyDelay) why='it waits as recovery_min_apply_delay says' ;;
          *Conflict* | Lock* | BufferPin*) why='it waits for a query that runs here' ;;
          *) why='it stands still' ;;
        esac
      fi ;;
    *)
      since=$now why='it is paused, as by pg_wal_replay_pause()'
      while IFS='|' read -r key value; do
        here[$key]=$value
      done < <(sql <<<"SELECT name, setting FROM pg_settings WHERE name LIKE 'max\_%'" || :)
      while read -r key value; do
        [[ -z ${here[$key]:-} ]] || ((here[$key] >= value)) \
          || why="it is paused: $key is ${here[$key]} here and was $value on the primary"
      done < <(demanded) ;;
  esac
  [[ -d $boot ]] || mkdir -p "$boot"
  printf '%s\n' "$position $since" ${why:+"$why"} >"$boot/replay"
  replay=$why
}

# What the data directory of a server that does not answer says.
postgresql_at_rest() { # READ_WRITE_ADDRESS_HELD
  local key value system='' timeline=0 lsn=0 stopped=false standby=false
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
  printf '{"up":false,"inRecovery":%s,"timeline":%d,"systemIdentifier":"%s","readWriteAddress":%s,"standbys":[],"slots":[],"lsn":%d,"receiving":false,"stopped":%s,"replay":""}' \
    "$standby" "$timeline" "$system" "$1" "$lsn" "$stopped"
}

# Whether a connection of this guest to that address and port is established. Who cannot reach the other side, or is
# refused there, has none. (Clients of ejabberd are in another table, however many they are.)
connected() { # ADDRESS PORT
  local bytes remote
  IFS=. read -ra bytes <<<"$1"
  printf -v remote '%02X%02X%02X%02X:%04X' "${bytes[3]}" "${bytes[2]}" "${bytes[1]}" "${bytes[0]}" "$2"
  [[ $(<"$tcp") == *" $remote 01 "* ]]
}

ejabberd() {
  local answer members='' up=false version='' address port held=false database=true
  answer=$(
    erlang "ejabberd@$host" <<'ERL'
case ejabberd:is_loaded() andalso init:get_status() of
    {started, _} ->
        {ok, Version} = application:get_key(ejabberd, vsn),
        {up, lists:flatten(lists:join(" ", [Version | [atom_to_list(Node) || Node <- ejabberd_cluster:get_nodes()]]))};
    _ -> down
end.
ERL
  ) || :
  if [[ $answer =~ ^\{ok,\ \{up,\ \"([0-9.]+)[^\ \"]*((\ [A-Za-z0-9@._-]+)*)\"\}\} ]]; then
    up=true version=${BASH_REMATCH[1]}
    for address in ${BASH_REMATCH[2]}; do members+=${members:+,}\"$address\"; done
  fi
  if [[ -e $facts/virtual-address ]]; then
    read -r address <"$facts/virtual-address"
    ! has_address "$address" || held=true
  fi
  if [[ -e $facts/database ]]; then
    read -r address port <"$facts/database"
    connected "$address" "$port" || database=false
  fi
  printf '{"up":%s,"version":"%s","members":[%s],"virtualAddress":%s,"database":%s}' \
    "$up" "$version" "$members" "$held" "$database"
}

# The latest decision who is primary that was obeyed here.
term() {
  local number=0 node=''
  read -r number node <"$facts/term" || :
  [[ $number =~ ^[0-9]+$ && $node =~ ^[a-z0-9-]+$ ]] || number=0 node=''
  printf '{"number":%d,"primary":"%s"}' "$number" "$node"
}

read -r boot_id </proc/sys/kernel/random/boot_id
printf '{"bootId":"%s","steps":[%s]' "$boot_id" "$(steps)"
[[ ! -e $facts/term ]] || printf ',"term":%s' "$(term)"
if [[ -e $facts/read-write-address ]]; then
  # A failure ends the report: what is not known is not said.
  said=$(postgresql)
  printf ',"postgresql":%s' "$said"
fi
[[ ! -e $facts/ejabberd ]] || printf ',"ejabberd":%s' "$(ejabberd)"
# The guest's time, and how many milliseconds this report took: the operator compares it with its own.
ended=${EPOCHREALTIME//[!0-9]/}
printf ',"clock":%d,"took":%d}\n' "$((ended / 1000))" "$(((ended - began) / 1000))"
