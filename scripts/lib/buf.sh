#!/usr/bin/env bash
# Checks the protocol's style with Buf; the breaking check comes with the first release, which is what it would compare with. Google's
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
