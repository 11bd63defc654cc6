# shellcheck shell=bash
# Starts the server and Envoy in front of it, and again only when what they run from changed. Needs common.sh,
# settings.sh, process.sh and build.sh.

server_ensure() {
  local key
  key="$(server_key)"
  if process_runs server && [ "$(cat "$RUN/server.key" 2>/dev/null)" = "$key" ]; then return 0; fi
  if process_runs server; then
    say "Restarting the server: its code or settings changed ..."
    process_stop server
  fi
  port_free "$CHOWDER_GRPC_PORT" CHOWDER_GRPC_PORT gRPC
  port_free "$CHOWDER_OPERATOR_PORT" CHOWDER_OPERATOR_PORT "operators"
  say "Starting the server ..."
  local options
  read -ra options <<<"$CHOWDER_JAVA_OPTS"
  if [ -s "$AOT_CACHE" ]; then options+=("-XX:AOTCache=$AOT_CACHE"); fi
  process_start server "$JAVA_HOME/bin/java" "${options[@]}" -cp "$APP/server/chowder-server.jar:$APP/server/lib/*" dev.chowder.server.Main
  process_await server server_answers
  printf '%s\n' "$key" >"$RUN/server.key"
}

# What the running server was started with; another value means another start.
server_key() {
  local name
  {
    printf '%s\n' "$APP" "$JAVA_HOME" "$CHOWDER_JAVA_OPTS"
    # compgen, not env: the values of our variables alone. One that is a secret goes into nothing but the hash: it is
    # never an argument. What only tests read is left out.
    compgen -e | grep '^CHOWDER_' | grep -v -e '^CHOWDER_MODEL' -e '^CHOWDER_CACHE$' -e '^CHOWDER_TEST_' -e '^CHOWDER_E2E_' -e '^CHOWDER_CHROMIUM$' | LC_ALL=C sort | while IFS= read -r name; do
      printf '%s=%s\n' "$name" "${!name}"
    done
  } | sha256sum | cut -c1-16
}

server_answers() { curl -fs -o /dev/null --max-time 5 "http://localhost:$CHOWDER_OPERATOR_PORT/healthz"; }

envoy_ensure_running() {
  local config="$RUN/envoy.yaml"
  # It holds the token by which the server knows Envoy.
  (umask 077 && CHOWDER_DESCRIPTORS="$APP/chowder.pb" "$ROOT/envoy/render.sh" >"$config.new")
  if process_runs envoy && cmp -s "$config" "$config.new"; then
    rm -f "$config.new"
    return 0
  fi
  if process_runs envoy; then
    say "Restarting Envoy: its configuration changed ..."
    process_stop envoy
  fi
  port_free "$CHOWDER_REST_PORT" CHOWDER_REST_PORT REST
  port_free "$CHOWDER_ENVOY_ADMIN_PORT" CHOWDER_ENVOY_ADMIN_PORT "Envoy's admin page"
  mv "$config.new" "$config"
  say "Starting Envoy ..."
  process_start envoy "$ENVOY" -c "$config" --use-dynamic-base-id --log-level warn
  process_await envoy envoy_answers
}

envoy_answers() { curl -fs -o /dev/null --max-time 5 "$REST/healthz"; }
