# shellcheck shell=bash
# Makes sure that a Docker Engine responds. Does not know images, sandboxes or Chowder's containers. Needs common.sh.

CHOWDER_DOCKER_START_SECONDS="${CHOWDER_DOCKER_START_SECONDS:-60}"
DOCKERD_LOG="${CHOWDER_DOCKERD_LOG:-/var/log/chowder-dockerd.log}"

docker_answers() { timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# Installs missing packages, starts the engine if none responds, and returns when it responds.
docker_ensure() {
  if have docker && docker_answers; then
    return 0
  fi
  if [ -n "${DOCKER_HOST:-}" ]; then
    die "Docker does not respond at DOCKER_HOST=$DOCKER_HOST: start it there, or unset DOCKER_HOST."
  fi
  if [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]; then
    die "this user may not use Docker's socket: run 'sudo usermod -aG docker $(id -un)', log in again, and run this again."
  fi
  docker_install
  docker_start
}

docker_install() {
  if have docker && { have dockerd || [ -x /usr/sbin/dockerd ]; } && { have iptables || [ -x /usr/sbin/iptables ]; }; then
    return 0
  fi
  say "Installing Docker Engine (Debian package docker.io) ..."
  apt_install docker.io iptables ca-certificates ||
    die "cannot install Docker Engine: install it (https://docs.docker.com/engine/install/) and run this again."
}

docker_start() {
  say "Starting Docker Engine ..."
  if [ -d /run/systemd/system ]; then
    as_root systemctl start docker >&2 || true
  elif can_be_root; then
    docker_start_without_systemd
  fi
  wait_until "$CHOWDER_DOCKER_START_SECONDS" docker_answers ||
    die "Docker Engine did not respond within $CHOWDER_DOCKER_START_SECONDS s: start it and run this again (last line of $DOCKERD_LOG: $(docker_last_log_line))."
}

# Uses setsid, so that the engine outlives this shell. Closes file descriptor 9, so that the engine does not hold the caller's lock.
docker_start_without_systemd() {
  # shellcheck disable=SC2016  # expanded by the inner shell, which has the rights to write the log
  as_root env PATH="$PATH:/usr/sbin:/sbin" sh -c 'umask 022; setsid nohup dockerd >>"$1" 2>&1 </dev/null 9>&- &' sh "$DOCKERD_LOG"
}

docker_last_log_line() { tail -n 1 "$DOCKERD_LOG" 2>/dev/null || echo none; }
