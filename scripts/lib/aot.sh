# shellcheck shell=bash
# Records the AOT cache of the JVM. With it the server starts in half the time, and its first calls take half as long (docs/adr/0015).
# Without it, or with the cache of another JVM, the server works but is slower. Needs common.sh, settings.sh, process.sh, postgres.sh,
# build.sh and simulator.sh.

REHEARSAL_SECONDS="${CHOWDER_AOT_TRAINING_SECONDS:-180}"

# aot_ensure: sets AOT_CACHE, the cache for these jars, this JVM and the kind of storage at CHOWDER_STORAGE_URL. A server on PostgreSQL
# uses the cache of H2 if PostgreSQL's programs are not on this host, or if the training run on PostgreSQL failed.
aot_ensure() {
  if is_release; then aot_of_release && return 0; fi
  if aot_can_train_on_postgres; then
    aot_record_once aot_train_on_postgres -postgresql
    if [ -s "$AOT_CACHE" ]; then return 0; fi
  fi
  aot_record_once aot_train
}

# aot_of_release: sets AOT_CACHE to the one that scripts/release recorded for the kind of storage.
aot_of_release() {
  case "${CHOWDER_STORAGE_URL:-}" in
    jdbc:postgresql:*) AOT_CACHE="$APP/server/postgresql.aot" ;;
    *) AOT_CACHE="$APP/server/h2.aot" ;;
  esac
}

aot_can_train_on_postgres() {
  case "${CHOWDER_STORAGE_URL:-}" in jdbc:postgresql:*) postgres_find ;; *) return 1 ;; esac
}

# aot_record_once TRAIN [SUFFIX]: sets AOT_CACHE, and records it with the function TRAIN if no run has tried to. SUFFIX is for its name.
aot_record_once() {
  local jvm
  jvm="$(content_key "$JAVA_HOME/release")"
  AOT_CACHE="$APP/server/$jvm${2:-}.aot"
  if [ ! -e "$AOT_CACHE" ]; then build_locked aot_record "$jvm" "$LOGS/aot-training-run${2:-}.log" "$1"; fi
}

# aot_record JVM LOG TRAIN: runs an AOT training run, in which the JVM records a working node.
aot_record() {
  local work began=$SECONDS
  # Another process may have recorded it meanwhile.
  if [ -e "$AOT_CACHE" ]; then return 0; fi
  say "Running an AOT training run, so that the server starts faster ..."
  work="$(mktemp -d)"
  if "$3" "$work" >"$2" 2>&1 && [ -s "$AOT_CACHE.part" ]; then
    # Removes those of another JVM only, because a JVM has one for each kind of storage.
    find "$APP/server" -maxdepth 1 -name '*.aot' ! -name "$1*" -delete
    mv "$AOT_CACHE.part" "$AOT_CACHE"
    say "Recorded the AOT cache in $((SECONDS - began)) s."
  else
    say "The AOT training run failed, so the server starts more slowly: see $2."
    rm -f "$AOT_CACHE.part" "$AOT_CACHE.part.config"
    # An empty file records the failure, so that not every start repeats the run.
    : >"$AOT_CACHE"
  fi
  rm -rf "$work"
}

# aot_train FOLDER [SETTINGS]: runs AotTrainingRun in FOLDER, on H2 or on the storage in the file SETTINGS, with a simulator of its own. It
# gets no CHOWDER_* variables, because the run must not touch any installation. Runs in a subshell for its trap.
aot_train() (
  read -ra options <<<"$CHOWDER_JAVA_OPTS"
  trap simulator_end EXIT
  simulator_begin "$1" "$REHEARSAL_SECONDS" || exit 1
  env -i PATH="$PATH" HOME="$1" timeout "$REHEARSAL_SECONDS" "$JAVA_HOME/bin/java" "${options[@]}" "$NATIVE_ACCESS" "${AOT_PORTABLE[@]}" -XX:AOTCacheOutput="$AOT_CACHE.part" \
    -cp "$APP/server/chowder-server.jar" dev.chowder.server.AotTrainingRun "$1/home" "$1/simulator.sock" "${@:2}"
)

# aot_train_on_postgres FOLDER: runs AotTrainingRun on a private PostgreSQL cluster, and removes the cluster afterwards, also after a
# failure or a signal. Runs in a subshell for its trap.
aot_train_on_postgres() (
  # Not in FOLDER, which only its owner can read: PostgreSQL never runs as root.
  cluster="$(mktemp -d "${TMPDIR:-/tmp}/chowder-training.XXXXXX")" && port="$(aot_free_port)" || exit 1
  trap 'postgres_stop "$cluster"; rm -f "$cluster.initdb.log"' EXIT
  # Closes file descriptor 8, the lock of build_locked, which the cluster must not hold. Its data need not survive a power failure.
  postgres_start "$cluster" "$port" fsync=off 8>&- || exit 1
  printf 'chowder.storage { url = "jdbc:postgresql://127.0.0.1:%s/postgres", user = "%s", password-file = "%s" }\n' \
    "$port" "$POSTGRES_USER" "$cluster/password" >"$1/storage.conf"
  aot_train "$1" "$1/storage.conf"
)

# Prints a port that is free on this host, below the range of ephemeral ports.
aot_free_port() {
  local port
  for port in $(shuf -i 12000-17999 -n 20); do
    if port_closed "$port"; then
      echo "$port"
      return 0
    fi
  done
  return 1
}
