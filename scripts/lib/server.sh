# shellcheck shell=bash
# Starts the server's nodes and Envoy in front of them, and again only what runs from something that changed. Needs
# common.sh, settings.sh, nodes.sh, process.sh and build.sh.

# server_ensure: all nodes serve. Where some do already, the others follow one by one, so that somebody always serves.
server_ensure() {
  local n
  # A node that is alone and nodes of a cluster, or of two clusters, must never use one database at the same time.
  if nodes_any_runs && [ "$(nodes_before)" != "$NODES" ]; then
    say "Stopping the server: from $(nodes_before) to $NODES nodes ..."
    nodes_stop
  fi
  printf '%s\n' "$NODES" >"$NODES_FILE"
  if nodes_any_runs; then
    for ((n = 1; n <= NODES; n++)); do node_ensure "$n" && node_await "$n" || return 1; done
  else
    # None of them forms a cluster before the others answer.
    for ((n = 1; n <= NODES; n++)); do node_ensure "$n" || return 1; done
    for ((n = 1; n <= NODES; n++)); do node_await "$n" || return 1; done
  fi
}

# Each node's environment is its own: both run in a shell of their own.
node_ensure() (
  local name key
  name="$(node_name "$1")"
  node_environment "$1"
  key="$(server_key)"
  if process_supervised "$name" && [ "$(cat "$RUN/$name.key" 2>/dev/null)" = "$key" ]; then return 0; fi
  if process_runs "$name"; then
    say "Restarting $name: its code or settings changed ..."
    process_stop "$name"
  fi
  port_free "$CHOWDER_GRPC_PORT" CHOWDER_GRPC_PORT gRPC
  port_free "$CHOWDER_OPERATOR_PORT" CHOWDER_OPERATOR_PORT "operators"
  if [ "$NODES" -gt 1 ]; then
    port_free "$CHOWDER_CLUSTER_MANAGEMENT_PORT" CHOWDER_CLUSTER_MANAGEMENT_PORT "other nodes"
  fi
  say "Starting $name ..."
  local options
  read -ra options <<<"$CHOWDER_JAVA_OPTS"
  if [ -s "$AOT_CACHE" ]; then options+=("-XX:AOTCache=$AOT_CACHE"); fi
  process_start "$name" "$JAVA_HOME/bin/java" "${options[@]}" -cp "$APP/server/chowder-server.jar:$APP/server/lib/*" dev.chowder.server.Main
  printf '%s\n' "$key" >"$RUN/$name.key.new"
)

node_await() (
  local name
  name="$(node_name "$1")"
  node_environment "$1"
  # shellcheck disable=SC2034  # process_await reads it
  CHOWDER_START_SECONDS="$(node_start_seconds)" || return 1
  process_await "$name" server_answers
  if [ -e "$RUN/$name.key.new" ]; then mv "$RUN/$name.key.new" "$RUN/$name.key"; fi
)

# What a running node was started with; another value means another start.
server_key() {
  local name
  {
    printf '%s\n' "$APP" "$JAVA_HOME" "$CHOWDER_JAVA_OPTS"
    # compgen, not env: the values of our variables alone. One that is a secret goes into nothing but the hash: it is
    # never an argument. What only tests read is left out.
    compgen -e | grep '^CHOWDER_' | grep -v -e '^CHOWDER_MODEL' -e '^CHOWDER_CACHE$' -e '^CHOWDER_START_AT_BOOT$' -e '^CHOWDER_TEST_' -e '^CHOWDER_E2E_' -e '^CHOWDER_CHROMIUM$' | LC_ALL=C sort | while IFS= read -r name; do
      printf '%s=%s\n' "$name" "${!name}"
    done
  } | sha256sum | cut -c1-16
}

# isolation_say: one line where this host does not isolate sandboxes; the server's log has the cause.
isolation_say() {
  local isolated
  isolated="$(curl -fs --max-time 5 "${OPERATOR_CURL[@]}" "$OPERATOR:$CHOWDER_OPERATOR_PORT/healthz" | jq -r .isolated)" || return 0
  [ "$isolated" = false ] || return 0
  say "WARNING: this host does not isolate sandboxes: agents reach its ports, each other and private networks, and no second organization may sign up. Why: grep 'not isolated' $LOGS/server.log"
}

server_answers() { curl -fs -o /dev/null --max-time 5 "${OPERATOR_CURL[@]}" "$OPERATOR:$CHOWDER_OPERATOR_PORT/healthz"; }

envoy_ensure_running() {
  local config="$RUN/envoy.yaml"
  # It holds the token by which the server knows Envoy.
  (umask 077 && CHOWDER_NODES="$(nodes_for_envoy)" CHOWDER_DESCRIPTORS="$APP/chowder.pb" CHOWDER_OPENAPI="$APP/openapi.json" "$ROOT/envoy/render.sh" >"$config.new")
  if process_supervised envoy && cmp -s "$config" "$config.new"; then
    rm -f "$config.new"
    # It asks a node how it is only now and then: one that was just started may still count as lost.
    process_await envoy envoy_answers
    return 0
  fi
  if process_runs envoy; then
    say "Restarting Envoy: its configuration changed ..."
    process_stop envoy
  fi
  port_free "$CHOWDER_REST_PORT" CHOWDER_REST_PORT REST
  mv "$config.new" "$config"
  say "Starting Envoy ..."
  process_start envoy "$ENVOY" -c "$config" --disable-hot-restart --log-level warn
  process_await envoy envoy_answers
}

# Without a key: 401 comes from a node, so Envoy has found one that is well.
envoy_answers() { [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 "${REST_CURL[@]}" "$REST/v1/organization")" = 401 ]; }
