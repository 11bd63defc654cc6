# shellcheck shell=bash
# Orders what concerns the whole database: bringing it up, copying it, putting it back. The work is the server's jar's; this
# knows which files of the home belong to a backup. Needs common.sh, settings.sh, api.sh, java.sh, process.sh and build.sh.

# How long one such order may take: each copy reads the whole database, and then what it wrote.
STORAGE_SECONDS="${CHOWDER_STORAGE_SECONDS:-3600}"
# Of the home, what a restored installation needs to be the same one. Keys and tokens are no part of it.
STORAGE_HOME_FILES=(cluster-id organization-id first-instance)
STORAGE_DATABASE_FILE=database.gz

# storage_begin: the installation is there, ours alone, and built.
storage_begin() {
  home_ensure
  storage_prepare
}

# storage_prepare: the same for an installation that has no name yet.
storage_prepare() {
  home_folders_ensure
  exec 9>"$CHOWDER_HOME/up.lock"
  flock -w 5 9 || die "another script is under way for $CHOWDER_HOME: wait for it."
  java_ensure
  build_ensure
}

# storage_server_must_rest WHAT: these orders would be overtaken by a server that writes.
storage_server_must_rest() {
  if process_runs server; then die "the server runs (expected: scripts/down before $1)."; fi
}

# storage_order COMMAND [ARGUMENT]: the password, where there is one, stays in the environment or its file.
storage_order() {
  local options
  read -ra options <<<"$CHOWDER_JAVA_OPTS"
  timeout "$STORAGE_SECONDS" "$JAVA_HOME/bin/java" "${options[@]}" --enable-native-access=ALL-UNNAMED \
    --sun-misc-unsafe-memory-access=allow -cp "$APP/server/chowder-server.jar:$APP/server/lib/*" dev.chowder.server.Main "$@" >&2
}

storage_is_a_file() {
  case "${CHOWDER_STORAGE_URL:-jdbc:h2:}" in jdbc:h2:*) ;; *) return 1 ;; esac
}

# storage_copy_database FILE [--unsigned]: a file of H2 belongs to the process that holds it, so a server that runs does it itself.
# The server signs its copy. A server of an earlier version, which runs until scripts/up replaces it, does not: then it is signed here.
storage_copy_database() {
  local made
  if storage_is_a_file && process_runs server; then
    api_tools_ensure
    made="$(API_SECONDS="$STORAGE_SECONDS" operator_api POST /operator/backup | jq -r .file)" || die "the server made no backup (see above)."
    mv "$CHOWDER_HOME/backups/$made" "$1"
    if [ -z "${2:-}" ] && ! storage_is_signed "$1"; then storage_order sign-backup "$1" || die "no backup was made (see above)."; fi
  else
    storage_order backup ${2:+"$2"} "$1" || die "no backup was made (see above)."
  fi
}

# storage_is_signed FILE: does it end in a tag (BackupTag) of any key?
storage_is_signed() {
  tail -c 91 -- "$1" | LC_ALL=C grep -aqxE 'chowder-backup 1 [0-9a-f]{8} [0-9a-f]{64}'
}

# storage_pack FOLDER FILE [--unsigned]: writes FILE completely or not at all, readable by its owner only, signed
# with the master key.
storage_pack() {
  (umask 077 && tar -C "$1" -cf "$2.part" .) || return 1
  if [ "${3:-}" != --unsigned ] && ! storage_order sign-backup "$2.part"; then
    rm -f "$2.part"
    die "no backup was made (see above)."
  fi
  mv "$2.part" "$2"
}

# storage_verify FILE [--unsigned]: verifies the whole file that scripts/backup wrote, before anything in it is read.
storage_verify() { storage_order_with_keys verify-backup "$@" || die "not restored (see above)."; }

# storage_restore FILE [--unsigned]: restores the database FILE, which has its own tag.
storage_restore() { storage_order_with_keys restore "$@" || die "not restored (see above)."; }

# storage_order_with_keys COMMAND FILE [--unsigned]: runs COMMAND with all master keys that are here. A rotation keeps the previous
# one in a file beside the new one.
storage_order_with_keys() {
  local kept=() file
  for file in "$MASTER_KEY_FILE".until-*; do
    if [ -f "$file" ]; then kept+=("$file"); fi
  done
  storage_order "$1" ${3:+"$3"} "$2" "${kept[@]}"
}
