# shellcheck shell=bash
# Builds the jars when their sources changed. Running programs use a copy, so that a build does not change them. Needs common.sh,
# java.sh and settings.sh.

BUILD_SECONDS_LIMIT="${CHOWDER_BUILD_SECONDS:-1500}"
# Days without a start after which a built version is removed.
BUILD_KEEP_DAYS="${CHOWDER_BUILD_KEEP_DAYS:-14}"

# How long a build waits for another build, in seconds.
BUILD_WAIT_SECONDS="${CHOWDER_BUILD_WAIT_SECONDS:-1800}"

# build_ensure [COPY]: sets APP, the folder with server/, admin/, simulator/, demo-model/, chowder.pb and openapi.json of exactly these sources. Builds in
# COPY, a copy of the sources, if it is given. If another process builds, it waits and uses that result.
build_ensure() {
  BUILD_ROOT="${1:-$ROOT}"
  java_ensure
  if is_release; then APP="$ROOT/app" && return 0; fi
  APP="$CHOWDER_CACHE/app/$(build_key)"
  if [ ! -f "$APP/complete" ]; then build_locked build_missing; fi
  touch "$APP"
}

# bench_ensure [COPY]: like build_ensure, and sets BENCH_JAR, the bench of exactly these sources. It is not in APP, so that a change of the bench
# does not replace a running installation.
bench_ensure() {
  build_ensure "$@"
  local folder
  # Not in $CHOWDER_CACHE/bench, which has the copies of OpenClaw that scripts/bench agents compares with.
  folder="$CHOWDER_CACHE/bench-jar/$(bench_key)"
  BENCH_JAR="$folder/chowder-bench.jar"
  if [ ! -f "$BENCH_JAR" ]; then build_locked bench_missing; fi
  touch "$folder"
}

# cli_ensure [COPY]: like build_ensure, but sets only CLI, the folder with the command line of exactly these sources. It is not in APP, so that a
# change of the command line does not replace a running installation.
cli_ensure() {
  BUILD_ROOT="${1:-$ROOT}"
  java_ensure
  CLI="$CHOWDER_CACHE/cli/$(cli_key)"
  if [ ! -f "$CLI/complete" ]; then build_locked cli_missing; fi
  touch "$CLI"
}

# build_locked FUNCTION [ARGUMENT...]: runs it while no other process builds.
build_locked() {
  mkdir -p "$CHOWDER_CACHE/app"
  exec 8>"$CHOWDER_CACHE/app/lock"
  flock -w "$BUILD_WAIT_SECONDS" 8 || die "another build has been running for more than $BUILD_WAIT_SECONDS s: wait until it has finished, or stop it."
  "$@"
  exec 8>&-
}

build_missing() {
  if [ -f "$APP/complete" ]; then return 0; fi
  maven_ensure
  # Maven adds libraries and removes none, so that an earlier version's would stay on the class path.
  rm -rf "$BUILD_ROOT"/{server,admin,simulator,demo-model,cli}/target/lib
  build_modules '!bench,!checks'
  build_keep
  CLI="$CHOWDER_CACHE/cli/$(cli_key)"
  [ -f "$CLI/complete" ] || cli_keep
  build_remove_old "$CHOWDER_CACHE/app"
}

bench_missing() {
  if [ -f "$BENCH_JAR" ]; then return 0; fi
  maven_ensure
  build_modules bench -am
  mkdir -p "${BENCH_JAR%/*}"
  cp "$BUILD_ROOT/bench/target/chowder-bench.jar" "$BENCH_JAR.part"
  mv "$BENCH_JAR.part" "$BENCH_JAR"
  build_remove_old "$CHOWDER_CACHE/bench-jar"
}

cli_missing() {
  if [ -f "$CLI/complete" ]; then return 0; fi
  maven_ensure
  rm -rf "$BUILD_ROOT/cli/target/lib"
  build_modules cli -am
  cli_keep
  build_remove_old "$CHOWDER_CACHE/cli"
}

# build_remove_old FOLDER: removes the versions in it that were not used for a while.
build_remove_old() { find "$1" -mindepth 1 -maxdepth 1 -type d -mtime "+$BUILD_KEEP_DAYS" -exec rm -rf {} +; }

# Without cli, although admin has its jar, because a change of the command line for users must not replace a running installation.
build_key() {
  content_key "$BUILD_ROOT/pom.xml" "$BUILD_ROOT"/{proto,base,sandbox,remote,storage,openclaw,simulator,actors,server,admin,demo-model}/pom.xml "$BUILD_ROOT"/{proto,base,sandbox,remote,storage,openclaw,simulator,actors,server,admin,demo-model}/src/main "$BUILD_ROOT/envoy/openapi.json"
}

# Of Chowder's modules, the bench uses only the protocol.
bench_key() { content_key "$BUILD_ROOT/pom.xml" "$BUILD_ROOT"/{proto,bench}/{pom.xml,src/main}; }

# The command line calls the server, and uses the classes of the protocol only.
cli_key() { content_key "$BUILD_ROOT/pom.xml" "$BUILD_ROOT"/{proto,cli}/{pom.xml,src/main}; }

# build_modules MODULES [OPTION]: builds the modules that Maven's option -pl selects. Skips tests, formatting and the compiler's strictest
# checks, which scripts/test runs, so that a start does not wait for them.
build_modules() {
  local began=$SECONDS log="$LOGS/build.log"
  say "Building with Maven (two to three minutes the first time) ..."
  if ! (cd "$BUILD_ROOT" && timeout "$BUILD_SECONDS_LIMIT" mvn -B -q -Dmaven.test.skip=true -P'!handwritten' -pl "$@" package) >"$log" 2>&1; then
    grep -E 'ERROR|BUILD' "$log" | head -n 5 >&2 || true
    die "the build failed: see $log."
  fi
  say "Built in $((SECONDS - began)) s."
}

# Copies the jars, because a running server loads classes from its jars until it stops, and the next build replaces them.
build_keep() {
  local part="$APP.part"
  rm -rf "$part"
  mkdir -p "$part/server" "$part/admin" "$part/simulator" "$part/demo-model"
  cp -r "$BUILD_ROOT/server/target/chowder-server.jar" "$BUILD_ROOT/server/target/lib" "$part/server/"
  cp -r "$BUILD_ROOT/demo-model/target/chowder-demo-model.jar" "$BUILD_ROOT/demo-model/target/lib" "$part/demo-model/"
  # The command line of operators, and the simulator of training runs and benches. Both use the libraries of the server, whose folder must
  # not contain theirs.
  local module library
  for module in admin simulator; do
    cp "$BUILD_ROOT/$module/target/chowder-$module.jar" "$part/$module/"
    for library in "$BUILD_ROOT/$module"/target/lib/*.jar; do
      [ -e "$part/server/lib/$(basename "$library")" ] || cp "$library" "$part/$module/"
    done
  done
  # Maven gives the jar of the server another name than its file.
  rm -f "$part"/admin/chowder-server-*.jar
  cp "$BUILD_ROOT/proto/target/classes/chowder/chowder.pb" "$BUILD_ROOT/envoy/openapi.json" "$part/"
  touch "$part/complete"
  rm -rf "$APP"
  mv "$part" "$APP"
}

# Copies the command line into CLI, because a running command loads classes from its jars.
cli_keep() {
  local part="$CLI.part"
  rm -rf "$part"
  mkdir -p "$part"
  cp -r "$BUILD_ROOT/cli/target/chowder-cli.jar" "$BUILD_ROOT/cli/target/lib" "$part/"
  touch "$part/complete"
  rm -rf "$CLI"
  mv "$part" "$CLI"
}
