#!/usr/bin/env bash
# Builds the operator's container image from Debian packages alone, without a base that is pulled. It has no shell and no
# package manager, and of Java what the operator uses. For a base that is pulled: container/Containerfile.
#
# usage: container/build.sh [--tag NAME:TAG] [OUTDIR]
#   --tag    name in podman's storage; default: localhost/ejabberd-lab-operator and the version of pom.xml
#   OUTDIR   gets image.tar (an OCI archive) and sbom.json (CycloneDX); default: target/container
#
# Needs the operator in target/quarkus-app (make build), and root (uses sudo otherwise). DEBIAN_MIRROR overrides the
# mirror of this machine's apt configuration.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../hack/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../hack/lib.sh"

SUITE=bookworm
HERE=$REPO_DIR/container
APP=$REPO_DIR/target/quarkus-app
# The same packages and operator give the same layers.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1735689600}

usage() { sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# What stands in a list, without the remarks.
entries() { # FILE
  sed -e 's/#.*//' "$1" | xargs | tr ' ' ,
}

# Debian's part: unpacked only. What installing would do besides is for programs that are not there.
debian() { # ROOT
  local found sources
  found=$(debian_sources "$SUITE")
  mapfile -t sources <<<"$found"
  use_apt_proxy
  run_logged "unpacking Debian packages" "$OUT/mmdebstrap.log" as_root \
    mmdebstrap --mode=root --format=directory --variant=extract --include="$(entries "$HERE/packages.txt")" \
    --setup-hook=/usr/share/mmdebstrap/hooks/merged-usr/setup00.sh \
    --extract-hook="'$HERE/record-packages.sh' \"\$1\"" \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    "$SUITE" "$1" "${sources[@]}"
}

link_java() { # ROOT
  step "linking Java"
  as_root jlink --add-modules "$(entries "$HERE/modules.txt")" --strip-java-debug-attributes --no-header-files \
    --no-man-pages --output "$1/opt/java"
  # jlink leaves out the archive of classes that Java starts faster with.
  as_root "$1/opt/java/bin/java" -Xshare:dump >/dev/null
}

# What installing would have done and is needed: libvirt's socket is looked for in /var/run. And a name for the user that
# the container runs as, and where names of hosts come from.
configure() { # ROOT
  as_root rm -rf --one-file-system "$1/var/run"
  as_root ln -s /run "$1/var/run"
  as_root tee "$1/etc/passwd" <<<'operator:x:10001:10001::/tmp:/usr/sbin/nologin' >/dev/null
  as_root tee "$1/etc/group" <<<'operator:x:10001:' >/dev/null
  as_root tee "$1/etc/nsswitch.conf" <<<$'passwd: files\ngroup: files\nhosts: files dns' >/dev/null
}

# The last part of container/Containerfile is that of both images.
containerfile() {
  echo "FROM $BASE"
  sed -n '/^COPY target/,$p' "$HERE/Containerfile"
}

# What Maven knows of the operator's libraries, and Debian of its packages.
sbom() { # ROOT
  local file
  run_logged "listing libraries" "$OUT/sbom.log" \
    mvn --batch-mode --no-transfer-progress --file "$REPO_DIR/pom.xml" org.cyclonedx:cyclonedx-maven-plugin:makeBom
  for file in "$1"/var/lib/dpkg/status.d/*; do
    jq --raw-input --slurp '
      split("\n") | map(capture("^(?<key>[A-Z][A-Za-z-]*): (?<value>.*)$")? // empty) | from_entries
      | {type: "library", name: .Package, version: .Version,
         purl: "pkg:deb/debian/\(.Package | @uri)@\(.Version | @uri)?arch=\(.Architecture)&distro=debian-12",
         "bom-ref": "deb/\(.Package)"}' "$file"
  done | jq --slurp --slurpfile maven "$REPO_DIR/target/sbom.json" \
    '. as $debian | $maven[0] | .components += $debian' >"$OUT/sbom.json"
}

tag=
while (($#)); do
  case $1 in
    --tag) tag=${2-}; shift 2 || die "--tag needs a name" ;;
    -h | --help) usage; exit ;;
    -*) usage >&2; exit 2 ;;
    *) break ;;
  esac
done
OUT=${1:-$REPO_DIR/target/container}
need mmdebstrap mvn podman jlink jq
[[ -e $APP/quarkus-run.jar ]] || die "$APP is missing: run 'make build' first"
[[ -n $tag ]] ||
  tag=localhost/ejabberd-lab-operator:$(sed -n 's|^  <version>\(.*\)</version>$|\1|p' "$REPO_DIR/pom.xml")
BASE=localhost/ejabberd-lab-operator-base:${tag##*:}

mkdir -p "$OUT"
as_root rm -rf --one-file-system "$OUT/root"
debian "$OUT/root"
link_java "$OUT/root"
configure "$OUT/root"
step "making the image"
as_root tar --directory "$OUT/root" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --create . |
  as_root podman import --quiet - "$BASE" >/dev/null
containerfile | as_root podman build --quiet --timestamp "$SOURCE_DATE_EPOCH" --tag "$tag" --file - "$REPO_DIR" >/dev/null
rm -f "$OUT/image.tar"
as_root podman save --quiet --format oci-archive --output "$OUT/image.tar" "$tag"
sbom "$OUT/root"
as_root rm -rf --one-file-system "$OUT/root"
step "built $tag: $(du -h "$OUT/image.tar" | cut -f1) in $OUT/image.tar, its parts in $OUT/sbom.json"
