# shellcheck shell=bash
# Builds the jars when their sources changed. Running programs use a copy, so that a build does not change them. Needs common.sh,
# java.sh and settings.sh.

BUILD_SECONDS_LIMIT="${CHOWDER_BUILD_SECONDS:-1500}"
REHEARSAL_SECONDS="${CHOWDER_REHEARSAL_SECONDS:-180}"
# Days without a start after which a built version is removed.
BUILD_KEEP_DAYS="${CHOWDER_BUILD_KEEP_DAYS:-14}"

# How long a build waits for another build, in seconds.
BUILD_WAIT_SECONDS="${CHOWDER_BUILD_WAIT_SECONDS:-1800}"

# build_ensure [COPY]: sets APP, the folder with server/, demo-model/, chowder.pb and openapi.json of exactly these sources, and
# AOT_CACHE. Builds in COPY, a copy of the sources, if it is given. If another process builds, it waits and uses that result.
build_ensure() {
  BUILD_ROOT="${1:-$ROOT}"
  java_ensure
  APP="$CHOWDER_CACHE/app/$(build_key)"
  AOT_CACHE="$APP/server/$(content_key "$JAVA_HOME/release").aot"
  if [ ! -f "$APP/complete" ] || [ ! -e "$AOT_CACHE" ]; then
    mkdir -p "$CHOWDER_CACHE/app"
    exec 8>"$CHOWDER_CACHE/app/lock"
    flock -w "$BUILD_WAIT_SECONDS" 8 || die "another build has been running for more than $BUILD_WAIT_SECONDS s: wait until it has finished, or stop it."
    build_missing
    exec 8>&-
  fi
  touch "$APP"
}

build_missing() {
  if [ ! -f "$APP/complete" ]; then
    maven_ensure
    build_all
    build_keep
    find "$CHOWDER_CACHE/app" -mindepth 1 -maxdepth 1 -type d -mtime "+$BUILD_KEEP_DAYS" -exec rm -rf {} +
  fi
  [ -e "$AOT_CACHE" ] || build_rehearse
}

build_key() {
  content_key "$BUILD_ROOT/pom.xml" "$BUILD_ROOT"/{proto,actors,server,demo-model}/pom.xml "$BUILD_ROOT"/{proto,actors,server,demo-model}/src/main "$BUILD_ROOT/envoy/openapi.json"
}

# Skips tests, formatting and the compiler's strictest checks, which scripts/test runs, so that a start does not wait for them.
build_all() {
  local began=$SECONDS log="$LOGS/build.log"
  say "Building with Maven (two to three minutes the first time) ..."
  if ! (cd "$BUILD_ROOT" && timeout "$BUILD_SECONDS_LIMIT" mvn -B -q -Dmaven.test.skip=true -P'!handwritten' package) >"$log" 2>&1; then
    grep -E 'ERROR|BUILD' "$log" | head -n 5 >&2 || true
    die "the build failed: see $log."
  fi
  say "Built in $((SECONDS - began)) s."
}

# Runs an AOT training run, in which the JVM records a working node into an AOT cache. With the cache, the server starts in half the
# time, and its first calls take half as long (docs/adr/0015). Without it, or with the cache of another JVM, the server works but is
# slower.
build_rehearse() {
  local work began=$SECONDS options
  say "Running an AOT training run, so that the server starts faster ..."
  work="$(mktemp -d)"
  read -ra options <<<"$CHOWDER_JAVA_OPTS"
  # With no CHOWDER_* variables, because the run must not touch any installation.
  if env -i PATH="$PATH" HOME="$work" timeout "$REHEARSAL_SECONDS" "$JAVA_HOME/bin/java" "${options[@]}" "$NATIVE_ACCESS" -XX:AOTCacheOutput="$AOT_CACHE.part" \
    -cp "$APP/server/chowder-server.jar:$APP/server/lib/*" dev.chowder.server.AotTrainingRun "$work/home" >"$LOGS/aot-training-run.log" 2>&1 && [ -s "$AOT_CACHE.part" ]; then
    find "$APP/server" -maxdepth 1 -name '*.aot' -delete
    mv "$AOT_CACHE.part" "$AOT_CACHE"
    say "Recorded the AOT cache in $((SECONDS - began)) s."
  else
    say "The AOT training run failed, so the server starts more slowly: see $LOGS/aot-training-run.log."
    rm -f "$AOT_CACHE.part" "$AOT_CACHE.part.config"
    # An empty file records the failure, so that not every start repeats the run.
    : >"$AOT_CACHE"
  fi
  rm -rf "$work"
}

# Copies the jars, because a running server loads classes from its jars until it stops, and the next build replaces them.
build_keep() {
  local part="$APP.part"
  rm -rf "$part"
  mkdir -p "$part/server" "$part/demo-model"
  cp -r "$BUILD_ROOT/server/target/chowder-server.jar" "$BUILD_ROOT/server/target/lib" "$part/server/"
  cp -r "$BUILD_ROOT/demo-model/target/chowder-demo-model.jar" "$BUILD_ROOT/demo-model/target/lib" "$part/demo-model/"
  cp "$BUILD_ROOT/proto/target/classes/chowder/chowder.pb" "$BUILD_ROOT/envoy/openapi.json" "$part/"
  touch "$part/complete"
  rm -rf "$APP"
  mv "$part" "$APP"
}
