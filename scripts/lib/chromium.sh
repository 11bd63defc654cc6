# shellcheck shell=bash
# Finds or installs the Chromium that tests of the Control UI drive. Needs common.sh.

# chromium_ensure: prints the path of $CHOWDER_CHROMIUM, of a Chromium or Chrome on the PATH, or of Debian's package.
chromium_ensure() {
  local name
  if [ -n "${CHOWDER_CHROMIUM:-}" ]; then
    [ -x "$CHOWDER_CHROMIUM" ] || die "CHOWDER_CHROMIUM: $CHOWDER_CHROMIUM (expected: an executable file)."
    printf '%s\n' "$CHOWDER_CHROMIUM"
    return 0
  fi
  for name in chromium google-chrome-stable google-chrome; do
    if command -v "$name"; then return 0; fi
  done
  say "Installing Chromium (Debian package chromium) ..."
  if ! apt_install chromium || ! command -v chromium; then
    die "Chromium is missing and could not be installed here: install Chromium or Chrome, set CHOWDER_CHROMIUM to it and run this again."
  fi
}
