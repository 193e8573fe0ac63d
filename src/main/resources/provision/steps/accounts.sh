# shellcheck shell=bash
# Makes the XMPP accounts what the lab says: registers missing ones, sets passwords that differ, and unregisters those
# that it has registered before and that are no longer wanted. Accounts that others registered stay.
#
# Which ones it has registered is kept in the lab's own database, in ejabberd_lab.accounts: that lives exactly as long
# as the accounts do, whatever becomes of the disk of a node.
#
# Values: DOMAIN, DATABASE, OWNER, ADDRESS (of the database), PORT
# Files:  accounts (names, one a line), database-password, and for each account NAME.password.json and
#         NAME.change.json (arguments of the API's register and check_password, and of change_password)

mapfile -t accounts <"$LAB_FILES/accounts"

# Calls the API once for each account, over one connection. A line for each: its answer, a blank, the HTTP code.
api() { # COMMAND FILE_SUFFIX|'' NAME...
  local command=$1 suffix=$2 name data
  shift 2
  for name in "$@"; do
    if [[ -n $suffix ]]; then
      data="@$LAB_FILES/$name.$suffix"
    else
      printf -v data '{\\"user\\":\\"%s\\",\\"host\\":\\"%s\\"}' "$name" "$DOMAIN"
    fi
    printf '%s\n' next silent show-error 'max-time = 120' 'header = "Content-Type: application/json"' \
      "url = \"http://127.0.0.1:5280/api/$command/v2\"" "data = \"$data\"" 'write-out = " %{http_code}\n"'
  done | curl -K -
}

# The same for commands that answer yes (0) or no (1); sets "refused" to the accounts with a no.
ask() { # COMMAND FILE_SUFFIX|'' NAME...
  local command=$1 text answers i
  refused=()
  (($# > 2)) || return 0
  text=$(api "$@")
  shift 2
  mapfile -t answers <<<"$text"
  for ((i = 1; i <= $#; i++)); do
    case ${answers[i - 1]} in
      '0 200') ;;
      '1 200') refused+=("${!i}") ;;
      *) die "ejabberd's $command fails for ${!i} with HTTP status ${answers[i - 1]##* }: see /var/log/ejabberd/ejabberd.log" ;;
    esac
  done
}

# The same for commands that must succeed.
must() { # COMMAND FILE_SUFFIX|'' NAME...
  local command=$1 text answers i
  (($# > 2)) || return 0
  text=$(api "$@")
  shift 2
  mapfile -t answers <<<"$text"
  for ((i = 1; i <= $#; i++)); do
    [[ ${answers[i - 1]} == *' 200' ]] \
      || die "ejabberd's $command fails for ${!i} with HTTP status ${answers[i - 1]##* }: see /var/log/ejabberd/ejabberd.log"
  done
}

# Runs the SQL of its input, which has the names as :'names', and those of all accounts as :'wanted'.
sql() { # NAME... <SQL
  PGPASSWORD=$(<"$LAB_FILES/database-password") PGCONNECT_TIMEOUT=30 PGOPTIONS='-c client_min_messages=warning' \
    psql -XAtq -v ON_ERROR_STOP=1 -v names="$*" -v wanted="${accounts[*]}" \
    -h "$ADDRESS" -p "$PORT" -U "$OWNER" -d "$DATABASE"
}

# Tells the accounts that this step has registered and that are no longer wanted.
superfluous="SELECT name FROM ejabberd_lab.accounts WHERE name <> ALL (string_to_array(:'wanted', ' ')) ORDER BY name;"

check() {
  local left
  ask check_password password.json "${accounts[@]}"
  ((${#refused[@]} == 0))
  left=$(sql <<<"$superfluous")
  [[ -z $left ]]
}

apply() {
  local wrong=() missing=() present=() gone name left
  ask check_password password.json "${accounts[@]}"
  wrong=("${refused[@]}")
  ask check_account '' "${wrong[@]}"
  missing=("${refused[@]}")
  for name in "${wrong[@]}"; do
    [[ " ${missing[*]} " == *" $name "* ]] || present+=("$name")
  done
  # Before it is done: what is registered and not written down would never be unregistered.
  left=$(
    sql "${missing[@]}" <<SQL
CREATE SCHEMA IF NOT EXISTS ejabberd_lab;
CREATE TABLE IF NOT EXISTS ejabberd_lab.accounts (name text PRIMARY KEY);
INSERT INTO ejabberd_lab.accounts SELECT unnest(string_to_array(:'names', ' ')) ON CONFLICT DO NOTHING;
$superfluous
SQL
  )
  must register password.json "${missing[@]}"
  must change_password change.json "${present[@]}"

  [[ -n $left ]] || return 0
  mapfile -t gone <<<"$left"
  must unregister '' "${gone[@]}"
  sql "${gone[@]}" <<<"DELETE FROM ejabberd_lab.accounts WHERE name = ANY (string_to_array(:'names', ' '));"
}

verify() {
  ask check_password password.json "${accounts[@]}"
  ((${#refused[@]} == 0)) || die "these accounts cannot log in with the password that their Secret has: ${refused[*]}"
}

# A password that somebody changed is not seen by it: that would cost a hash for each account.
watch() {
  printf 'accounts %s\n' "$DOMAIN ${accounts[*]}"
}
