# shellcheck shell=bash
# Chooses the model of the agents and configures it in the organization. Keys pass from the environment through a pipe, and never
# through an argument, a file or a message. Needs common.sh, settings.sh, process.sh and api.sh.

# model_choose: sets MODEL_PROVIDER to anthropic, openai, gemini, custom or demo.
model_choose() {
  if [ -n "${CHOWDER_MODEL_BASE_URL:-}" ]; then
    [ -n "${CHOWDER_MODEL:-}" ] || die "CHOWDER_MODEL: must be the name of a model at CHOWDER_MODEL_BASE_URL; it is not set."
    MODEL_PROVIDER=custom
  elif [ -n "${ANTHROPIC_API_KEY:-}" ]; then
    MODEL_PROVIDER=anthropic
  elif [ -n "${OPENAI_API_KEY:-}" ]; then
    MODEL_PROVIDER=openai
  elif [ -n "${GEMINI_API_KEY:-}" ]; then
    MODEL_PROVIDER=gemini
  else
    MODEL_PROVIDER="$(model_remembered)"
  fi
}

# Without any variable, uses the provider of an earlier run, so that the demo model does not replace a real one.
model_remembered() { cat "$CHOWDER_HOME/model-provider" 2>/dev/null || echo demo; }

# Prints the provider's name in the API, where the demo model is a custom one.
model_api_provider() { if [ "$MODEL_PROVIDER" = demo ]; then echo custom; else echo "$MODEL_PROVIDER"; fi; }

# demo_model_ensure: starts the demo model. It also runs if a real model was configured later, since the first agents still use it.
demo_model_ensure() {
  if [ "$MODEL_PROVIDER" != demo ] && [ ! -e "$CHOWDER_HOME/demo-model-used" ]; then return 0; fi
  if process_supervised demo-model && [ "$(cat "$RUN/demo-model.key" 2>/dev/null)" = "$APP:$CHOWDER_DEMO_MODEL_PORT" ]; then
    process_await demo-model demo_model_answers
    return 0
  fi
  process_stop demo-model
  port_free "$CHOWDER_DEMO_MODEL_PORT" CHOWDER_DEMO_MODEL_PORT "the demo model"
  say "Starting the demo model, which needs no network and no provider's key ..."
  demo_model_command
  process_start demo-model "${DEMO_MODEL_COMMAND[@]}"
  process_await demo-model demo_model_answers
  printf '%s\n' "$APP:$CHOWDER_DEMO_MODEL_PORT" >"$RUN/demo-model.key"
  : >"$CHOWDER_HOME/demo-model-used"
}

# demo_model_command: sets DEMO_MODEL_COMMAND.
demo_model_command() {
  DEMO_MODEL_COMMAND=("$JAVA_HOME/bin/java" -Xmx64m -XX:+UseSerialGC
    -cp "$APP/demo-model/chowder-demo-model.jar" dev.chowder.demomodel.Main --port "$CHOWDER_DEMO_MODEL_PORT")
}

demo_model_answers() { curl -fs -o /dev/null --max-time 5 "http://localhost:$CHOWDER_DEMO_MODEL_PORT/v1/models"; }

# model_ports_open: permits base URLs with the localhost ports of this run. Otherwise the server accepts only the ports in its list.
model_ports_open() {
  local port ports=()
  shopt -s nocasematch
  if [[ "${CHOWDER_MODEL_BASE_URL:-}" =~ ^(https?)://localhost\.?(:([0-9]+))?(/|$) ]]; then
    port="${BASH_REMATCH[3]}"
    if [ -z "$port" ]; then port=80; [[ "${BASH_REMATCH[1]}" != https ]] || port=443; fi
    ports+=("$port")
  fi
  shopt -u nocasematch
  if [ -e "$CHOWDER_HOME/demo-model-used" ]; then ports+=("$CHOWDER_DEMO_MODEL_PORT"); fi
  for port in ${ports[@]+"${ports[@]}"}; do
    operator_api OpenHostPort "{\"port\":$port}" >/dev/null ||
      die "cannot open port $port of localhost to sandboxes: see the message above."
  done
}

# model_configure: configures the model in the organization, if the settings have changed.
model_configure() {
  local told="$CHOWDER_HOME/model-told" digest
  model_ports_open
  digest="$(model_settings | sha256sum | cut -c1-32)"
  if [ "$(model_settings)" = "{}" ] || [ "$(cat "$told" 2>/dev/null)" = "$digest" ]; then return 0; fi
  # The demo model needs no key, and a key that is stored for another server must not be sent to it.
  model_settings | jq -c --arg provider "$MODEL_PROVIDER" 'if $provider == "demo" then . + {model_api_keys: {custom: ""}} else . end' | api PATCH /v1/organization --data-binary @- >/dev/null || die "cannot set the model of the organization: see the message above."
  printf '%s\n' "$MODEL_PROVIDER" >"$CHOWDER_HOME/model-provider"
  printf '%s\n' "$digest" | secret_file "$told"
}

# Prints the body of PATCH /v1/organization. jq reads the keys from its environment, which only this user can read, and escapes them.
# printf and here-documents would not escape them.
model_settings() {
  case "$MODEL_PROVIDER" in
    anthropic | openai | gemini)
      jq -nc '{anthropic: env.ANTHROPIC_API_KEY, openai: env.OPENAI_API_KEY, gemini: env.GEMINI_API_KEY}
        | with_entries(select((.value // "") != "")) | if . == {} then {} else {model_api_keys: .} end'
      ;;
    custom)
      CHOWDER_MODEL_KEY="${CHOWDER_MODEL_KEY:-}" jq -nc 'if (env.CHOWDER_MODEL_BASE_URL // "") == "" then {} else
        {model_endpoints: {custom: {base_url: env.CHOWDER_MODEL_BASE_URL, model: env.CHOWDER_MODEL}}}
        + (if env.CHOWDER_MODEL_KEY == "" then {} else {model_api_keys: {custom: env.CHOWDER_MODEL_KEY}} end) end'
      ;;
    demo)
      jq -nc '{model_endpoints: {custom: {base_url: "http://localhost:\(env.CHOWDER_DEMO_MODEL_PORT)/v1", model: "demo"}}}'
      ;;
    *) die "model provider: must be anthropic, openai, gemini, custom or demo; got $MODEL_PROVIDER." ;;
  esac
}
