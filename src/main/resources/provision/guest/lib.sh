# shellcheck shell=bash
# Functions for the scripts in steps/. On an emulated CPU every program that is started costs 30 to 100 ms, so these
# functions do with bash what bash can do.

# Says what is wrong and ends the phase.
die() { # SENTENCE
  printf '%s\n' "$*" >&2
  exit 1
}

# Whether two text files have the same content.
same() { # FILE FILE
  local a b
  [[ -f $1 && -f $2 ]] || return 1
  IFS= read -r -d '' a <"$1" || :
  IFS= read -r -d '' b <"$2" || :
  [[ $a == "$b" ]]
}

# Whether all these files of the step are in place.
placed() { # DIRECTORY FILE...
  local directory=$1 file
  shift
  for file in "$@"; do
    same "$LAB_FILES/$file" "$directory/$file" || return 1
  done
}

# Puts files of the step into their directory, each whole or not at all; what is there already stays as it is.
place() { # MODE OWNER[:GROUP] DIRECTORY FILE...
  local mode=$1 owner=$2 directory=$3 file text mask staged=()
  shift 3
  printf -v mask '%04o' $((0666 & ~0$mode))
  for file in "$@"; do
    ! same "$LAB_FILES/$file" "$directory/$file" || continue
    IFS= read -r -d '' text <"$LAB_FILES/$file" || :
    umask "$mask"
    printf '%s' "$text" >"$LAB_STAGE/$file"
    umask 077
    staged+=("$LAB_STAGE/$file")
  done
  ((${#staged[@]} > 0)) || return 0
  case $owner in
    root) ;;
    *:*) chown "$owner" "${staged[@]}" ;;
    *) chown "$owner:" "${staged[@]}" ;;
  esac
  mv -f -t "$directory" "${staged[@]}"
}

# Forgets that other steps were done here, because this one undoes their effect.
forget() { # STEP...
  local step
  for step in "$@"; do
    rm -rf "${LAB_DISK:-/var/lib/ejabberd-lab}/steps/$step" "${LAB_BOOT:-/run/ejabberd-lab}/steps/$step" \
      "${LAB_BOOT:-/run/ejabberd-lab}/drift/$step"
  done
}

# Waits until a command succeeds.
wait_until() { # SECONDS COMMAND...
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.3
  done
}

# The interface with that MAC address.
interface() { # MAC
  local file mac
  for file in /sys/class/net/*/address; do
    read -r mac <"$file"
    if [[ $mac == "$1" ]]; then
      file=${file%/address}
      printf '%s\n' "${file##*/}"
      return
    fi
  done
  die "no interface has the MAC address $1"
}

# Whether this guest has the IPv4 address.
has_address() { # ADDRESS
  local line last=''
  while read -r line; do
    [[ $line == */32\ host\ LOCAL && $last == "|-- $1" ]] && return 0
    last=$line
  done </proc/net/fib_trie
  return 1
}

# Whether a list of Erlang nodes, as ejabberd's API or erl_call prints it, has this one. Names are compared whole:
# ejabberd@xmpp is not ejabberd@xmpp2.
lists_node() { # LIST ERLANG_NODE
  [[ " ${1//[][\'\",[:space:]]/ } " == *" $2 "* ]]
}

# What a step's function watch prints; report.sh says what the lines mean.

watch_files() { # DIRECTORY FILE...
  local directory=$1
  shift
  printf 'file %s\n' "${@/#/$directory/}"
}

# The command prints the same until somebody changes something.
watch_output() { # WHAT COMMAND...
  local what=$1 sum
  shift
  sum=$("$@" 2>&1 | cksum)
  printf 'output %s %s %s\n' "$what" "${sum/ /:}" "$*"
}

