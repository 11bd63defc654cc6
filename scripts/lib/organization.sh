# shellcheck shell=bash
# The organization that scripts/up creates the first time, and its key in a file of mode 0600. Needs common.sh,
# settings.sh and api.sh.

ORGANIZATION_NAME=my-organization

# organization_ensure: can be repeated after it ended at any line. The key file is written last, so it proves that all is done.
organization_ensure() {
  local found id tier answer key=""
  [ -s "$ORGANIZATION_KEY_FILE" ] && return 0
  if [ ! -s "$ORGANIZATION_ID_FILE" ]; then
    found="$(organization_find)" || die "the organizations could not be listed (see above)."
    if [ -z "$found" ]; then
      # The operator creates it, since sign-up is closed where others than this machine reach the server.
      answer="$(operator_api POST /operator/organizations --data-binary "{\"name\":\"$ORGANIZATION_NAME\"}")" ||
        die "the organization could not be created (see above)."
      key="$(jq -r .api_key <<<"$answer")"
      found="$(jq -r '.organization | "\(.id) \(.subscription_tier)"' <<<"$answer")"
    fi
    read -r id tier <<<"$found"
    # A new organization may have one instance, and the commands that are printed at the end make more.
    if [ "$tier" = shrimp ]; then
      operator_api POST "/operator/organizations/$id/tier" --data-binary '{"tier":"crab"}' >/dev/null ||
        die "the organization's tier could not be set (see above)."
    fi
    printf '%s\n' "$id" >"$ORGANIZATION_ID_FILE.part"
    mv "$ORGANIZATION_ID_FILE.part" "$ORGANIZATION_ID_FILE"
  fi
  if [ -z "$key" ]; then
    organization_new_key
    return 0
  fi
  secret_file "$ORGANIZATION_KEY_FILE" <<<"$key"
  say "Created an organization (tier crab, 10 instances); its key is in $ORGANIZATION_KEY_FILE."
}

# organization_find: prints id and tier of an organization that an earlier run created without writing down its id; nothing if
# there is none, or if several have its name.
organization_find() {
  local all
  all="$(operator_api GET /operator/organizations)" || return 1
  jq -r --arg name "$ORGANIZATION_NAME" '[.organizations[] | select(.name == $name and .standing == "active")]
    | if length == 1 then .[0] | "\(.id) \(.subscription_tier)" else empty end' <<<"$all"
}

# By way of the operator, since the reason to want a new key can be that the old one is lost.
organization_new_key() {
  local answer
  [ -s "$ORGANIZATION_ID_FILE" ] || die "no organization was signed up here (expected: run scripts/up first)."
  answer="$(operator_api POST "/operator/organizations/$(cat "$ORGANIZATION_ID_FILE")/keys" --data-binary '{}')" ||
    die "no new key was issued (see above)."
  jq -r .api_key <<<"$answer" | secret_file "$ORGANIZATION_KEY_FILE"
  say "A new key is in $ORGANIZATION_KEY_FILE."
}
