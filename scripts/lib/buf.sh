#!/usr/bin/env bash
# Checks the style of the protocol with Buf, and its compatibility with the main branch. An intended break is listed in buf.yaml
# (`breaking: ignore_only`). The protos of Google and of protovalidate come from the jars that the build uses; Buf comes from npm.
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
  have npm || die "npm was not found: install Node.js with npm, which provides Buf."
  if [ ! -x "$BUF/node_modules/.bin/buf" ]; then
    mkdir -p "$BUF"
    (cd "$BUF" && timeout 300 npm install --silent --no-fund --no-audit --prefix . "@bufbuild/buf@$BUF_VERSION" >&2) ||
      die "cannot install Buf $BUF_VERSION from npm: see the message above; run this again."
  fi
  third_party_protos
  "$BUF/node_modules/.bin/buf" lint "$ROOT/proto"
  nothing_breaks
}

# Buf compares whole trees, so the earlier protocol gets the same settings and the same imported protos as the current one. Otherwise
# files that only one tree has would count as deleted.
nothing_breaks() {
  local base
  if ! base="$(promise)"; then
    say "Buf's breaking check is skipped: this clone has no commit to compare with. Run git fetch --deepen=1 to get one."
    return 0
  fi
  BREAKING="$(mktemp -d)"
  trap 'rm -rf "$BREAKING"' EXIT
  mkdir "$BREAKING/then" "$BREAKING/broken"
  git -C "$ROOT" archive "$base" proto/src/main/proto | tar -x -C "$BREAKING/then" --strip-components=1
  cp -r "$ROOT/proto/src" "$BREAKING/broken/"
  lend_to "$BREAKING/then"
  lend_to "$BREAKING/broken"
  # Proves that the check can fail: a tree without its first field must be rejected.
  sed -i '0,/^  string id = 1[ ;]/{/^  string id = 1[ ;]/d}' "$BREAKING/broken/src/main/proto/chowder/v1/instance.proto"
  if breaking "$BREAKING/broken" >/dev/null 2>&1; then
    die "Buf accepted a protocol without Instance.id as compatible: it must report a break."
  fi
  breaking "$ROOT/proto"
}

breaking() { "$BUF/node_modules/.bin/buf" breaking "$1" --against "$BREAKING/then"; }

# Prints the commit to compare with: the merge base of this branch with main or, on main itself, the previous commit.
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

# Unpacks the protos of Google and of protovalidate into the folder that buf.yaml names.
third_party_protos() {
  local target="$ROOT/proto/target/third_party" google validate
  google="$(jar_of google.common.protos.version com/google/api/grpc/proto-google-common-protos)"
  validate="$(jar_of protovalidate.version build/buf/protovalidate)"
  if [ ! -f "$google" ] || [ ! -f "$validate" ]; then
    (cd "$ROOT" && timeout 600 mvn -B -q -pl proto compile) || die "cannot compile proto: see the message above."
  fi
  mkdir -p "$target"
  (cd "$target" && "${JAVA_HOME:+$JAVA_HOME/bin/}jar" xf "$google" google/api google/rpc google/type google/longrunning)
  (cd "$target" && "${JAVA_HOME:+$JAVA_HOME/bin/}jar" xf "$validate" buf/validate/validate.proto)
}

# jar_of PROPERTY ARTIFACT: prints the path of the jar whose version is in that property of the POM.
jar_of() {
  local version
  version="$(sed -n "s:.*<$1>\(.*\)</$1>.*:\1:p" "$ROOT/pom.xml")"
  echo "$HOME/.m2/repository/$2/$version/$(basename "$2")-$version.jar"
}

main "$@"