# A kernel setting's file below /proc/sys: in its name a dot stands for a slash, and a slash for a dot.
setting_path() { # NAME
  local name=${1//\//:}
  name=${name//.//}
  printf '%s' "${name//:/.}"
}

# Says in one sentence which of the kernel settings in a file the kernel does not have as they are written; nothing when
# it has all. A setting may have more words than were written: those that were not keep their value.
wrong_settings() { # FILE
  local sys=${LAB_SYS:-/proc/sys} name rest wanted value file i equal wrong=''
  while IFS='=' read -r name rest; do
    name=${name//[[:blank:]]/}
    [[ -n $name && $name != [\#\;]* && $name != *[*]* ]] || continue
    file=$sys/$(setting_path "$name")
    if [[ ! -f $file ]]; then
      wrong+="${wrong:+, }the kernel has no setting $name"
      continue
    fi
    # One that only orders something to be done cannot be read.
    value=()
    read -ra value 2>/dev/null <"$file" || ((${#value[@]} > 0)) || continue
    read -ra wanted <<<"$rest"
    equal=yes
    for i in "${!wanted[@]}"; do
      [[ ${value[i]:-} == "${wanted[i]}" ]] || same_number "${value[i]:-}" "${wanted[i]}" || equal=no
    done
    [[ $equal == yes ]] || wrong+="${wrong:+, }the kernel has $name = ${value[*]} instead of ${wanted[*]}"
  done <"$1"
  printf '%s' "$wrong"
}

# Whether two words are one number, written as the kernel reads it: 0x10 is 16.
same_number() { # WORD WORD
  local number='^[+-]?(0[xX][0-9a-fA-F]{1,15}|0[0-7]{0,20}|[1-9][0-9]{0,17})$'
  [[ $1 =~ $number && $2 =~ $number ]] && (($1 == $2))
}

# The kernel settings in a file, as the kernel has them now.
watch_settings() { # FILE
  local sys=${LAB_SYS:-/proc/sys} name separator rest value file
  while read -r name separator rest; do
    file=$sys/$(setting_path "$name")
    [[ $separator == '=' && -f $file ]] || continue
    value=()
    read -ra value 2>/dev/null <"$file" || ((${#value[@]} > 0)) || continue
    printf 'setting %s %s\n' "$name" "${value[*]}"
  done <"$1"
}

# Whether systemd has read a unit's files as they are; a unit that has not been loaded yet is read when it is.
unit_read() { # UNIT
  [[ $(systemctl show --property=NeedDaemonReload --value "$1") != yes ]]
}

# Makes systemd read a unit's files if it has older ones. Reloading costs an emulated CPU a second.
reload_unit() { # UNIT
  unit_read "$1" || systemctl daemon-reload
}

# PostgreSQL

export PGDATA=${LAB_PGDATA:-/var/lib/postgresql/15/main}
PGCONF=${LAB_PGCONF:-/etc/postgresql/15/main}
# A primary starts only while this is there: see postgresql.service.conf.
export PGPERMIT=/run/ejabberd-lab/primary
# The wrappers in /usr/bin are Perl and cost half a second on an emulated CPU.
PATH=${LAB_POSTGRESQL:-/usr/lib/postgresql/15/bin}:$PATH

# Runs a program as the user postgres.
as_postgres() { # PROGRAM [ARGUMENT...]
  setpriv --reuid postgres --regid postgres --init-groups "$@"
}

PGUNIT=/etc/systemd/system/postgresql@15-main.service.d

postgresql_runs() {
  systemctl --quiet is-active postgresql@15-main.service
}

# Whether the running instance neither lets clients in nor refuses them.
postgresql_hangs() {
  local status=0
  as_postgres pg_isready -q -t 30 -d postgres || status=$?
  ((status == 2))
}

# Waits while the instance starts, which may be long: it has to replay what it had not written to its files.
postgresql_await() {
  local status deadline=$((SECONDS + 1200))
  while ((SECONDS < deadline)) && postgresql_runs; do
    status=0
    pg_isready -q -t 30 || status=$?
    ((status == 1)) || break
    sleep 1
  done
}

# Where networkd looks for the read-write address; gone after a reboot.
read_write_drop_in() {
  printf '%s\n' "/run/systemd/network/10-lab-$NETWORK.network.d"
}

# Takes the read-write address from this node.
read_write_release() {
  rm -f "$(read_write_drop_in)/read-write-address.conf"
  ! has_address "$ADDRESS" || ip address del "$ADDRESS/$PREFIX_LENGTH" dev "$(interface "$MAC")"
}

# Who is primary by which decision: "NUMBER NODE" of the highest that was obeyed here, apart from the data, so that
# neither a base backup nor pg_rewind brings another one's.
PGTERM=${LAB_DISK:-/var/lib/ejabberd-lab}/facts/term

# Whether this guest has obeyed the decision PRIMARY_TERM for PRIMARY_NODE already.
term_known() {
  local known=''
  [[ ! -e $PGTERM ]] || IFS= read -r known <"$PGTERM"
  [[ $known == "$PRIMARY_TERM $PRIMARY_NODE" ]]
}

# Ends the phase when a later decision was obeyed here: whoever speaks of this one was away, or has an old record.
# Remembers it otherwise, before anything of it is done.
obey_term() {
  local number=0 node=''
  [[ ! -e $PGTERM ]] || read -r number node <"$PGTERM"
  ((PRIMARY_TERM >= number)) \
    || die "StaleTerm: by decision $number, which was obeyed here, $node is primary; decision $PRIMARY_TERM for $PRIMARY_NODE is older"
  ((PRIMARY_TERM > number)) || [[ $PRIMARY_NODE == "$node" ]] \
    || die "StaleTerm: decision $number, which was obeyed here, was for $node and not for $PRIMARY_NODE"
  ! term_known || return 0
  mkdir -p "${PGTERM%/*}"
  printf '%s %s\n' "$PRIMARY_TERM" "$PRIMARY_NODE" >"$PGTERM.new"
  sync -f "$PGTERM.new"
  mv -f "$PGTERM.new" "$PGTERM"
}

postgresql_watch() {
  watch_files "$PGCONF/conf.d" ejabberd-lab.conf standby.conf
  watch_files "$PGCONF" pg_hba.conf replication.pgpass server.crt server.key ca.crt
  watch_files "$PGUNIT" lab.conf
  echo answers postgresql@15-main.service
  # shellcheck disable=SC2046 # one name a word
  echo unset "$PGDATA/postgresql.auto.conf" $(postgresql_given)
}

# Prints the names of the settings in files, one a line.
setting_names() { # FILE...
  local file name
  for file in "$@"; do
    [[ -r $file ]] || continue
    while read -r name _ || [[ -n $name ]]; do
      name=${name%%=*}
      [[ -z $name || $name == \#* ]] || printf '%s\n' "${name,,}"
    done <"$file"
  done
}

# Names of the settings that are the lab's to give, one a line.
postgresql_given() {
  setting_names "$PGCONF/conf.d/ejabberd-lab.conf" "$PGCONF/conf.d/standby.conf"
}

# Those of them to which ALTER SYSTEM gives another value, one a line. What it writes overrules every file, and base
# backups and pg_rewind take it from instance to instance.
postgresql_overruled() {
  local given name
  given=" $(postgresql_given | tr '\n' ' ') "
  while read -r name; do
    [[ $given != *" $name "* ]] || printf '%s\n' "$name"
  done < <(setting_names "$PGDATA/postgresql.auto.conf")
}

# Takes back what ALTER SYSTEM has set of the lab's settings, and leaves the user's. For an instance that does not run. A
# setting without which it would not start stays until it runs and can be asked: see postgresql_reset.
postgresql_reset_at_rest() {
  local name line kept=$LAB_STAGE/postgresql.auto.conf overruled
  overruled=" $(postgresql_overruled | tr '\n' ' ') "
  [[ -n ${overruled// /} ]] || return 0
  : >"$kept"
  while IFS= read -r line || [[ -n $line ]]; do
    name=$(setting_names <(printf '%s\n' "$line"))
    case $name in
      '') ;;
      wal_level) [[ $line == *logical* ]] || continue ;;
      max_prepared_transactions) [[ -n $(ls -A "$PGDATA/pg_twophase") ]] || continue ;;
      *) [[ $overruled != *" $name "* ]] || continue ;;
    esac
    printf '%s\n' "$line" >>"$kept"
  done <"$PGDATA/postgresql.auto.conf"
  chown postgres: "$kept"
  mv -f "$kept" "$PGDATA/postgresql.auto.conf"
}

# The same of an instance that answers.
postgresql_reset() {
  local overruled
  overruled=$(postgresql_overruled)
  [[ -n $overruled ]] || return 0
  NAMES=$overruled as_postgres psql -Xq -v ON_ERROR_STOP=1 <<'SQL'
\getenv names NAMES
SELECT set_config('lab.names', :'names', false) \g /dev/null
DO $$
DECLARE
  names text[] := string_to_array(current_setting('lab.names'), E'\n');
  slots text := (SELECT string_agg(slot_name, ', ') FROM pg_replication_slots WHERE slot_type = 'logical');
BEGIN
  IF 'wal_level' = ANY (names) AND slots IS NOT NULL THEN
    RAISE 'wal_level was set by ALTER SYSTEM and cannot be put back while there are logical replication slots: drop %', slots;
  END IF;
  IF 'max_prepared_transactions' = ANY (names) AND EXISTS (SELECT FROM pg_prepared_xacts) THEN
    RAISE 'max_prepared_transactions was set by ALTER SYSTEM and cannot be put back while there are prepared transactions: end them';
  END IF;
END
$$;
SELECT format('ALTER SYSTEM RESET %I', name) FROM unnest(string_to_array(:'names', E'\n')) AS name \gexec
SQL
}

# Prints the settings of which a standby must have as much as its primary, with the values that the primary had when it
# wrote the WAL that comes next here: NAME VALUE, one a line.
postgresql_demanded() {
  local key value
  while IFS=: read -r key value; do
    value=${value##* }
    case $key in
      'max_connections setting') echo "max_connections $value" ;;
      'max_worker_processes setting') echo "max_worker_processes $value" ;;
      'max_wal_senders setting') echo "max_wal_senders $value" ;;
      'max_prepared_xacts setting') echo "max_prepared_transactions $value" ;;
      'max_locks_per_xact setting') echo "max_locks_per_transaction $value" ;;
    esac
  done < <(LC_ALL=C pg_controldata -D "$PGDATA" 2>/dev/null)
}

# Gives a standby as much as postgresql_demanded prints, whatever the lab's settings are: with less it does not replay, is
# not promoted and does not start again. It goes back to the lab's settings after its primary has.
postgresql_suffice() {
  local name value given raised=''
  if [[ -e $PGDATA/standby.signal ]]; then
    while read -r name value; do
      while read -r given _ given_value; do
        [[ $given != "$name" ]] || ((value <= given_value)) || raised+="$name = $value"$'\n'
      done <"$PGCONF/conf.d/ejabberd-lab.conf"
    done < <(postgresql_demanded)
  fi
  if [[ -z $raised ]]; then
    rm -f "$PGCONF/conf.d/standby-raised.conf"
    return
  fi
  printf '%s' "$raised" >"$LAB_STAGE/standby-raised.conf"
  chown postgres: "$LAB_STAGE/standby-raised.conf"
  mv -f "$LAB_STAGE/standby-raised.conf" "$PGCONF/conf.d/"
}

postgresql_configured() {
  [[ -z $(postgresql_overruled) ]] \
    && placed "$PGCONF/conf.d" ejabberd-lab.conf standby.conf \
    && placed "$PGCONF" pg_hba.conf replication.pgpass server.crt server.key ca.crt \
    && placed "$PGUNIT" lab.conf && unit_read postgresql@15-main.service \
    && placed /var/lib/ejabberd-lab/facts read-write-address
}

# Whether the running instance has read what is in place.
postgresql_current() {
  [[ $(NAMES=$(postgresql_given) as_postgres psql -XAtq <<'SQL'
\getenv names NAMES
SELECT bool_and((pg_stat_file('/etc/postgresql/15/main/' || name)).modification <= pg_conf_load_time())
  AND NOT EXISTS (SELECT FROM pg_settings WHERE pending_restart AND name = ANY (string_to_array(:'names', E'\n')))
FROM unnest(ARRAY['conf.d/ejabberd-lab.conf', 'conf.d/standby.conf', 'pg_hba.conf', 'server.crt', 'server.key']) AS name;
SQL
  ) == t ]]
}

# Puts the settings in place; postgresql_start makes them work.
postgresql_configure() {
  place 0640 postgres "$PGCONF/conf.d" ejabberd-lab.conf standby.conf
  place 0600 postgres "$PGCONF" pg_hba.conf replication.pgpass server.crt server.key ca.crt
  mkdir -p /var/lib/ejabberd-lab/facts
  install -d -m 0755 "$PGUNIT"
  place 0644 root /var/lib/ejabberd-lab/facts read-write-address
  place 0644 root "$PGUNIT" lab.conf
  reload_unit postgresql@15-main.service
}

# Stops the instance in order; one that cannot is killed, or it would be waited for until the step's end.
postgresql_stop() {
  timeout 300 systemctl stop postgresql@15-main.service || systemctl kill --signal=KILL postgresql@15-main.service || :
  systemctl stop postgresql@15-main.service
}

# Starts the instance, or makes a running one follow its settings; enables it for the next boot. May be used in a
# condition: it does not depend on set -e.
postgresql_start() {
  local restart
  # Not "enable postgresql": that calls the slow tools for System V init scripts.
  systemctl --quiet --no-reload enable postgresql@15-main.service || return 1
  postgresql_suffice || return 1
  if ! postgresql_runs; then
    postgresql_reset_at_rest || return 1
    systemctl start postgresql@15-main.service
    return
  fi
  if postgresql_hangs || postgresql_stands_still; then
    # It would not listen to less.
    systemctl kill --signal=KILL postgresql@15-main.service
    postgresql_reset_at_rest || return 1
    systemctl restart postgresql@15-main.service
    return
  fi
  postgresql_reset || return 1
  # A change of the user's own that waits for a restart goes on waiting.
  restart=$(NAMES=$(postgresql_given) as_postgres psql -XAtq -v ON_ERROR_STOP=1 <<'SQL'
\getenv names NAMES
SELECT pg_reload_conf() \g /dev/null
\connect
SELECT count(*) FROM pg_settings WHERE pending_restart AND name = ANY (string_to_array(:'names', E'\n'));
SQL
  ) || return 1
  ((restart == 0)) || systemctl restart postgresql@15-main.service
}

# Whether report.sh has found that the standby here has long had something to replay and does not, without a pause.
postgresql_stands_still() {
  local why=''
  [[ -r ${LAB_BOOT:-/run/ejabberd-lab}/replay ]] || return 1
  { read -r _ && read -r why; } <"${LAB_BOOT:-/run/ejabberd-lab}/replay" || :
  [[ $why == 'it stands still'* ]]
}
