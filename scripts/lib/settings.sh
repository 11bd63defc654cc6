# shellcheck shell=bash
# The installation's places, ports and names: every value that a script and the server must agree on. Needs common.sh.
# Each can be set in the environment before scripts/up; docs say what for.

export CHOWDER_HOME
export CHOWDER_BIND="${CHOWDER_BIND:-127.0.0.1}"
# Sign-up is closed by default. scripts/up opens it while only this machine reaches the installation.
export CHOWDER_SIGN_UP_OPEN="${CHOWDER_SIGN_UP_OPEN:-loopback}"
export CHOWDER_REST_PORT="${CHOWDER_REST_PORT:-8080}"
export CHOWDER_GRPC_PORT="${CHOWDER_GRPC_PORT:-9090}"
export CHOWDER_OPERATOR_PORT="${CHOWDER_OPERATOR_PORT:-9091}"
export CHOWDER_DEMO_MODEL_PORT="${CHOWDER_DEMO_MODEL_PORT:-9092}"
# Only where there are several nodes; the second one's ports are ten above the first one's, and so on.
export CHOWDER_CLUSTER_MANAGEMENT_PORT="${CHOWDER_CLUSTER_MANAGEMENT_PORT:-9093}"

# Options of the server's JVM.
CHOWDER_JAVA_OPTS="${CHOWDER_JAVA_OPTS:--Xmx512m -XX:+ExitOnOutOfMemoryError}"
# How long server, Envoy and demo model may take to answer after their start, and to end after SIGTERM. A node on PostgreSQL may
# also wait for the members of the last cluster (node_start_seconds).
CHOWDER_START_SECONDS="${CHOWDER_START_SECONDS:-90}"
CHOWDER_STOP_SECONDS="${CHOWDER_STOP_SECONDS:-60}"
# How long the first instance may take from POST to running.
CHOWDER_FIRST_INSTANCE_SECONDS="${CHOWDER_FIRST_INSTANCE_SECONDS:-400}"
# Whether systemd starts the installation after a reboot, where the host has systemd.
export CHOWDER_START_AT_BOOT="${CHOWDER_START_AT_BOOT:-yes}"
# What the first instance must find free; one OpenClaw holds 0.8 to 1.3 GiB.
CHOWDER_MEMORY_WANTED_MIB="${CHOWDER_MEMORY_WANTED_MIB:-1536}"

RUN="$CHOWDER_HOME/run"
LOGS="$CHOWDER_HOME/logs"
# For the user that runs Envoy alone.
export CHOWDER_ENVOY_ADMIN_SOCKET="${CHOWDER_ENVOY_ADMIN_SOCKET:-$RUN/envoy-admin.sock}"
ORGANIZATION_KEY_FILE="$CHOWDER_HOME/organization.key"
OPERATOR_TOKEN_FILE="$CHOWDER_HOME/operator.token"
MASTER_KEY_FILE="${CHOWDER_MASTER_KEY_FILE:-$CHOWDER_HOME/master.key}"
ORGANIZATION_ID_FILE="$CHOWDER_HOME/organization-id"
FIRST_INSTANCE_FILE="$CHOWDER_HOME/first-instance"
CLUSTER_ID_FILE="$CHOWDER_HOME/cluster-id"
# shellcheck source=scripts/lib/tls.sh
. "$ROOT/scripts/lib/tls.sh"
tls_urls
# shellcheck disable=SC2034  # read by the scripts that source this file
readonly RUN LOGS ORGANIZATION_KEY_FILE ORGANIZATION_ID_FILE OPERATOR_TOKEN_FILE MASTER_KEY_FILE FIRST_INSTANCE_FILE CLUSTER_ID_FILE REST OPERATOR REST_CURL OPERATOR_CURL

# home_ensure: makes the installation's folders, for nobody else to read, and its name among others on one Docker Engine.
home_ensure() {
  home_folders_ensure
  if [ ! -s "$CLUSTER_ID_FILE" ]; then
    printf '%s' "${CHOWDER_CLUSTER_ID:-$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')}" >"$CLUSTER_ID_FILE"
  fi
  # Another name would leave the agents that bear the first one to nobody.
  [ "${CHOWDER_CLUSTER_ID:-$(cat "$CLUSTER_ID_FILE")}" = "$(cat "$CLUSTER_ID_FILE")" ] ||
    die "CHOWDER_CLUSTER_ID: $CHOWDER_CLUSTER_ID (expected: $(cat "$CLUSTER_ID_FILE"), as $CHOWDER_HOME was first named, or unset)."
  CHOWDER_CLUSTER_ID="$(cat "$CLUSTER_ID_FILE")"
  export CHOWDER_CLUSTER_ID
}

# home_folders_ensure: the folders alone; an installation gets its name when it is known.
home_folders_ensure() {
  umask 077
  mkdir -p "$CHOWDER_HOME" "$RUN" "$LOGS" "$CHOWDER_CACHE" || die "$CHOWDER_HOME and $CHOWDER_CACHE must be writable: set CHOWDER_HOME and CHOWDER_CACHE to folders that are."
}
