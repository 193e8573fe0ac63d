# shellcheck shell=bash
# Puts a file of the user's in its place, as a whole.
#
# Values: FILE_PATH, FILE_OWNER, FILE_GROUP, FILE_MODE (octal)
# Files:  content
#
# The content may be anything, and no variable of bash holds a NUL byte: it is compared and copied by programs.

check() {
  local owner group mode
  [[ -f $FILE_PATH && ! -L $FILE_PATH ]]
  cmp -s "$LAB_FILES/content" "$FILE_PATH"
  read -r owner group mode < <(stat -c '%U %G %a' "$FILE_PATH")
  [[ $owner == "$FILE_OWNER" && $group == "$FILE_GROUP" ]]
  ((8#$mode == 8#$FILE_MODE))
}

apply() {
  local directory=${FILE_PATH%/*}
  getent passwd "$FILE_OWNER" >/dev/null || die "there is no user $FILE_OWNER on this node"
  getent group "$FILE_GROUP" >/dev/null || die "there is no group $FILE_GROUP on this node"
  [[ ! -d $FILE_PATH ]] || die "$FILE_PATH is a directory"
  (umask 022 && mkdir -p "${directory:-/}") || die "the directory ${directory:-/} cannot be made"
  # Beside its place: a rename within a file system is there or not. The name carries no secret's length or content.
  install -m "$FILE_MODE" -o "$FILE_OWNER" -g "$FILE_GROUP" "$LAB_FILES/content" "$directory/.lab-new-${FILE_PATH##*/}"
  mv -fT "$directory/.lab-new-${FILE_PATH##*/}" "$FILE_PATH"
}

verify() {
  cmp -s "$LAB_FILES/content" "$FILE_PATH" || die "$FILE_PATH does not have its content"
}

watch() {
  watch_files "${FILE_PATH%/*}" "${FILE_PATH##*/}"
}
