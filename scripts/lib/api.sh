# shellcheck shell=bash
# Calls Chowder's REST interface and its operator's port; it knows no story, only how a call is made without showing a key
# in a process list. Needs common.sh and settings.sh; curl and jq.

API_SECONDS="${CHOWDER_API_SECONDS:-120}"

api_tools_ensure() {
  have curl || apt_install curl || die "curl is missing and could not be installed: install curl."
  have jq || apt_install jq || die "jq is missing and could not be installed: install jq."
}

# api METHOD PATH [CURL OPTION...]: prints the body; fails, with the body's message said, when the status is 400 or above.
# The request's body, where there is one, comes from standard input with `--data-binary @-`.
api() {
  local method="$1" path="$2"
  shift 2
  api_call "$method" "$REST$path" "$ORGANIZATION_KEY_FILE" "${REST_CURL[@]}" "$@"
}

operator_api() {
  local method="$1" path="$2"
  shift 2
  api_call "$method" "$OPERATOR:$CHOWDER_OPERATOR_PORT$path" "$OPERATOR_TOKEN_FILE" "${OPERATOR_CURL[@]}" "$@"
}

api_call() {
  local method="$1" url="$2" key_file="$3" answer status
  shift 3
  answer="$(curl -sS --max-time "$API_SECONDS" -X "$method" -H @<(api_authorization "$key_file") \
    -H 'Content-Type: application/json' -w '\n%{http_code}' "$@" "$url")" || return 1
  status="${answer##*$'\n'}"
  answer="${answer%$'\n'*}"
  if [ "$status" -ge 400 ]; then
    say "$method ${url#*://*/}: $status $(jq -r '.message // .error // .' <<<"$answer" 2>/dev/null || printf '%s' "$answer")"
    return 1
  fi
  printf '%s\n' "$answer"
}

# A header line for curl's `-H @FILE`: printf is the shell's own, so the key never is an argument of a process.
api_authorization() {
  if [ -s "$1" ]; then printf 'Authorization: Bearer %s\n' "$(cat "$1")"; fi
}

# secret_file FILE: writes standard input to a file that only its owner can read, whole or not at all.
secret_file() {
  (
    umask 077
    cat >"$1.part"
    mv "$1.part" "$1"
  )
}
