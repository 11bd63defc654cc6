#!/usr/bin/env bash
# Tests a rolling restart: it changes the settings of an installation of three nodes, as scripts/up does, while a client calls it
# continuously. Envoy and PostgreSQL are real, sandboxes are simulated. Afterwards every node must be a new process and serve, and no
# call may have failed. Then it replaces the organization key.
#
#   scripts/lib/rolling.sh check
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# The test uses plain text and its own database, so these settings of the caller are removed.
unset "${!CHOWDER_TLS_@}" "${!CHOWDER_STORAGE_@}"
export CHOWDER_HOME
CHOWDER_HOME="$(mktemp -d "${TMPDIR:-/tmp}/chowder-rolling.XXXXXX")"
# Separate ports, so that other installations can run meanwhile. The ports of the other nodes are above these.
export CHOWDER_REST_PORT="${CHOWDER_ROLLING_REST_PORT:-26080}" CHOWDER_GRPC_PORT="${CHOWDER_ROLLING_GRPC_PORT:-26090}"
export CHOWDER_OPERATOR_PORT="${CHOWDER_ROLLING_OPERATOR_PORT:-26091}" CHOWDER_OPERATOR_REST_PORT="${CHOWDER_ROLLING_OPERATOR_REST_PORT:-26081}"
export CHOWDER_MONITORING_PORT="${CHOWDER_ROLLING_MONITORING_PORT:-26095}"
export CHOWDER_CLUSTER_MANAGEMENT_PORT="${CHOWDER_ROLLING_MANAGEMENT_PORT:-26093}" CHOWDER_CLUSTER_PORT="${CHOWDER_ROLLING_CLUSTER_PORT:-26094}"
export CHOWDER_POSTGRES_PORT="${CHOWDER_ROLLING_POSTGRES_PORT:-26432}"
# Pool members are not part of this test.
export CHOWDER_POOL_MAX_SIZE=0
for part in common settings docker java envoy process nodes postgres database build simulator aot api organization server; do
  # shellcheck source=/dev/null
  . "$HERE/$part.sh"
done

# The file for the status codes of the calls, and the file that stops the client.
STATUSES="$CHOWDER_HOME/statuses" OVER="$CHOWDER_HOME/over"
# Minimum number of responses. With fewer, the client did not call during the restart.
LEAST_ANSWERS=20

main() {
  [ "${1:-}" = check ] || die "usage: scripts/lib/rolling.sh check"
  trap cleanup EXIT
  home_ensure
  nodes_choose 3
  api_tools_ensure
  java_ensure
  ENVOY="$(envoy_ensure)"
  build_ensure
  simulator_ensure
  database_ensure
  server_ensure
  cache_is_of_postgres
  envoy_ensure_running
  organization_ensure
  local before
  before="$(processes)"
  ask_all_the_time &
  ASKING=$!
  export CHOWDER_RATE_BURST=300
  server_ensure || die "cannot restart the nodes one after another: see the message above."
  touch "$OVER"
  wait "$ASKING"
  all_are_others "$before"
  all_serve
  nobody_noticed
  key_is_replaced
}

# A failed training run fails no start, so only this test finds it.
cache_is_of_postgres() {
  case "$AOT_CACHE" in *-postgresql.aot) return 0 ;; esac
  tail -n 20 "$LOGS/aot-training-run-postgresql.log" >&2 || true
  die "the server must start from the AOT cache of PostgreSQL; got $AOT_CACHE."
}

processes() {
  local n
  for ((n = 1; n <= NODES; n++)); do head -n 1 "$RUN/$(node_name "$n").pid"; done
}

# Calls continuously. Envoy chooses the node for each call, and the entity of the call may be on another node.
ask_all_the_time() {
  until [ -e "$OVER" ]; do
    curl -s -o /dev/null --max-time 30 -w '%{http_code}\n' -H @<(api_authorization "$ORGANIZATION_KEY_FILE") \
      "$REST/v1/organization" >>"$STATUSES" || true
    sleep 0.05
  done
}

all_are_others() {
  local same
  same="$(comm -12 <(sort <<<"$1") <(processes | sort))"
  [ -z "$same" ] || die "all processes must be restarted; these were not: $same."
}

all_serve() {
  local n
  for ((n = 1; n <= NODES; n++)); do
    curl -fs -o /dev/null --max-time 5 "http://127.0.0.1:$(node_port "$CHOWDER_MONITORING_PORT" "$n")/healthz" || die "node $n must serve after the restart; it does not."
  done
}

nobody_noticed() {
  local counts
  counts="$(sort "$STATUSES" | uniq -c | awk '{ printf "%s x %s  ", $1, $2 }')"
  say "Responses while three nodes were restarted: $counts"
  [ "$(grep -c '^200$' "$STATUSES")" -ge "$LEAST_ANSWERS" ] || die "the test needs at least $LEAST_ANSWERS responses with 200."
  ! grep -qv '^200$' "$STATUSES" || die "all calls must succeed; some failed."
}

# The command is a process of its own, so this also shows that it has all that it needs.
key_is_replaced() {
  local before
  before="$(cat "$ORGANIZATION_KEY_FILE")"
  "$ROOT/scripts/up" --new-key || die "scripts/up --new-key must issue a key; see the message above."
  [ "$(cat "$ORGANIZATION_KEY_FILE")" != "$before" ] || die "scripts/up --new-key must replace the key; it is the same."
  api GET /v1/organization >/dev/null || die "the new key must be valid; see the message above."
}

cleanup() {
  touch "$OVER"
  if [ -n "${ASKING:-}" ]; then wait "$ASKING" || true; fi
  process_stop envoy || true
  nodes_stop || true
  simulator_stop || true
  database_purge || true
  rm -rf "$CHOWDER_HOME"
}

main "$@"
