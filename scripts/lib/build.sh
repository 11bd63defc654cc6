# shellcheck shell=bash
# Builds the jars when their sources changed and keeps what runs apart from what is being built. Needs common.sh, java.sh
# and settings.sh.

BUILD_SECONDS_LIMIT="${CHOWDER_BUILD_SECONDS:-1500}"
REHEARSAL_SECONDS="${CHOWDER_REHEARSAL_SECONDS:-180}"
# A built version that nobody started for so long goes.
BUILD_KEEP_DAYS="${CHOWDER_BUILD_KEEP_DAYS:-14}"

# How long one may wait for another that builds the same, in seconds.
BUILD_WAIT_SECONDS="${CHOWDER_BUILD_WAIT_SECONDS:-1800}"

# build_ensure [COPY]: sets APP, the folder with server/, demo-model/, chowder.pb and openapi.json of exactly these sources, and
# AOT_CACHE. Built in a copy of them, if one is named. Whoever comes while another builds takes what that one built.
build_ensure() {
  BUILD_ROOT="${1:-$ROOT}"
  java_ensure
  APP="$CHOWDER_CACHE/app/$(build_key)"
  AOT_CACHE="$APP/server/$(content_key "$JAVA_HOME/release").aot"
  if [ ! -f "$APP/complete" ] || [ ! -e "$AOT_CACHE" ]; then
    mkdir -p "$CHOWDER_CACHE/app"
    exec 8>"$CHOWDER_CACHE/app/lock"
    flock -w "$BUILD_WAIT_SECONDS" 8 || die "another build is under way for more than $BUILD_WAIT_SECONDS s: wait for it, or end it."
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

# Tests, formatting and the compiler's strictest checks are for scripts/test; whoever only wants to run Chowder does not wait for them.
build_all() {
  local began=$SECONDS log="$LOGS/build.log"
  say "Building with Maven (two to three minutes the first time) ..."
  if ! (cd "$BUILD_ROOT" && timeout "$BUILD_SECONDS_LIMIT" mvn -B -q -Dmaven.test.skip=true -P'!handwritten' package) >"$log" 2>&1; then
    grep -E 'ERROR|BUILD' "$log" | head -n 5 >&2 || true
    die "the build failed (the whole story: $log)."
  fi
  say "Built in $((SECONDS - began)) s."
}

# Has the JVM record a node at work, so that the server starts in half the time and its first calls take half as long
# (docs/adr/0015). It is only ever faster: without the record, or with another JVM's, everything works the same.
build_rehearse() {
  local work began=$SECONDS options
  say "Rehearsing, so that the server starts warm ..."
  work="$(mktemp -d)"
  read -ra options <<<"$CHOWDER_JAVA_OPTS"
  # With no variable of ours: what it does must touch no installation.
  if env -i PATH="$PATH" HOME="$work" timeout "$REHEARSAL_SECONDS" "$JAVA_HOME/bin/java" "${options[@]}" -XX:AOTCacheOutput="$AOT_CACHE.part" \
    -cp "$APP/server/chowder-server.jar:$APP/server/lib/*" dev.chowder.server.Rehearsal "$work/home" >"$LOGS/rehearsal.log" 2>&1 && [ -s "$AOT_CACHE.part" ]; then
    find "$APP/server" -maxdepth 1 -name '*.aot' -delete
    mv "$AOT_CACHE.part" "$AOT_CACHE"
    say "Rehearsed in $((SECONDS - began)) s."
  else
    say "The rehearsal did not end well; the server starts cold (the whole story: $LOGS/rehearsal.log)."
    rm -f "$AOT_CACHE.part" "$AOT_CACHE.part.config"
    # Empty: tried, and not to be tried at every start.
    : >"$AOT_CACHE"
  fi
  rm -rf "$work"
}

# A copy, because a running server loads classes from its jars for as long as it runs, and the next build replaces those.
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
