# shellcheck shell=bash
# Demonstrates Chowder after the first start: creates an agent, shows its stages, asks it a question, and prints commands to try next. It
# runs the command line for users (docs/CLI.md). Needs common.sh, settings.sh and model.sh.

# walk: the first run creates an agent; later runs print its status.
walk() {
  local id instance status
  id="$(cat "$FIRST_INSTANCE_FILE" 2>/dev/null || true)"
  if [ -n "$id" ]; then
    instance="$(walk_chowder get "$id" -o json 2>/dev/null)" && status="$(jq -r .status <<<"$instance")" || status=gone
    case "$status" in
      error)
        if ! walk_never_ran "$instance"; then
          say "Your first agent is in error: $(jq -r '.error_message // "no reason given"' <<<"$instance"). Its files are kept. To start it again with them, run scripts/chowder recover $id. To replace it, run scripts/chowder rm $id and scripts/up."
          return 0
        fi
        say "The first agent was not created completely. Deleting it and creating it again ..."
        walk_chowder rm --yes "$id" || die "cannot delete the first agent: see the message above."
        ;;
      provisioning)
        walk_chowder wait --timeout "${CHOWDER_FIRST_INSTANCE_SECONDS}s" "$id" || die "the first agent is not running: see the message above, or run this again."
        walk_ask "$id"
        walk_next "$id"
        return 0
        ;;
      *)
        say "Your first agent is $status: $id"
        walk_next "$id"
        return 0
        ;;
    esac
  fi
  walk_memory
  say ""
  say "\$ chowder create hello --provider $(model_api_provider)"
  # The id is recorded before the agent runs, so that a run after an interruption does not create another one.
  id="$(walk_chowder create hello --provider "$(model_api_provider)" --no-wait)" || die "cannot create the first agent: see the message above."
  printf '%s\n' "$id" >"$FIRST_INSTANCE_FILE"
  walk_chowder wait --timeout "${CHOWDER_FIRST_INSTANCE_SECONDS}s" "$id" || die "the first agent is not running: see the message above, or run this again."
  walk_ask "$id"
  walk_next "$id"
}

# Uses the key and the URL of this installation, whatever context the user has chosen.
walk_chowder() { env -u CHOWDER_CONTEXT -u CHOWDER_URL -u CHOWDER_KEY -u CHOWDER_KEY_FILE "$ROOT/scripts/chowder" --context local "$@"; }

# walk_never_ran INSTANCE: succeeds if its first provisioning failed, so that it has no user's files.
walk_never_ran() {
  jq -e '(.stages // []) | .[0].name == "create_sandbox" and all(.[]; .name != "start_gateway" or .outcome == "failed")' <<<"$1" >/dev/null
}

walk_memory() {
  local free
  free="$(docker_memory_mib)"
  [ "$free" -ge "$CHOWDER_MEMORY_WANTED_MIB" ] ||
    die "cannot create the first agent: it needs $CHOWDER_MEMORY_WANTED_MIB MiB of memory, and $free MiB are available; stop other programs and run this again."
}

walk_ask() {
  local question='Say hello in one short sentence.' answer
  say ""
  say "\$ chowder chat hello '$question'"
  answer="$(walk_chowder chat "$1" "$question")" && [ -n "$answer" ] || die "the agent did not respond: see the message above."
  say "$answer"
}

# walk_next ID: prints commands to paste. They read the key from its file, so that it is not in the shell's history.
walk_next() {
  local curl="curl${REST_CURL[*]:+ ${REST_CURL[*]}}" grpcurl="grpcurl -plaintext" python=python3 certificate="" chowder
  printf -v chowder %q "$ROOT/scripts/chowder"
  if is_release; then printf -v chowder %q "$ROOT/bin/chowder"; fi
  if tls_internal; then grpcurl="grpcurl -cacert $CHOWDER_TLS_INTERNAL_CA -cert $CHOWDER_TLS_INTERNAL_CERTIFICATE -key $CHOWDER_TLS_INTERNAL_KEY -authority ${CHOWDER_TLS_INTERNAL_NAME:-chowder-node}"; fi
  if tls_public && [ -n "${CHOWDER_TLS_CA:-}" ]; then python="SSL_CERT_FILE=$CHOWDER_TLS_CA python3"; fi
  if [ -n "${CHOWDER_TLS_CLIENT_CERTIFICATE:-}" ]; then certificate=", http_client=openai.DefaultHttpxClient(cert=(\"$CHOWDER_TLS_CLIENT_CERTIFICATE\", \"$CHOWDER_TLS_CLIENT_KEY\"))"; fi
  cat <<EOF_NEXT

export CHOWDER_URL=$REST CHOWDER_KEY=\$(cat $ORGANIZATION_KEY_FILE) ID=$1

# the command line (docs/CLI.md): send it a message, stop it and start it, create another one
$chowder chat \$ID "What can you do?"
$chowder stop \$ID
$chowder start \$ID
$chowder create second --provider $(model_api_provider)

# curl
$curl $REST/v1/instances/\$ID/responses -H "Authorization: Bearer \$CHOWDER_KEY" -H 'Content-Type: application/json' -d '{"input": "What can you do?"}'

# grpcurl, with server reflection
$grpcurl -H "authorization: Bearer \$CHOWDER_KEY" -d "{\"instance_id\": \"\$ID\"}" localhost:$CHOWDER_GRPC_PORT chowder.v1.InstanceService/WatchInstance

# the openai Python client (pip install openai)
$python -c 'import os, openai; c = openai.OpenAI(base_url="$REST/v1/instances/" + os.environ["ID"], api_key=os.environ["CHOWDER_KEY"]$certificate); print(c.responses.create(model="openclaw", input="Hello!").output_text)'
EOF_NEXT
}
