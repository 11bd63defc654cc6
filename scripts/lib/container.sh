#!/usr/bin/env bash
# The entry point of the server image: runs one service of deploy/compose.yaml, or a command for it.
#
#   container.sh prepare          creates the password of the database and the sandbox image, if they are missing
#   container.sh server           runs a node. Also: envoy, demo-model
#   container.sh organization     creates the first organization and its key, and configures the demo model
#   container.sh answers SERVICE  succeeds if the service responds
#   container.sh purge            removes what Compose does not know: agents with their home volumes, and firewall rules
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
for part in common settings docker java envoy process nodes build aot api server model organization purge; do
  # shellcheck source=/dev/null
  . "$HERE/$part.sh"
done
# shellcheck source=image/versions
. "$ROOT/image/versions"
# shellcheck disable=SC2034  # nodes.sh reads it
NODES=1
PASSWORD_FILE=/secrets/postgres-password
ENVOY_FOLDER=/run/envoy
# The user of Envoy, and of the demo model in deploy/compose.yaml.
ENVOY_USER=10001

main() {
  build_ensure
  case "$*" in
    prepare) prepare ;;
    server) server ;;
    envoy) envoy ;;
    demo-model) demo_model ;;
    organization) organization ;;
    "answers server") server_answers ;;
    "answers envoy") envoy_is_ready ;;
    "answers demo-model") demo_model_answers ;;
    purge) purge ;;
    "") die "usage: container.sh prepare | server | envoy | demo-model | organization | answers SERVICE | purge | COMMAND" ;;
    *) exec "$@" ;;
  esac
}

prepare() {
  docker_answers || die "cannot reach Docker at /var/run/docker.sock: CHOWDER_DOCKER_SOCKET must be the socket of this machine's Docker Engine."
  if [ ! -s "$PASSWORD_FILE" ]; then od -An -N16 -tx1 /dev/urandom | tr -d ' \n' | secret_file "$PASSWORD_FILE"; fi
  "$ROOT/image/build"
}

server() {
  home_ensure
  port_free "$CHOWDER_GRPC_PORT" CHOWDER_GRPC_PORT gRPC
  port_free "$CHOWDER_OPERATOR_PORT" CHOWDER_OPERATOR_PORT operators
  port_free "$CHOWDER_MONITORING_PORT" CHOWDER_MONITORING_PORT monitoring
  CHOWDER_SANDBOX_IMAGE="${CHOWDER_SANDBOX_IMAGE:-$IMAGE_NAME:$(content_key "$ROOT/image")}"
  export CHOWDER_SANDBOX_IMAGE
  aot_ensure
  server_command
  host_files "/proc/$PPID/root"
  # Only nsenter needs the right to change namespaces. With cgroup v2, the node would otherwise not see the host's paths of control groups, by
  # which it moves the memory of sleeping agents to swap. The parent of a container's first process is a process of the host.
  exec nsenter --target "$PPID" --cgroup setpriv --bounding-set=-sys_admin,-setpcap "${SERVER_COMMAND[@]}"
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
  local as_user=(setpriv --reuid="$ENVOY_USER" --regid="$ENVOY_USER" --clear-groups)
  port_free "$CHOWDER_REST_PORT" CHOWDER_REST_PORT REST
  port_free "$CHOWDER_OPERATOR_REST_PORT" CHOWDER_OPERATOR_REST_PORT "operators' REST"
  export CHOWDER_ENVOY_ADMIN_SOCKET="$ENVOY_FOLDER/admin.sock" CHOWDER_ENVOY_SECRETS="$ENVOY_FOLDER/secrets"
  # shellcheck disable=SC2016  # expanded by the inner shell
  envoy_configuration | "${as_user[@]}" sh -c 'umask 077 && cat >"$0"' "$ENVOY_FOLDER/envoy.yaml"
  exec "${as_user[@]}" "$ROOT/envoy/envoy" -c "$ENVOY_FOLDER/envoy.yaml" --disable-hot-restart --log-level warn
}

# Calls the admin interface, because Envoy writes other calls to its log.
envoy_is_ready() { setpriv --reuid="$ENVOY_USER" --regid="$ENVOY_USER" --clear-groups curl -fs -o /dev/null --max-time 5 --unix-socket "$ENVOY_FOLDER/admin.sock" http://localhost/ready; }

demo_model() {
  port_free "$CHOWDER_DEMO_MODEL_PORT" CHOWDER_DEMO_MODEL_PORT "the demo model"
  demo_model_command
  exec "${DEMO_MODEL_COMMAND[@]}"
}

organization() {
  home_ensure
  model_choose
  if [ "$MODEL_PROVIDER" = demo ]; then : >"$CHOWDER_HOME/demo-model-used"; fi
  organization_ensure
  # Envoy checks the health of nodes at intervals.
  wait_until "$CHOWDER_START_SECONDS" envoy_answers || die "Envoy does not reach the server: see the logs of both."
  model_configure
}

purge() {
  [ -s "$CLUSTER_ID_FILE" ] || die "nothing to remove: the volume of this installation is empty."
  home_ensure
  purge_sandboxes
  purge_firewall
  # The engine of the host may use the legacy tables, as the server detects (SandboxFirewall).
  if grep -qsx filter /proc/net/ip_tables_names; then
    # shellcheck disable=SC2154  # purge_firewall sets it
    firewall() { "$firewall_command-legacy" -w "$@"; }
    purge_firewall
  fi
  say "Removed the agents of this installation, with their home volumes, and its firewall rules."
}

main "$@"
