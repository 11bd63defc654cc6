#!/usr/bin/env bash
# Checks the protocol's style with Buf, and against the main branch that nothing breaks old clients or the journal. Google's
# protos come out of the jar that the build uses anyway; Buf comes from npm.
#
#   scripts/lib/buf.sh check
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
BUF_VERSION=1.75.0
BUF="$CHOWDER_CACHE/buf/$BUF_VERSION"

main() {
  [ "${1:-}" = check ] || die "usage: scripts/lib/buf.sh check"
  have npm || die "npm was not found: install Node.js with npm, which brings Buf."
  if [ ! -x "$BUF/node_modules/.bin/buf" ]; then
    mkdir -p "$BUF"
    (cd "$BUF" && timeout 300 npm install --silent --no-fund --no-audit --prefix . "@bufbuild/buf@$BUF_VERSION" >&2) ||
      die "Buf $BUF_VERSION could not be installed from npm: see above, and run this again."
  fi
  google_protos
  cd "$ROOT/proto"
  "$BUF/node_modules/.bin/buf" lint
  nothing_breaks
}

# What the main branch has is the promise; the same Google protos are lent to it.
nothing_breaks() {
  git -C "$ROOT" rev-parse --verify -q origin/main:proto/buf.yaml >/dev/null || return 0
  local base status=0
  base="$(mktemp -d)"
  git -C "$ROOT" archive origin/main proto | tar -x -C "$base"
  mkdir -p "$base/proto/target"
  cp -r "$ROOT/proto/target/third_party" "$base/proto/target/"
  "$BUF/node_modules/.bin/buf" build "$base/proto" --path "$base/proto/src/main/proto" -o "$base/promise.binpb" &&
    "$BUF/node_modules/.bin/buf" breaking --path src/main/proto --against "$base/promise.binpb" || status=1
  rm -rf "$base"
  return "$status"
}

# Where buf.yaml looks for them.
google_protos() {
  local version jar target="$ROOT/proto/target/third_party"
  version="$(sed -n 's:.*<google.common.protos.version>\(.*\)</google.common.protos.version>.*:\1:p' "$ROOT/pom.xml")"
  jar="$HOME/.m2/repository/com/google/api/grpc/proto-google-common-protos/$version/proto-google-common-protos-$version.jar"
  [ -f "$jar" ] || (cd "$ROOT" && timeout 600 mvn -B -q -pl proto compile) || die "proto does not compile (see above)."
  mkdir -p "$target"
  (cd "$target" && "${JAVA_HOME:+$JAVA_HOME/bin/}jar" xf "$jar" google/api google/rpc google/type google/longrunning)
}

main "$@"
