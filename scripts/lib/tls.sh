# shellcheck shell=bash
# Whether TLS is configured whole, and how curl calls an installation that has it. It makes no certificates. Needs nothing,
# since envoy/render.sh uses it, too, on machines that have no installation.

# tls_check: fails, with one sentence, where something is configured by half or a file is not what it should be.
tls_check() {
  tls_together CHOWDER_TLS_CERTIFICATE CHOWDER_TLS_KEY &&
    tls_together CHOWDER_TLS_INTERNAL_CERTIFICATE CHOWDER_TLS_INTERNAL_KEY CHOWDER_TLS_INTERNAL_CA || return 1
  if [ -n "${CHOWDER_TLS_CLIENT_CA:-}" ] && [ -z "${CHOWDER_TLS_CERTIFICATE:-}" ]; then
    tls_refuse CHOWDER_TLS_CERTIFICATE "a PEM file, as CHOWDER_TLS_CLIENT_CA is set"
    return 1
  fi
  tls_file CHOWDER_TLS_CERTIFICATE CERTIFICATE && tls_file CHOWDER_TLS_CLIENT_CA CERTIFICATE &&
    tls_file CHOWDER_TLS_INTERNAL_CERTIFICATE CERTIFICATE && tls_file CHOWDER_TLS_INTERNAL_CA CERTIFICATE &&
    tls_key CHOWDER_TLS_KEY CHOWDER_TLS_CERTIFICATE && tls_key CHOWDER_TLS_INTERNAL_KEY CHOWDER_TLS_INTERNAL_CERTIFICATE
}

# tls_check_scripts: the same, and what scripts need to be let in themselves.
tls_check_scripts() {
  tls_check && tls_together CHOWDER_TLS_CLIENT_CERTIFICATE CHOWDER_TLS_CLIENT_KEY &&
    tls_file CHOWDER_TLS_CA CERTIFICATE && tls_file CHOWDER_TLS_CLIENT_CERTIFICATE CERTIFICATE &&
    tls_key CHOWDER_TLS_CLIENT_KEY CHOWDER_TLS_CLIENT_CERTIFICATE || return 1
  if [ -n "${CHOWDER_TLS_CLIENT_CA:-}" ] && [ -z "${CHOWDER_TLS_CLIENT_CERTIFICATE:-}" ]; then
    tls_refuse CHOWDER_TLS_CLIENT_CERTIFICATE "one that CHOWDER_TLS_CLIENT_CA issued, by which scripts call Envoy"
    return 1
  fi
}

# tls_together NAME...: all of them are set, or none.
tls_together() {
  local name set="" unset=""
  for name in "$@"; do
    if [ -n "${!name:-}" ]; then set="$name"; else unset="${unset:-$name}"; fi
  done
  [ -z "$set" ] || [ -z "$unset" ] || { tls_refuse "$unset" "a PEM file, as $set is set" && return 1; }
}

# tls_file NAME WHAT: where it is set, it names a file that holds that in PEM. Absolute, since Envoy and nodes run elsewhere.
tls_file() {
  local path="${!1:-}"
  [ -z "$path" ] && return 0
  [[ "$path" =~ ^/[^\"\\]+$ ]] && grep -qs -e "-----BEGIN $2-----" "$path" ||
    { tls_refuse "$1" "the absolute path of a file in PEM with BEGIN $2 that can be read" && return 1; }
}

# tls_key NAME CERTIFICATE: the key of that certificate. Where openssl is missing, Envoy's log tells what does not match.
tls_key() {
  local certificate="${!2:-}" own
  [ -z "${!1:-}" ] && return 0
  tls_file "$1" ".*PRIVATE KEY" || return 1
  command -v openssl >/dev/null 2>&1 || return 0
  # An empty pass phrase: never a prompt.
  if ! own="$(openssl pkey -in "${!1}" -passin pass: -pubout 2>/dev/null)" || [ "$own" != "$(openssl x509 -in "$certificate" -noout -pubkey 2>/dev/null)" ]; then
    tls_refuse "$1" "the key of $2, without a pass phrase"
    return 1
  fi
}

tls_refuse() { printf '%s: %s (expected: %s).\n' "$1" "${!1:-not set}" "$2" >&2; }

# tls_public, tls_internal: is TLS on for callers, and to and between nodes?
tls_public() { [ -n "${CHOWDER_TLS_CERTIFICATE:-}" ]; }
tls_internal() { [ -n "${CHOWDER_TLS_INTERNAL_CERTIFICATE:-}" ]; }

# tls_urls: sets REST, OPERATOR (without a port, as each node has its own), and what curl needs to call them: REST_CURL and OPERATOR_CURL. A certificate is for a
# name, whatever the address behind it.
tls_urls() {
  local name="${CHOWDER_TLS_NAME:-localhost}"
  REST="http://localhost:$CHOWDER_REST_PORT" OPERATOR="http://localhost" REST_CURL=() OPERATOR_CURL=()
  if tls_public; then
    REST="https://$name:$CHOWDER_REST_PORT"
    if [ "$name" != localhost ]; then REST_CURL+=(--connect-to "$name:$CHOWDER_REST_PORT:localhost:$CHOWDER_REST_PORT"); fi
    if [ -n "${CHOWDER_TLS_CA:-}" ]; then REST_CURL+=(--cacert "$CHOWDER_TLS_CA"); fi
    if [ -n "${CHOWDER_TLS_CLIENT_CERTIFICATE:-}" ]; then REST_CURL+=(--cert "$CHOWDER_TLS_CLIENT_CERTIFICATE" --key "$CHOWDER_TLS_CLIENT_KEY"); fi
  fi
  if tls_internal; then
    name="${CHOWDER_TLS_INTERNAL_NAME:-chowder-node}"
    OPERATOR="https://$name"
    OPERATOR_CURL=(--connect-to "$name::localhost:" --cacert "$CHOWDER_TLS_INTERNAL_CA" --cert "$CHOWDER_TLS_INTERNAL_CERTIFICATE" --key "$CHOWDER_TLS_INTERNAL_KEY")
  fi
}
