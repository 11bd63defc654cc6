#!/usr/bin/env bash
# Tests the whole REST API against /v1/openapi.json with schemathesis. Envoy and the server are real, sandboxes are simulated. No response
# may be a 5xx, or have a status, reason, content type, header or body that the document does not describe. First, the tool must find
# planted errors in copies of the document. The same seed makes the same requests.
#
#   scripts/lib/schemathesis.sh check
#   CHOWDER_FUZZ_SEED=7 scripts/lib/schemathesis.sh check          uses the seed that another run printed
#   CHOWDER_FUZZ_EXAMPLES=500 scripts/lib/schemathesis.sh check    makes more requests
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# The test uses plain text, so the TLS settings of the caller are removed.
unset "${!CHOWDER_TLS_@}"
export CHOWDER_HOME
CHOWDER_HOME="$(mktemp -d "${TMPDIR:-/tmp}/chowder-fuzz.XXXXXX")"
# Separate ports, so that other installations can run meanwhile.
export CHOWDER_REST_PORT="${CHOWDER_FUZZ_REST_PORT:-25080}" CHOWDER_GRPC_PORT="${CHOWDER_FUZZ_GRPC_PORT:-25090}"
export CHOWDER_OPERATOR_PORT="${CHOWDER_FUZZ_OPERATOR_PORT:-25091}" CHOWDER_OPERATOR_REST_PORT="${CHOWDER_FUZZ_OPERATOR_REST_PORT:-25081}"
export CHOWDER_MONITORING_PORT="${CHOWDER_FUZZ_MONITORING_PORT:-25095}"
# The same requests then create the same instances in each run.
export CHOWDER_POOL_MAX_SIZE=0
for part in common settings java envoy process nodes postgres build simulator aot api organization server; do
  # shellcheck source=/dev/null
  . "$HERE/$part.sh"
done
SEED="${CHOWDER_FUZZ_SEED:-$((RANDOM * 32768 + RANDOM))}"
# Generated requests of each kind for each operation.
EXAMPLES="${CHOWDER_FUZZ_EXAMPLES:-10}"
# Time limit of the main run, in seconds.
FUZZ_SECONDS="${CHOWDER_FUZZ_SECONDS:-300}"

main() {
  [ "${1:-}" = check ] || die "usage: scripts/lib/schemathesis.sh check"
  trap cleanup EXIT
  tool_ensure
  home_ensure
  nodes_choose 1
  api_tools_ensure
  java_ensure
  ENVOY="$(envoy_ensure)"
  build_ensure
  begin
  is_valid
  finds_what_is_planted
  say "Calling the $(jq '[.paths[][]] | length' "$DOCUMENT") operations of the API document; seed $SEED ..."
  if ! run "$REST/v1/openapi.json" --phases examples,coverage,fuzzing,stateful --max-examples "$EXAMPLES"; then
    die "the API returned a response that its document does not describe: see the message above; CHOWDER_FUZZ_SEED=$SEED repeats the requests."
  fi
  finds_an_outage
}

# Installs schemathesis into a folder that is named by the hash of its package list.
tool_ensure() {
  TOOL="$CHOWDER_CACHE/schemathesis/$(content_key "$HERE/schemathesis.txt")"
  [ ! -e "$TOOL/complete" ] || return 0
  python3 -c 'import venv, ensurepip' 2>/dev/null || apt_install python3-venv ||
    die "cannot install Python's venv module, which schemathesis needs: install python3 and python3-venv and run this again."
  say "Installing schemathesis ..."
  rm -rf "$CHOWDER_CACHE/schemathesis"
  mkdir -p "$(dirname "$TOOL")"
  { python3 -m venv "$TOOL" && timeout 300 "$TOOL/bin/pip" install -q -r "$HERE/schemathesis.txt"; } >&2 ||
    die "cannot install schemathesis from PyPI: see the message above; run this again."
  touch "$TOOL/complete"
}

# Starts a server with an organization that has instances in every steady status.
begin() {
  local name
  simulator_ensure
  # Nothing listens on port 1. Port 11434 is in the document's examples, which must be valid.
  export CHOWDER_LOCALHOST_MODEL_PORTS="1,11434"
  # All calls come from one address with one key.
  export CHOWDER_RATE_SIGN_UP_BURST=100000 CHOWDER_RATE_BURST=1000000
  export CHOWDER_UNKNOWN_BURST=1000000 CHOWDER_NO_KEY_BURST=1000000 CHOWDER_NO_KEY_PER_SECOND=1000000
  server_ensure
  envoy_ensure_running
  organization_ensure
  operator_api SetTier "{\"organization_id\":\"$(cat "$ORGANIZATION_ID_FILE")\",\"tier\":\"whale\"}" >/dev/null
  # Nothing listens on this port, so the check of the key ends at once with a note and without network access.
  api PATCH /v1/organization --data-binary '{"model_endpoints": {"custom": {"base_url": "http://localhost:1/v1", "model": "none"}}}' >/dev/null
  for name in running stopped deleted spare-1 spare-2 spare-3; do create "$name"; done
  api POST "/v1/instances/$(id stopped)/stop" >/dev/null
  api DELETE "/v1/instances/$(id deleted)" >/dev/null
  DOCUMENT="$CHOWDER_HOME/openapi.json"
  curl -fsS --max-time 10 -o "$DOCUMENT" "$REST/v1/openapi.json"
  settings >"$CHOWDER_HOME/schemathesis.toml"
}

