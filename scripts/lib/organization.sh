# shellcheck shell=bash
# The organization that scripts/up creates the first time, and its key in a file of mode 0600. Needs common.sh,
# settings.sh and api.sh.

organization_ensure() {
  [ -s "$ORGANIZATION_KEY_FILE" ] && return 0
  local answer id
  # The operator creates it, since sign-up is closed where others than this machine reach the server.
  answer="$(operator_api POST /operator/organizations --data-binary '{"name":"my-organization"}')" ||
    die "the organization could not be created (see above)."
  jq -r .api_key <<<"$answer" | secret_file "$ORGANIZATION_KEY_FILE"
  id="$(jq -r .organization.id <<<"$answer")"
  printf '%s\n' "$id" >"$ORGANIZATION_ID_FILE"
  # A new organization may have one instance, and the commands that are printed at the end make more.
  operator_api POST "/operator/organizations/$id/tier" --data-binary '{"tier":"crab"}' >/dev/null ||
    die "the organization's tier could not be set (see above)."
  say "Created an organization (tier crab, 10 instances); its key is in $ORGANIZATION_KEY_FILE."
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
