# shellcheck shell=bash
# The database that several nodes share: the one at CHOWDER_STORAGE_URL, or a private PostgreSQL of this installation. Does not know
# any tables. Needs common.sh, settings.sh, process.sh, nodes.sh and postgres.sh.

DATABASE_PORT="${CHOWDER_POSTGRES_PORT:-9432}"
DATABASE_NAME=chowder

# For root the folder is outside CHOWDER_HOME: PostgreSQL never runs as root, and other users may not read root's CHOWDER_HOME.
database_folder() { if [ "$(id -u)" = 0 ]; then echo "/var/lib/chowder-$CHOWDER_CLUSTER_ID"; else echo "$CHOWDER_HOME/postgres"; fi; }

# An installation keeps its private database when it returns from several nodes to one.
database_is_private() { [ -d "$(database_folder)/data" ]; }

# database_ensure: exports the address of the database, and starts the private one if it is used.
database_ensure() {
  local folder password
  folder="$(database_folder)"
  if [ -n "${CHOWDER_STORAGE_URL:-}" ]; then return 0; fi
  if ! database_is_private; then
    [ "$NODES" -gt 1 ] || return 0
    [ ! -e "$CHOWDER_HOME/data/chowder.mv.db" ] ||
      die "cannot start several nodes: the data of $CHOWDER_HOME is in an H2 file, which only one node can use; move it with 'chowder admin move-to-postgresql' and set CHOWDER_STORAGE_URL."
  fi
  postgres_ensure
  if ! process_supervised postgres; then
    # An earlier version may have started it without a supervisor.
    database_stop
    port_free "$DATABASE_PORT" CHOWDER_POSTGRES_PORT PostgreSQL
    say "Starting PostgreSQL ..."
    postgres_make "$folder"
    postgres_command "$folder" "$DATABASE_PORT"
    process_start postgres "${POSTGRES_COMMAND[@]}"
  fi
  process_await postgres database_answers
  export CHOWDER_STORAGE_USER="$POSTGRES_USER" CHOWDER_STORAGE_PASSWORD_FILE="$CHOWDER_HOME/storage.password"
  # Replaced atomically, so that a process that reads it meanwhile, such as a starting node, does not find it empty.
  password="$CHOWDER_STORAGE_PASSWORD_FILE.$BASHPID"
  (umask 077 && cat "$folder/password" >"$password")
  mv "$password" "$CHOWDER_STORAGE_PASSWORD_FILE"
  database_sql "SELECT datname FROM pg_database" | grep -qx "$DATABASE_NAME" || database_sql "CREATE DATABASE $DATABASE_NAME" >/dev/null
  export CHOWDER_STORAGE_URL="jdbc:postgresql://127.0.0.1:$DATABASE_PORT/$DATABASE_NAME"
}

# database_for_admin: makes the private database available to the commands of operators that open the database.
database_for_admin() {
  [ -s "$CLUSTER_ID_FILE" ] || return 0
  home_ensure
  if database_is_private; then database_ensure; fi
}

database_answers() { "$POSTGRES_BIN/pg_isready" -q -h 127.0.0.1 -p "$DATABASE_PORT" -U "$POSTGRES_USER" -d postgres; }

# Passes the password in the environment of one command, which only its owner can read.
database_sql() {
  PGPASSWORD="$(cat "$CHOWDER_STORAGE_PASSWORD_FILE")" \
    "$POSTGRES_BIN/psql" -qAt -h 127.0.0.1 -p "$DATABASE_PORT" -U "$POSTGRES_USER" -d postgres -c "$1"
}

# database_stop: stops the private database and keeps its data. It stops the supervisor first, which would start it again.
database_stop() {
  if process_supervised postgres; then kill -TERM "$(cat "$RUN/postgres.supervisor")" 2>/dev/null || true; fi
  if database_is_private && postgres_find; then
    postgres_as_user "$POSTGRES_BIN/pg_ctl" -D "$(database_folder)/data" -w -t "$POSTGRES_STOP_SECONDS" -m fast stop >/dev/null 2>&1 || true
  fi
  process_stop postgres
}

# database_purge: removes the private database with its data.
database_purge() {
  database_stop
  if database_is_private && postgres_find; then postgres_stop "$(database_folder)"; fi
}
