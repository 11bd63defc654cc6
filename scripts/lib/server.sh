# shellcheck shell=bash
# Starts the server's nodes and Envoy, and restarts only processes whose code or settings changed. Needs common.sh, settings.sh,
# nodes.sh, process.sh, build.sh and aot.sh.

# server_ensure: makes all nodes serve. If some run already, it restarts nodes one by one, so that at least one always serves.
server_ensure() {
  local n
  # Before a node stops, because a training run takes time.
  aot_ensure
  # A single node and a cluster, or two clusters, must never use one database at the same time.
  if nodes_any_runs && [ "$(nodes_before)" != "$NODES" ]; then
    say "Stopping the server, to change from $(nodes_before) to $NODES nodes ..."
    nodes_stop
  fi
  printf '%s\n' "$NODES" >"$NODES_FILE"
  if nodes_any_runs; then
    for ((n = 1; n <= NODES; n++)); do node_ensure "$n" && node_await "$n" || return 1; done
  else
    # All must be started first, because a node forms no cluster before the others respond.
    for ((n = 1; n <= NODES; n++)); do node_ensure "$n" || return 1; done
    for ((n = 1; n <= NODES; n++)); do node_await "$n" || return 1; done
  fi
}

# node_ensure and node_await run in a subshell, since each node has its own environment.
node_ensure() (
  local name key
  name="$(node_name "$1")"
  node_environment "$1"
  key="$(server_key)"
  if process_supervised "$name" && [ "$(cat "$RUN/$name.key" 2>/dev/null)" = "$key" ]; then return 0; fi
  if process_runs "$name"; then
    port_usable "$name" "$CHOWDER_GRPC_PORT" CHOWDER_GRPC_PORT gRPC
    port_usable "$name" "$CHOWDER_OPERATOR_PORT" CHOWDER_OPERATOR_PORT "operators"
    port_usable "$name" "$CHOWDER_MONITORING_PORT" CHOWDER_MONITORING_PORT "monitoring"
    say "Restarting $name: its code or settings changed ..."
    process_stop "$name"
  fi
  port_free "$CHOWDER_GRPC_PORT" CHOWDER_GRPC_PORT gRPC
  port_free "$CHOWDER_OPERATOR_PORT" CHOWDER_OPERATOR_PORT "operators"
  port_free "$CHOWDER_MONITORING_PORT" CHOWDER_MONITORING_PORT "monitoring"
  if [ "$NODES" -gt 1 ]; then
    port_free "$CHOWDER_CLUSTER_MANAGEMENT_PORT" CHOWDER_CLUSTER_MANAGEMENT_PORT "other nodes"
  fi
  say "Starting $name ..."
  server_command
  process_start "$name" "${SERVER_COMMAND[@]}"
  printf '%s\n' "$key" >"$RUN/$name.key.new"
)

# server_command: sets SERVER_COMMAND, the command of a node.
server_command() {
  local options
  read -ra options <<<"$CHOWDER_JAVA_OPTS"
  options+=("$NATIVE_ACCESS")
  if [ -s "$AOT_CACHE" ]; then options+=("-XX:AOTCache=$AOT_CACHE"); fi
  SERVER_COMMAND=("$JAVA_HOME/bin/java" "${options[@]}" -cp "$APP/server/chowder-server.jar" dev.chowder.server.Main)
}

node_await() (
  local name
  name="$(node_name "$1")"
  node_environment "$1"
  # shellcheck disable=SC2034  # process_await reads it
  CHOWDER_START_SECONDS="$(node_start_seconds)" || return 1
  process_await "$name" server_answers
  if [ -e "$RUN/$name.key.new" ]; then mv "$RUN/$name.key.new" "$RUN/$name.key"; fi
)

# Prints a hash of the code and settings of a node. A different value requires a restart.
server_key() {
  local name
  {
    printf '%s\n' "$APP" "$JAVA_HOME" "$CHOWDER_JAVA_OPTS"
    # Uses compgen and not env, so that only Chowder's variables are included. Secrets enter only the hash and are never an argument.
    # Variables that only tests read are excluded.
    compgen -e | grep '^CHOWDER_' | grep -v -e '^CHOWDER_MODEL' -e '^CHOWDER_CACHE$' -e '^CHOWDER_START_AT_BOOT$' -e '^CHOWDER_TEST_' -e '^CHOWDER_E2E_' -e '^CHOWDER_CHROMIUM$' | LC_ALL=C sort | while IFS= read -r name; do
      printf '%s=%s\n' "$name" "${!name}"
    done
  } | sha256sum | cut -c1-16
}

# isolation_say: prints a warning if this host does not isolate sandboxes. The server's log has the cause.
isolation_say() {
  local isolated
  isolated="$(curl -fs --max-time 5 "${MONITORING_CURL[@]}" "$MONITORING:$CHOWDER_MONITORING_PORT/healthz" | jq -r .isolated)" || return 0
  [ "$isolated" = false ] || return 0
  say "WARNING: this host does not isolate sandboxes. Agents reach its ports, each other and private networks, so no second organization may sign up. For the cause, run: grep 'not isolated' $LOGS/server.log"
}

server_answers() { curl -fs -o /dev/null --max-time 5 "${MONITORING_CURL[@]}" "$MONITORING:$CHOWDER_MONITORING_PORT/healthz"; }

envoy_ensure_running() {
  local config="$RUN/envoy.yaml"
  (umask 077 && envoy_configuration >"$config.new")
  if process_supervised envoy && cmp -s "$config" "$config.new"; then
    rm -f "$config.new"
    # Envoy checks the health of nodes at intervals, so a node that has just started may still count as lost.
    process_await envoy envoy_answers
    return 0
  fi
  if process_runs envoy; then
    port_usable envoy "$CHOWDER_REST_PORT" CHOWDER_REST_PORT REST
    port_usable envoy "$CHOWDER_OPERATOR_REST_PORT" CHOWDER_OPERATOR_REST_PORT "operators' REST"
    say "Restarting Envoy: its configuration changed ..."
    process_stop envoy
  fi
  port_free "$CHOWDER_REST_PORT" CHOWDER_REST_PORT REST
  port_free "$CHOWDER_OPERATOR_REST_PORT" CHOWDER_OPERATOR_REST_PORT "operators' REST"
  mv "$config.new" "$config"
  say "Starting Envoy ..."
  process_start envoy "$ENVOY" -c "$config" --disable-hot-restart --log-level warn
  process_await envoy envoy_answers
}

# envoy_configuration: prints Envoy's configuration. It contains the token that authenticates Envoy at the server.
envoy_configuration() { CHOWDER_NODES="$(nodes_for_envoy)" CHOWDER_DESCRIPTORS="$APP/chowder.pb" CHOWDER_OPENAPI="$APP/openapi.json" "$ROOT/envoy/render.sh"; }

# A call without a key returns 401 from a node, so it proves that Envoy reaches a healthy node.
envoy_answers() { [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 "${REST_CURL[@]}" "$REST/v1/organization")" = 401 ]; }
