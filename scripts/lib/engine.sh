#!/usr/bin/env bash
# Runs a separate Docker Engine in its own network namespace, with its own installation, for tests that stop the engine. Other containers
# on the machine are not affected. Does not know what those tests expect. Needs root.
#
#   scripts/lib/engine.sh start FOLDER            starts the engine, and loads the sandbox image the first time
#   scripts/lib/engine.sh in FOLDER COMMAND...    runs a command there; the state directory of the installation is FOLDER/home
#   scripts/lib/engine.sh stop FOLDER             stops the engine as a stop of its service does
#   scripts/lib/engine.sh empty FOLDER            restarts it without its data, as if its disk were not mounted
#   scripts/lib/engine.sh refill FOLDER           restarts it with that data; data that was created meanwhile is not used
#   scripts/lib/engine.sh remove FOLDER           removes everything, including the folder
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
ENGINE_SECONDS="${CHOWDER_DOCKER_START_SECONDS:-60}"

main() {
  [ $# -ge 2 ] || die "usage: scripts/lib/engine.sh start|stop|empty|refill|in|remove FOLDER [COMMAND...]"
  local verb="$1"
  FOLDER="$2"
  NETWORK="chowder-$(basename "$FOLDER")"
  shift 2
  PATH="$PATH:/usr/sbin:/sbin"
  can_be_root || die "a separate engine needs root: run this as root."
  case "$verb" in
    start) engine_start ;;
    stop) engine_stop ;;
    empty) engine_empty ;;
    refill) engine_refill ;;
    in) inside "$@" ;;
    remove) engine_remove ;;
    *) die "usage: scripts/lib/engine.sh start|stop|empty|refill|in|remove FOLDER [COMMAND...]" ;;
  esac
}

engine_start() {
  mkdir -p "$FOLDER/home"
  if [ ! -e "/run/netns/$NETWORK" ]; then
    as_root ip netns add "$NETWORK"
    inside ip link set lo up
  fi
  engine_launch
  image_ensure
}

engine_launch() {
  # Uses setsid, so that the engine outlives this shell, and separate folders, so that it shares no data with another engine.
  inside setsid --fork dockerd --data-root "$FOLDER/data" --exec-root "$FOLDER/exec" --pidfile "$FOLDER/dockerd.pid" \
    --host "unix://$FOLDER/docker.sock" >>"$FOLDER/dockerd.log" 2>&1 </dev/null
  wait_until "$ENGINE_SECONDS" engine_answers ||
    die "the engine did not respond within $ENGINE_SECONDS s: $(tail -n 1 "$FOLDER/dockerd.log")"
}

# Loads no image, because an empty disk has none.
engine_empty() {
  engine_stop
  as_root mv "$FOLDER/data" "$FOLDER/data-away"
  engine_launch
}

engine_refill() {
  engine_stop
  as_root mv "$FOLDER/data" "$FOLDER/data-meanwhile"
  as_root mv "$FOLDER/data-away" "$FOLDER/data"
  engine_launch
}

engine_answers() { inside timeout 10 docker version >/dev/null 2>&1; }

image_ensure() {
  local image
  image="$(DOCKER_HOST='' "$ROOT/image/build")"
  if inside docker image inspect "$image" >/dev/null 2>&1; then return 0; fi
  docker save "$image" | inside docker load -q >/dev/null
}

engine_stop() {
  local pid
  pid="$(cat "$FOLDER/dockerd.pid" 2>/dev/null)" || return 0
  as_root kill -TERM "$pid" 2>/dev/null || return 0
  wait_until "$ENGINE_SECONDS" engine_gone "$pid" || die "the engine (pid $pid) did not stop within $ENGINE_SECONDS s of SIGTERM: stop it."
}

engine_gone() { ! as_root kill -0 "$1" 2>/dev/null; }

# Changes only the network namespace. `ip netns exec` would also hide the control groups.
inside() {
  as_root env DOCKER_HOST="unix://$FOLDER/docker.sock" CHOWDER_HOME="$FOLDER/home" CHOWDER_START_AT_BOOT=no nsenter "--net=/run/netns/$NETWORK" "$@"
}

engine_remove() {
  if engine_answers; then
    inside docker ps -aq | xargs -r env DOCKER_HOST="unix://$FOLDER/docker.sock" docker rm -f >/dev/null
  fi
  engine_stop
  if [ -e "/run/netns/$NETWORK" ]; then as_root ip netns delete "$NETWORK"; fi
  # The engine removes its mounts when it stops. If one remains, rm would delete the files of the mounted file system.
  if ! grep -q -F " $FOLDER/" /proc/mounts; then as_root rm -rf "$FOLDER"; fi
}

main "$@"
