# shellcheck shell=bash
# Starts and stops supervised background processes by pid files. Does not know what they do. Needs common.sh and settings.sh.
#
# run/NAME.pid has the id of a process, and run/NAME.supervisor that of its supervisor (scripts/lib/supervise), which restarts the
# process whenever it ends by itself.

export CHOWDER_LOG_BYTES="${CHOWDER_LOG_BYTES:-52428800}"

# process_start NAME COMMAND...: starts COMMAND in its own session, so that it outlives the terminal. Its output goes to logs/NAME.log.
# Provider keys of the caller are removed from its environment, because a process must not hold keys that it does not need. Only the
# server gets the secrets of the database and of Stripe.
process_start() {
  local name="$1" log="$LOGS/$1.log" hidden=(-u ANTHROPIC_API_KEY -u OPENAI_API_KEY -u GEMINI_API_KEY -u CHOWDER_MODEL_KEY)
  shift
  case "$name" in
    server | server-*) ;;
    *) hidden+=(-u CHOWDER_STORAGE_PASSWORD -u CHOWDER_MASTER_KEY -u CHOWDER_STRIPE_SECRET_KEY -u CHOWDER_STRIPE_WEBHOOK_SECRET) ;;
  esac
  process_forget "$name"
  printf '%s\0' "$@" >"$RUN/$name.command"
  # The supervisor writes its own pid, since --fork detaches it from its parent at once. File descriptor 9, the caller's lock, is
  # closed, so that the lock ends with the caller.
  # shellcheck disable=SC2016  # expanded by the inner shell
  env "${hidden[@]}" \
    setsid --fork sh -c 'echo $$ >"$0.part" && mv "$0.part" "$0" && exec "$@"' "$RUN/$name.supervisor" \
    "$ROOT/scripts/lib/supervise" "$RUN/$name" "$log" >>"$LOGS/$name.log" 2>&1 </dev/null 9>&-
  wait_until 10 test -s "$RUN/$name.pid" || die "cannot start $name: see $log."
}

# process_runs NAME: succeeds if the process or its supervisor runs. The pid alone is not enough: after a reboot another process can
# have it.
process_runs() { process_supervised "$1" || process_alive "$RUN/$1.pid" "$(process_mark "$1")"; }

# process_supervised NAME: succeeds if a supervisor restarts the process when it ends.
process_supervised() { process_alive "$RUN/$1.supervisor" "supervise $RUN/$1 $LOGS/"; }

# Prints a string that the command line of the process contains.
process_mark() {
  case "$1" in
    server | server-[2-9]) echo dev.chowder.server.Main ;;
    demo-model) echo dev.chowder.demomodel.Main ;;
    simulator) echo dev.chowder.simulator.Main ;;
    envoy) echo "$RUN/envoy.yaml" ;;
    postgres) echo "/postgres -D $(database_folder)/data " ;;
    *) die "process: must be server, server-2 to server-9, envoy, postgres, demo-model or simulator; got $1." ;;
  esac
}

# process_stop NAME: sends SIGTERM, and SIGKILL after CHOWDER_STOP_SECONDS. Returns when the process has ended.
process_stop() {
  local name="$1" pids=()
  # The supervisor passes the signal on, and ends after its process. A process whose supervisor was killed is left alone.
  if process_supervised "$name"; then pids+=("$(cat "$RUN/$name.supervisor")"); fi
  if process_alive "$RUN/$name.pid" "$(process_mark "$name")"; then pids+=("$(cat "$RUN/$name.pid")"); fi
  if [ "${#pids[@]}" -gt 0 ]; then
    kill -TERM "${pids[0]}" 2>/dev/null || true
    if ! wait_until "$CHOWDER_STOP_SECONDS" process_gone "${pids[@]}"; then
      say "$name did not stop within $CHOWDER_STOP_SECONDS s of SIGTERM. Killing it."
      # Kills everything that the supervisor started, since each has a session of its own.
      kill -KILL -- "-${pids[0]}" 2>/dev/null || true
      kill -KILL "${pids[@]}" 2>/dev/null || true
      wait_until 10 process_gone "${pids[@]}" || die "cannot kill $name (pid ${pids[*]}): stop it as root."
    fi
  fi
  process_forget "$name"
  rm -f "$RUN/$name.key"
}

process_forget() { rm -f "$RUN/$1.pid" "$RUN/$1.supervisor" "$RUN/$1.exit" "$RUN/$1.command"; }

process_gone() {
  local pid
  for pid in "$@"; do
    if kill -0 "$pid" 2>/dev/null; then return 1; fi
  done
}

# process_await NAME COMMAND...: waits until COMMAND succeeds. Prints the end of the log if the process ends or the time is over.
process_await() {
  local name="$1" ended=""
  shift
  PROCESS_AWAITED="$name"
  # An earlier run may have left this file.
  rm -f "$RUN/$name.exit"
  if ! wait_until "$CHOWDER_START_SECONDS" process_up_or_ended "$@" || ! "$@"; then
    ended="no response within $CHOWDER_START_SECONDS s"
    if process_ended_twice "$name"; then ended="it ended with exit code $(tail -n 1 "$RUN/$name.exit") and is restarted until you run scripts/down"; fi
    tail -n 5 "$LOGS/$name.log" >&2
    die "cannot start $name: $ended; see the end of its log above and all of it in $LOGS/$name.log."
  fi
}

process_up_or_ended() { "$@" || process_ended_twice "$PROCESS_AWAITED" || ! process_runs "$PROCESS_AWAITED"; }

# One early end is tolerated, because another process may have used the port for a moment.
process_ended_twice() { [ -s "$RUN/$1.exit" ] && [ "$(wc -l <"$RUN/$1.exit")" -ge 2 ]; }

# port_free PORT VARIABLE WHAT: fails with one sentence if another process listens there. It waits 2 s, because a Chowder process whose
# supervisor was killed needs a moment to end.
port_free() {
  if ! wait_until 2 port_closed "$1"; then
    die "port $1 for $3 is in use$(port_owner "$1"): stop that process, or set $2 to a free port."
  fi
}

# port_usable NAME PORT VARIABLE WHAT: fails with one sentence if a process other than NAME listens there. For checks before NAME is
# stopped to be replaced, so that it continues if it cannot be.
port_usable() {
  port_closed "$2" || port_is_of "$1" "$2" || die "port $2 for $4 is in use$(port_owner "$2"): stop that process, or set $3 to a free port. $1 was not replaced."
}

# Also succeeds if the owner is not known.
port_is_of() {
  local owner
  owner="$(ss -ltnpH "sport = :$2" 2>/dev/null | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | head -n 1)" || true
  [ -z "$owner" ] || [ "$owner" = "$(cat "$RUN/$1.pid" 2>/dev/null)" ]
}

port_closed() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

port_owner() {
  local owner
  owner="$(ss -ltnpH "sport = :$1" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/ by \1 (pid \2)/p' | head -n 1)" || true
  printf '%s' "$owner"
}
