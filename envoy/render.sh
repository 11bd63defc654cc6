#!/usr/bin/env bash
# Prints Envoy's configuration: fills the template's variables from the environment or with the defaults below.
# It starts nothing and looks for nothing. What it prints holds a token: keep it in a file of mode 0600. Where TLS is on, it
# also writes, into CHOWDER_ENVOY_SECRETS, which certificate files Envoy is to watch; only their paths.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

# The address that REST (and gRPC through Envoy) is served on.
: "${CHOWDER_BIND:=127.0.0.1}"
: "${CHOWDER_REST_PORT:=8080}"
# Envoy's admin interface: a Unix socket of mode 0600, for the user that runs Envoy alone.
: "${CHOWDER_ENVOY_ADMIN_SOCKET:=${CHOWDER_HOME:-$HOME/.local/share/chowder}/run/envoy-admin.sock}"
# Envoy's heap: it sheds load from 80 % of this on.
: "${CHOWDER_ENVOY_MAX_HEAP_BYTES:=1073741824}"
# Where the server's nodes answer: host:gRPC port:operators' port, separated by commas.
: "${CHOWDER_NODES:=127.0.0.1:${CHOWDER_GRPC_PORT:-9090}:${CHOWDER_OPERATOR_PORT:-9091}}"
# Shows the server that it is Envoy who asks where a gateway is; the server makes the file at its first start.
: "${CHOWDER_ENVOY_TOKEN_FILE:=${CHOWDER_HOME:-$HOME/.local/share/chowder}/envoy.token}"
# The descriptor set that the build of `proto` writes, and which of its services are REST.
: "${CHOWDER_DESCRIPTORS:=$here/../proto/target/classes/chowder/chowder.pb}"
: "${CHOWDER_SERVICES:=chowder.v1.OrganizationService, chowder.v1.InstanceService, chowder.v1.KeyService, chowder.v1.SubscriptionService, chowder.v1.FileService, chowder.v1.SkillService, chowder.v1.ChannelService}"
# The OpenAPI document of the same protocol, which is served as it is.
: "${CHOWDER_OPENAPI:=$here/openapi.json}"
# Instances answer at <id>.<base domain>.
: "${CHOWDER_BASE_DOMAIN:=localhost}"
# Host names of the API, quoted and comma-separated; "*" serves any.
: "${CHOWDER_API_HOSTS:="\"localhost\", \"127.0.0.1\", \"[::1]\""}"
# An RE2 expression over the whole Origin of a browser; the default lets pages of this machine in.
: "${CHOWDER_CORS_ORIGINS:=https?://(localhost|127\\.0\\.0\\.1)(:[0-9]+)?}"
: "${CHOWDER_MAX_BODY_BYTES:=4194304}"
# How long a REST body may take to arrive. Uploads and imports have no such limit: the server aborts those that are too slow.
: "${CHOWDER_BODY_SECONDS:=30}"
# One event of Stripe's; as much as chowder.stripe.max-event-bytes.
: "${CHOWDER_MAX_EVENT_BYTES:=262144}"
# How long a body that needs no key may take to arrive: a sign-up, and an event of Stripe's.
: "${CHOWDER_EVENT_SECONDS:=5}"
# As many as each node may have open (chowder.grpc.max-open-calls): Envoy passes as many on as all nodes take.
: "${CHOWDER_MAX_OPEN_CALLS:=20000}"
# Requests without a well-formed API key from one client address: per second, and at once after a pause.
: "${CHOWDER_NO_KEY_PER_SECOND:=100}"
: "${CHOWDER_NO_KEY_BURST:=500}"
# TLS for callers: CHOWDER_TLS_CERTIFICATE and CHOWDER_TLS_KEY, and CHOWDER_TLS_CLIENT_CA where they must have certificates, too.
# TLS to nodes: CHOWDER_TLS_INTERNAL_CERTIFICATE, ..._KEY and ..._CA, and the name that all nodes' certificates have.
: "${CHOWDER_TLS_INTERNAL_NAME:=chowder-node}"
: "${CHOWDER_ENVOY_SECRETS:=${CHOWDER_HOME:-$HOME/.local/share/chowder}/run/envoy-secrets}"

