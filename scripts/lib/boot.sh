# shellcheck shell=bash
# Starts the installation after a reboot, with a systemd unit where the host runs systemd. Needs common.sh and settings.sh.

BOOT_SCRIPT="$CHOWDER_HOME/boot"
# Secrets for the database and Stripe, which are never written to the disk.
BOOT_SECRETS=(CHOWDER_STORAGE_PASSWORD CHOWDER_MASTER_KEY CHOWDER_STRIPE_SECRET_KEY CHOWDER_STRIPE_WEBHOOK_SECRET)
# Beside CHOWDER_*: variables that decide where scripts/up finds its tools.
BOOT_VARIABLES=(PATH HOME JAVA_HOME ENVOY_BIN DOCKER_HOST DOCKER_CONFIG DOCKER_CONTEXT XDG_CACHE_HOME HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy)

# boot_remember: records the settings that scripts/up was given, before its parts add theirs.
boot_remember() { BOOT_SETTINGS="$(boot_script)"; }

# boot_ensure: after a reboot the installation starts with the settings of this scripts/up.
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
      say "$secret is in the environment only, and is not written to the disk: Chowder does not start by itself after a reboot. Use ${secret}_FILE instead."
      boot_remove_unit
      return 0
    fi
  done
  boot_install || say "Chowder does not start by itself after a reboot: the unit of systemd could not be installed. Run $BOOT_SCRIPT then."
}

# The test of sd_booted(3).
boot_has_systemd() { [ -d /run/systemd/system ]; }

# boot_script: prints a script that runs scripts/up with the current settings. It holds no secret and no key of a model
# provider, since the organization has those.
boot_script() {
  local name
  printf '#!/usr/bin/env bash\n# Written by scripts/up: starts this installation with the settings of the last scripts/up.\n'
  while IFS= read -r name; do
    printf 'export %s=%q\n' "$name" "${!name}"
  done < <(boot_names)
  # Does not create a first agent: if that failed, systemd would end all processes of the unit.
  printf 'exec %q --at-boot\n' "$ROOT/scripts/up"
}

boot_names() {
  local name
  boot_all_names | while IFS= read -r name; do
    if boot_has_password "${!name}"; then
      say "$name holds a password, and is not written to the disk: after a reboot Chowder starts without it."
    else
      printf '%s\n' "$name"
    fi
  done
}

# boot_has_password VALUE: is it a URL with a user and a password, such as a proxy's, with or without a scheme?
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

# boot_unit USER: prints the unit; an empty USER is for the caller's own systemd. The processes have supervisors of their own, so
# the unit only starts everything once. Docker and the network may come up later: then it tries again.
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

# Specifiers begin with a percent sign; quotes and backslashes are those of a word in quotes.
boot_escape() { printf '%s' "$1" | sed -e 's/%/%%/g' -e 's/[\\"]/\\&/g'; }

# For the whole machine where that is permitted, else for this user, whose systemd then runs without a login.
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
  say "After a reboot systemd starts Chowder ($file); scripts/down removes that."
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
    as_root rm -f "/etc/systemd/system/$unit" || say "/etc/systemd/system/$unit could not be removed: remove it as root."
    as_root systemctl daemon-reload || true
  fi
  if [ -e "$HOME/.config/systemd/user/$unit" ]; then
    systemctl --user -q disable --now "$unit" >&2 || true
    rm -f "$HOME/.config/systemd/user/$unit"
    systemctl --user daemon-reload || true
  fi
}

# Called, not sourced: `scripts/lib/boot.sh unit [USER]` prints the unit for CHOWDER_HOME, and `scripts/lib/boot.sh script` the
# script that it runs.
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
