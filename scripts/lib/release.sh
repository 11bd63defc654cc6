#!/usr/bin/env bash
# Builds a release, and uses it as on a machine without Maven and a JDK: starts an installation, creates an agent, gets an answer, stops
# and starts the agent, and deletes it. Needs root, to hide the JDK and Maven from the release.
#
#   scripts/lib/release.sh check [FOLDER]   uses the archive in FOLDER if there is one
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# The test uses plain text, so the TLS settings of the caller are removed.
unset "${!CHOWDER_TLS_@}" CHOWDER_CONTEXT CHOWDER_URL CHOWDER_KEY CHOWDER_KEY_FILE
export CHOWDER_HOME="${CHOWDER_RELEASE_HOME:-$(mktemp -d "${TMPDIR:-/tmp}/chowder-release.XXXXXX")}"
# Separate ports, so that other installations can run meanwhile.
export CHOWDER_REST_PORT="${CHOWDER_RELEASE_REST_PORT:-23080}" CHOWDER_GRPC_PORT="${CHOWDER_RELEASE_GRPC_PORT:-23090}"
export CHOWDER_OPERATOR_PORT="${CHOWDER_RELEASE_OPERATOR_PORT:-23091}" CHOWDER_OPERATOR_REST_PORT="${CHOWDER_RELEASE_OPERATOR_REST_PORT:-23081}"
export CHOWDER_MONITORING_PORT="${CHOWDER_RELEASE_MONITORING_PORT:-23095}" CHOWDER_DEMO_MODEL_PORT="${CHOWDER_RELEASE_DEMO_MODEL_PORT:-23092}"
# A pool member would be an agent that this test did not create. The installation is removed at the end.
export CHOWDER_POOL_MAX_SIZE=0 CHOWDER_START_AT_BOOT=no
# On a busy machine a gateway took longer than the default limit. This test measures no time.
export CHOWDER_READY_TIMEOUT="${CHOWDER_READY_TIMEOUT:-5m}"
for part in common settings docker java; do
  # shellcheck source=/dev/null
  . "$HERE/$part.sh"
done

# The exit code of the command line if an instance does not exist (docs/CLI.md).
NOT_FOUND=3
# Time limit of a command. The first start also builds the sandbox image.
STEP_SECONDS=1800

main() {
  case "${1:-}" in
    check) ;;
    use)
      use "$2" "$3"
      return
      ;;
    *) die "usage: scripts/lib/release.sh check [FOLDER]" ;;
  esac
  can_be_root || die "cannot hide the JDK from the release: that needs root; run this as root."
  WORK="$(mktemp -d "${TMPDIR:-/tmp}/chowder-release.XXXXXX")"
  trap 'rm -rf "$WORK" "$CHOWDER_HOME" "$CHOWDER_HOME-cache"' EXIT
  # Outside of the folders that are hidden below.
  docker_ensure
  local archive="${2:-$WORK/archive}"
  if [ ! -d "$archive" ]; then "$ROOT/scripts/release" "$archive"; fi
  # As a user downloads it: the archive and its checksum.
  (cd "$archive" && sha256sum -c --quiet ./*.sha256) || die "the release has a wrong checksum."
  # A blank in the path must not matter.
  mkdir "$WORK/a folder"
  tar -C "$WORK/a folder" -xzf "$archive"/*.tar.gz
  hidden >"$WORK/hidden"
  # With a cache of its own, the release cannot find what a build has left.
  as_root env CHOWDER_RELEASE_HOME="$CHOWDER_HOME" CHOWDER_CACHE="$CHOWDER_HOME-cache" PATH="$PATH" HOME="$HOME" unshare --mount "$HERE/release.sh" use "$WORK/hidden" "$WORK/a folder"/chowder-*
}

# Prints the folders of all JDKs and of Maven.
hidden() {
  local program
  {
    java_candidates
    for program in java javac mvn; do
      if program="$(command -v "$program")"; then dirname "$(dirname "$(readlink -f "$program")")"; fi
    done
    echo "$HOME/.m2"
  } | sort -u | while IFS= read -r folder; do
    if [ -x "$folder/bin/java" ] || [ -x "$folder/bin/mvn" ] || [ "$folder" = "$HOME/.m2" ]; then echo "$folder"; fi
  done
}

# use HIDDEN RELEASE: uses the release without the folders in the file HIDDEN. Runs in a mount namespace of its own.
use() {
  local folder program
  while IFS= read -r folder; do
    [ ! -d "$folder" ] || mount -t tmpfs none "$folder"
  done <"$1"
  unset JAVA_HOME
  for program in java javac mvn; do
    if "$program" -version >/dev/null 2>&1; then die "$program must be hidden, and runs."; fi
  done
  PATH="$2/bin:$PATH"
  trap 'tail -n 20 "$LOGS/server.log"; chowder down --purge --keep-cache' EXIT
  step chowder up
  grep -q 'AOT cache: loaded' "$LOGS/server.log" || die "the server did not load its AOT cache: see $LOGS/server.log."
  # A second start changes nothing.
  step chowder up
  step chowder admin nodes ls
  step chowder create walked --provider custom
  step chowder chat walked "What can you do?" | grep . || die "the agent's answer has no text."
  step chowder stop walked
  step chowder start walked
  step chowder chat walked "Are you still there?" | grep . || die "the agent's answer has no text."
  step chowder rm --yes walked
  local code=0
  chowder get walked || code=$?
  [ "$code" = "$NOT_FOUND" ] || die "chowder get of a deleted agent must exit with $NOT_FOUND; got $code."
  trap - EXIT
  step chowder down
  step chowder down --purge --keep-cache
  # shellcheck disable=SC2144  # at most one file
  [ -z "$(find "$CHOWDER_CACHE" -mindepth 1 -maxdepth 1 \( -name app -o -name cli -o -name envoy \) -print -quit)" ] || die "the release must build and download nothing; see $CHOWDER_CACHE."
  [ ! -e "$CHOWDER_HOME" ] || die "$CHOWDER_HOME must be removed, and is not."
}

# step COMMAND...: runs a command with its output, and prints how long it took.
step() {
  local began=$EPOCHREALTIME
  say "\$ $*"
  timeout "$STEP_SECONDS" "$@" || die "the command failed: see the message above."
  awk -v began="$began" -v ended="$EPOCHREALTIME" 'BEGIN { printf "  (%.2f s)\n", ended - began }' >&2
}

main "$@"
