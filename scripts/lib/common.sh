# shellcheck shell=bash
# Paths, messages and waiting, for all scripts. Does not know Docker, Java or Chowder's API.

# A system unit has no HOME.
if [ -z "${HOME:-}" ]; then HOME="$(getent passwd "$(id -u)" | cut -d: -f6)" && export HOME; fi
CHOWDER_HOME="${CHOWDER_HOME:-$HOME/.local/share/chowder}"
CHOWDER_CACHE="${CHOWDER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/chowder}"
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
# shellcheck disable=SC2034  # read by the scripts that source this file
readonly ROOT CHOWDER_HOME CHOWDER_CACHE
# How long an installation of packages waits for another one.
APT_WAIT_SECONDS=900

# Succeeds if these scripts are part of a release, which has its own Java runtime, jars and Envoy (scripts/release).
is_release() { [ -f "$ROOT/app/complete" ]; }

# Prints progress to stderr, because functions return their results on stdout.
say() {
  local message=" $*" command=chowder before name
  # In a release, the command of scripts/up is `chowder up`.
  if is_release; then
    [ "$(readlink -f "$(command -v chowder)")" = "$(readlink -f "$ROOT/scripts/chowder")" ] || printf -v command %q "$ROOT/bin/chowder"
    for before in " " "'" "("; do
      message="${message//"${before}scripts/chowder"/"$before$command"}"
      for name in up down; do message="${message//"${before}scripts/$name"/"$before$command $name"}"; done
    done
  fi
  printf '%s\n' "${message# }" >&2
}

# help_if_asked [ARGUMENT...]: prints the comment at the beginning of the caller's file and ends, if the first argument is --help.
help_if_asked() {
  case "${1:-}" in
    -h | --help)
      sed -n '2,/^[^#]/ { s/^# \{0,1\}//p }' "$0"
      exit 0
      ;;
  esac
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

# seconds_of DURATION: prints a duration in the format of the settings, such as 90s, "2 minutes" or 1500 (milliseconds), in whole
# seconds, rounded up.
seconds_of() {
  local factor
  [[ "$1" =~ ^[[:space:]]*([0-9]+(\.[0-9]+)?)[[:space:]]*([a-z]*)[[:space:]]*$ ]] || return 1
  case "${BASH_REMATCH[3]}" in
    "" | ms | milli | millis | millisecond | milliseconds) factor=0.001 ;;
    s | second | seconds) factor=1 ;;
    m | minute | minutes) factor=60 ;;
    h | hour | hours) factor=3600 ;;
    *) return 1 ;;
  esac
  awk -v number="${BASH_REMATCH[1]}" -v factor="$factor" 'BEGIN { s = number * factor; print (s > int(s)) ? int(s) + 1 : int(s) }'
}

# content_key PATH...: prints a short hash of the names and contents of files and folders, in a stable order.
content_key() {
  find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sed "s|$ROOT/||" | sha256sum | cut -c1-16
}

# apt_install PACKAGE...: installs Debian packages if possible; fails otherwise. Runs in a subshell with its own umask, because all
# users must be able to read the installed files. One at a time, since apt fails while another one runs. The lock (file descriptor 7) is not
# passed on, since a package may start a service.
apt_install() (
  umask 022
  have apt-get && can_be_root || return 1
  local log="$CHOWDER_CACHE/apt.log"
  mkdir -p "$CHOWDER_CACHE"
  exec 7>"$CHOWDER_CACHE/apt.lock"
  flock -w "$APT_WAIT_SECONDS" 7 || return 1
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >"$log" 2>&1 7>&-; then
    # The package lists may be old or missing: fetch them once and try again.
    as_root apt-get update >>"$log" 2>&1 7>&- || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1 7>&- || {
      tail -n 3 "$log" >&2
      return 1
    }
  fi
)

# go_program_ensure NAME VERSION PACKAGE [SECONDS]: prints the path of a program, which is built from its Go module once per version.
go_program_ensure() {
  local folder="$CHOWDER_CACHE/bin/$1-$2"
  local program
  program="$folder/$(basename "$3")"
  if [ ! -x "$program" ]; then
    have go || die "cannot build $1 from its Go module: Go was not found; install Go and run this again."
    say "Building $1 $2 ..."
    mkdir -p "$folder"
    GOBIN="$folder" timeout "${4:-600}" go install "$3@$2" >&2 || die "cannot build $1 $2: see the message above; run this again."
  fi
  printf '%s\n' "$program"
}

# process_alive PIDFILE [WORD]: succeeds if the process of that file is alive and its command line contains WORD, if given. The pid
# alone is not enough: after a reboot another process can have it.
process_alive() {
  local pid
  [ -s "$1" ] || return 1
  pid="$(cat "$1")"
  kill -0 "$pid" 2>/dev/null || return 1
  [ -z "${2:-}" ] || tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q -F -- "$2"
}
