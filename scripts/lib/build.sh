# shellcheck shell=bash
# Builds the jars when their sources changed. Running programs use a copy, so that a build does not change them. Needs common.sh and
# java.sh. Each step returns its failure: after `if`, `&&` or `||`, a caller's `set -e` has no effect here.

BUILD_SECONDS_LIMIT="${CHOWDER_BUILD_SECONDS:-1500}"
# Days without a start after which a built version is removed.
BUILD_KEEP_DAYS="${CHOWDER_BUILD_KEEP_DAYS:-14}"

# How long a build waits for another build, in seconds.
BUILD_WAIT_SECONDS="${CHOWDER_BUILD_WAIT_SECONDS:-1800}"

# build_ensure [COPY]: sets APP, the folder with server/, operate/, simulator/, demo-model/, chowder.pb and openapi.json of exactly these sources. Builds in
# COPY, a copy of the sources, if it is given. If another process builds, it waits and uses that result.
build_ensure() {
  BUILD_ROOT="${1:-$ROOT}"
  java_ensure || return 1
  if is_release; then APP="$ROOT/app" && return 0; fi
  APP="$CHOWDER_CACHE/app/$(build_key)" || return 1
  kept_ensure "$APP" keep_app '!bench,!checks'
}

# build_existing: sets APP to a build that exists, for commands that must work without a build: that of these sources, that of the running node, or
# the newest one.
build_existing() {
  local app command="${CHOWDER_HOME:-$HOME/.local/share/chowder}/run/server.command"
  BUILD_ROOT="$ROOT"
  if is_release; then return 1; fi
  while IFS= read -r app; do
    [ -f "$app/complete" ] && [ -f "$app/operate/chowder-operate.jar" ] && APP="$app" && java_ensure && return 0
  done < <(
    echo "$CHOWDER_CACHE/app/$(build_key)"
    if [ -f "$command" ]; then tr '\0' '\n' <"$command" | sed -n 's|/server/chowder-server.jar$||p'; fi
    find "$CHOWDER_CACHE" -mindepth 2 -maxdepth 2 -path '*/app/*' -type d ! -name '*.part' -printf '%T@ %p\n' | sort -rn | cut -d' ' -f2-
  )
  return 1
}

# bench_ensure [COPY]: like build_ensure, and sets BENCH_JAR, the bench of exactly these sources, whose libraries are in APP. The jar is not in APP, so that a
# change of the bench does not replace a running installation.
bench_ensure() {
  build_ensure "$@" || return 1
  # Not in $CHOWDER_CACHE/bench, which has the copies of OpenClaw that scripts/bench agents compares with.
  BENCH_JAR="$CHOWDER_CACHE/bench-jar/$(bench_key)/chowder-bench.jar" || return 1
  kept_ensure "${BENCH_JAR%/*}" keep_bench bench -am
}

# cli_ensure [COPY]: like build_ensure, but sets only CLI, the folder with the command line of exactly these sources. It is not in APP, so that a
# command for users waits only for a build of its own modules.
cli_ensure() {
  BUILD_ROOT="${1:-$ROOT}"
  java_ensure || return 1
  CLI="$CHOWDER_CACHE/cli/$(cli_key)" || return 1
  kept_ensure "$CLI" keep_cli cli -am
}

# kept_ensure FOLDER KEEP MODULES [OPTION]: makes sure that the folder of the cache has a build, with the functions below. With BUILT_ALREADY, Maven
# has packaged exactly these sources, and nothing is built (scripts/test).
kept_ensure() {
  [ -f "$1/complete" ] || build_locked build_kept "$@" || return 1
  touch "$1"
}

# build_locked FUNCTION [ARGUMENT...]: runs it while no other process builds.
build_locked() {
  local failed=0
  mkdir -p "$CHOWDER_CACHE/app" || die "cannot create $CHOWDER_CACHE/app: set CHOWDER_CACHE to a writable folder."
  exec 8>"$CHOWDER_CACHE/app/lock"
  flock -w "$BUILD_WAIT_SECONDS" 8 || die "another build has been running for more than $BUILD_WAIT_SECONDS s: wait until it has finished, or stop it."
  "$@" || failed=1
  exec 8>&-
  return "$failed"
}

