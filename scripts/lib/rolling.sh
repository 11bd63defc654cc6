#!/usr/bin/env bash
# Brings an installation of three nodes to other settings, as scripts/up does, while somebody asks it all the time: a real
# Envoy and PostgreSQL, sandboxes that are only played. Every node must be another process then and serve, and no call have failed.
#
#   scripts/lib/rolling.sh check
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# TLS is for installations that serve somebody.
unset "${!CHOWDER_TLS_@}" "${!CHOWDER_STORAGE_@}"
export CHOWDER_HOME
CHOWDER_HOME="$(mktemp -d "${TMPDIR:-/tmp}/chowder-rolling.XXXXXX")"
# Of its own, so that other installations' may be taken; those of the other nodes are above these.
export CHOWDER_REST_PORT="${CHOWDER_ROLLING_REST_PORT:-26080}" CHOWDER_GRPC_PORT="${CHOWDER_ROLLING_GRPC_PORT:-26090}"
export CHOWDER_OPERATOR_PORT="${CHOWDER_ROLLING_OPERATOR_PORT:-26091}"
export CHOWDER_CLUSTER_MANAGEMENT_PORT="${CHOWDER_ROLLING_MANAGEMENT_PORT:-26093}" CHOWDER_CLUSTER_PORT="${CHOWDER_ROLLING_CLUSTER_PORT:-26094}"
export CHOWDER_POSTGRES_PORT="${CHOWDER_ROLLING_POSTGRES_PORT:-26432}"
for part in common settings docker java envoy process nodes postgres database build api organization server; do
  # shellcheck source=/dev/null
  . "$HERE/$part.sh"
done

# Where the caller writes what it was answered, and the file that ends it.
STATUSES="$CHOWDER_HOME/statuses" OVER="$CHOWDER_HOME/over"
# So many answers at least, or nobody asked while nodes were restarted.
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
  export CHOWDER_SANDBOX_DRIVER=fake CHOWDER_FAKE_SANDBOXES="$CHOWDER_HOME/sandboxes"
  database_ensure
  server_ensure
  envoy_ensure_running
  organization_ensure
  local before
  before="$(processes)"
  ask_all_the_time &
  ASKING=$!
  export CHOWDER_RATE_BURST=300
  server_ensure || die "the nodes could not be restarted one after another: see above."
  touch "$OVER"
  wait "$ASKING"
  all_are_others "$before"
  all_serve
  nobody_noticed
}

processes() {
  local n
  for ((n = 1; n <= NODES; n++)); do head -n 1 "$RUN/$(node_name "$n").pid"; done
}

# A call is answered by whichever node Envoy chooses, and needs an entity, which is at whichever node.
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
  [ -z "$same" ] || die "processes that were not restarted: $same."
}

all_serve() {
  local n
  for ((n = 1; n <= NODES; n++)); do
    curl -fs -o /dev/null --max-time 5 "http://127.0.0.1:$(node_port "$CHOWDER_OPERATOR_PORT" "$n")/healthz" || die "node $n does not serve."
  done
}

nobody_noticed() {
  local counts
  counts="$(sort "$STATUSES" | uniq -c | awk '{ printf "%s x %s  ", $1, $2 }')"
  say "Answers while three nodes were restarted: $counts"
  [ "$(grep -c '^200$' "$STATUSES")" -ge "$LEAST_ANSWERS" ] || die "too few answers to tell."
  ! grep -qv '^200$' "$STATUSES" || die "calls failed."
}

cleanup() {
  touch "$OVER"
  if [ -n "${ASKING:-}" ]; then wait "$ASKING" || true; fi
  process_stop envoy || true
  nodes_stop || true
  database_purge || true
  rm -rf "$CHOWDER_HOME"
}

main "$@"
