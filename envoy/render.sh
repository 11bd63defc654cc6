#!/usr/bin/env bash
# Prints Envoy's configuration. Fills the template with variables from the environment, or with the defaults below. Starts nothing. The
# output contains a token: keep it in a file of mode 0600. With TLS, it also writes the paths of the certificate files that Envoy watches
# into CHOWDER_ENVOY_SECRETS.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

# Address on which Envoy serves REST and gRPC.
: "${CHOWDER_BIND:=127.0.0.1}"
: "${CHOWDER_REST_PORT:=8080}"
# Envoy's admin interface: a Unix socket of mode 0600, so that only the user that runs Envoy can connect.
: "${CHOWDER_ENVOY_ADMIN_SOCKET:=${CHOWDER_HOME:-$HOME/.local/share/chowder}/run/envoy-admin.sock}"
# Maximum heap of Envoy, which reduces load from 80 % on.
: "${CHOWDER_ENVOY_MAX_HEAP_BYTES:=1073741824}"
# Address on which Envoy serves the operator API as REST.
: "${CHOWDER_OPERATOR_BIND:=127.0.0.1}"
: "${CHOWDER_OPERATOR_REST_PORT:=9096}"
# The server's nodes, comma-separated, each as host:gRPC port:operator port:monitoring port.
: "${CHOWDER_NODES:=127.0.0.1:${CHOWDER_GRPC_PORT:-9090}:${CHOWDER_OPERATOR_PORT:-9091}:${CHOWDER_MONITORING_PORT:-9095}}"
# File with the token that authenticates Envoy at the server. The server creates it at its first start.
: "${CHOWDER_ENVOY_TOKEN_FILE:=${CHOWDER_HOME:-$HOME/.local/share/chowder}/envoy.token}"
# The descriptor set that the build of `proto` writes.
: "${CHOWDER_DESCRIPTORS:=$here/../proto/target/classes/chowder/chowder.pb}"
# The OpenAPI document of the same protocol, which Envoy serves.
: "${CHOWDER_OPENAPI:=$here/openapi.json}"
# Domain of instances' gateways, which have the host names <id>.<base domain>.
: "${CHOWDER_BASE_DOMAIN:=localhost}"
# Host names of the API, quoted and comma-separated; "*" serves any.
: "${CHOWDER_API_HOSTS:="\"localhost\", \"127.0.0.1\", \"[::1]\""}"
# An RE2 expression for the whole Origin of permitted web pages. The default permits pages of this machine.
: "${CHOWDER_CORS_ORIGINS:=https?://(localhost|127\\.0\\.0\\.1)(:[0-9]+)?}"
: "${CHOWDER_MAX_BODY_BYTES:=4194304}"
# How long a REST body may take to arrive. Uploads and imports have no such limit: the server aborts those that are too slow.
: "${CHOWDER_BODY_SECONDS:=30}"
# Maximum size of a Stripe event; must equal chowder.stripe.max-event-bytes.
: "${CHOWDER_MAX_EVENT_BYTES:=262144}"
# How long the body of a call without a key, a sign-up or a Stripe event, may take to arrive.
: "${CHOWDER_EVENT_SECONDS:=5}"
# Open calls of each node; must equal chowder.grpc.max-open-calls. Envoy's own limit is the sum over all nodes.
: "${CHOWDER_MAX_OPEN_CALLS:=20000}"
# Requests without a well-formed API key from one client address: per second, and at once after a pause.
: "${CHOWDER_NO_KEY_PER_SECOND:=100}"
: "${CHOWDER_NO_KEY_BURST:=500}"
# TLS for callers: CHOWDER_TLS_CERTIFICATE and CHOWDER_TLS_KEY, and CHOWDER_TLS_CLIENT_CA if callers must have certificates.
# TLS to nodes: CHOWDER_TLS_INTERNAL_CERTIFICATE, ..._KEY and ..._CA, and the name that all nodes' certificates have.
: "${CHOWDER_TLS_INTERNAL_NAME:=chowder-node}"
: "${CHOWDER_ENVOY_SECRETS:=${CHOWDER_HOME:-$HOME/.local/share/chowder}/run/envoy-secrets}"

# shellcheck source=scripts/lib/tls.sh
. "$here/../scripts/lib/tls.sh"
tls_check || exit 1

# shellcheck disable=SC2034  # read by its name below
if ! CHOWDER_ENVOY_TOKEN="$(cat "$CHOWDER_ENVOY_TOKEN_FILE" 2>/dev/null)"; then
  echo "envoy/render.sh: cannot read the token in CHOWDER_ENVOY_TOKEN_FILE: set it to the file that the server creates at its first start." >&2
  exit 1
