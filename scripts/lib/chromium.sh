# shellcheck shell=bash
# Finds or installs the Chromium for tests of the Control UI. Needs common.sh.

# chromium_ensure: prints the path of a Chromium: $CHOWDER_CHROMIUM, a Chromium or Chrome on the PATH, or Debian's package.
chromium_ensure() {
  local name
  if [ -n "${CHOWDER_CHROMIUM:-}" ]; then
    [ -x "$CHOWDER_CHROMIUM" ] || die "CHOWDER_CHROMIUM: must be an executable file; got $CHOWDER_CHROMIUM."
    printf '%s\n' "$CHOWDER_CHROMIUM"
    return 0
  fi
  for name in chromium google-chrome-stable google-chrome; do
    if command -v "$name"; then return 0; fi
  done
  say "Installing Chromium (Debian package chromium) ..."
  if ! apt_install chromium || ! command -v chromium; then
    die "cannot install Chromium: install Chromium or Chrome, set CHOWDER_CHROMIUM to its path, and run this again."
  fi
}
