#!/usr/bin/env bash
# The entry point of the server image: runs one service of deploy/compose.yaml, or a command for it. `chowder container` does the work of a
# service; this script replaces itself with the program that keeps running.
#
#   container.sh prepare          creates the password of the database and the sandbox image, if they are missing
#   container.sh server           runs a node. Also: envoy, demo-model
#   container.sh organization     creates the first organization and its key, and configures the demo model
#   container.sh answers SERVICE  succeeds if the service responds
#   container.sh purge            removes what Compose does not know: agents with their home volumes, and firewall rules
set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
umask 077
ENVOY_FOLDER=/run/envoy
# The user of Envoy, and of the demo model in deploy/compose.yaml.
AS_ENVOY=(setpriv --reuid=10001 --regid=10001 --clear-groups)

main() {
  case "$*" in
    prepare | organization | purge) exec "$ROOT/scripts/chowder" container "$1" ;;
    server) server ;;
    envoy) envoy ;;
    demo-model) command_of demo-model && exec "${COMMAND[@]}" ;;
    # curl, because a JVM would take most of the processor time of an idle project.
    "answers server") answers "http://localhost:${CHOWDER_MONITORING_PORT:-9095}/healthz" ;;
    # The admin interface, because Envoy writes other calls to its log.
    "answers envoy") "${AS_ENVOY[@]}" curl -fs -o /dev/null --max-time 5 --unix-socket "$ENVOY_FOLDER/admin.sock" http://localhost/ready ;;
    "answers demo-model") answers "http://localhost:${CHOWDER_DEMO_MODEL_PORT:-9092}/v1/models" ;;
    "") echo "usage: container.sh prepare | server | envoy | demo-model | organization | answers SERVICE | purge | COMMAND" >&2 && exit 2 ;;
    *) exec "$@" ;;
  esac
}

# answers URL: a node with certificates (docs/operations/tls.md) expects that of its callers, and has the name that all nodes share.
answers() {
  local url="$1" options=() name="${CHOWDER_TLS_INTERNAL_NAME:-chowder-node}"
  if [[ "$url" == */healthz ]] && [ -n "${CHOWDER_TLS_INTERNAL_CERTIFICATE:-}" ]; then
    options=(--connect-to "$name::localhost:" --cacert "$CHOWDER_TLS_INTERNAL_CA" --cert "$CHOWDER_TLS_INTERNAL_CERTIFICATE" --key "$CHOWDER_TLS_INTERNAL_KEY")
    url="${url/http:\/\/localhost/https://$name}"
  fi
  curl -fs -o /dev/null --max-time 5 "${options[@]}" "$url"
}

# command_of SERVICE: sets COMMAND.
command_of() {
  # An assignment would lose the NULs that separate the words.
  mapfile -d '' -t COMMAND < <("$ROOT/scripts/chowder" container "$1")
  wait $! || exit 1
}

server() {
  command_of server
  host_files "/proc/$PPID/root"
  # Only nsenter needs the right to change namespaces. With cgroup v2, the node would otherwise not see the host's paths of control groups, by
  # which it moves the memory of sleeping agents to swap. The parent of a container's first process is a process of the host.
  exec nsenter --target "$PPID" --cgroup setpriv --bounding-set=-sys_admin,-setpcap "${COMMAND[@]}"
}

# host_files ROOT: shows files of the host that change or may be missing, so that they cannot be mounted: its DNS servers (systemd-resolved)
# and the lock of iptables.
host_files() {
  mkdir -p /run/systemd
  ln -sfn "$1/run/systemd/resolve" /run/systemd/resolve
  export XTABLES_LOCKFILE="$1/run/xtables.lock"
}

# Envoy runs as a user without rights. Only root can read the token in its configuration from the state directory.
envoy() {
  export CHOWDER_ENVOY_ADMIN_SOCKET="$ENVOY_FOLDER/admin.sock" CHOWDER_ENVOY_SECRETS="$ENVOY_FOLDER/secrets"
  # shellcheck disable=SC2016  # expanded by the inner shell
  "$ROOT/scripts/chowder" container envoy | "${AS_ENVOY[@]}" sh -c 'umask 077 && cat >"$0"' "$ENVOY_FOLDER/envoy.yaml"
  exec "${AS_ENVOY[@]}" "$ROOT/envoy/envoy" -c "$ENVOY_FOLDER/envoy.yaml" --disable-hot-restart --log-level warn
}

main "$@"