create() {
  printf '{"name": "%s", "model_provider": "custom"}' "$1" | api POST /v1/instances --data-binary @- | jq -r .id >"$CHOWDER_HOME/$1.id"
  wait_until 60 runs "$1" || die "the simulated instance $1 was not running within 60 s: see $LOGS/server.log."
}

runs() { [ "$(api GET "/v1/instances/$(id "$1")/status" | jq -r .status)" = running ]; }

id() { cat "$CHOWDER_HOME/$1.id"; }

# Prints the settings for a file, since the key must not be an argument.
settings() {
  cat <<SETTINGS
workers = 1
request-timeout = 40.0
# Watches and followed logs have no end, so only their first event is checked.
max-stream-events = 1
hooks = "$HERE/schemathesis_hooks.py"
warnings = false

[auth.openapi.key]
bearer = "$(cat "$ORGANIZATION_KEY_FILE")"

[generation]
database = "none"

# Calls with unknown instance ids are rejected early, so most calls use existing instances.
[dictionaries.instances]
values = ["$(id running)", "$(id stopped)", "$(id deleted)"]

[dictionaries.spares]
values = ["$(id spare-1)", "$(id spare-2)", "$(id spare-3)"]

[parameters]
"path.instance_id" = {dictionary = "instances", probability = 0.8}

[[operations]]
include-operation-id = "DeleteInstance"
parameters = {"path.instance_id" = {dictionary = "spares", probability = 0.5}}

[checks]
enabled = false
not_a_server_error.enabled = true
status_code_conformance.enabled = true
content_type_conformance.enabled = true
response_headers_conformance.enabled = true
response_schema_conformance.enabled = true
ignored_auth.enabled = true
SETTINGS
}

# run DOCUMENT OPTION...: fails if a response is not described in the document.
run() {
  # Runs in this folder, because the tool writes its cache into the working directory.
  # Without compiled hooks beside the sources, which other tests read.
  (cd "$CHOWDER_HOME" && PYTHONDONTWRITEBYTECODE=1 timeout "$FUZZ_SECONDS" "$TOOL/bin/schemathesis" --config-file schemathesis.toml run "$@" --seed "$SEED" --no-color >&2)
}

is_valid() {
  "$TOOL/bin/openapi-spec-validator" "$DOCUMENT" >&2 || die "envoy/openapi.json: must be a valid OpenAPI document; see the message above."
}

# Proves that the check can fail. Each of these copies of the document has one error, which it must find.
finds_what_is_planted() {
  finds "Undocumented status code" 'del(.paths["/v1/organization"].get.responses["200"])'
  finds "Response violates schema" '.components.schemas.Organization.required += ["planted"]'
  finds "Undocumented Content-Type" '.paths["/v1/organization"].get.responses["200"].content |= {"text/plain": .["application/json"]}'
  finds "Missing required response headers" '.components.headers["x-planted"] = {required: true, schema: {type: "string"}}
    | .paths["/v1/organization"].get.responses["200"].headers["x-planted"] = {"$ref": "#/components/headers/x-planted"}'
  # A document with a wrong reason.
  finds "Response violates schema" '.components.responses.KeyInvalid401.content["application/json"].schema.allOf[1].properties.details.contains.properties.reason.enum = ["PLANTED"]'
}

# finds WHAT CHANGE: fails unless the check reports WHAT for the document with CHANGE.
finds() {
  local said
  jq "$2" "$DOCUMENT" >"$CHOWDER_HOME/planted.json"
  if said="$(run "$CHOWDER_HOME/planted.json" --url "$REST" --include-operation-id GetOrganization --phases coverage --max-examples 3 2>&1)"; then
    die "schemathesis must report the error in a document with: $2"
  fi
  [[ "$said" == *"$1"* ]] || die "schemathesis did not report the planted error ($1). Its output: $said"
}

# Proves that the check fails if no server runs.
finds_an_outage() {
  nodes_stop
  finds "Server error" .
}

cleanup() {
  process_stop envoy || true
  nodes_stop || true
  simulator_stop || true
  rm -rf "$CHOWDER_HOME"
}

main "$@"
