#!/usr/bin/env bash
# Hook of mmdebstrap: records what was unpacked where scanners of images look for it, /var/lib/dpkg/status.d/PACKAGE, and
# takes away dpkg's own database, in which nothing of it is.
#
# usage: record-packages.sh ROOT
set -euo pipefail

root=$1
debs=("$root"/var/cache/apt/archives/*.deb)
[[ -e ${debs[0]} ]] || { echo "record-packages: no packages in $root/var/cache/apt/archives" >&2; exit 1; }
rm -rf "$root/var/lib/dpkg"
mkdir -p "$root/var/lib/dpkg/status.d"
for deb in "${debs[@]}"; do
  dpkg-deb --field "$deb" >"$root/var/lib/dpkg/status.d/$(dpkg-deb --field "$deb" Package)"
done