build_kept() {
  # Another process may have built it meanwhile.
  if [ -f "$1/complete" ]; then return 0; fi
  if [ -z "${BUILT_ALREADY:-}" ]; then
    maven_ensure && build_remove_libraries && build_modules "${@:3}" || return 1
  fi
  keep "$1" "$2" || return 1
  build_remove_old "${1%/*}"
}

# Maven adds libraries and removes none, so that an earlier version's would stay on the class path.
build_remove_libraries() { rm -rf "$BUILD_ROOT"/{server,operate,simulator,demo-model,cli}/target/lib; }

# keep FOLDER KEEP: copies jars into the folder with the function KEEP, because a running program loads classes from its jars until it stops, and the
# next build replaces them.
keep() {
  rm -rf "$1.part" && mkdir -p "$1.part" && "$2" "$1.part" && touch "$1.part/complete" && rm -rf "$1" && mv "$1.part" "$1"
}

# build_remove_old FOLDER: removes the versions in it that were not used for a while.
build_remove_old() { find "$1" -mindepth 1 -maxdepth 1 -type d -mtime "+$BUILD_KEEP_DAYS" -exec rm -rf {} +; }

build_key() {
  local modules=(proto base sandbox storage openclaw simulator envoy client cli actors server operate demo-model)
  content_key "$BUILD_ROOT" pom.xml "${modules[@]/%//pom.xml}" "${modules[@]/%//src/main}" envoy/{envoy.yaml,openapi.json}
}

# Of Chowder's modules, the bench uses the classes of the protocol and of base.
bench_key() { content_key "$BUILD_ROOT" pom.xml {proto,base,bench}/{pom.xml,src/main}; }

# The command line calls the server, and uses the classes of the protocol, of base and of the client only.
cli_key() { content_key "$BUILD_ROOT" pom.xml {proto,base,client,cli}/{pom.xml,src/main}; }

# build_modules MODULES [OPTION]: builds the modules that Maven's option -pl selects. Skips tests, formatting and the compiler's strictest
# checks, which scripts/test runs, so that a start does not wait for them.
build_modules() {
  local began=$SECONDS log="$CHOWDER_CACHE/app/build.log"
  say "Building with Maven (two to three minutes the first time) ..."
  if ! (cd "$BUILD_ROOT" && timeout "$BUILD_SECONDS_LIMIT" mvn -B -q -Dmaven.test.skip=true -P'!handwritten' -pl "$@" package) >"$log" 2>&1; then
    grep -E 'ERROR|BUILD' "$log" | head -n 5 >&2 || true
    die "the build failed: see $log."
  fi
  say "Built in $((SECONDS - began)) s."
}

keep_app() {
  mkdir "$1"/{server,operate,simulator,demo-model} || return 1
  cp -r "$BUILD_ROOT"/server/target/{chowder-server.jar,lib} "$1/server/" || return 1
  cp -r "$BUILD_ROOT"/demo-model/target/{chowder-demo-model.jar,lib} "$1/demo-model/" || return 1
  # The commands of operators, and the simulator of training runs and benches. Both use the libraries of the server, whose folder must
  # not contain theirs.
  keep_beside operate "$1/operate" "$1/server/lib" || return 1
  keep_beside simulator "$1/simulator" "$1/server/lib" || return 1
  # Maven gives the jar of the server another name than its file.
  rm -f "$1"/operate/chowder-server-*.jar || return 1
  cp "$BUILD_ROOT/proto/target/classes/chowder/chowder.pb" "$BUILD_ROOT/envoy/openapi.json" "$1/" || return 1
  # The same build has the command line.
  CLI="$CHOWDER_CACHE/cli/$(cli_key)" || return 1
  [ -f "$CLI/complete" ] || keep "$CLI" keep_cli
}

# keep_beside MODULE FOLDER OTHER: copies the jar of a module, and its libraries that the folder OTHER does not have.
keep_beside() {
  local library
  cp "$BUILD_ROOT/$1/target/chowder-$1.jar" "$2/" || return 1
  for library in "$BUILD_ROOT/$1"/target/lib/*.jar; do
    [ -e "$3/$(basename "$library")" ] || cp "$library" "$2/" || return 1
  done
}

keep_cli() { cp -r "$BUILD_ROOT"/cli/target/{chowder-cli.jar,lib} "$1/"; }

keep_bench() { cp "$BUILD_ROOT/bench/target/chowder-bench.jar" "$1/"; }