fi
CHOWDER_GRPC_ENDPOINTS="" CHOWDER_OPERATOR_ENDPOINTS="" CHOWDER_MONITORING_ENDPOINTS="" CHOWDER_ENVOY_MAX_REQUESTS=0 CHOWDER_OTHER_NODES=-1
endpoint() { printf '{endpoint: {address: {socket_address: {address: "%s", port_value: %s}}}}' "$1" "$2"; }
IFS=', ' read -ra nodes <<<"$CHOWDER_NODES"
for node in "${nodes[@]}"; do
  if [[ ! "$node" =~ ^\[?([^][]+)\]?:([0-9]+):([0-9]+):([0-9]+)$ ]]; then
    echo "envoy/render.sh: CHOWDER_NODES: must have the form host:gRPC port:operator port:monitoring port; got $node." >&2
    exit 1
  fi
  CHOWDER_GRPC_ENDPOINTS+="${CHOWDER_GRPC_ENDPOINTS:+, }$(endpoint "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}")"
  # shellcheck disable=SC2034  # read by its name below
  CHOWDER_OPERATOR_ENDPOINTS+="${CHOWDER_OPERATOR_ENDPOINTS:+, }$(endpoint "${BASH_REMATCH[1]}" "${BASH_REMATCH[3]}")"
  # shellcheck disable=SC2034  # read by its name below
  CHOWDER_MONITORING_ENDPOINTS+="${CHOWDER_MONITORING_ENDPOINTS:+, }$(endpoint "${BASH_REMATCH[1]}" "${BASH_REMATCH[4]}")"
  CHOWDER_ENVOY_MAX_REQUESTS=$((CHOWDER_ENVOY_MAX_REQUESTS + CHOWDER_MAX_OPEN_CALLS))
  CHOWDER_OTHER_NODES=$((CHOWDER_OTHER_NODES + 1))
done
# sockaddr_un has 108 bytes, so a longer path cannot be bound.
if [ "${#CHOWDER_ENVOY_ADMIN_SOCKET}" -gt 107 ]; then
  echo "envoy/render.sh: CHOWDER_ENVOY_ADMIN_SOCKET: must be at most 107 characters; got ${#CHOWDER_ENVOY_ADMIN_SOCKET}" >&2
  exit 1
fi
template="$(cat "$here/envoy.yaml")"
# without NAME: removes the lines between the BEGIN and END marks of NAME from the template.
without() { template="$(sed "/# BEGIN $1/,/# END $1/d" <<<"$template")"; }
if [ "$CHOWDER_API_HOSTS" = '"*"' ] || [ "$CHOWDER_API_HOSTS" = '*' ]; then
  CHOWDER_API_HOSTS='"*"'
  without "unknown hosts"
fi
# secret NAME FIELD: writes a file that names the files of a secret for Envoy. The file is moved into place, because Envoy notices changes
# of watched files only by moves.
secret() {
  mkdir -p "$CHOWDER_ENVOY_SECRETS"
  printf 'resources:\n- {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret, name: %s, %s}\n' "$1" "$2" >"$CHOWDER_ENVOY_SECRETS/$1.new"
  mv "$CHOWDER_ENVOY_SECRETS/$1.new" "$CHOWDER_ENVOY_SECRETS/$1.yaml"
}
certificate() { secret "$1" "tls_certificate: {certificate_chain: {filename: \"$2\"}, private_key: {filename: \"$3\"}}"; }
ca() { secret "$1" "validation_context: {trusted_ca: {filename: \"$2\"}}"; }
if [ -n "${CHOWDER_TLS_CERTIFICATE:-}" ]; then
  certificate public_certificate "$CHOWDER_TLS_CERTIFICATE" "$CHOWDER_TLS_KEY"
else
  without "public TLS"
fi
if [ -n "${CHOWDER_TLS_CLIENT_CA:-}" ]; then ca client_ca "$CHOWDER_TLS_CLIENT_CA"; else without "client certificates"; fi
if [ -n "${CHOWDER_TLS_INTERNAL_CERTIFICATE:-}" ]; then
  certificate internal_certificate "$CHOWDER_TLS_INTERNAL_CERTIFICATE" "$CHOWDER_TLS_INTERNAL_KEY"
  ca internal_ca "$CHOWDER_TLS_INTERNAL_CA"
else
  without "internal TLS"
fi
for name in CHOWDER_BIND CHOWDER_REST_PORT CHOWDER_ENVOY_ADMIN_SOCKET CHOWDER_ENVOY_MAX_HEAP_BYTES CHOWDER_ENVOY_MAX_REQUESTS CHOWDER_GRPC_ENDPOINTS CHOWDER_OPERATOR_ENDPOINTS CHOWDER_MONITORING_ENDPOINTS CHOWDER_OPERATOR_BIND CHOWDER_OPERATOR_REST_PORT CHOWDER_OTHER_NODES \
  CHOWDER_DESCRIPTORS CHOWDER_OPENAPI CHOWDER_ENVOY_TOKEN CHOWDER_BASE_DOMAIN CHOWDER_API_HOSTS CHOWDER_CORS_ORIGINS CHOWDER_MAX_BODY_BYTES \
  CHOWDER_ENVOY_SECRETS CHOWDER_TLS_INTERNAL_NAME CHOWDER_BODY_SECONDS CHOWDER_EVENT_SECONDS CHOWDER_MAX_EVENT_BYTES CHOWDER_NO_KEY_PER_SECOND CHOWDER_NO_KEY_BURST; do
  template="${template//"\${$name}"/${!name}}"
done
printf '%s\n' "$template"
