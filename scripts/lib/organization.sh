# shellcheck shell=bash
# The organization that scripts/up creates the first time, and its key in a file of mode 0600. Needs common.sh,
# settings.sh and api.sh.

ORGANIZATION_NAME=my-organization

# organization_ensure: can be repeated after a failure at any line. The key file is written last, so it proves that all steps are done.
organization_ensure() {
  local found id tier answer key=""
  [ -s "$ORGANIZATION_KEY_FILE" ] && return 0
  if [ ! -s "$ORGANIZATION_ID_FILE" ]; then
    found="$(organization_find)" || die "cannot list the organizations: see the message above."
    if [ -z "$found" ]; then
      # Uses the operator API, since sign-up is closed if other machines can reach the server.
      answer="$(operator_api CreateOrganization "{\"name\":\"$ORGANIZATION_NAME\"}")" ||
        die "cannot create the organization: see the message above."
      key="$(jq -r .api_key <<<"$answer")"
      found="$(jq -r '.organization | "\(.id) \(.subscription_tier)"' <<<"$answer")"
    fi
    read -r id tier <<<"$found"
    # A new organization may have one instance, but the commands that scripts/up prints at the end create more.
    if [ "$tier" = shrimp ]; then
      operator_api SetTier "{\"organization_id\":\"$id\",\"tier\":\"crab\"}" >/dev/null ||
        die "cannot set the organization's tier: see the message above."
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

# organization_find: prints id and tier of an organization that an earlier run created without recording its id. Prints nothing if
# there is none, or if several have its name.
organization_find() {
  local all
  all="$(operator_api ListOrganizations)" || return 1
  jq -r --arg name "$ORGANIZATION_NAME" '[.organizations[] | select(.name == $name and .standing == "active")]
    | if length == 1 then .[0] | "\(.id) \(.subscription_tier)" else empty end' <<<"$all"
}

# Uses the operator API, because the old key may be lost.
organization_new_key() {
  local answer
  [ -s "$ORGANIZATION_ID_FILE" ] || die "there is no organization in this installation: run scripts/up first."
  answer="$(operator_api CreateOrganizationKey "{\"organization_id\":\"$(cat "$ORGANIZATION_ID_FILE")\"}")" ||
    die "cannot issue a new key: see the message above."
  jq -r .api_key <<<"$answer" | secret_file "$ORGANIZATION_KEY_FILE"
  say "Wrote a new key to $ORGANIZATION_KEY_FILE."
}
