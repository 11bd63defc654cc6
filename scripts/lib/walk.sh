# shellcheck shell=bash
# Demonstrates Chowder after the first start: creates an agent, shows its stages, asks it a question, and prints commands to try next. It
# uses only the public API. Needs common.sh, settings.sh, api.sh and model.sh.

# walk: the first run creates an agent; later runs print its status.
walk() {
  local id instance status
  id="$(cat "$FIRST_INSTANCE_FILE" 2>/dev/null || true)"
  if [ -n "$id" ]; then
    instance="$(api GET "/v1/instances/$id" 2>/dev/null)" && status="$(jq -r .status <<<"$instance")" || status=gone
    case "$status" in
      error)
        if ! walk_never_ran "$instance"; then
          say "Your first agent is in error: $(jq -r '.error_message // "no reason given"' <<<"$instance"). Its files are kept. To start it again with them, call POST $REST/v1/instances/$id/recover. To replace it, call DELETE $REST/v1/instances/$id and run scripts/up."
          return 0
        fi
        say "The first agent was not created completely. Deleting it and creating it again ..."
        api DELETE "/v1/instances/$id" >/dev/null || die "cannot delete the first agent: see the message above."
        ;;
      provisioning)
        walk_watch "$id"
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
  id="$(walk_create)" || die "cannot create the first agent: see the message above."
  printf '%s\n' "$id" >"$FIRST_INSTANCE_FILE"
  walk_watch "$id"
  walk_ask "$id"
  walk_next "$id"
}

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

walk_create() {
  local body
  body="$(jq -nc --arg provider "$(model_api_provider)" '{name: "hello", model_provider: $provider}')"
  say ""
  say "POST /v1/instances $body"
  api POST /v1/instances --data-binary "$body" | jq -er .id
}

# walk_watch ID: prints each stage when it is done. Returns when the instance is running; fails if it is in error or deleted.
walk_watch() {
  local id="$1" deadline=$((SECONDS + CHOWDER_FIRST_INSTANCE_SECONDS)) began=$SECONDS line shown=0 status="" stream curl_pid
  while [ "$SECONDS" -lt "$deadline" ] && [ "$status" != running ]; do
    # Uses exec, so that $! is curl and can be killed. Otherwise it would end only at the next heartbeat.
    exec {stream}< <(exec curl -sN --max-time $((deadline - SECONDS)) -H @<(api_authorization "$ORGANIZATION_KEY_FILE") "${REST_CURL[@]}" "$REST/v1/instances/$id/watch")
    curl_pid=$!
    while IFS= read -r line <&"$stream"; do
      case "$line" in "data: "*) line="${line#data: }" ;; *) continue ;; esac
      status="$(jq -r .status <<<"$line")"
      shown="$(walk_stages "$line" "$shown")"
      case "$status" in running | error | terminated) break ;; esac
    done
    kill "$curl_pid" 2>/dev/null || true
    exec {stream}<&-
    case "$status" in
      error) die "the first agent is in error: $(jq -r '.error_message // "no reason given"' <<<"$line")" ;;
      terminated) die "the first agent was deleted meanwhile: run this again to create another one." ;;
    esac
    # Pauses before it opens the stream again, since a stream can break at once, for example while the server restarts.
    [ "$status" = running ] || sleep 1
  done
  [ "$status" = running ] || die "the first agent is not running after $CHOWDER_FIRST_INSTANCE_SECONDS s: see $LOGS/server.log, or run this again."
  say "  running after $((SECONDS - began)) s"
}

# walk_stages INSTANCE SHOWN: prints the stages that ended since then to stderr, and the number of ended stages to stdout.
walk_stages() {
  local ended
  ended="$(jq -r '[.stages[]? | select(.outcome)] | length' <<<"$1")"
  jq -r --argjson shown "$2" '[.stages[]? | select(.outcome)][$shown:][]
    | "  \(.name)  \((.duration_ms // 0) / 100 | round / 10) s\(if .outcome == "executed" then "" else "  (" + .outcome + ")" end)\(if .note then "  " + .note else "" end)"' \
    <<<"$1" | column_stages >&2
  printf '%s\n' "$ended"
}

column_stages() { awk '{printf "  %-20s %5s %s", $1, $2, $3; $1 = $2 = $3 = ""; print $0}'; }

walk_ask() {
  local question='Say hello in one short sentence.' answer
  say ""
  say "You:   $question"
  answer="$(jq -nc --arg input "$question" '{input: $input}' |
    api POST "/v1/instances/$1/responses" --data-binary @- --max-time 180)" || die "the agent did not respond: see the message above."
  jq -er '[.output[]? | select(.type == "message") | .content[]? | .text // empty] | join("\n") | select(. != "")' <<<"$answer" |
    sed 's/^/Agent: /' >&2 || die "the agent's response has no text: $(head -c 300 <<<"$answer")"
}

# walk_next ID: prints commands to paste. They read the key from its file, so that it is not in the shell's history.
walk_next() {
  local curl="curl${REST_CURL[*]:+ ${REST_CURL[*]}}" grpcurl="grpcurl -plaintext" python=python3 certificate=""
  if tls_internal; then grpcurl="grpcurl -cacert $CHOWDER_TLS_INTERNAL_CA -cert $CHOWDER_TLS_INTERNAL_CERTIFICATE -key $CHOWDER_TLS_INTERNAL_KEY -authority ${CHOWDER_TLS_INTERNAL_NAME:-chowder-node}"; fi
  if tls_public && [ -n "${CHOWDER_TLS_CA:-}" ]; then python="SSL_CERT_FILE=$CHOWDER_TLS_CA python3"; fi
  if [ -n "${CHOWDER_TLS_CLIENT_CERTIFICATE:-}" ]; then certificate=", http_client=openai.DefaultHttpxClient(cert=(\"$CHOWDER_TLS_CLIENT_CERTIFICATE\", \"$CHOWDER_TLS_CLIENT_KEY\"))"; fi
  cat <<EOF_NEXT

export CHOWDER_KEY=\$(cat $ORGANIZATION_KEY_FILE) ID=$1

# curl: send it a message, stop it and start it, create another one
$curl $REST/v1/instances/\$ID/responses -H "Authorization: Bearer \$CHOWDER_KEY" -H 'Content-Type: application/json' -d '{"input": "What can you do?"}'
$curl -X POST $REST/v1/instances/\$ID/stop  -H "Authorization: Bearer \$CHOWDER_KEY"
$curl -X POST $REST/v1/instances/\$ID/start -H "Authorization: Bearer \$CHOWDER_KEY"
$curl $REST/v1/instances -H "Authorization: Bearer \$CHOWDER_KEY" -H 'Content-Type: application/json' -d '{"name": "second", "model_provider": "$(model_api_provider)"}'

# grpcurl, with server reflection
$grpcurl -H "authorization: Bearer \$CHOWDER_KEY" -d "{\"instance_id\": \"\$ID\"}" localhost:$CHOWDER_GRPC_PORT chowder.v1.InstanceService/WatchInstance

# the openai Python client (pip install openai)
$python -c 'import os, openai; c = openai.OpenAI(base_url="$REST/v1/instances/" + os.environ["ID"], api_key=os.environ["CHOWDER_KEY"]$certificate); print(c.responses.create(model="openclaw", input="Hello!").output_text)'
EOF_NEXT
}
