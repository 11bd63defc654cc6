# shellcheck shell=bash
# Builds the jars when their sources changed and keeps what runs apart from what is being built. Needs common.sh, java.sh
# and settings.sh.

BUILD_SECONDS_LIMIT="${CHOWDER_BUILD_SECONDS:-1500}"
# A built version that nobody started for so long goes.
BUILD_KEEP_DAYS="${CHOWDER_BUILD_KEEP_DAYS:-14}"

# build_ensure: sets APP, the folder with server/, demo-model/ and chowder.pb of exactly these sources.
build_ensure() {
  local key
  key="$(build_key)"
  APP="$CHOWDER_CACHE/app/$key"
  if [ ! -f "$APP/complete" ]; then
    java_ensure
    maven_ensure
    build_all
    build_keep
    find "$CHOWDER_CACHE/app" -mindepth 1 -maxdepth 1 -mtime "+$BUILD_KEEP_DAYS" -exec rm -rf {} +
  fi
  touch "$APP"
}

build_key() {
  content_key "$ROOT/pom.xml" "$ROOT"/{proto,actors,server,demo-model}/pom.xml "$ROOT"/{proto,actors,server,demo-model}/src/main
}

# Tests and formatting are for scripts/test; whoever only wants to run Chowder does not wait for them.
build_all() {
  local began=$SECONDS log="$LOGS/build.log"
  say "Building with Maven (two to three minutes the first time) ..."
  if ! (cd "$ROOT" && timeout "$BUILD_SECONDS_LIMIT" mvn -B -q -Dmaven.test.skip=true -Dspotless.check.skip=true package) >"$log" 2>&1; then
    grep -E 'ERROR|BUILD' "$log" | head -n 5 >&2 || true
    die "the build failed (the whole story: $log)."
  fi
  say "Built in $((SECONDS - began)) s."
}

# A copy, because a running server loads classes from its jars for as long as it runs, and the next build replaces those.
build_keep() {
  local part="$APP.part"
  rm -rf "$part"
  mkdir -p "$part/server" "$part/demo-model"
  cp -r "$ROOT/server/target/chowder-server.jar" "$ROOT/server/target/lib" "$part/server/"
  cp -r "$ROOT/demo-model/target/chowder-demo-model.jar" "$ROOT/demo-model/target/lib" "$part/demo-model/"
  cp "$ROOT/proto/target/classes/chowder/chowder.pb" "$part/chowder.pb"
  touch "$part/complete"
  rm -rf "$APP"
  mv "$part" "$APP"
}
