#!/usr/bin/env bash
# Builds the server image, and tests deploy/compose.yaml with it as a user does. Without a container registry, the images are made of
# Debian's packages, which needs root.
#
#   scripts/lib/compose.sh image RELEASE NAME   builds the server image NAME from an unpacked release
#   scripts/lib/compose.sh check [RELEASE]      tests the Compose project; builds a release if none is given
#
# CHOWDER_COMPOSE names what to test: plugin (Compose 2), standalone (docker-compose 1.29), or both, which is the default.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
WORK="$(mktemp -d "${TMPDIR:-/tmp}/chowder-compose.XXXXXX")"
trap 'rm -rf "$WORK"' EXIT
export CHOWDER_HOME="$WORK/home"
# The user's settings, with other ports and names.
sed -E -e 's/_PORT=[89]/_PORT=24/' -e 's|^(COMPOSE_PROJECT_NAME)=.*|\1=chowder-check|' -e 's|^(CHOWDER_SERVER_IMAGE)=.*|\1=localhost/chowder-server:check|' \
  "$HERE/../../deploy/.env" >"$WORK/.env"
set -a
# shellcheck source=deploy/.env
. "$WORK/.env"
set +a
# A pool member would be an agent that this test did not create. On a busy machine a gateway takes longer than the default limit.
printf '%s\n' CHOWDER_POOL_MAX_SIZE=0 CHOWDER_READY_TIMEOUT=5m >>"$WORK/.env"
for part in common settings docker; do
  # shellcheck source=/dev/null
  . "$HERE/$part.sh"
done
PULL_SECONDS="${CHOWDER_PULL_SECONDS:-300}"
BUILD_SECONDS="${CHOWDER_IMAGE_BUILD_SECONDS:-1200}"
COMPOSE_SECONDS="${CHOWDER_COMPOSE_SECONDS:-900}"
# The newest version of the plugin that `go install` can build.
PLUGIN_VERSION=v2.32.4

main() {
  docker_ensure
  case "$#:${1:-}" in
    3:image) image "$2" "$3" ;;
    1:check | 2:check) check "${2:-}" ;;
    *) die "usage: scripts/lib/compose.sh image RELEASE NAME | check [RELEASE]" ;;
  esac
}

image() {
  local base=()
  [ -x "$1/runtime/bin/java" ] || die "RELEASE: must be the folder of an unpacked release; got $1."
  if ! pulled debian:trixie-slim; then
    debian_base chowder/server-base "$(sed -n 's/^ARG PACKAGES="\(.*\)"$/\1/p' "$ROOT/deploy/Dockerfile")"
    base=(--build-arg BASE=chowder/server-base)
  fi
  timeout "$BUILD_SECONDS" docker build -q -t "$2" -f "$ROOT/deploy/Dockerfile" ${base[@]+"${base[@]}"} "$1" >/dev/null
}

pulled() { timeout "$PULL_SECONDS" docker pull -q "$1" >/dev/null 2>&1; }