# shellcheck source=scripts/lib/tls.sh
. "$here/../scripts/lib/tls.sh"
tls_check || exit 1

# shellcheck disable=SC2034  # read by its name below
if ! CHOWDER_ENVOY_TOKEN="$(cat "$CHOWDER_ENVOY_TOKEN_FILE" 2>/dev/null)"; then
  echo "envoy/render.sh: no token in CHOWDER_ENVOY_TOKEN_FILE (expected: the file that the server makes at its first start)." >&2
  exit 1
fi
CHOWDER_GRPC_ENDPOINTS="" CHOWDER_OPERATOR_ENDPOINTS="" CHOWDER_ENVOY_MAX_REQUESTS=0
endpoint() { printf '{endpoint: {address: {socket_address: {address: "%s", port_value: %s}}}}' "$1" "$2"; }
IFS=', ' read -ra nodes <<<"$CHOWDER_NODES"
for node in "${nodes[@]}"; do
  if [[ ! "$node" =~ ^\[?([^][]+)\]?:([0-9]+):([0-9]+)$ ]]; then
    echo "envoy/render.sh: CHOWDER_NODES: $node (expected: host:gRPC port:operators' port)." >&2
    exit 1
  fi
  CHOWDER_GRPC_ENDPOINTS+="${CHOWDER_GRPC_ENDPOINTS:+, }$(endpoint "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}")"
  # shellcheck disable=SC2034  # read by its name below
  CHOWDER_OPERATOR_ENDPOINTS+="${CHOWDER_OPERATOR_ENDPOINTS:+, }$(endpoint "${BASH_REMATCH[1]}" "${BASH_REMATCH[3]}")"
  CHOWDER_ENVOY_MAX_REQUESTS=$((CHOWDER_ENVOY_MAX_REQUESTS + CHOWDER_MAX_OPEN_CALLS))
done
# A longer one cannot be bound: sockaddr_un holds 108 bytes.
if [ "${#CHOWDER_ENVOY_ADMIN_SOCKET}" -gt 107 ]; then
  echo "envoy/render.sh: CHOWDER_ENVOY_ADMIN_SOCKET: must be at most 107 characters; got ${#CHOWDER_ENVOY_ADMIN_SOCKET}" >&2
  exit 1
fi
template="$(cat "$here/envoy.yaml")"
# without NAME: takes what stands between those marks out of the template.
without() { template="$(sed "/# BEGIN $1/,/# END $1/d" <<<"$template")"; }
if [ "$CHOWDER_API_HOSTS" = '"*"' ] || [ "$CHOWDER_API_HOSTS" = '*' ]; then
  CHOWDER_API_HOSTS='"*"'
  without "unknown hosts"
fi
# secret NAME FIELD: a file from which Envoy knows a secret, and which files to watch for it. Moved into place, as Envoy
# wants it of all that it watches.
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
for name in CHOWDER_BIND CHOWDER_REST_PORT CHOWDER_ENVOY_ADMIN_SOCKET CHOWDER_ENVOY_MAX_HEAP_BYTES CHOWDER_ENVOY_MAX_REQUESTS CHOWDER_GRPC_ENDPOINTS CHOWDER_OPERATOR_ENDPOINTS \
  CHOWDER_DESCRIPTORS CHOWDER_OPENAPI CHOWDER_ENVOY_TOKEN CHOWDER_SERVICES CHOWDER_BASE_DOMAIN CHOWDER_API_HOSTS CHOWDER_CORS_ORIGINS CHOWDER_MAX_BODY_BYTES \
  CHOWDER_ENVOY_SECRETS CHOWDER_TLS_INTERNAL_NAME CHOWDER_BODY_SECONDS CHOWDER_EVENT_SECONDS CHOWDER_MAX_EVENT_BYTES CHOWDER_NO_KEY_PER_SECOND CHOWDER_NO_KEY_BURST; do
  template="${template//"\${$name}"/${!name}}"
done
printf '%s\n' "$template"
