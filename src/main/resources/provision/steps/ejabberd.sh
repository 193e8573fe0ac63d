# shellcheck shell=bash
# Configures and runs this node's ejabberd. Whether it is in a cluster is another step's matter. A node that runs goes
# on: it is made to read what has changed, and restarted only for what it reads at its start, when it is its turn.
#
# Values: ERLANG_NODE
# Files:  ejabberd.yml, ejabberd (ejabberdctl.cfg), vm.args, .erlang.cookie, lab.conf (systemd), certificate.pem,
#         key.pem, ca.pem; database (address and port, for report.sh); reload.erl, cookie.erl and turn.erl (run on the node)

facts=/var/lib/ejabberd-lab/facts
home=/var/lib/ejabberd
drop_in=/etc/systemd/system/ejabberd.service.d

configured() {
  placed /etc/ejabberd ejabberd.yml vm.args certificate.pem key.pem ca.pem && placed /etc/default ejabberd \
    && placed "$home" .erlang.cookie && placed "$drop_in" lab.conf && placed "$facts" database
}

# Whether ejabberd says that it is started, under its name. Asked over HTTP: ejabberdctl boots an Erlang VM a call.
# Erlang puts a name with a dash between quotes.
started() {
  local answer
  answer=$(curl -fsS -m 20 http://127.0.0.1:5280/api/status/v2 2>&1) || return 1
  [[ ${answer//\'/} == *" $ERLANG_NODE is started. Status: started"* ]]
}

# Whether something lies there that the running node has not read: a file is newer than its start, or its last reload.
restart_due() {
  [[ /etc/ejabberd/vm.args -nt /run/ejabberd/ejabberd.pid || /etc/default/ejabberd -nt /run/ejabberd/ejabberd.pid \
    || $drop_in/lab.conf -nt /run/ejabberd/ejabberd.pid ]]
}

reload_due() {
  [[ /etc/ejabberd/certificate.pem -nt $facts/ejabberd || /etc/ejabberd/key.pem -nt $facts/ejabberd \
    || /etc/ejabberd/ca.pem -nt $facts/ejabberd ]]
}

current() {
  ! restart_due && ! reload_due && unit_read ejabberd.service
}

check() {
  configured
  current
  started
}

# Runs Erlang code on this node and prints what it answers. The cookie is that of the home directory.
on_node() { # FILE HOME
  HOME=$2 timeout 300 erl_call -sname "$ERLANG_NODE" -e <"$LAB_FILES/$1"
}

place_certificates() {
  place 0640 root:ejabberd /etc/ejabberd certificate.pem key.pem
  place 0644 root /etc/ejabberd ca.pem
}

place_start_files() {
  place 0644 root /etc/ejabberd vm.args
  place 0644 root /etc/default ejabberd
  place 0644 root "$drop_in" lab.conf
}

# First the running node, then the file: when the step is killed in between, the node is reached with either cookie.
follow_cookie() {
  local answer
  if placed "$home" .erlang.cookie; then return; fi
  install -m 0400 -o ejabberd -g ejabberd "$LAB_FILES/.erlang.cookie" "$home/.erlang.cookie.next"
  answer=$(on_node cookie.erl "$home") || answer=$(on_node cookie.erl "$LAB_FILES") || :
  [[ $answer == '{ok, ok}' ]] || die "ejabberd does not take another cookie: $answer"
  mv -f "$home/.erlang.cookie.next" "$home/.erlang.cookie"
}

follow_configuration() {
  local answer
  if placed /etc/ejabberd ejabberd.yml && ! reload_due; then return; fi
  install -m 0600 -o ejabberd -g ejabberd "$LAB_FILES/ejabberd.yml" /etc/ejabberd/next.yml
  answer=$(on_node reload.erl "$home") || :
  if [[ $answer != '{ok, ok}' ]]; then
    rm -f /etc/ejabberd/next.yml
    answer=${answer#'{ok, {refused, '}
    die "ejabberd goes on with its old settings, it refuses the new ones: ${answer%'}}'}"
  fi
  mv -f /etc/ejabberd/next.yml /etc/ejabberd/ejabberd.yml
  : >"$facts/ejabberd"
}

# Never two members at once: this one restarts when those before it have, and no member is down.
my_turn() {
  awaited=$(on_node turn.erl "$home") || :
  [[ $awaited == '{ok, {wait, []}}' ]] || {
    sleep 3
    return 1
  }
}

start() { # start|restart
  local log=/var/log/ejabberd/ejabberd.log
  reload_unit ejabberd.service
  # Returns when ejabberd has told systemd that it is ready.
  if systemctl "$1" ejabberd.service; then
    : >"$facts/ejabberd"
    return
  fi
  # systemd would try again and again.
  systemctl stop ejabberd.service
  die "ejabberd does not start: $(tail -n 40 "$log" | sed -n '/\[\(error\|critical\)\]/,$p' | tail -n 6 | cut -c 1-400)"
}

apply() {
  local unit awaited=''
  unit=$(systemctl is-active ejabberd.service) || :
  install -d -m 0755 "$drop_in"
  mkdir -p "$facts"
  place 0644 root "$facts" database
  if [[ $unit == active ]] && started; then
    follow_cookie
    place_certificates
    follow_configuration
    place_start_files
    reload_unit ejabberd.service
    if restart_due; then
      wait_until 1200 my_turn || die "ejabberd must restart here, and waits for other members: $awaited"
      start restart
    fi
    return
  fi
  # A node that just starts by itself is waited for. A node that runs does not answer, and is restarted.
  if [[ $unit != active ]] && { [[ $unit != activating ]] || configured; }; then unit=start; else unit=restart; fi
  # The cookie before the first start: a node that has none makes one up.
  place 0400 ejabberd "$home" .erlang.cookie
  place 0600 ejabberd /etc/ejabberd ejabberd.yml
  place_certificates
  place_start_files
  : >"$facts/ejabberd"
  # Not "enable": that calls the slow tools for System V init scripts.
  systemctl --quiet --no-reload add-wants multi-user.target ejabberd.service
  start "$unit"
}

verify() {
  wait_until 300 started || die "ejabberd does not answer that it is started: see /var/log/ejabberd/ejabberd.log"
}

watch() {
  watch_files /etc/ejabberd ejabberd.yml vm.args certificate.pem key.pem ca.pem
  watch_files "$home" .erlang.cookie
  watch_files /etc/default ejabberd
  watch_files "$drop_in" lab.conf
  echo service ejabberd.service
}
