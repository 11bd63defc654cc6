#!/usr/bin/env bash
# Checks the systemd units of a release (deploy/systemd) in a virtual machine, with simulated sandboxes: installs them as
# docs/operations/install.md describes, creates an agent, kills the server, upgrades, reboots the machine, and deletes the agent. Needs root,
# and about 10 minutes. QEMU emulates the processor, so it also runs inside a virtual machine.
#
#   scripts/lib/systemd.sh check [FOLDER]   checks the unpacked release in FOLDER; without it, builds one
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
for part in common settings java build machine; do
  # shellcheck source=/dev/null
  . "$HERE/$part.sh"
done
# The server, the simulator and Envoy need more memory than the default.
# shellcheck disable=SC2034  # machine.sh reads them
MACHINE_MIB=3072 MACHINE_SECONDS="${CHOWDER_MACHINE_SECONDS:-1800}"

main() {
  [[ "${1:-} $#" =~ ^check\ [12]$ ]] || die "usage: scripts/lib/systemd.sh check [FOLDER]"
  home_folders_ensure
  WORK="$(mktemp -d "${TMPDIR:-/tmp}/chowder-systemd.XXXXXX")"
  trap 'rm -rf "$WORK"' EXIT
  release="${2:-}"
  if [ -z "$release" ]; then
    "$ROOT/scripts/release" "$WORK/archive"
    tar -C "$WORK" -xzf "$WORK"/archive/*.tar.gz
    release="$(find "$WORK" -maxdepth 1 -name 'chowder-*')"
  fi
  [ -d "$release/deploy/systemd" ] || die "the release has no systemd units in deploy/systemd."
  build_ensure
  umask 022
  mkdir "$WORK/check"
  cp -a "$release" "$WORK/check/release"
  cp -a "$APP/simulator" "$WORK/check/simulator"
  # Others than root must read the copy.
  chmod -R go+rX "$WORK/check"
  cp "$HERE"/systemd/* "$HERE/cgroup2/common.sh" "$WORK/check"
  commands '# Install the units' >"$WORK/check/install"
  commands '# Start the units' >"$WORK/check/start"
  commands '# Install the units for swap' >"$WORK/check/swap"
  commands '# Define the command of operators' >"$WORK/check/admin"
  commands '# Create an organization' >"$WORK/check/organization"
  machine_ensure
  machine_check "$WORK/check" -action reboot=reset
}

# commands FIRST: prints the commands of the page that begin with that line, as an operator pastes them.
commands() {
  local text
  text="$(awk -v first="$1" '/^ *```$/ { on = 0 } on { print } $0 ~ "^ *" first "$" { on = 1 }' "$ROOT/docs/operations/install.md")"
  [ -n "$text" ] || die "docs/operations/install.md has no commands that begin with: $1"
  printf '%s\n' "$text"
}

main "$@"
