#!/usr/bin/env bash
# Turns the freshly installed root file system into the image's: nothing starts by itself, nothing is shared
# between machines that must be each machine's own. Called by build.sh as an mmdebstrap customize hook.
# usage: customize.sh ROOT
set -euo pipefail

root=$1

# Timers and maintenance that a lab machine does not need, and that cost CPU time at every boot.
masked=(
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
  e2scrub_reap.service systemd-pstore.service systemd-timesyncd.service
)

systemctl --root="$root" preset-all 2>/dev/null
systemctl --root="$root" mask "${masked[@]}"
systemctl --root="$root" set-default multi-user.target

# Each machine makes its own: host key (ssh-hostkey.service), machine id (systemd, while the file is empty),
# snakeoil certificate (make-ssl-cert generate-default-snakeoil, only if something wants it).
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/ssl/private/ssl-cert-snakeoil.key "$root"/etc/ssl/certs/ssl-cert-snakeoil.pem
: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root/var/lib/systemd/random-seed"

# ejabberd gets its certificate, cookie, node name and configuration from provisioning.
rm -f "$root/etc/ejabberd/ejabberd.pem"
find "$root/var/lib/ejabberd" -mindepth 1 -delete

# PostgreSQL's cluster exists and has never run.
test -s "$root/var/lib/postgresql/15/main/PG_VERSION"
rm -f "$root"/var/log/postgresql/*

rm -rf "${root:?}"/var/log/journal/* "${root:?}"/tmp/* "${root:?}"/var/tmp/*
mkdir -p "$root/var/log/journal"
