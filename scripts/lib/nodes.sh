# shellcheck shell=bash
# The number of nodes of an installation on this machine, and their names and ports. The ports of each node are ten above those of the
# previous one. Starts nothing. Needs common.sh and settings.sh.

NODES_FILE="$CHOWDER_HOME/nodes"
NODES_MOST=9

# nodes_choose [NUMBER]: sets NODES; without a number, the number of the last run, or 1.
nodes_choose() {
  NODES="${1:-$(nodes_before)}"
  [[ "$NODES" =~ ^[1-$NODES_MOST]$ ]] || die "--nodes: must be 1 to $NODES_MOST; got $NODES."
}

nodes_before() { cat "$NODES_FILE" 2>/dev/null || echo 1; }

# The first node has the same name as a single node.
node_name() { if [ "$1" = 1 ]; then echo server; else echo "server-$1"; fi; }

# node_port PORT NODE: prints the port of NODE for a port of the first node.
node_port() { echo $(($1 + 10 * ($2 - 1))); }

# node_environment NODE: exports the environment of that node. Call it in a subshell.
node_environment() {
  local n points=""
  if [ "$NODES" -gt 1 ]; then
    for ((n = 1; n <= NODES; n++)); do points+="${points:+,}127.0.0.1:$(node_port "$CHOWDER_CLUSTER_MANAGEMENT_PORT" "$n")"; done
    export CHOWDER_CLUSTER_CONTACT_POINTS="$points" CHOWDER_CLUSTER_PORT
    # The limits of the host, divided among the nodes.
    export CHOWDER_EFFECT_MAX_CONCURRENT="${CHOWDER_EFFECT_MAX_CONCURRENT:-$(((32 + NODES - 1) / NODES))}"
    export CHOWDER_EFFECT_MAX_CONCURRENT_BOOTS="${CHOWDER_EFFECT_MAX_CONCURRENT_BOOTS:-$(((2 * $(nproc) + NODES - 1) / NODES))}"
    export CHOWDER_EFFECT_MAX_CONCURRENT_WAKES="${CHOWDER_EFFECT_MAX_CONCURRENT_WAKES:-$(((2 * $(nproc) + NODES - 1) / NODES))}"
    # Each node counts only the bodies that Envoy checks with it, but one Envoy holds all bodies. A node must admit at least one body.
    local body="$((${CHOWDER_MAX_BODY_BYTES:-4194304} + 16384))" burst="$((134217728 / NODES))"
    export CHOWDER_BODIES_BURST="${CHOWDER_BODIES_BURST:-$((burst > body ? burst : body))}"
    export CHOWDER_BODIES_BYTES_PER_SECOND="${CHOWDER_BODIES_BYTES_PER_SECOND:-$((8388608 / NODES))}"
    CHOWDER_CLUSTER_PORT="$(node_port "${CHOWDER_CLUSTER_PORT:-9094}" "$1")"
    CHOWDER_CLUSTER_MANAGEMENT_PORT="$(node_port "$CHOWDER_CLUSTER_MANAGEMENT_PORT" "$1")"
  fi
  CHOWDER_GRPC_PORT="$(node_port "$CHOWDER_GRPC_PORT" "$1")"
  CHOWDER_OPERATOR_PORT="$(node_port "$CHOWDER_OPERATOR_PORT" "$1")"
  CHOWDER_MONITORING_PORT="$(node_port "$CHOWDER_MONITORING_PORT" "$1")"
}

# node_start_seconds: prints how long a node may take to respond. On a database that nodes share, it may first wait for the
# members of the last cluster (chowder.cluster.formation-timeout), as after a reboot.
node_start_seconds() {
  local wait=0
  case "${CHOWDER_STORAGE_URL:-jdbc:h2:}" in
    jdbc:h2:*) ;;
    *)
      wait="$(seconds_of "${CHOWDER_CLUSTER_FORMATION_TIMEOUT:-60s}")" ||
        die "CHOWDER_CLUSTER_FORMATION_TIMEOUT: must be a duration such as 60s or 2m; got $CHOWDER_CLUSTER_FORMATION_TIMEOUT"
      ;;
  esac
  echo $((CHOWDER_START_SECONDS + wait))
}

# nodes_for_envoy: prints all nodes in the format of envoy/render.sh.
nodes_for_envoy() {
  local n all=""
  for ((n = 1; n <= NODES; n++)); do
    all+="${all:+,}127.0.0.1:$(node_port "$CHOWDER_GRPC_PORT" "$n"):$(node_port "$CHOWDER_OPERATOR_PORT" "$n"):$(node_port "$CHOWDER_MONITORING_PORT" "$n")"
  done
  printf '%s\n' "$all"
}

# nodes_stop: stops all running nodes in parallel.
nodes_stop() {
  local n
  for ((n = 1; n <= NODES_MOST; n++)); do process_stop "$(node_name "$n")" & done
  wait
}

nodes_any_runs() {
  local n
  for ((n = 1; n <= NODES_MOST; n++)); do
    if process_runs "$(node_name "$n")"; then return 0; fi
  done
  return 1
}
