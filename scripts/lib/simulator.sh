#!/usr/bin/env bash
# Starts and stops a simulator: a sandbox engine without containers, for tests and benches. It is a process of its own, which nodes call
# through a socket (docs/adr/0067), so the nodes are those of a real installation.
#
#   scripts/lib/simulator.sh start    prints the variables for scripts/up or a node that shall use it
#   scripts/lib/simulator.sh stop
#
# Other scripts source this file. Then it needs common.sh, settings.sh, process.sh and build.sh.

# simulator_ensure: starts the simulator of this installation, unless it runs, and sets the variables for its nodes. The sandboxes are in
# CHOWDER_FAKE_SANDBOXES and survive a restart.
simulator_ensure() {
  export CHOWDER_SANDBOX_ENGINE=remote CHOWDER_SANDBOX_SOCKET="$RUN/simulator.sock" CHOWDER_FAKE_SANDBOXES="$CHOWDER_HOME/sandboxes"
  if process_supervised simulator; then return 0; fi
  # Of a simulator that was killed.
  rm -f "$CHOWDER_SANDBOX_SOCKET"
  simulator_command
  process_start simulator "${SIMULATOR_COMMAND[@]}"
  process_await simulator test -S "$CHOWDER_SANDBOX_SOCKET"
}

simulator_stop() { process_stop simulator; }

# simulator_command: sets SIMULATOR_COMMAND. The JVM uses little processor time besides the simulator, so that the nodes have it: the second
# compiler would take more time than the code that it compiles.
simulator_command() {
  SIMULATOR_COMMAND=("$JAVA_HOME/bin/java" -Xmx1g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError "$NATIVE_ACCESS"
    -Dlogback.configurationFile=dev/chowder/simulator/logback.xml -cp "$APP/simulator/*:$APP/server/lib/*" dev.chowder.simulator.Main)
}

# simulator_begin FOLDER SECONDS: starts a simulator for this script only, on FOLDER/simulator.sock, with an empty environment. It ends
# after SECONDS at the latest. simulator_end stops it.
simulator_begin() {
  simulator_command
  # Closes the locks of the caller, which the simulator must not hold.
  env -i PATH="$PATH" HOME="$1" CHOWDER_SANDBOX_SOCKET="$1/simulator.sock" CHOWDER_FAKE_SANDBOXES="$1/sandboxes" \
    timeout "$2" "${SIMULATOR_COMMAND[@]}" 8>&- 9>&- &
  SIMULATOR=$!
  wait_until 60 test -S "$1/simulator.sock"
}

simulator_end() {
  [ -n "${SIMULATOR:-}" ] || return 0
  kill "$SIMULATOR" 2>/dev/null || true
  wait "$SIMULATOR" || true
}

simulator_main() {
  set -euo pipefail
  local here part
  here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
  for part in common settings java process build; do
    # shellcheck source=/dev/null
    . "$here/$part.sh"
  done
  case "${1:-}" in
    start)
      home_ensure
      java_ensure
      build_ensure
      simulator_ensure
      printf 'CHOWDER_SANDBOX_ENGINE=remote CHOWDER_SANDBOX_SOCKET=%s\n' "$CHOWDER_SANDBOX_SOCKET"
      ;;
    stop)
      home_ensure
      simulator_stop
      ;;
    *) die "usage: scripts/lib/simulator.sh start | stop" ;;
  esac
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then simulator_main "$@"; fi
