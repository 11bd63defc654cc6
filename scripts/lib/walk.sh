# shellcheck shell=bash
# The main job before the user's eyes: POST, the stages as they happen, an answer, and what to paste next. It uses the
# public interface alone, as any user would. Needs common.sh, settings.sh, api.sh and model.sh.

# walk: the first run makes an agent; later runs say how it is.
walk() {
  local id instance status
  id="$(cat "$FIRST_INSTANCE_FILE" 2>/dev/null || true)"
  if [ -n "$id" ]; then
    instance="$(api GET "/v1/instances/$id" 2>/dev/null)" && status="$(jq -r .status <<<"$instance")" || status=gone
    case "$status" in
      error)
        if ! walk_never_ran "$instance"; then
          say "Your first agent is in error: $(jq -r '.error_message // "no reason given"' <<<"$instance"). Its files are kept. POST $REST/v1/instances/$id/recover starts it again with them; DELETE $REST/v1/instances/$id removes it, and scripts/up then creates another."
          return 0
        fi
        say "Your first agent could not be created; it is deleted and created again."
        api DELETE "/v1/instances/$id" >/dev/null || die "it could not be deleted (see above)."
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
  id="$(walk_create)" || die "the first agent could not be made (see above)."
  printf '%s\n' "$id" >"$FIRST_INSTANCE_FILE"
  walk_watch "$id"
  walk_ask "$id"
  walk_next "$id"
}

# walk_never_ran INSTANCE: did its first provisioning fail, so that it has no user's files?
walk_never_ran() {
  jq -e '(.stages // []) | .[0].name == "create_sandbox" and all(.[]; .name != "start_gateway" or .outcome == "failed")' <<<"$1" >/dev/null
}

walk_memory() {
  local free
  free="$(docker_memory_mib)"
  [ "$free" -ge "$CHOWDER_MEMORY_WANTED_MIB" ] ||
    die "memory: $free MiB available (expected: at least $CHOWDER_MEMORY_WANTED_MIB MiB for one agent); end something else and run this again."
}

walk_create() {
  local body
  body="$(jq -nc --arg provider "$(model_api_provider)" '{name: "hello", model_provider: $provider}')"
  say ""
  say "POST /v1/instances $body"
  api POST /v1/instances --data-binary "$body" | jq -er .id
}

# walk_watch ID: prints each stage when it is done; ends when the instance runs, dies when it will not.
walk_watch() {
  local id="$1" deadline=$((SECONDS + CHOWDER_FIRST_INSTANCE_SECONDS)) began=$SECONDS line shown=0 status="" stream curl_pid
  while [ "$SECONDS" -lt "$deadline" ] && [ "$status" != running ]; do
    # exec, so that $! is curl itself and can be ended: left alone, it would notice only at the next heartbeat.
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
      terminated) die "the first agent was deleted meanwhile." ;;
    esac
    # A stream that broke at once, as when the server restarts, is not opened again without a pause.
    [ "$status" = running ] || sleep 1
  done
  [ "$status" = running ] || die "the first agent does not run after $CHOWDER_FIRST_INSTANCE_SECONDS s; see $LOGS/server.log, or run this again."
  say "  running after $((SECONDS - began)) s"
}

# walk_stages INSTANCE SHOWN: says the stages that ended since, and prints how many have ended.
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
    api POST "/v1/instances/$1/responses" --data-binary @- --max-time 180)" || die "the agent did not answer (see above)."
  jq -er '[.output[]? | select(.type == "message") | .content[]? | .text // empty] | join("\n") | select(. != "")' <<<"$answer" |
    sed 's/^/Agent: /' >&2 || die "the agent answered without text: $(head -c 300 <<<"$answer")"
}

# walk_next ID: commands to paste. They read the key from its file, so that it stays out of the shell's history.
walk_next() {
  local curl="curl${REST_CURL[*]:+ ${REST_CURL[*]}}" grpcurl="grpcurl -plaintext" python=python3 certificate=""
  if tls_internal; then grpcurl="grpcurl -cacert $CHOWDER_TLS_INTERNAL_CA -cert $CHOWDER_TLS_INTERNAL_CERTIFICATE -key $CHOWDER_TLS_INTERNAL_KEY -authority ${CHOWDER_TLS_INTERNAL_NAME:-chowder-node}"; fi
  if tls_public && [ -n "${CHOWDER_TLS_CA:-}" ]; then python="SSL_CERT_FILE=$CHOWDER_TLS_CA python3"; fi
  if [ -n "${CHOWDER_TLS_CLIENT_CERTIFICATE:-}" ]; then certificate=", http_client=openai.DefaultHttpxClient(cert=(\"$CHOWDER_TLS_CLIENT_CERTIFICATE\", \"$CHOWDER_TLS_CLIENT_KEY\"))"; fi
  cat <<EOF_NEXT

export CHOWDER_KEY=\$(cat $ORGANIZATION_KEY_FILE) ID=$1

# curl: talk to it, put it to sleep and wake it, make another one
$curl $REST/v1/instances/\$ID/responses -H "Authorization: Bearer \$CHOWDER_KEY" -H 'Content-Type: application/json' -d '{"input": "What can you do?"}'
$curl -X POST $REST/v1/instances/\$ID/stop  -H "Authorization: Bearer \$CHOWDER_KEY"
$curl -X POST $REST/v1/instances/\$ID/start -H "Authorization: Bearer \$CHOWDER_KEY"
$curl $REST/v1/instances -H "Authorization: Bearer \$CHOWDER_KEY" -H 'Content-Type: application/json' -d '{"name": "second", "model_provider": "$(model_api_provider)"}'

# grpcurl, by reflection
$grpcurl -H "authorization: Bearer \$CHOWDER_KEY" -d "{\"instance_id\": \"\$ID\"}" localhost:$CHOWDER_GRPC_PORT chowder.v1.InstanceService/WatchInstance

# the openai Python client (pip install openai)
$python -c 'import os, openai; c = openai.OpenAI(base_url="$REST/v1/instances/" + os.environ["ID"], api_key=os.environ["CHOWDER_KEY"]$certificate); print(c.responses.create(model="openclaw", input="Hello!").output_text)'
EOF_NEXT
}
