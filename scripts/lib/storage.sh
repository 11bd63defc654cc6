# shellcheck shell=bash
# Runs commands on the whole database: migrate, copy and restore. The server's jar does the work. This file selects the files of the
# state directory that belong to a backup. Needs common.sh, settings.sh, api.sh, java.sh, process.sh and build.sh.

# Time limit of one such command: each copy reads the whole database, and then its own output to verify it.
STORAGE_SECONDS="${CHOWDER_STORAGE_SECONDS:-3600}"
# Files of the state directory that give a restored installation its identity. Keys and tokens are excluded.
STORAGE_HOME_FILES=(cluster-id organization-id first-instance)
STORAGE_DATABASE_FILE=database.gz

# storage_begin: prepares the installation, locks it, and builds the server.
storage_begin() {
  home_ensure
  storage_prepare
}

# storage_prepare: does so for an installation that has no cluster id yet.
storage_prepare() {
  home_folders_ensure
  exec 9>"$CHOWDER_HOME/up.lock"
  flock -w 5 9 || die "another script is running for $CHOWDER_HOME: wait until it has finished."
  java_ensure
  build_ensure
}

# storage_server_must_rest WHAT: fails if the server runs, since its writes would conflict with the command.
storage_server_must_rest() {
  if process_runs server; then die "the server is running: run scripts/down before $1."; fi
}

# storage_order COMMAND [ARGUMENT]: runs a command of the server's jar. A password remains in the environment or in its file.
storage_order() {
  local options
  read -ra options <<<"$CHOWDER_JAVA_OPTS"
  timeout "$STORAGE_SECONDS" "$JAVA_HOME/bin/java" "${options[@]}" --enable-native-access=ALL-UNNAMED \
    --sun-misc-unsafe-memory-access=allow -cp "$APP/server/chowder-server.jar" dev.chowder.server.Main "$@" >&2
}

storage_is_a_file() {
  case "${CHOWDER_STORAGE_URL:-jdbc:h2:}" in jdbc:h2:*) ;; *) return 1 ;; esac
}

# storage_copy_database FILE [--unsigned]: copies the database. Only one process can open an H2 file, so a running server makes the copy
# and signs it. A server of an earlier version, which runs until scripts/up replaces it, does not sign; then it is signed here.
storage_copy_database() {
  local made
  if storage_is_a_file && process_runs server; then
    api_tools_ensure
    made="$(API_SECONDS="$STORAGE_SECONDS" operator_api CreateBackup | jq -r .file)" ||
      die "the server made no backup: see the message above; if it runs an earlier version, run scripts/down first."
    mv "$CHOWDER_HOME/backups/$made" "$1"
    if [ -z "${2:-}" ] && ! storage_is_signed "$1"; then storage_order sign-backup "$1" || die "cannot make the backup: see the message above."; fi
  else
    storage_order backup ${2:+"$2"} "$1" || die "cannot make the backup: see the message above."
  fi
}

# storage_is_signed FILE: succeeds if it ends with a tag (BackupTag) of any key.
storage_is_signed() {
  tail -c 91 -- "$1" | LC_ALL=C grep -aqxE 'chowder-backup 1 [0-9a-f]{8} [0-9a-f]{64}'
}

# storage_pack FOLDER FILE [--unsigned]: writes FILE atomically, signed with the master key and readable only by its owner.
storage_pack() {
  (umask 077 && tar -C "$1" -cf "$2.part" .) || return 1
  if [ "${3:-}" != --unsigned ] && ! storage_order sign-backup "$2.part"; then
    rm -f "$2.part"
    die "cannot make the backup: see the message above."
  fi
  mv "$2.part" "$2"
}

# storage_verify FILE [--unsigned]: verifies the whole file that scripts/backup wrote, before anything in it is read.
storage_verify() { storage_order_with_keys verify-backup "$@" || die "cannot restore the backup: see the message above."; }

# storage_restore FILE [--unsigned]: restores the database FILE, which has its own tag.
storage_restore() { storage_order_with_keys restore "$@" || die "cannot restore the backup: see the message above."; }

# storage_order_with_keys COMMAND FILE [--unsigned]: runs COMMAND with all master keys on this machine. A rotation keeps the previous
# key in a file beside the new one.
storage_order_with_keys() {
  local kept=() file
  for file in "$MASTER_KEY_FILE".until-*; do
    if [ -f "$file" ]; then kept+=("$file"); fi
  done
  storage_order "$1" ${3:+"$3"} "$2" "${kept[@]}"
}
