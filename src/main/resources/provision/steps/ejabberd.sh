# shellcheck shell=bash
# Configures and runs this node's ejabberd. Whether it is in a cluster is another step's matter.
#
# Values: ERLANG_NODE
# Files:  ejabberd.yml, ejabberd (ejabberdctl.cfg), vm.args, .erlang.cookie, lab.conf (systemd)

facts=/var/lib/ejabberd-lab/facts
drop_in=/etc/systemd/system/ejabberd.service.d

configured() {
  placed /etc/ejabberd ejabberd.yml vm.args && placed /etc/default ejabberd \
    && placed /var/lib/ejabberd .erlang.cookie && placed "$drop_in" lab.conf
}

# Whether ejabberd says that it is started, under its name. Asked over HTTP: ejabberdctl boots an Erlang VM a call.
started() {
  [[ $(curl -fsS -m 20 http://127.0.0.1:5280/api/status/v2 2>&1) == *"$ERLANG_NODE is started. Status: started"* ]]
}

check() {
  configured
  started
}

apply() {
  local unit action=start
  unit=$(systemctl is-active ejabberd.service) || :
  # One that starts by itself just now is waited for; one that runs has other settings or does not answer.
  if [[ $unit == active ]] || { [[ $unit == activating ]] && ! configured; }; then action=restart; fi
  install -d -m 0755 "$drop_in"
  # The cookie before the first start: a node that has none makes one up.
  place 0400 ejabberd /var/lib/ejabberd .erlang.cookie
  place 0600 ejabberd /etc/ejabberd ejabberd.yml
  place 0644 root /etc/ejabberd vm.args
  place 0644 root /etc/default ejabberd
  place 0644 root "$drop_in" lab.conf
  mkdir -p "$facts"
  : >"$facts/ejabberd"
  # Not "enable": that calls the slow tools for System V init scripts.
  systemctl --quiet --no-reload add-wants multi-user.target ejabberd.service
  if [[ $action == restart && $(systemctl show --property=NeedDaemonReload --value ejabberd.service) == yes ]]; then
    systemctl daemon-reload
  fi
  # Returns when ejabberd has told systemd that it is ready.
  systemctl "$action" ejabberd.service
}

verify() {
  wait_until 300 started || die "ejabberd does not answer that it is started: see /var/log/ejabberd/ejabberd.log"
}

watch() {
  watch_files /etc/ejabberd ejabberd.yml vm.args
  watch_files /etc/default ejabberd
  watch_files "$drop_in" lab.conf
  echo service ejabberd.service
}
