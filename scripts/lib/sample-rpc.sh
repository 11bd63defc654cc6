#!/usr/bin/env bash
# Adds a sample RPC to a copy of this tree, generates the documents, and runs the tests that a new RPC concerns. Fails if the RPC needs
# more than the given number of files that are edited by hand. The sample is a verb with a command of its own: RestartInstance under
# another name. The copy is deleted.
#
#   scripts/lib/sample-rpc.sh check
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
for part in common settings docker java; do
  # shellcheck source=/dev/null
  . "$HERE/$part.sh"
done
MOST_FILES=7
# The tests that write documents.
DOCUMENTS='*DocumentTest,LimitTextsTest'
# The tests that fail if one of the edits is missing.
TESTS='*DocumentTest,Envoy*Test,DocumentedFactsTest,RpcFactsTest,ApiPagesTest,InstanceWireTest,Lifecycle*Test,LimitTextsTest'

main() {
  [ "${1:-}" = check ] || die "usage: scripts/lib/sample-rpc.sh check"
  java_ensure
  maven_ensure
  COPY="$(mktemp -d)"
  trap 'rm -rf "$COPY"' EXIT
  # Compiled classes are copied, too, so that Maven compiles less.
  tar -C "$ROOT" --exclude=./.git --exclude='*-reports' -cf - . | tar -C "$COPY" -xf -
  python3 "$HERE/sample_rpc.py" "$COPY" >"$COPY/edited"
  say "Edited by hand: $(tr '\n' ' ' <"$COPY/edited")"
  [ "$(wc -l <"$COPY/edited")" -le "$MOST_FILES" ] ||
    die "a new RPC needs $(wc -l <"$COPY/edited") files that are edited by hand: it must need at most $MOST_FILES."
  # Generated documents must be all that the edits leave to do.
  maven_tests "$DOCUMENTS" -Dchowder.update-docs=true
  grep -q ReloadInstance "$COPY/docs/REST.md" || die "docs/REST.md has no ReloadInstance: the documents were not generated."
  grep -q InstanceService/ReloadInstance "$COPY/envoy/envoy.yaml" || die "envoy/envoy.yaml has no ReloadInstance: its routes were not generated."
  maven_tests "$TESTS"
}

# maven_tests TESTS [ARGUMENT...]
maven_tests() {
  (cd "$COPY" && timeout 1500 mvn -B -ntp -q -P'!handwritten' -pl server -am test "-Dtest=$1" -Dsurefire.failIfNoSpecifiedTests=false "${@:2}" >"$COPY/log" 2>&1) || {
    grep -E '^\[ERROR\]' "$COPY/log" | head -n 30 >&2
    die "the copy with a sample RPC failed: see the message above."
  }
}

main "$@"
