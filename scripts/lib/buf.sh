#!/usr/bin/env bash
# Checks the protocol with Buf: its style, and that nothing breaks which the main branch promised. A break that is meant is
# named in buf.yaml (`breaking: ignore_only`). Google's protos come out of the jar that the build uses anyway; Buf comes from npm.
#
#   scripts/lib/buf.sh check
#   CHOWDER_PROTO_BASE=COMMIT scripts/lib/buf.sh check    compares with that commit
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
  "$BUF/node_modules/.bin/buf" lint "$ROOT/proto"
  nothing_breaks
}

# The promise is laid out beside the same settings and the same Google protos: Buf compares whole trees, and what only one of
# them had would count as deleted.
nothing_breaks() {
  local base
  if ! base="$(promise)"; then
    say "Buf's breaking check is left out: this clone has no commit to compare with (git fetch --deepen=1 gets one)."
    return 0
  fi
  BREAKING="$(mktemp -d)"
  trap 'rm -rf "$BREAKING"' EXIT
  mkdir "$BREAKING/then" "$BREAKING/broken"
  git -C "$ROOT" archive "$base" proto/src/main/proto | tar -x -C "$BREAKING/then" --strip-components=1
  cp -r "$ROOT/proto/src" "$BREAKING/broken/"
  lend_to "$BREAKING/then"
  lend_to "$BREAKING/broken"
  # A check that cannot fail is none: a tree without its first field must be found out.
  sed -i '0,/^  string id = 1;/{/^  string id = 1;/d}' "$BREAKING/broken/src/main/proto/chowder/v1/instance.proto"
  if breaking "$BREAKING/broken" >/dev/null 2>&1; then
    die "Buf took a protocol without Instance.id for compatible (expected: a complaint)."
  fi
  breaking "$ROOT/proto"
}

breaking() { "$BUF/node_modules/.bin/buf" breaking "$1" --against "$BREAKING/then"; }

# Which commit's protocol is promised: where this branch left the main one; on the main branch itself, the commit before.
promise() {
  local base="${CHOWDER_PROTO_BASE:-}" head
  head="$(git -C "$ROOT" rev-parse -q --verify HEAD)" || return 1
  [ -n "$base" ] || base="$(git -C "$ROOT" merge-base HEAD origin/main 2>/dev/null)" || base="$head"
  [ "$base" != "$head" ] || base="HEAD~1"
  git -C "$ROOT" rev-parse -q --verify "$base^{commit}:proto/src/main/proto" >/dev/null || return 1
  git -C "$ROOT" rev-parse -q --verify "$base^{commit}"
}

lend_to() {
  mkdir "$1/target"
  cp "$ROOT/proto/buf.yaml" "$1/"
  cp -r "$ROOT/proto/target/third_party" "$1/target/"
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
