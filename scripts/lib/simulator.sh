#!/usr/bin/env bash
# Starts and stops a simulator: a sandbox engine without containers, for tests and benches. It is a process of its own, which nodes call
# through a socket (docs/adr/0067), so the nodes are those of a real installation.
#
#   scripts/lib/simulator.sh start    prints the variables for scripts/up or a node that shall use it
#   scripts/lib/simulator.sh stop
#
# Other scripts source this file. Then it needs common.sh, settings.sh, process.sh and build.sh.

# simulator_ensure: starts the simulator of this installation, or restarts it if its code or settings changed, and sets the variables for
# its nodes. The sandboxes are in CHOWDER_FAKE_SANDBOXES and survive a restart.
simulator_ensure() {
  local key
  export CHOWDER_SANDBOX_ENGINE=remote CHOWDER_SANDBOX_SOCKET="$RUN/simulator.sock" CHOWDER_FAKE_SANDBOXES="$CHOWDER_HOME/sandboxes"
  simulator_command
  key="$(simulator_key)"
  if ! process_supervised simulator || [ "$(cat "$RUN/simulator.key" 2>/dev/null)" != "$key" ]; then
    process_stop simulator
    process_start simulator "${SIMULATOR_COMMAND[@]}"
    printf '%s\n' "$key" >"$RUN/simulator.key"
  fi
  process_await simulator simulator_serves
}

# Succeeds if the process of the pid file serves. The socket alone proves nothing, because that of a killed simulator stays. An engine
# writes its process id into the lock file of the socket when it serves.
simulator_serves() { [ -s "$RUN/simulator.pid" ] && [ "$(cat "$CHOWDER_SANDBOX_SOCKET.lock" 2>/dev/null)" = "$(cat "$RUN/simulator.pid")" ]; }

# Prints a hash of the code and settings of the simulator. A different value requires a restart.
simulator_key() {
  {
    printf '%s\n' "${SIMULATOR_COMMAND[@]}" "$CHOWDER_SANDBOX_SOCKET"
    env | grep '^CHOWDER_FAKE_' | LC_ALL=C sort
  } | sha256sum | cut -c1-16
}

simulator_stop() { process_stop simulator; }

# simulator_command [OPTION]: sets SIMULATOR_COMMAND, with an option of the JVM.
simulator_command() {
  SIMULATOR_COMMAND=("$JAVA_HOME/bin/java" -Xmx1g -XX:+UseSerialGC "$@" -XX:+ExitOnOutOfMemoryError "$NATIVE_ACCESS"
    -Dlogback.configurationFile=dev/chowder/simulator/logback.xml -cp "$APP/simulator/*:$APP/server/lib/*" dev.chowder.simulator.Main)
}

# simulator_begin FOLDER SECONDS: starts a simulator for this script only, on FOLDER/simulator.sock, with an empty environment. It ends
# after SECONDS at the latest. simulator_end stops it.
simulator_begin() {
  # In a short run, the second compiler would take more time than the code that it compiles. A bench is long enough for it.
  simulator_command -XX:TieredStopAtLevel=1
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
