# shellcheck shell=bash
# Checks the TLS settings, and sets curl's options for an installation with TLS. Creates no certificates. Needs no other file, since
# envoy/render.sh also uses it on machines without an installation.

# tls_check: fails with one sentence if the settings are incomplete or a file is wrong.
tls_check() {
  tls_together CHOWDER_TLS_CERTIFICATE CHOWDER_TLS_KEY &&
    tls_together CHOWDER_TLS_INTERNAL_CERTIFICATE CHOWDER_TLS_INTERNAL_KEY CHOWDER_TLS_INTERNAL_CA || return 1
  if [ -n "${CHOWDER_TLS_CLIENT_CA:-}" ] && [ -z "${CHOWDER_TLS_CERTIFICATE:-}" ]; then
    tls_refuse CHOWDER_TLS_CERTIFICATE "a PEM file, because CHOWDER_TLS_CLIENT_CA is set"
    return 1
  fi
  tls_file CHOWDER_TLS_CERTIFICATE CERTIFICATE && tls_file CHOWDER_TLS_CLIENT_CA CERTIFICATE &&
    tls_file CHOWDER_TLS_INTERNAL_CERTIFICATE CERTIFICATE && tls_file CHOWDER_TLS_INTERNAL_CA CERTIFICATE &&
    tls_key CHOWDER_TLS_KEY CHOWDER_TLS_CERTIFICATE && tls_key CHOWDER_TLS_INTERNAL_KEY CHOWDER_TLS_INTERNAL_CERTIFICATE
}

# tls_check_scripts: also checks the client certificate with which the scripts call Envoy.
tls_check_scripts() {
  tls_check && tls_together CHOWDER_TLS_CLIENT_CERTIFICATE CHOWDER_TLS_CLIENT_KEY &&
    tls_file CHOWDER_TLS_CA CERTIFICATE && tls_file CHOWDER_TLS_CLIENT_CERTIFICATE CERTIFICATE &&
    tls_key CHOWDER_TLS_CLIENT_KEY CHOWDER_TLS_CLIENT_CERTIFICATE || return 1
  if [ -n "${CHOWDER_TLS_CLIENT_CA:-}" ] && [ -z "${CHOWDER_TLS_CLIENT_CERTIFICATE:-}" ]; then
    tls_refuse CHOWDER_TLS_CLIENT_CERTIFICATE "a certificate that CHOWDER_TLS_CLIENT_CA issued, with which scripts call Envoy"
    return 1
  fi
}

# tls_together NAME...: fails if some of them are set, but not all.
tls_together() {
  local name set="" unset=""
  for name in "$@"; do
    if [ -n "${!name:-}" ]; then set="$name"; else unset="${unset:-$name}"; fi
  done
  [ -z "$set" ] || [ -z "$unset" ] || { tls_refuse "$unset" "a PEM file, because $set is set" && return 1; }
}

# tls_file NAME WHAT: if it is set, it must be the path of a PEM file with WHAT. The path must be absolute, since Envoy and nodes run in
# other directories.
tls_file() {
  local path="${!1:-}"
  [ -z "$path" ] && return 0
  [[ "$path" =~ ^/[^\"\\]+$ ]] && grep -qs -e "-----BEGIN $2-----" "$path" ||
    { tls_refuse "$1" "the absolute path of a readable PEM file with BEGIN $2" && return 1; }
}

# tls_key NAME CERTIFICATE: it must be the key of that certificate. Without openssl the key is not compared; then Envoy's log reports a
# mismatch.
tls_key() {
  local certificate="${!2:-}" own
  [ -z "${!1:-}" ] && return 0
  tls_file "$1" ".*PRIVATE KEY" || return 1
  command -v openssl >/dev/null 2>&1 || return 0
  # An empty pass phrase prevents a prompt.
  if ! own="$(openssl pkey -in "${!1}" -passin pass: -pubout 2>/dev/null)" || [ "$own" != "$(openssl x509 -in "$certificate" -noout -pubkey 2>/dev/null)" ]; then
    tls_refuse "$1" "the key of $2, without a pass phrase"
    return 1
  fi
}

tls_refuse() { printf '%s: must be %s; %s.\n' "$1" "$2" "${!1:+got }${!1:-it is not set}" >&2; }

# tls_public: succeeds if TLS is on for callers. tls_internal: succeeds if TLS is on to nodes and between them.
tls_public() { [ -n "${CHOWDER_TLS_CERTIFICATE:-}" ]; }
tls_internal() { [ -n "${CHOWDER_TLS_INTERNAL_CERTIFICATE:-}" ]; }

# tls_urls: sets the URLs REST and MONITORING, and curl's options for them, REST_CURL and MONITORING_CURL. MONITORING has no port, since each
# node has its own. URLs contain the name of the certificate, and curl connects to localhost.
tls_urls() {
  local name="${CHOWDER_TLS_NAME:-localhost}"
  REST="http://localhost:$CHOWDER_REST_PORT" MONITORING="http://localhost" REST_CURL=() MONITORING_CURL=()
  if tls_public; then
    REST="https://$name:$CHOWDER_REST_PORT"
    if [ "$name" != localhost ]; then REST_CURL+=(--connect-to "$name:$CHOWDER_REST_PORT:localhost:$CHOWDER_REST_PORT"); fi
    if [ -n "${CHOWDER_TLS_CA:-}" ]; then REST_CURL+=(--cacert "$CHOWDER_TLS_CA"); fi
    if [ -n "${CHOWDER_TLS_CLIENT_CERTIFICATE:-}" ]; then REST_CURL+=(--cert "$CHOWDER_TLS_CLIENT_CERTIFICATE" --key "$CHOWDER_TLS_CLIENT_KEY"); fi
  fi
  if tls_internal; then
    name="${CHOWDER_TLS_INTERNAL_NAME:-chowder-node}"
    MONITORING="https://$name"
    MONITORING_CURL=(--connect-to "$name::localhost:" --cacert "$CHOWDER_TLS_INTERNAL_CA" --cert "$CHOWDER_TLS_INTERNAL_CERTIFICATE" --key "$CHOWDER_TLS_INTERNAL_KEY")
  fi
}
