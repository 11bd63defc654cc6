#!/usr/bin/env bash
# Builds a release, and uses it as on a machine without Maven and a JDK: starts an installation, creates an agent, gets an answer, stops
# and starts the agent, and deletes it. Needs root, to hide the JDK and Maven from the release.
#
#   scripts/lib/release.sh check
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
for part in common settings java; do
  # shellcheck source=/dev/null
  . "$HERE/$part.sh"
done

main() {
  [ "${1:-}" = check ] || die "usage: scripts/lib/release.sh check"
  can_be_root || die "cannot hide the JDK from the release: that needs root; run this as root."
  WORK="$(mktemp -d "${TMPDIR:-/tmp}/chowder-release.XXXXXX")"
  trap 'rm -rf "$WORK"' EXIT
  # As a user downloads it: the archive and its checksum.
  "$ROOT/scripts/release" "$WORK/archive"
  (cd "$WORK/archive" && sha256sum -c --quiet ./*.sha256) || die "the release has a wrong checksum."
  # A blank in the path must not matter.
  mkdir "$WORK/a folder"
  tar -C "$WORK/a folder" -xzf "$WORK"/archive/*.tar.gz
  hidden >"$WORK/hidden"
  as_root env PATH="$PATH" HOME="$HOME" unshare --mount "$HERE/release.sh" use "$WORK/hidden" "$WORK/a folder"/chowder-*
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

# use HIDDEN RELEASE: runs in a mount namespace of its own.
use() {
  local folder began program
  while IFS= read -r folder; do
    [ ! -d "$folder" ] || mount -t tmpfs none "$folder"
  done <"$1"
  unset JAVA_HOME
  for program in java javac mvn; do
    if "$program" -version >/dev/null 2>&1; then die "$program must be hidden, and runs."; fi
  done
  PATH="$2/bin:$PATH"
  trap 'chowder down --purge --keep-cache || true' EXIT
  chowder up
  grep -q 'AOT cache: loaded' "$LOGS/server.log" || die "the server did not load its AOT cache: see $LOGS/server.log."
  walk_release
  trap - EXIT
  chowder down --purge --keep-cache
}
