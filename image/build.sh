#!/usr/bin/env bash
# Builds the guest base image ejabberd-lab-bookworm from Debian packages, without mounting or booting anything.
#
# usage: image/build.sh [--force] [OUTDIR]
#   OUTDIR   gets base.qcow2, vmlinuz, initrd.img and manifest.json; default: the cache itself
#   --force  build even if nothing changed (to take in newer packages)
#
# The cache is ${XDG_CACHE_HOME:-~/.cache}/ejabberd-lab/image. A build is skipped while this directory's files are
# the ones that the cached image was made from. DEBIAN_MIRROR overrides the mirror found in the apt configuration.
# Needs root (uses sudo otherwise): the files of the image belong to their own users.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../hack/lib.sh
. "$here/../hack/lib.sh"
name=ejabberd-lab-bookworm
suite=bookworm
size=3G
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ejabberd-lab/image
artifacts=(base.qcow2 vmlinuz initrd.img)
# What provisioning puts there too, under the same name. A guest that finds it already does not have to reload systemd,
# which takes an emulated CPU a second.
target=$here/../src/main/resources/provision/base/multi-user.conf
target_in_image=etc/systemd/system/multi-user.target.d/lab.conf

fail() { echo "image: $*" >&2; exit 1; }
say() { printf 'image: %4ds  %s\n' "$SECONDS" "$*"; }

