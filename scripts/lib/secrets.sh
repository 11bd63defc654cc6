#!/usr/bin/env bash
# Looks for secrets in every file that Git knows: those of the trade by detect-secrets, Chowder's own keys by their form. What
# only looks like one stands in .secrets.baseline, by its hash. It does not look into the history.
#
#   scripts/lib/secrets.sh check
#   scripts/lib/secrets.sh accept    writes the baseline anew: read the difference before you commit it
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
DETECT_SECRETS_VERSION=1.5.0
TOOL="$CHOWDER_CACHE/detect-secrets/$DETECT_SECRETS_VERSION"
BASELINE=.secrets.baseline
# As `KeyText` and `TokenFile` make them; those of tests are of one character or of words.
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
  have python3 || die "python3 was not found: install it with its venv module, it runs detect-secrets."
  mkdir -p "$(dirname "$TOOL")"
  rm -rf "$TOOL"
  { python3 -m venv "$TOOL" && timeout 300 "$TOOL/bin/pip" install -q "detect-secrets==$DETECT_SECRETS_VERSION"; } >&2 ||
    die "detect-secrets $DETECT_SECRETS_VERSION could not be installed from PyPI: see above, and run this again."
}

# Without guesses by entropy: ids, hashes and golden bytes are what this repository is full of.
scan() {
  timeout 300 "$TOOL/bin/detect-secrets" scan --disable-plugin Base64HighEntropyString --disable-plugin HexHighEntropyString
}

check() {
  local files failed=0
  mapfile -d '' files < <(git ls-files -z -- . ":!$BASELINE")
  is_clean "${files[@]}" || failed=1
  if git grep -nIE "$OWN_KEYS" -- . >&2; then
    say "a key of Chowder's own (expected: none in a file)."
    failed=1
  fi
  [ "$failed" = 0 ] || say "If it is none: scripts/lib/secrets.sh accept, and say why in the commit."
  return "$failed"
}

# Line numbers in the baseline may be old; the tool would write them anew and say so by its exit code 3.
is_clean() {
  local baseline status=0
  baseline="$(mktemp)"
  cp "$BASELINE" "$baseline"
  timeout 300 "$TOOL/bin/detect-secrets-hook" --baseline "$baseline" "$@" >&2 || status=$?
  rm -f "$baseline"
  [ "$status" = 0 ] || [ "$status" = 3 ]
}

# A check that cannot fail is none: what is planted must be found. Put together here, so that this file has no secret.
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
  [ "$found" = 3 ] || die "the scan for secrets found $found of 3 that were planted."
}

main "$@"
