# shellcheck shell=bash
# Stops the organization's running agents for scripts/down, and starts exactly these again for scripts/up. Agents of other
# organizations are stopped with Docker, and the server starts them again. Needs common.sh, settings.sh and api.sh.

AGENTS_FILE="$CHOWDER_HOME/asleep-by-down"
AGENTS_STOP_SECONDS="${CHOWDER_AGENTS_STOP_SECONDS:-60}"

agents_sleep() {
  local id page="" answer
  [ -s "$ORGANIZATION_KEY_FILE" ] || return 0
  while :; do
    answer="$(api GET "/v1/instances?page_size=100&page_token=$page")" || return 0
    while IFS= read -r id; do
      [ -n "$id" ] || continue
      say "Stopping agent $id ..."
      # Recorded first: an agent that was stopped but not recorded would not be started again.
      printf '%s\n' "$id" >>"$AGENTS_FILE"
      api POST "/v1/instances/$id/stop?wait=$AGENTS_STOP_SECONDS" >/dev/null || true
    done < <(jq -r '.instances[]? | select(.status == "running" and .desired_status == "running") | .id' <<<"$answer")
    page="$(jq -r '.next_page_token // empty' <<<"$answer")"
    [ -n "$page" ] || break
  done
}

agents_wake() {
  local id
  [ -s "$AGENTS_FILE" ] || return 0
  while IFS= read -r id; do
    say "Starting agent $id again ..."
    api POST "/v1/instances/$id/start?wait=120" >/dev/null || true
  done < <(sort -u "$AGENTS_FILE")
  rm -f "$AGENTS_FILE"
}
