# shellcheck shell=bash
# Paths, ports and names of the installation: all values that scripts and the server share. Needs common.sh. Each can be set in the
# environment before scripts/up; docs/SETTINGS.md describes them.

# settings_check_names: refuses variables and options with an old name, which would be ignored. A start after a reboot uses the script
# that an earlier version wrote (boot.sh), so it sets the new names instead, and scripts/up writes them to that script. It names the
# removed settings that it leaves out.
settings_check_names() {
  local old new why names="$ROOT/base/src/main/resources/dev/chowder/settings"
  if is_release; then names="$ROOT/app/settings"; fi
  while IFS='=' read -r old new; do
    settings_has "$old" || continue
    [ "${BOOT_OF_EARLIER_VERSION:-no}" = yes ] || die "$(settings_place "$old")$old was renamed to $new: set $new instead."
    case "$old" in
      CHOWDER_*) export "$new=${!old}" && unset "$old" ;;
      *) export CHOWDER_JAVA_OPTS="${CHOWDER_JAVA_OPTS//-D$old=/-D$new=}" ;;
    esac
  done <"$names/renamed-settings.properties"
  while IFS='=' read -r old why; do
    settings_has "$old" || continue
    [ "${BOOT_OF_EARLIER_VERSION:-no}" = yes ] || die "$(settings_place "$old")$old was removed, because $why: do not set it."
    say "$(settings_place "$old")$old was removed, because $why: this start ignores it."
    case "$old" in
      CHOWDER_*) unset "$old" ;;
      *) settings_remove_option "$old" ;;
    esac
  done <"$names/removed-settings.properties"
}

# settings_remove_option NAME: removes a setting from the options of the server's JVM. A blank remains of the only option, because without
# options the server would get the default ones.
settings_remove_option() {
  CHOWDER_JAVA_OPTS="$(printf '%s' "$CHOWDER_JAVA_OPTS" | sed -E "s/[[:space:]]*-D${1//./[.]}=[^[:space:]]*//g")"
  export CHOWDER_JAVA_OPTS="${CHOWDER_JAVA_OPTS:- }"
}

# settings_has NAME: whether the variable is set, or the setting is among the options of the server's JVM.
settings_has() {
  case "$1" in
    CHOWDER_*) [ -n "${!1+set}" ] ;;
    chowder.*) [[ "${CHOWDER_JAVA_OPTS:-}" == *"-D$1="* ]] ;;
    *) return 1 ;;
  esac
}

# settings_place NAME: prints where a setting is set; nothing for a variable.
settings_place() {
  case "$1" in chowder.*) printf 'CHOWDER_JAVA_OPTS: ' ;; esac
}
settings_check_names

export CHOWDER_HOME
export CHOWDER_BIND="${CHOWDER_BIND:-127.0.0.1}"
# Sign-up is closed by default. scripts/up opens it if only this machine can reach the installation.
export CHOWDER_SIGN_UP_OPEN="${CHOWDER_SIGN_UP_OPEN:-loopback}"
export CHOWDER_REST_PORT="${CHOWDER_REST_PORT:-8080}"
export CHOWDER_GRPC_PORT="${CHOWDER_GRPC_PORT:-9090}"
export CHOWDER_OPERATOR_PORT="${CHOWDER_OPERATOR_PORT:-9091}"
export CHOWDER_MONITORING_PORT="${CHOWDER_MONITORING_PORT:-9095}"
# Envoy's port of the operator API as REST.
export CHOWDER_OPERATOR_REST_PORT="${CHOWDER_OPERATOR_REST_PORT:-9096}"
export CHOWDER_DEMO_MODEL_PORT="${CHOWDER_DEMO_MODEL_PORT:-9092}"
# Used only with several nodes. The ports of each node are ten above those of the previous one.
export CHOWDER_CLUSTER_MANAGEMENT_PORT="${CHOWDER_CLUSTER_MANAGEMENT_PORT:-9093}"

# Options of the server's JVM.
CHOWDER_JAVA_OPTS="${CHOWDER_JAVA_OPTS:--Xmx512m -XX:+ExitOnOutOfMemoryError}"
# The server calls the kernel directly, to read the memory of waking agents from swap.
# shellcheck disable=SC2034  # server.sh and aot.sh read it
NATIVE_ACCESS=--enable-native-access=ALL-UNNAMED
# How long the server, Envoy and the demo model may take to respond after their start, and to stop after SIGTERM. A node on PostgreSQL
# may also wait for the members of the last cluster (node_start_seconds).
CHOWDER_START_SECONDS="${CHOWDER_START_SECONDS:-90}"
CHOWDER_STOP_SECONDS="${CHOWDER_STOP_SECONDS:-60}"
# How long the first instance may take from POST to running.
CHOWDER_FIRST_INSTANCE_SECONDS="${CHOWDER_FIRST_INSTANCE_SECONDS:-400}"
# Whether systemd starts the installation after a reboot, if the host runs systemd.
export CHOWDER_START_AT_BOOT="${CHOWDER_START_AT_BOOT:-yes}"
# Free memory that the first instance requires: chowder.host.gateway-memory and chowder.host.reserve-memory, with which the server
# admits it. An OpenClaw gateway takes 0.8 to 1.3 GiB.
CHOWDER_MEMORY_WANTED_MIB="${CHOWDER_MEMORY_WANTED_MIB:-1712}"

RUN="$CHOWDER_HOME/run"
LOGS="$CHOWDER_HOME/logs"
# Only the user that runs Envoy may connect to this socket.
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
readonly RUN LOGS ORGANIZATION_KEY_FILE ORGANIZATION_ID_FILE OPERATOR_TOKEN_FILE MASTER_KEY_FILE FIRST_INSTANCE_FILE CLUSTER_ID_FILE REST MONITORING REST_CURL MONITORING_CURL

# home_ensure: creates the installation's folders, which only this user can read, and its cluster id, which distinguishes it from other
# installations on the same Docker Engine.
home_ensure() {
  home_folders_ensure
  if [ ! -s "$CLUSTER_ID_FILE" ]; then
    printf '%s' "${CHOWDER_CLUSTER_ID:-$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')}" >"$CLUSTER_ID_FILE"
  fi
  # With another id, the installation would not recognize its existing agents.
  [ "${CHOWDER_CLUSTER_ID:-$(cat "$CLUSTER_ID_FILE")}" = "$(cat "$CLUSTER_ID_FILE")" ] ||
    die "CHOWDER_CLUSTER_ID: must be unset or $(cat "$CLUSTER_ID_FILE"), the first id of $CHOWDER_HOME; got $CHOWDER_CLUSTER_ID."
  CHOWDER_CLUSTER_ID="$(cat "$CLUSTER_ID_FILE")"
  export CHOWDER_CLUSTER_ID
}

# home_folders_ensure: creates only the folders, for a restore that does not know the cluster id yet.
home_folders_ensure() {
  umask 077
  mkdir -p "$CHOWDER_HOME" "$RUN" "$LOGS" "$CHOWDER_CACHE" || die "cannot create $CHOWDER_HOME or $CHOWDER_CACHE: set CHOWDER_HOME and CHOWDER_CACHE to writable folders."
}
