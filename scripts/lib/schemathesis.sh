#!/usr/bin/env bash
# Has schemathesis call the whole of REST as /v1/openapi.json describes it: a real Envoy, a real server, sandboxes that are only
# played. No answer may be a 5xx, or have a status, a reason, a content type, a header or a body that the document does not name.
# Before that it must find what is planted in a copy of the document. The same seed makes the same requests.
#
#   scripts/lib/schemathesis.sh check
#   CHOWDER_FUZZ_SEED=7 scripts/lib/schemathesis.sh check    with the seed that another run printed
#   CHOWDER_FUZZ_EXAMPLES=500 scripts/lib/schemathesis.sh check    for longer
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# TLS is for installations that serve somebody.
unset "${!CHOWDER_TLS_@}"
export CHOWDER_HOME
CHOWDER_HOME="$(mktemp -d "${TMPDIR:-/tmp}/chowder-fuzz.XXXXXX")"
# Of its own, so that other installations' may be taken.
export CHOWDER_REST_PORT="${CHOWDER_FUZZ_REST_PORT:-27080}" CHOWDER_GRPC_PORT="${CHOWDER_FUZZ_GRPC_PORT:-27090}"
export CHOWDER_OPERATOR_PORT="${CHOWDER_FUZZ_OPERATOR_PORT:-27091}"
for part in common settings java envoy process nodes build api organization server; do
  # shellcheck source=/dev/null
  . "$HERE/$part.sh"
done
SEED="${CHOWDER_FUZZ_SEED:-$((RANDOM * 32768 + RANDOM))}"
# Requests of each kind that are made up for each call.
EXAMPLES="${CHOWDER_FUZZ_EXAMPLES:-10}"
# How long the main run may take, in seconds.
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
  say "Calling the API as $(jq '[.paths[][]] | length' "$DOCUMENT") operations of its document say; seed $SEED ..."
  if ! run "$REST/v1/openapi.json" --phases examples,coverage,fuzzing,stateful --max-examples "$EXAMPLES"; then
    die "the API answered what its document does not say: see above; CHOWDER_FUZZ_SEED=$SEED makes the same requests again."
  fi
  finds_an_outage
}

# Keyed by what is in it: another version is another folder.
tool_ensure() {
  TOOL="$CHOWDER_CACHE/schemathesis/$(content_key "$HERE/schemathesis.txt")"
  [ ! -e "$TOOL/complete" ] || return 0
  python3 -c 'import venv, ensurepip' 2>/dev/null || apt_install python3-venv ||
    die "Python's venv module is missing and could not be installed: install python3 and python3-venv, they run schemathesis."
  say "Installing schemathesis ..."
  rm -rf "$CHOWDER_CACHE/schemathesis"
  mkdir -p "$(dirname "$TOOL")"
  { python3 -m venv "$TOOL" && timeout 300 "$TOOL/bin/pip" install -q -r "$HERE/schemathesis.txt"; } >&2 ||
    die "schemathesis could not be installed from PyPI: see above, and run this again."
  touch "$TOOL/complete"
}

# A server with an organization that has instances in every status that lasts.
begin() {
  local name
  export CHOWDER_SANDBOX_DRIVER=fake CHOWDER_FAKE_SANDBOXES="$CHOWDER_HOME/sandboxes"
  # Nothing listens there, and callers may use the values that the document shows.
  export CHOWDER_LOCALHOST_MODEL_PORTS="1,11434"
  # All that is asked for comes from one address and with one key.
  export CHOWDER_RATE_SIGN_UP_BURST=100000 CHOWDER_RATE_BURST=1000000
  export CHOWDER_UNKNOWN_BURST=1000000 CHOWDER_NO_KEY_BURST=1000000 CHOWDER_NO_KEY_PER_SECOND=1000000
  server_ensure
  envoy_ensure_running
  organization_ensure
  operator_api POST "/operator/organizations/$(cat "$ORGANIZATION_ID_FILE")/tier" --data-binary '{"tier": "whale"}' >/dev/null
  # Nothing listens there: the key's check ends at once, with a note, and asks no network.
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
  wait_until 60 runs "$1" || die "the played instance $1 did not come to run (see $LOGS/server.log)."
}

runs() { [ "$(api GET "/v1/instances/$(id "$1")/status" | jq -r .status)" = running ]; }

id() { cat "$CHOWDER_HOME/$1.id"; }

# In a file, since the key must not be an argument.
settings() {
  cat <<SETTINGS
workers = 1
request-timeout = 40.0
# Watches and followed logs have no end: what they begin with is judged.
max-stream-events = 1
hooks = "$HERE/schemathesis_hooks.py"
warnings = false

[auth.openapi.key]
bearer = "$(cat "$ORGANIZATION_KEY_FILE")"

[generation]
database = "none"

# Calls of nobody's instance end early: most are made to one that is there.
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

# run DOCUMENT OPTION...: fails where an answer is none that the document names.
run() {
  # There it leaves what it keeps for its own next run.
  (cd "$CHOWDER_HOME" && timeout "$FUZZ_SECONDS" "$TOOL/bin/schemathesis" --config-file schemathesis.toml run "$@" --seed "$SEED" --no-color >&2)
}

is_valid() {
  "$TOOL/bin/openapi-spec-validator" "$DOCUMENT" >&2 || die "envoy/openapi.json is no OpenAPI document: see above."
}

# A check that cannot fail is none: each of these copies of the document is wrong about one thing.
finds_what_is_planted() {
  finds "Undocumented status code" 'del(.paths["/v1/organization"].get.responses["200"])'
  finds "Response violates schema" '.components.schemas.Organization.required += ["planted"]'
  finds "Undocumented Content-Type" '.paths["/v1/organization"].get.responses["200"].content |= {"text/plain": .["application/json"]}'
  finds "Missing required response headers" '.components.headers["x-planted"] = {required: true, schema: {type: "string"}}
    | .paths["/v1/organization"].get.responses["200"].headers["x-planted"] = {"$ref": "#/components/headers/x-planted"}'
  # Another reason than the documented one.
  finds "Response violates schema" '.components.responses.KeyInvalid401.content["application/json"].schema.allOf[1].properties.details.contains.properties.reason.enum = ["PLANTED"]'
}

# finds WHAT CHANGE: that failure, in the document with that change.
finds() {
  local said
  jq "$2" "$DOCUMENT" >"$CHOWDER_HOME/planted.json"
  if said="$(run "$CHOWDER_HOME/planted.json" --url "$REST" --include-operation-id GetOrganization --phases coverage --max-examples 3 2>&1)"; then
    die "schemathesis found nothing wrong in a document with: $2"
  fi
  [[ "$said" == *"$1"* ]] || die "schemathesis did not find what was planted ($1). It said: $said"
}

# And so does a server that is not there.
finds_an_outage() {
  nodes_stop
  finds "Server error" .
}

cleanup() {
  process_stop envoy || true
  nodes_stop || true
  rm -rf "$CHOWDER_HOME"
}

main "$@"
