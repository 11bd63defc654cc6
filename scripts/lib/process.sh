# shellcheck shell=bash
# Starts and ends background processes by pid files; it knows nothing of what they do. Needs common.sh and settings.sh.

PROCESS_LOG_BYTES="${CHOWDER_LOG_BYTES:-52428800}"

# process_start NAME COMMAND...: in a session of its own, so that it outlives the terminal; output goes to logs/NAME.log.
# Whoever calls may have provider keys in the environment; a process's environment is no place for them. What opens the
# database or speaks to Stripe is for the server alone.
process_start() {
  local name="$1" log="$LOGS/$1.log" hidden=(-u ANTHROPIC_API_KEY -u OPENAI_API_KEY -u GEMINI_API_KEY -u CHOWDER_MODEL_KEY)
  shift
  case "$name" in
    server | server-*) ;;
    *) hidden+=(-u CHOWDER_STORAGE_PASSWORD -u CHOWDER_MASTER_KEY -u CHOWDER_STRIPE_SECRET_KEY -u CHOWDER_STRIPE_WEBHOOK_SECRET) ;;
  esac
  if [ -f "$log" ] && [ "$(stat -c %s "$log")" -gt "$PROCESS_LOG_BYTES" ]; then mv "$log" "$log.1"; fi
  rm -f "$RUN/$name.pid"
  # The process writes its own pid, since --fork makes it nobody's child at once: Envoy ends itself when the process that
  # started it does. 9 is the lock of whoever called, which must not live as long as a daemon.
  # shellcheck disable=SC2016  # expanded by the inner shell
  env "${hidden[@]}" \
    setsid --fork sh -c 'echo $$ >"$0.part" && mv "$0.part" "$0" && exec nohup "$@"' "$RUN/$name.pid" "$@" >>"$log" 2>&1 </dev/null 9>&-
  wait_until 10 test -s "$RUN/$name.pid" || die "$name could not be started (see $log)."
}

# process_runs NAME: is it alive, and still what we started? A pid alone proves nothing after a reboot.
process_runs() { process_alive "$RUN/$1.pid" "$(process_mark "$1")"; }

# What the command line of each of our processes contains.
process_mark() {
  case "$1" in
    server | server-[2-9]) echo dev.chowder.server.Main ;;
    demo-model) echo dev.chowder.demomodel.Main ;;
    envoy) echo "$RUN/envoy.yaml" ;;
    *) die "process: $1 (expected: server, server-2 to server-9, envoy or demo-model)." ;;
  esac
}

# process_stop NAME: SIGTERM, then SIGKILL when the time is over; returns when it is gone.
process_stop() {
  local name="$1" pid
  if process_runs "$name"; then
    pid="$(cat "$RUN/$name.pid")"
    kill -TERM "$pid" 2>/dev/null || true
    if ! wait_until "$CHOWDER_STOP_SECONDS" process_gone "$pid"; then
      say "$name did not end within $CHOWDER_STOP_SECONDS s of SIGTERM and is killed."
      # With all that it started: each has a session of its own.
      kill -KILL -- "-$pid" 2>/dev/null || true
      wait_until 10 process_gone "$pid" || die "$name (pid $pid) cannot be ended."
    fi
  fi
  rm -f "$RUN/$name.pid" "$RUN/$name.key"
}

process_gone() { ! kill -0 "$1" 2>/dev/null; }

# process_await NAME COMMAND...: until COMMAND succeeds; says what the log says when the process dies or the time is over.
process_await() {
  local name="$1"
  shift
  PROCESS_AWAITED="$name"
  if ! wait_until "$CHOWDER_START_SECONDS" process_up_or_dead "$@" || ! "$@"; then
    tail -n 5 "$LOGS/$name.log" >&2
    die "$name did not start (expected: an answer within $CHOWDER_START_SECONDS s); its last lines are above, all of them in $LOGS/$name.log."
  fi
}

process_up_or_dead() { "$@" || ! process_runs "$PROCESS_AWAITED"; }

# port_free PORT VARIABLE WHAT: dies with one sentence when somebody else listens there.
port_free() {
  if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
    die "port $1 for $3 is taken$(port_owner "$1"): end what listens there, or set $2 to a free port."
  fi
}

port_owner() {
  local owner
  owner="$(ss -ltnpH "sport = :$1" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/ by \1 (pid \2)/p' | head -n 1)" || true
  printf '%s' "$owner"
}
