# shellcheck shell=bash
# Starts the installation after a reboot, by a systemd unit if the host runs systemd. Needs common.sh and settings.sh.

BOOT_SCRIPT="$CHOWDER_HOME/boot"
# Secrets for the database and Stripe, which are never written to the disk.
BOOT_SECRETS=(CHOWDER_STORAGE_PASSWORD CHOWDER_MASTER_KEY CHOWDER_STRIPE_SECRET_KEY CHOWDER_STRIPE_WEBHOOK_SECRET)
# Variables besides CHOWDER_* that decide where scripts/up finds its tools.
BOOT_VARIABLES=(PATH HOME JAVA_HOME ENVOY_BIN DOCKER_HOST DOCKER_CONFIG DOCKER_CONTEXT XDG_CACHE_HOME HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy)

# boot_remember: records the caller's settings, before the parts of scripts/up add their own.
boot_remember() { BOOT_SETTINGS="$(boot_script)"; }

# boot_ensure: makes the installation start after a reboot, with the settings of this scripts/up.
boot_ensure() {
  local secret
  if [ "$CHOWDER_START_AT_BOOT" != yes ]; then
    boot_remove
    return 0
  fi
  printf '%s\n' "$BOOT_SETTINGS" >"$BOOT_SCRIPT.new"
  chmod 700 "$BOOT_SCRIPT.new"
  mv "$BOOT_SCRIPT.new" "$BOOT_SCRIPT"
  if ! boot_has_systemd; then return 0; fi
  for secret in "${BOOT_SECRETS[@]}"; do
    if [ -n "${!secret:-}" ]; then
      say "Chowder will not start after a reboot: $secret is set in the environment and is never written to the disk. Set ${secret}_FILE instead."
      boot_remove_unit
      return 0
    fi
  done
  boot_install || say "Chowder will not start after a reboot: the systemd unit could not be installed. Run $BOOT_SCRIPT after a reboot."
}

# Makes the same test as sd_booted(3).
boot_has_systemd() { [ -d /run/systemd/system ]; }

# boot_script: prints a script that runs scripts/up with the current settings. It includes no secrets and no keys of model
# providers, since the organization stores those keys.
boot_script() {
  local name
  printf '#!/usr/bin/env bash\n# Written by scripts/up: starts this installation with the settings of the last scripts/up.\n'
  while IFS= read -r name; do
    printf 'export %s=%q\n' "$name" "${!name}"
  done < <(boot_names)
  # Creates no first agent: if that failed, systemd would stop all processes of the unit.
  printf 'exec %q --at-boot\n' "$ROOT/scripts/up"
}

boot_names() {
  local name
  boot_all_names | while IFS= read -r name; do
    if boot_has_password "${!name}"; then
      say "$name holds a password, and is not written to the disk: Chowder starts without it after a reboot."
    else
      printf '%s\n' "$name"
    fi
  done
}