force=no
if [[ ${1:-} == --force ]]; then force=yes; shift; fi
[[ $# -le 1 && ${1:-} != -* ]] || fail "usage: build.sh [--force] [OUTDIR]"
outdir=${1:-$cache}

# Everything that decides what is in the image, apart from the state of the mirror.
inputs_digest() {
  {
    (cd "$here" && find build.sh customize.sh initrd.sh initrd-init cmdline.json packages.txt files -type f -printf '%m %p\0' | sort -z \
      | while IFS= read -r -d '' entry; do echo "$entry"; cat "${entry#* }"; done)
    cat "$target"
  } | sha256sum | cut -d' ' -f1
}

# A directory is complete exactly when it has a manifest: it is removed first and written last.
deliver() {
  local from=$1 to=$2 file
  mkdir -p "$to"
  rm -f "$to/manifest.json"
  for file in "${artifacts[@]}"; do
    cp --reflink=auto --sparse=always "$from/$file" "$to/.$file.partial"
    mv "$to/.$file.partial" "$to/$file"
  done
  cp "$from/manifest.json" "$to/.manifest.json.partial"
  mv "$to/.manifest.json.partial" "$to/manifest.json"
}

manifest_value() { jq -r "$2 // empty" "$1/manifest.json" 2>/dev/null || true; }

for tool in jq:jq flock:util-linux mmdebstrap:mmdebstrap qemu-img:qemu-utils mke2fs:e2fsprogs; do
  PATH=$PATH:/usr/sbin:/sbin command -v "${tool%:*}" >/dev/null || missing+=" ${tool#*:}"
done
[[ -z ${missing:-} ]] || fail "missing tools; install them with: apt-get install${missing}"
export PATH=$PATH:/usr/sbin:/sbin

mkdir -p "$cache"
exec 9> "$cache/.lock"
flock -n 9 || { say "another build is running, waiting for it"; flock 9; }

inputs=$(inputs_digest)
if [[ $force == no && $(manifest_value "$cache" .inputs) == "$inputs" ]]; then
  say "up to date: $cache"
else
  if ((EUID)); then
    say "needs root to make files of other users; using sudo"
    command -v sudo >/dev/null || fail "run as root, or install sudo"
    as_root=(sudo)
  else
    as_root=()
  fi

  found=$(debian_sources "$suite")
  mapfile -t sources <<<"$found"
  mirror=$(cut -d' ' -f2 <<<"${sources[0]}")
  sources+=("deb $mirror $suite-backports main")
  use_apt_proxy

  "${as_root[@]}" find "$cache" -maxdepth 1 -name '.build.*' -exec rm -rf --one-file-system {} +
  build=$(mktemp -d "$cache/.build.XXXXXX")
  trap '"${as_root[@]}" rm -rf --one-file-system "$build"' EXIT
  trap 'exit 130' INT TERM HUP

  # Clamps file times and fixes what e2fsprogs would draw by lot, so that the same packages give the same image.
  export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1735689600}
  uuid=$(sha256sum <<<"$inputs" | sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-4\3-8\4-\5/')

  cp -a --no-preserve=ownership "$here/files" "$build/files"
  install -D -m 0644 "$target" "$build/files/$target_in_image"
  say "installing Debian packages from $mirror"
  packages=$(sed -e 's/#.*//' -e '/^\s*$/d' "$here/packages.txt" | paste -sd,)
  # In namespaces of its own: whatever a package leaves running or mounted ends with them. No initrd-tools run: initrd.sh.
  "${as_root[@]}" env SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" INITRD=No ${http_proxy:+http_proxy="$http_proxy"} LANG=C.UTF-8 \
    unshare --mount --propagation private --pid --fork --kill-child \
    mmdebstrap --mode=root --format=directory --variant=minbase --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --setup-hook="cp -a --no-preserve=ownership '$build/files/.' \"\$1\"/" \
    --customize-hook="'$here/customize.sh' \"\$1\"" \
    "$suite" "$build/root" "${sources[@]}" 2>&1 | sed -u 's/^/image:        /'

  say "recording versions"
  # shellcheck disable=SC2016 # dpkg's variables
  "${as_root[@]}" chroot "$build/root" dpkg-query -W -f '${binary:Package} ${Version}\n' > "$build/packages"
  kernel=$(cd "$build/root/lib/modules" && echo *)
  version_of() { awk -v p="$1" '$1 == p {print $2}' "$build/packages"; }
  cat > "$build/identity" <<EOF
IMAGE=$name
INPUTS=$inputs
KERNEL=$kernel
EJABBERD=$(version_of ejabberd)
POSTGRESQL=$(version_of postgresql-15)
ERLANG=$(version_of erlang-base)
EOF
  "${as_root[@]}" install -m 0644 "$build/identity" "$build/root/etc/ejabberd-lab-image"
  "${as_root[@]}" cp "$build/root/boot/vmlinuz-$kernel" "$build/vmlinuz"
  "${as_root[@]}" env SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" "$here/initrd.sh" "$build/root" "$kernel" "$build/initrd.img"
  # First boots would otherwise rebuild the linker cache, the journal catalogue and the hardware database.
  "${as_root[@]}" touch -r "$build/root/usr" "$build/root/etc/.updated" "$build/root/var/.updated"

  say "writing the file system"
  truncate -s "$size" "$build/disk.raw"
  "${as_root[@]}" env E2FSPROGS_FAKE_TIME="$SOURCE_DATE_EPOCH" mke2fs -q -t ext4 -L root -U "$uuid" \
    -E "hash_seed=$uuid,lazy_itable_init=0,lazy_journal_init=0,nodiscard" -d "$build/root" "$build/disk.raw"
  "${as_root[@]}" chown -R "$(id -u):$(id -g)" "$build/disk.raw" "$build/vmlinuz" "$build/initrd.img"
  qemu-img convert -O qcow2 "$build/disk.raw" "$build/base.qcow2"
  "${as_root[@]}" rm -rf "$build/root" "$build/disk.raw"

  say "writing the manifest"
  digest=$(cd "$build" && cat "${artifacts[@]}" | sha256sum | cut -d' ' -f1)
  jq -n --arg name "$name" --arg digest "$digest" --arg inputs "$inputs" --arg kernel "$kernel" \
    --slurpfile cmdline "$here/cmdline.json" --rawfile packages "$build/packages" '{
      name: $name, digest: $digest, inputs: $inputs, kernel: $kernel, cmdline: $cmdline[0],
      packages: ($packages | split("\n") | map(select(. != "") | split(" ") | {key: .[0], value: .[1]}) | from_entries)
    }' > "$build/manifest.json"
  deliver "$build" "$cache"
  say "built $cache ($(du -h "$cache/base.qcow2" | cut -f1) disk, $(du -h "$cache/initrd.img" | cut -f1) initrd)"
fi

if [[ $outdir != "$cache" && $(manifest_value "$outdir" .digest) != "$(manifest_value "$cache" .digest)" ]]; then
  deliver "$cache" "$outdir"
  say "copied to $outdir"
fi
