# shellcheck shell=bash
# Calls Chowder's REST API and its operator API. Keys are passed so that no process list shows them. Needs common.sh and
# settings.sh; curl and jq; for the operator API also java.sh and build.sh.

API_SECONDS="${CHOWDER_API_SECONDS:-120}"

api_tools_ensure() {
  have curl || apt_install curl || die "cannot install curl: install it and run this again."
  have jq || apt_install jq || die "cannot install jq: install it and run this again."
}

# api METHOD PATH [CURL OPTION...]: prints the response body. If the status is 400 or above, it prints the message of the body to
# stderr and fails. To send a request body, pass `--data-binary @-` and write it to standard input.
api() {
  local method="$1" path="$2"
  shift 2
  api_call "$method" "$REST$path" "$ORGANIZATION_KEY_FILE" "${REST_CURL[@]}" "$@"
}

# admin_command [JAVA OPTION...]: sets ADMIN, the words that start the command line of operators (`chowder admin`) in APP.
admin_command() {
  local option settings=()
  # The settings of the nodes and the size of their heap, without their garbage collector.
  for option in $CHOWDER_JAVA_OPTS; do
    case "$option" in -D* | -Xmx*) settings+=("$option") ;; esac
  done
  ADMIN=("$JAVA_HOME/bin/java" -Xmx512m "${settings[@]}" "$@" -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED
    --sun-misc-unsafe-memory-access=allow -cp "$APP/admin/*:$APP/server/chowder-server.jar" dev.chowder.admin.Main)
}

# operator_api RPC [JSON]: calls the operator port of the node whose ports are in the environment, and prints the response as JSON. Needs
# no Envoy. If the call is rejected, it prints the reason to stderr and fails. docs/OPERATOR.md lists the RPCs.
operator_api() {
  local code=0
  admin_command -XX:TieredStopAtLevel=1
  # In the foreground, so that Ctrl-C reaches it, and it can read a request from a terminal.
  timeout --foreground "$API_SECONDS" "${ADMIN[@]}" call --node 1 "$@" || code=$?
  if [ "$code" = 124 ]; then say "$1: the server did not answer within $API_SECONDS s."; fi
  return "$code"
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

# Prints a header line for curl's `-H @FILE`. printf is a shell builtin, so the key is never an argument of a process.
api_authorization() {
  if [ -s "$1" ]; then printf 'Authorization: Bearer %s\n' "$(cat "$1")"; fi
}

# secret_file FILE: writes standard input atomically to a file that only its owner can read.
secret_file() {
  (
    umask 077
    cat >"$1.part"
    mv "$1.part" "$1"
  )
}
