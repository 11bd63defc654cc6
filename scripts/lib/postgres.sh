# shellcheck shell=bash
# Installs PostgreSQL and runs a private cluster in its own folder and on its own port, independent of other clusters on the machine.
# Does not know Chowder's tables. Needs common.sh.

POSTGRES_START_SECONDS="${CHOWDER_POSTGRES_START_SECONDS:-60}"
POSTGRES_STOP_SECONDS="${CHOWDER_POSTGRES_STOP_SECONDS:-30}"
# The cluster's only user, who may create databases.
POSTGRES_USER=chowder

# postgres_ensure: sets POSTGRES_BIN, the folder with initdb, pg_ctl and postgres.
postgres_ensure() {
  postgres_find && return 0
  say "Installing PostgreSQL (Debian package postgresql) ..."
  # Otherwise the package would create and start a cluster on port 5432.
  if ! apt_install postgresql-common || ! postgres_no_main_cluster || ! apt_install postgresql || ! postgres_find; then
    die "cannot install PostgreSQL: install PostgreSQL 15 or newer and run this again."
  fi
}

postgres_find() {
  local initdb
  initdb="$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)"
  if [ -z "$initdb" ]; then initdb="$(command -v initdb)" || return 1; fi
  POSTGRES_BIN="$(dirname "$initdb")"
}

postgres_no_main_cluster() {
  as_root mkdir -p /etc/postgresql-common/createcluster.d &&
    printf 'create_main_cluster = false\n' | as_root tee /etc/postgresql-common/createcluster.d/chowder.conf >/dev/null
}

# postgres_make FOLDER: creates a cluster in FOLDER if there is none. Its password is in FOLDER/password. Its locale is English instead of
# C, so that tests detect columns without a collation.
postgres_make() {
  local folder="$1"
  [ ! -f "$folder/data/PG_VERSION" ] || return 0
  mkdir -p "$folder"
  (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$folder/password")
  if [ "$(id -u)" = 0 ]; then chown -R postgres "$folder"; fi
  postgres_as_user "$POSTGRES_BIN/initdb" -D "$folder/data" -U "$POSTGRES_USER" --pwfile="$folder/password" -E UTF8 \
    --locale=C.UTF-8 --locale-provider=icu --icu-locale=en --auth=scram-sha-256 >"$folder.initdb.log" 2>&1 ||
    die "cannot create PostgreSQL's files in $folder ($(tail -n 1 "$folder.initdb.log"))."
  rm -f "$folder.initdb.log"
}

# postgres_start FOLDER PORT [SETTING=VALUE...]: starts the cluster in FOLDER, and creates it if there is none.
postgres_start() {
  local folder="$1" port="$2" options setting
  shift 2
  options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
  for setting in "$@"; do options="$options -c $setting"; done
  postgres_make "$folder"
  # Closes file descriptor 9, the caller's lock, which the cluster must not hold.
  postgres_as_user "$POSTGRES_BIN/pg_ctl" -D "$folder/data" -w -t "$POSTGRES_START_SECONDS" -l "$folder/data/log" -o "$options" start >/dev/null 9>&- ||
    die "PostgreSQL did not start within $POSTGRES_START_SECONDS s ($(as_root tail -n 1 "$folder/data/log"))."
}

# postgres_command FOLDER PORT: sets POSTGRES_COMMAND, which runs the cluster in the foreground. If the parent is killed, the
# cluster stops at once. On SIGTERM it would wait for its clients and reject new ones meanwhile.
postgres_command() {
  POSTGRES_COMMAND=("$POSTGRES_BIN/postgres" -D "$1/data" -p "$2" -c listen_addresses=127.0.0.1 -c unix_socket_directories=)
  if [ "$(id -u)" = 0 ]; then
    POSTGRES_COMMAND=(setpriv --reuid postgres --regid "$(id -g postgres)" --init-groups --pdeathsig INT -- "${POSTGRES_COMMAND[@]}")
  elif have setpriv; then
    POSTGRES_COMMAND=(setpriv --pdeathsig INT -- "${POSTGRES_COMMAND[@]}")
  fi
}

# postgres_stop FOLDER: stops the cluster and removes its folder; does nothing if there is none.
postgres_stop() {
  [ -d "$1" ] || return 0
  if ! postgres_as_user "$POSTGRES_BIN/pg_ctl" -D "$1/data" -w -t "$POSTGRES_STOP_SECONDS" -m fast stop >/dev/null 2>&1; then
    postgres_as_user "$POSTGRES_BIN/pg_ctl" -D "$1/data" -w -t "$POSTGRES_STOP_SECONDS" -m immediate stop >/dev/null 2>&1 || true
  fi
  rm -rf "$1"
}

# PostgreSQL refuses to run as root.
postgres_as_user() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && runuser -u postgres -- "$@")
  else
    "$@"
  fi
}
