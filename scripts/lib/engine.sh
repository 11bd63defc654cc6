#!/usr/bin/env bash
# A Docker Engine of its own in a network of its own, with an installation beside it: for tests that end the engine, so that
# nobody else's containers notice. It knows nothing of what those tests expect. Needs root.
#
#   scripts/lib/engine.sh start FOLDER            starts the engine, the first time with the sandbox image in it
#   scripts/lib/engine.sh in FOLDER COMMAND...    runs a command there; its installation's home is FOLDER/home
#   scripts/lib/engine.sh stop FOLDER             ends the engine as a stop of its service does
#   scripts/lib/engine.sh empty FOLDER            starts it without its data, as when its disk is not mounted
#   scripts/lib/engine.sh refill FOLDER           starts it with that data again; what was made meanwhile is gone
#   scripts/lib/engine.sh remove FOLDER           removes everything; the folder, too
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
  can_be_root || die "an engine of its own needs root: run this as root."
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
  # setsid, so that it outlives the shell that happened to start it; its own folders, so that it is nobody else's.
  inside setsid --fork dockerd --data-root "$FOLDER/data" --exec-root "$FOLDER/exec" --pidfile "$FOLDER/dockerd.pid" \
    --host "unix://$FOLDER/docker.sock" >>"$FOLDER/dockerd.log" 2>&1 </dev/null
  wait_until "$ENGINE_SECONDS" engine_answers ||
    die "the engine did not answer within $ENGINE_SECONDS s: $(tail -n 1 "$FOLDER/dockerd.log")"
}

# Without the image: an empty disk has none.
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
  wait_until "$ENGINE_SECONDS" engine_gone "$pid" || die "the engine (pid $pid) did not end within $ENGINE_SECONDS s of SIGTERM."
}

engine_gone() { ! as_root kill -0 "$1" 2>/dev/null; }

# Only the network is another one: `ip netns exec` would hide the control groups, too.
inside() {
  as_root env DOCKER_HOST="unix://$FOLDER/docker.sock" CHOWDER_HOME="$FOLDER/home" CHOWDER_START_AT_BOOT=no nsenter "--net=/run/netns/$NETWORK" "$@"
}

engine_remove() {
  if engine_answers; then
    inside docker ps -aq | xargs -r env DOCKER_HOST="unix://$FOLDER/docker.sock" docker rm -f >/dev/null
  fi
  engine_stop
  if [ -e "/run/netns/$NETWORK" ]; then as_root ip netns delete "$NETWORK"; fi
  # What the engine mounted goes with it; a mount that stayed must not be deleted through.
  if ! grep -q -F " $FOLDER/" /proc/mounts; then as_root rm -rf "$FOLDER"; fi
}

main "$@"