# boot_has_password VALUE: succeeds if it is a URL with a user and a password, such as a proxy's, with or without a scheme.
boot_has_password() { [[ "$1" =~ (^|://)[^/@]*:[^/@]*@ ]]; }

boot_all_names() {
  local name
  compgen -e | grep -e '^CHOWDER_' | grep -v -x -F -f <(printf '%s\n' "${BOOT_SECRETS[@]}") |
    grep -v -e '^CHOWDER_MODEL' -e '^CHOWDER_TEST_' -e '^CHOWDER_E2E_' -e '^CHOWDER_SANDBOX_IMAGE$' || true
  for name in "${BOOT_VARIABLES[@]}"; do
    if [ -n "${!name:-}" ]; then printf '%s\n' "$name"; fi
  done
}

boot_unit_name() { printf 'chowder-%s.service' "$CHOWDER_CLUSTER_ID"; }

# boot_unit USER: prints the unit; if USER is empty, for the caller's own systemd. The processes have their own supervisors, so the
# unit only starts everything once. It is retried, because Docker and the network may start later.
boot_unit() {
  printf '[Unit]\nDescription=Chowder in %s\n' "${CHOWDER_HOME//%/%%}"
  if [ -n "$1" ]; then printf 'Wants=network-online.target docker.service\nAfter=network-online.target docker.service postgresql.service\n'; fi
  printf '\n[Service]\nType=oneshot\nRemainAfterExit=yes\n'
  if [ -n "$1" ]; then printf 'User=%s\n' "$1"; fi
  # The path is an argument, since only arguments may contain any character.
  printf 'ExecStart=/bin/bash "%s"\nTimeoutStartSec=1h\nRestart=on-failure\nRestartSec=30s\n' "$(boot_escape "$BOOT_SCRIPT" | sed 's/\$/$$/g')"
  printf 'TimeoutStopSec=%ss\n' "$((CHOWDER_STOP_SECONDS + 30))"
  printf '\n[Install]\nWantedBy=%s\n' "$(if [ -n "$1" ]; then echo multi-user.target; else echo default.target; fi)"
}

# Escapes percent signs, which begin specifiers, and the quotes and backslashes of a quoted word.
boot_escape() { printf '%s' "$1" | sed -e 's/%/%%/g' -e 's/[\\"]/\\&/g'; }

# Installs the unit for the whole machine if the user may become root, and otherwise for this user, whose systemd then runs without
# a login.
boot_install() {
  local file unit
  unit="$(boot_unit_name)"
  if can_be_root; then
    file="/etc/systemd/system/$unit"
    if [ "$(cat "$file" 2>/dev/null)" = "$(boot_unit "$(id -un)")" ] && systemctl -q is-enabled "$unit" 2>/dev/null; then return 0; fi
    boot_unit "$(id -un)" | as_root tee "$file" >/dev/null && as_root chmod 644 "$file" || return 1
    as_root systemctl daemon-reload && as_root systemctl -q enable "$unit" >&2 || return 1
  else
    file="$HOME/.config/systemd/user/$unit"
    if [ "$(cat "$file" 2>/dev/null)" = "$(boot_unit "")" ] && systemctl --user -q is-enabled "$unit" 2>/dev/null; then return 0; fi
    mkdir -p "$(dirname "$file")" && boot_unit "" >"$file" || return 1
    systemctl --user daemon-reload && systemctl --user -q enable "$unit" >&2 && loginctl enable-linger >&2 || return 1
  fi
  say "systemd starts Chowder after a reboot ($file). scripts/down removes this unit."
}

# boot_remove: removes the unit, so that a stopped installation stays stopped after a reboot.
boot_remove() {
  rm -f "$BOOT_SCRIPT"
  if boot_has_systemd; then boot_remove_unit; fi
}

boot_remove_unit() {
  local unit
  unit="$(boot_unit_name)"
  if [ -e "/etc/systemd/system/$unit" ]; then
    as_root systemctl -q disable --now "$unit" >&2 || true
    as_root rm -f "/etc/systemd/system/$unit" || say "cannot remove /etc/systemd/system/$unit: remove it as root."
    as_root systemctl daemon-reload || true
  fi
  if [ -e "$HOME/.config/systemd/user/$unit" ]; then
    systemctl --user -q disable --now "$unit" >&2 || true
    rm -f "$HOME/.config/systemd/user/$unit"
    systemctl --user daemon-reload || true
  fi
}

# If this file is run and not sourced, `scripts/lib/boot.sh unit [USER]` prints the unit for CHOWDER_HOME, and
# `scripts/lib/boot.sh script` prints the script that it runs.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  set -euo pipefail
  for part in common settings; do
    # shellcheck source=/dev/null
    . "$(dirname "$0")/$part.sh"
  done
  BOOT_SCRIPT="$CHOWDER_HOME/boot"
  CHOWDER_CLUSTER_ID="${CHOWDER_CLUSTER_ID:-local}"
  case "${1:-}" in
    unit) boot_unit "${2:-}" ;;
    script) boot_script ;;
    *) die "usage: scripts/lib/boot.sh unit [USER] | script" ;;
  esac
fi
