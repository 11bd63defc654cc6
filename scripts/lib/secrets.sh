#!/usr/bin/env bash
# Searches all tracked files for secrets: common ones with detect-secrets, and Chowder's own keys by their format. .secrets.baseline
# lists the hashes of accepted matches that are not secrets. Does not search the history.
#
#   scripts/lib/secrets.sh check
#   scripts/lib/secrets.sh accept    rewrites the baseline: read the difference before you commit it
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
DETECT_SECRETS_VERSION=1.5.0
TOOL="$CHOWDER_CACHE/detect-secrets/$DETECT_SECRETS_VERSION"
BASELINE=.secrets.baseline
# The format of `KeyText` and `TokenFile`. Keys in tests repeat one character or consist of words.
OWN_KEYS='chd_(org|sk|op|envoy)_[A-Za-z0-9_-]{43}($|[^A-Za-z0-9_-])'

main() {
  tool_ensure
  cd "$ROOT"
  case "${1:-}" in
    check) finds_what_is_planted && check ;;
    accept) scan >"$BASELINE.new" && mv "$BASELINE.new" "$BASELINE" ;;
    *) die "usage: scripts/lib/secrets.sh check | accept" ;;
  esac
}

tool_ensure() {
  [ ! -x "$TOOL/bin/detect-secrets-hook" ] || return 0
  have python3 || die "python3 was not found: install it with its venv module; it runs detect-secrets."
  mkdir -p "$(dirname "$TOOL")"
  rm -rf "$TOOL"
  { python3 -m venv "$TOOL" && timeout 300 "$TOOL/bin/pip" install -q "detect-secrets==$DETECT_SECRETS_VERSION"; } >&2 ||
    die "cannot install detect-secrets $DETECT_SECRETS_VERSION from PyPI: see the message above; run this again."
}

# Disables the entropy checks, because this repository has many ids, hashes and golden bytes.
scan() {
  timeout 300 "$TOOL/bin/detect-secrets" scan --disable-plugin Base64HighEntropyString --disable-plugin HexHighEntropyString --exclude-files '^\.secrets\.baseline'
}

check() {
  local files failed=0
  mapfile -d '' files < <(git ls-files -z -- . ":!$BASELINE")
  is_clean "${files[@]}" || failed=1
  if git grep -nIE "$OWN_KEYS" -- . >&2; then
    say "a file contains a key of Chowder: see the lines above; remove the key."
    failed=1
  fi
  [ "$failed" = 0 ] || say "If the match is not a secret, run scripts/lib/secrets.sh accept and give the reason in the commit."
  return "$failed"
}

# Uses a copy of the baseline: if its line numbers are outdated, the tool updates them and exits with 3.
is_clean() {
  local baseline status=0
  baseline="$(mktemp)"
  cp "$BASELINE" "$baseline"
  timeout 300 "$TOOL/bin/detect-secrets-hook" --baseline "$baseline" "$@" >&2 || status=$?
  rm -f "$baseline"
  [ "$status" = 0 ] || [ "$status" = 3 ]
}

# Proves that the check finds planted secrets. They are assembled here, so that this file contains none.
finds_what_is_planted() {
  local planted
  planted="$(mktemp -d)"
  printf 'aws_access_key_id = "AKIA%s"\n' "IOSFODNN7EXAMPLQ" >"$planted/aws.txt"
  printf -- '-----BEGIN %s PRIVATE KEY-----\n' RSA >"$planted/key.pem"
  printf 'chd_org_%s\n' "$(printf 'a%.0s' $(seq 43))" >"$planted/own.txt"
  local file found=0
  for file in aws.txt key.pem; do
    is_clean "$planted/$file" 2>/dev/null || found=$((found + 1))
  done
  ! grep -qE "$OWN_KEYS" "$planted/own.txt" || found=$((found + 1))
  rm -rf "$planted"
  [ "$found" = 3 ] || die "the scan for secrets must find 3 planted secrets; it found $found."
}

main "$@"
