# shellcheck shell=bash
# Paths, messages and waiting, for all scripts. Does not know Docker, Java or Chowder's API.

# A system unit has no HOME.
if [ -z "${HOME:-}" ]; then HOME="$(getent passwd "$(id -u)" | cut -d: -f6)" && export HOME; fi
CHOWDER_CACHE="${CHOWDER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/chowder}"
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
# shellcheck disable=SC2034  # read by the scripts that source this file
readonly ROOT CHOWDER_CACHE
# How long an installation of packages waits for another one.
APT_WAIT_SECONDS=900

# Succeeds if these scripts are part of a release, which has its own Java runtime, jars and Envoy (scripts/release).
is_release() { [ -f "$ROOT/app/complete" ]; }

# Prints progress to stderr, because functions return their results on stdout.
say() { printf '%s\n' "$*" >&2; }

# help_if_asked FILE ARGUMENT...: if the first argument asks for help, prints the comment at the top of the script and ends it.
help_if_asked() {
  case "${2:-}" in -h | --help) ;; *) return 0 ;; esac
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1"
  exit 0
}

die() {
  say "chowder: $*"
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as root: directly, or by sudo if it asks for no password.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif have sudo && sudo -n true 2>/dev/null; then
    sudo -n "$@"
  else
    return 1
  fi
}

can_be_root() { as_root true; }

# wait_until SECONDS COMMAND...: polls until the command succeeds; fails after the time.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# content_key FOLDER PATH...: prints a short hash of the names and contents of files and folders below FOLDER, in a stable order. The paths are
# relative to FOLDER, so that equal files of two clones have the same hash.
content_key() {
  (cd "$1" && find "${@:2}" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) | sha256sum | cut -c1-16
}

# apt_install PACKAGE...: installs Debian packages if possible; fails otherwise. Runs in a subshell with its own umask, because all
# users must be able to read the installed files. One at a time, since apt fails while another one runs. The lock (file descriptor 7) is not
# passed on, since a package may start a service.
apt_install() (
  umask 022
  have apt-get && can_be_root || return 1
  # With delays that grow, because a package source may be unreachable for a while.
  local log="$CHOWDER_CACHE/apt.log" apt=(apt-get -o Acquire::Retries=5)
  mkdir -p "$CHOWDER_CACHE"
  exec 7>"$CHOWDER_CACHE/apt.lock"
  flock -w "$APT_WAIT_SECONDS" 7 || return 1
  if ! as_root env DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends "$@" >"$log" 2>&1 7>&-; then
    # The package lists may be old or missing: fetch them once and try again.
    as_root "${apt[@]}" update >>"$log" 2>&1 7>&- || true
    as_root env DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends "$@" >>"$log" 2>&1 7>&- || {
      tail -n 3 "$log" >&2
      return 1
    }
  fi
)
