# shellcheck shell=bash
# Runs a script of the user's.
#
# Values: SCRIPT_USER, HIDDEN (yes: what the script says is not shown, because its text is secret)
# Files:  script, environment (NAME=VALUE, each ended by a NUL byte), unless (empty, or a script that says with exit
#         code 0 that nothing needs to be done)

# Runs one of the files as the user, in the user's home and with the user's environment.
run() { # FILE
  local environment entry home
  entry=$(getent passwd "$SCRIPT_USER") || die "there is no user $SCRIPT_USER on this node"
  IFS=: read -r _ _ _ group _ home _ <<<"$entry"
  mapfile -d '' -t environment <"$LAB_FILES/environment"
  # The directories above are root's alone, so bash is given the open file. To open that again the user must own it.
  chown "$SCRIPT_USER" "$LAB_FILES/$1"
  cd "$home" 2>/dev/null || cd /
  umask 022
  setpriv --reuid "$SCRIPT_USER" --regid "$group" --init-groups --reset-env \
    env LANG=C.UTF-8 "${environment[@]}" /bin/bash /dev/fd/8 8<"$LAB_FILES/$1"
}

check() {
  [[ -s $LAB_FILES/unless ]]
  run unless
}

apply() {
  if [[ $HIDDEN == yes ]]; then
    # In memory, for root: the script's own messages may quote it.
    local log=${LAB_BOOT:-/run/ejabberd-lab}/own-output.${LAB_STAGE##*/} status=0
    run script > >(tail -c 65536 >"$log") 2>&1 || status=$?
    ((status == 0)) || die "exit code $status; what it said is not shown because the script comes from a Secret: see $log"
  else
    run script
  fi
}

verify() {
  :
}