# debian_base NAME PACKAGES: imports an image of Debian 13 with these packages, which are separated by blanks.
debian_base() {
  local tar
  tar="$CHOWDER_CACHE/compose/$(printf '%s' "$2" | sha256sum | cut -c1-16).tar"
  if [ ! -s "$tar" ]; then
    have debootstrap || [ -x /usr/sbin/debootstrap ] || apt_install debootstrap || die "cannot install debootstrap: install it, or make a container registry reachable."
    mkdir -p "${tar%/*}"
    say "Building the image $1 from Debian's packages ..."
    # An older debootstrap does not know the suite, so its script is named.
    as_root env PATH="$PATH:/usr/sbin:/sbin" timeout "$BUILD_SECONDS" debootstrap --variant=minbase --include="${2// /,}" \
      --keyring=/usr/share/keyrings/debian-archive-keyring.gpg trixie "$WORK/root" http://deb.debian.org/debian /usr/share/debootstrap/scripts/sid \
      >"$WORK/debootstrap.log" 2>&1 || die "debootstrap failed: $(tail -n 1 "$WORK/debootstrap.log")"
    as_root tar -C "$WORK/root" --numeric-owner --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' --exclude='./var/cache/apt/archives/*.deb' -cf - . >"$tar.part"
    mv "$tar.part" "$tar"
    as_root rm -rf "$WORK/root"
  fi
  docker import "$tar" "$1" >/dev/null
}

# postgres_image: without a container registry, builds an image that behaves as postgres:17 does for deploy/compose.yaml.
postgres_image() {
  if docker image inspect "$CHOWDER_POSTGRES_IMAGE" >/dev/null 2>&1 || pulled "$CHOWDER_POSTGRES_IMAGE"; then return 0; fi
  debian_base chowder/postgres-base postgresql-17
  CHOWDER_POSTGRES_IMAGE=chowder/postgres:check
  sed -i "s|^CHOWDER_POSTGRES_IMAGE=.*|CHOWDER_POSTGRES_IMAGE=$CHOWDER_POSTGRES_IMAGE|" "$WORK/.env"
  timeout "$BUILD_SECONDS" docker build -q -t "$CHOWDER_POSTGRES_IMAGE" -f "$HERE/compose-postgres/Dockerfile" "$HERE/compose-postgres" >/dev/null
}

check() {
  local release="$1" name
  home_folders_ensure
  trap cleanup EXIT
  if [ -z "$release" ]; then
    "$ROOT/scripts/release" "$WORK/archive"
    tar -C "$WORK" -xzf "$WORK"/archive/*.tar.gz
    release="$(echo "$WORK"/chowder-*-linux-x64)"
  fi
  image "$release" "$CHOWDER_SERVER_IMAGE"
  postgres_image
  cp "$ROOT/deploy/compose.yaml" "$WORK/"
  for name in ${CHOWDER_COMPOSE:-plugin standalone}; do
    compose_choose "$name"
    say "=== Compose: $name, $("${COMPOSE[@]}" version --short)"
    use
  done
}

# compose_choose NAME: sets COMPOSE, the command.
compose_choose() {
  case "$1" in
    plugin)
      if docker compose version >/dev/null 2>&1; then COMPOSE=(docker compose) && return 0; fi
      COMPOSE=("$(go_program_ensure compose "$PLUGIN_VERSION" github.com/docker/compose/v2/cmd 1800)")
      ;;
    standalone)
      have docker-compose || apt_install docker-compose || die "cannot install docker-compose: install it, or set CHOWDER_COMPOSE=plugin."
      COMPOSE=(docker-compose)
      ;;
    *) die "CHOWDER_COMPOSE: must be plugin or standalone; got $1." ;;
  esac
}

compose() { (cd "$WORK" && timeout "$COMPOSE_SECONDS" "${COMPOSE[@]}" "$@"); }

# use: does what a user does, from the start to the removal.
use() {
  local cluster remains
  up
  cluster="$(in_server cat /var/lib/chowder/cluster-id)"
  curl -fs --max-time 5 "http://localhost:$CHOWDER_MONITORING_PORT/healthz" | jq -e .isolated >/dev/null || die "sandboxes must be isolated; see the server's log."
  in_server chowder create walked --provider custom
  answer
  in_server chowder stop walked
  in_server chowder start walked
  answer
  # The data and the agent survive new containers.
  compose down
  up
  answer
  in_server chowder rm --yes walked
  # Compose does not know this agent.
  in_server chowder create left --provider custom --no-wait
  compose stop server
  compose run --rm --no-deps server purge
  compose down -v
  remains="$(left "$cluster")" || die "cannot list what is left: see the message above."
  [ -z "$remains" ] || die "the removal left this behind: $remains"
  say "Used and removed by ${COMPOSE[*]}."
}

answer() { in_server chowder chat walked "What can you do?" | grep . || die "the agent's answer must have text."; }

# up: starts the project as a user does, and requires that all services are healthy and that the server loaded its AOT cache.
up() {
  compose up -d
  wait_until 60 all_healthy || die "all four services must be healthy: $(compose ps)"
  compose logs server | grep 'AOT cache: loaded' >/dev/null || die "the server must load its AOT cache: $(compose logs server | grep 'AOT cache')"
}

all_healthy() { [ "$(docker ps -q --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" --filter health=healthy | wc -l)" = 4 ]; }

in_server() { compose exec -T server "$@"; }

# left CLUSTER: prints what is left of the project and of the installation.
left() {
  local label rules
  for label in "com.docker.compose.project=$COMPOSE_PROJECT_NAME" "dev.chowder.cluster=$1"; do
    docker ps -aq --filter "label=$label" && docker volume ls -q --filter "label=$label" && docker network ls -q --filter "label=$label" || return 1
  done
  rules="$(as_root env PATH="$PATH:/usr/sbin:/sbin" iptables -w -S)" || return 1
  sed -n "/$1/p" <<<"$rules"
}

# cleanup: removes what a failed check left.
cleanup() {
  if [ -n "${COMPOSE[*]:-}" ] && [ -n "$(docker ps -aq --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME")" ]; then
    compose stop server || true
    compose run --rm --no-deps server purge || true
    compose down -v || true
  fi
  docker image rm -f "$CHOWDER_SERVER_IMAGE" chowder/postgres:check chowder/server-base chowder/postgres-base >/dev/null 2>&1 || true
  rm -rf "$WORK"
}

main "$@"
