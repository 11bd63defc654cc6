#!/usr/bin/env bash
# Checks that generators of clients accept the OpenAPI document without warnings: openapi-python-client, openapi-typescript and
# openapi-generator. A warning usually means that a client lacks a call or a response. The generated clients are deleted. Needs npm.
#
#   scripts/lib/client-generators.sh check
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
for part in common settings docker java; do
  # shellcheck source=/dev/null
  . "$HERE/$part.sh"
done
OPENAPI_TYPESCRIPT_VERSION=7.13.0
TYPESCRIPT_VERSION=5.9.3
OPENAPI_GENERATOR_VERSION=7.14.0
DOCUMENT="$ROOT/envoy/openapi.json"

main() {
  [ "${1:-}" = check ] || die "usage: scripts/lib/client-generators.sh check"
  java_ensure
  maven_ensure
  tools_ensure
  OUT="$(mktemp -d)"
  trap 'rm -rf "$OUT"' EXIT
  # Proves that the check can fail. A generator gives these two schemas one name.
  jq '.components.schemas["Instance.Status"] = .components.schemas.InstanceStatusValue' "$DOCUMENT" >"$OUT/planted.json"
  # In a subshell, because the check exits.
  if (python_client "$OUT/planted.json") >/dev/null 2>&1; then
    die "openapi-python-client accepted a document in which two schemas have one name: it must report a warning."
  fi
  python_client "$DOCUMENT"
  typescript "$DOCUMENT"
  for language in java go; do openapi_generator "$DOCUMENT" "$language"; done
}

# Installs the generators into a folder that is named by a hash of their versions.
tools_ensure() {
  TOOLS="$CHOWDER_CACHE/client-generators/$(content_key "$HERE/client-generators.txt" "${BASH_SOURCE[0]}")"
  [ ! -e "$TOOLS/complete" ] || return 0
  have npm || die "npm was not found: install Node.js with npm, which provides openapi-typescript."
  have jq || apt_install jq || die "jq was not found: install it and run this again."
  python3 -c 'import venv, ensurepip' 2>/dev/null || apt_install python3-venv ||
    die "cannot install Python's venv module, which openapi-python-client needs: install python3 and python3-venv and run this again."
  say "Installing generators of clients ..."
  rm -rf "$CHOWDER_CACHE/client-generators"
  mkdir -p "$TOOLS"
  { python3 -m venv "$TOOLS/python" && timeout 300 "$TOOLS/python/bin/pip" install -q -r "$HERE/client-generators.txt"; } >&2 ||
    die "cannot install openapi-python-client from PyPI: see the message above; run this again."
  (cd "$TOOLS" && timeout 300 npm install --silent --no-fund --no-audit --prefix . "openapi-typescript@$OPENAPI_TYPESCRIPT_VERSION" \
    "typescript@$TYPESCRIPT_VERSION" >&2) || die "cannot install openapi-typescript from npm: see the message above; run this again."
  (cd "$ROOT" && timeout 300 mvn -B -q -N org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    "-Dartifact=org.openapitools:openapi-generator-cli:$OPENAPI_GENERATOR_VERSION" "-DoutputDirectory=$TOOLS" >&2) ||
    die "cannot download openapi-generator from Maven Central: see the message above; run this again."
  touch "$TOOLS/complete"
}

# python_client DOCUMENT
python_client() {
  rm -rf "$OUT/python"
  # It formats the client with ruff, which is in the same folder.
  PATH="$TOOLS/python/bin:$PATH" timeout 120 openapi-python-client generate --fail-on-warning --path "$1" --output-path "$OUT/python" >"$OUT/log" 2>&1 ||
    reported openapi-python-client
}

# typescript DOCUMENT
typescript() {
  (cd "$TOOLS" && timeout 120 node_modules/.bin/openapi-typescript "$1" -o "$OUT/api.d.ts") >"$OUT/log" 2>&1 || reported openapi-typescript
  ! grep -qiE 'warn|⚠' "$OUT/log" || reported openapi-typescript
  "$TOOLS/node_modules/.bin/tsc" --noEmit --strict "$OUT/api.d.ts" >"$OUT/log" 2>&1 || reported "TypeScript, for the types of openapi-typescript,"
}

# openapi_generator DOCUMENT LANGUAGE: allows two warnings about itself: that its support of OpenAPI 3.1 is new, and that it shows
# examples only of JSON.
openapi_generator() {
  timeout 120 "${JAVA_HOME:+$JAVA_HOME/bin/}java" -jar "$TOOLS/openapi-generator-cli-$OPENAPI_GENERATOR_VERSION.jar" generate -i "$1" -g "$2" \
    -o "$OUT/$2" >"$OUT/all" 2>&1 || { cp "$OUT/all" "$OUT/log" && reported openapi-generator; }
  ! grep -E '^\[[^]]*\] (WARN|ERROR) ' "$OUT/all" | grep -vE 'OpenAPI 3\.1 support is still in beta|No application/json content media type' >"$OUT/log" ||
    reported openapi-generator
}

# reported NAME: fails with the output of a generator.
reported() {
  cat "$OUT/log" >&2
  die "$1 reported a warning for envoy/openapi.json: see the message above."
}

main "$@"
