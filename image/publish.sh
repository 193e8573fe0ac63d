#!/usr/bin/env bash
# Puts a guest image into a libvirt storage pool, for use as `image: {volume: NAME}` of an EjabberdLab.
#
# usage: image/publish.sh POOL_URI POOL [OUTDIR]                 the image that image/build.sh made
#        image/publish.sh POOL_URI POOL DISK.qcow2 [NAME]        a bootable disk of your own
#
# Volumes are named by content and never change: NAME-<12 hex digits>.qcow2 and, if the image has them, .vmlinuz and
# .initrd for direct kernel boot. Machines built on an older digest keep it. What is there already is not sent again.
#
# A volume cannot be renamed through libvirt, so the order of writing makes the image appear at once and complete:
# kernel and initrd first, then the disk with its first block, which holds the qcow2 header, last. Until then libvirt
# reports the volume's format as raw, and it is no image yet.
set -euo pipefail

fail() { echo "publish: $*" >&2; exit 1; }
say() { printf 'publish: %4ds  %s\n' "$SECONDS" "$*"; }

[[ $# -ge 2 && $# -le 4 ]] || fail "usage: publish.sh POOL_URI POOL [OUTDIR | DISK.qcow2 [NAME]]"
uri=$1 pool=$2
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ejabberd-lab
source=${3:-$cache/image}
for tool in virsh:libvirt-clients qemu-img:qemu-utils jq:jq flock:util-linux; do
  command -v "${tool%:*}" >/dev/null || fail "missing tool; install it with: apt-get install ${tool#*:}"
done

if [[ -d $source ]]; then
  [[ -s $source/manifest.json ]] || fail "$source holds no complete image; run image/build.sh first"
  name=$(jq -r .name "$source/manifest.json")
  digest=$(jq -r .digest "$source/manifest.json")
  disk=$source/base.qcow2 kernel=$source/vmlinuz initrd=$source/initrd.img
elif [[ -f $source ]]; then
  disk=$source kernel='' initrd=''
  name=${4:-$(basename "$disk" .qcow2)}
  say "computing the digest of $disk"
  digest=$(sha256sum "$disk" | cut -d' ' -f1)
else
  fail "$source is neither a directory with an image nor a disk"
fi
[[ $name =~ ^[a-z0-9][a-z0-9.-]{0,62}$ ]] \
  || fail "'$name' cannot be an image's name: lower-case letters, digits, dots and hyphens, at most 63"
info=$(qemu-img info --output=json "$disk")
[[ $(jq -r .format <<<"$info") == qcow2 ]] || fail "$disk is no qcow2 disk; convert it with: qemu-img convert -O qcow2"
[[ $(jq -r '."backing-filename" // empty' <<<"$info") == "" ]] || fail "$disk has a backing file; flatten it with: qemu-img convert -O qcow2"
volume=$name-${digest:0:12}

volumes() { virsh -q -c "$uri" "$@"; }
# Prints "format bytes" of a volume, nothing if there is none.
describe() {
  local xml
  xml=$(volumes vol-dumpxml --pool "$pool" "$1" 2>/dev/null) || return 0
  echo "$(sed -n "s/.*<format type='\([^']*\)'.*/\1/p" <<<"$xml" | head -1)" \
    "$(volumes vol-info --pool "$pool" --bytes --physical "$1" | awk '$1 == "Physical:" {print $2}')"
}
# Creates the volume anew; a half-written one is what a killed upload left.
create() { # VOLUME BYTES
  if [[ -n $(describe "$1") ]]; then
    say "removing the incomplete $1"
    volumes vol-delete --pool "$pool" "$1" >/dev/null
  fi
  volumes vol-create-as "$pool" "$1" "$2" --allocation 0 --format raw >/dev/null
}

volumes pool-info "$pool" >/dev/null || fail "no storage pool '$pool' at $uri"
mkdir -p "$cache"
exec 9> "$cache/.publish.lock"
flock -n 9 || { say "another upload is running, waiting for it"; flock 9; }
volumes pool-refresh "$pool" >/dev/null

bytes=$(stat -c %s "$disk")
if [[ $(describe "$volume.qcow2") == "qcow2 $bytes" ]]; then
  say "already there: $volume.qcow2"
  exit 0
fi

if [[ -n $kernel ]]; then
  for pair in "vmlinuz $kernel" "initrd $initrd"; do
    file=${pair#* } sibling=$volume.${pair%% *}
    say "uploading $sibling"
    create "$sibling" "$(stat -c %s "$file")"
    volumes vol-upload --pool "$pool" "$sibling" "$file"
  done
fi

header=65536
say "uploading $volume.qcow2 ($((bytes >> 20)) MiB)"
create "$volume.qcow2" "$bytes"
volumes vol-upload --pool "$pool" "$volume.qcow2" <(tail -c +$((header + 1)) "$disk") --offset "$header"
volumes vol-upload --pool "$pool" "$volume.qcow2" <(head -c "$header" "$disk")
volumes pool-refresh "$pool" >/dev/null
[[ $(describe "$volume.qcow2") == "qcow2 $bytes" ]] || fail "$volume.qcow2 is not complete in pool '$pool'; run this again"
say "published $volume.qcow2 in pool '$pool'"
