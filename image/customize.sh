#!/usr/bin/env bash
# Turns the freshly installed root file system into the image's: nothing starts by itself, nothing is shared
# between machines that must be each machine's own. Called by build.sh as an mmdebstrap customize hook.
# usage: customize.sh ROOT
#
# Masked is only what costs CPU time at every boot and has no use in a lab machine: on an emulated CPU each process
# costs 50 ms and more; boot-cost.py measures it.
set -euo pipefail

root=$1

masked_units=(
  # Maintenance of machines that live for years
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
  systemd-tmpfiles-clean.timer systemd-pstore.service
  # Devices and file systems that a lab machine does not have. The kernel mounts the root file system read-write.
  cryptsetup.target integritysetup.target veritysetup.target systemd-repart.service systemd-remount-fs.service
  kmod-static-nodes.service systemd-tmpfiles-setup-dev.service modprobe@dm_mod.service modprobe@loop.service
  modprobe@configfs.service modprobe@drm.service modprobe@fuse.service
  dev-hugepages.mount dev-mqueue.mount sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount
  sys-kernel-tracing.mount proc-sys-fs-binfmt_misc.automount systemd-binfmt.service
  systemd-pcrphase.service systemd-pcrphase-sysinit.service
  # People at a console: there is none, and no password to log in with
  getty.target systemd-ask-password-console.path systemd-ask-password-wall.path systemd-initctl.socket
  systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-user-sessions.service
  # First-boot work that the build has done already
  systemd-firstboot.service systemd-sysusers.service systemd-machine-id-commit.service
  # The journal is in memory, entropy comes from the virtio device, time from the host
  systemd-journal-flush.service systemd-journald-audit.socket systemd-random-seed.service systemd-timesyncd.service
)
# Started when first asked for, over D-Bus, instead of at boot.
masked_wants=(multi-user.target.wants/dbus.service multi-user.target.wants/systemd-logind.service)
# Only fstab is read; the generators' other sources do not exist here.
kept_generators=(systemd-fstab-generator)
kept_tmpfiles=(ejabberd.conf postgresql-common.conf sudo.conf systemd.conf systemd-network.conf tmp.conf)
kept_rules=(50-udev-default.rules 60-block.rules 60-persistent-storage.rules 60-qemu-guest-agent.rules
  80-drivers.rules 80-net-setup-link.rules 99-systemd.rules)

# mask_others SOURCE_DIR MASK_DIR KEPT...: everything in SOURCE_DIR but KEPT counts as empty.
mask_others() {
  local source=$root/$1 target=$root/$2 file
  shift 2
  mkdir -p "$target"
  for file in "$source"/*; do
    file=$(basename "$file")
    [[ " $* " == *" $file "* || -e $target/$file ]] || ln -s /dev/null "$target/$file"
  done
}

systemctl --root="$root" preset-all 2>/dev/null
systemctl --root="$root" --quiet mask "${masked_units[@]}"
systemctl --root="$root" --quiet set-default multi-user.target
for link in "${masked_wants[@]}"; do
  mkdir -p "$root/etc/systemd/system/${link%/*}"
  ln -s /dev/null "$root/etc/systemd/system/$link"
done
mask_others usr/lib/systemd/system-generators etc/systemd/system-generators "${kept_generators[@]}"
mask_others usr/lib/tmpfiles.d etc/tmpfiles.d "${kept_tmpfiles[@]}"
mask_others usr/lib/udev/rules.d etc/udev/rules.d "${kept_rules[@]}"
# What postgresql's generator would have made: the cluster starts with postgresql.service, if that is enabled.
mkdir -p "$root/etc/systemd/system/postgresql.service.wants"
ln -s /lib/systemd/system/postgresql@.service "$root/etc/systemd/system/postgresql.service.wants/postgresql@15-main.service"
# An empty list of modules, which would still cost a process at each boot.
rm -f "$root/etc/modules-load.d/modules.conf"

# Each machine makes its own: host key (ssh-hostkey.service), machine id (systemd, while the file is empty),
# snakeoil certificate (make-ssl-cert generate-default-snakeoil, only if something wants it).
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/ssl/private/ssl-cert-snakeoil.key "$root"/etc/ssl/certs/ssl-cert-snakeoil.pem
: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root/var/lib/systemd/random-seed"
ln -s /etc/machine-id "$root/var/lib/dbus/machine-id"

# ejabberd gets its certificate, cookie, node name and configuration from provisioning.
rm -f "$root/etc/ejabberd/ejabberd.pem"
find "$root/var/lib/ejabberd" -mindepth 1 -delete

# PostgreSQL's cluster exists and has never run.
test -s "$root/var/lib/postgresql/15/main/PG_VERSION"
rm -f "$root"/var/log/postgresql/*
chroot "$root" install -o postgres -g adm -m 0640 /dev/null /var/log/postgresql/postgresql-15-main.log

rm -rf "${root:?}"/var/log/journal "${root:?}"/tmp/* "${root:?}"/var/tmp/*
