#!/usr/bin/env bash
# Packs an initrd from a root file system's own busybox and kernel modules.
# usage: initrd.sh ROOT KERNEL_VERSION OUT
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$1 kernel=$2 out=$3

# The disk first. The other drivers would be loaded by udev a little later, at several times the cost.
drivers=(virtio_pci virtio_blk virtio_console virtio_net virtio_rng autofs4)

work=$(mktemp -d "$root/tmp/initrd.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/dev" "$work/root" "$work/modules"
install -m 0755 "$root/bin/busybox" "$work/busybox"
install -m 0755 "$here/initrd-init" "$work/init"
number=100
for driver in "${drivers[@]}"; do
  # "insmod PATH" lines: the module and what it needs, in the order of loading.
  while read -r _ path; do
    name=$(basename "$path")
    if ! compgen -G "$work/modules/*-$name" >/dev/null; then
      cp "$root$path" "$work/modules/$((number++))-$name"
    fi
  done < <(chroot "$root" modprobe --set-version "$kernel" --show-depends "$driver" | grep ^insmod)
done
[[ $number -gt 100 ]] || { echo "initrd: found no drivers for kernel $kernel" >&2; exit 1; }
find "$work" -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH:-0}" {} +
inside=${work#"$root"}
chroot "$root" /bin/busybox sh -c "cd '$inside' && find . | sort | busybox cpio -o -H newc" 2>/dev/null > "$out"
