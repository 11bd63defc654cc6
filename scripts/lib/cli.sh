# shellcheck shell=bash
# Records the AOT cache of the command line for users, and writes how to start it. Needs common.sh, java.sh and build.sh.

CLI_TRAINING_SECONDS="${CHOWDER_CLI_TRAINING_SECONDS:-120}"
# A command is short, so a second compiler and several threads of the garbage collector cost more than they save. The JVM would print
# warnings about an unusable cache between the output of a command.
CLI_JAVA_OPTIONS=(-Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Xlog:disable --sun-misc-unsafe-memory-access=allow)

# cli_aot_ensure: sets CLI_AOT_CACHE, the cache for the command line in CLI and this JVM.
cli_aot_ensure() {
  CLI_AOT_CACHE="$CLI/$(content_key / "${JAVA_HOME#/}/release").aot"
  if [ ! -e "$CLI_AOT_CACHE" ]; then build_locked cli_aot_record; fi
}

# Runs an AOT training run, in which the JVM records the usual commands. Without its result, commands work but start more slowly.
cli_aot_record() {
  # Another process may have recorded it meanwhile.
  if [ -e "$CLI_AOT_CACHE" ]; then return 0; fi
  say "Running an AOT training run, so that commands start faster ..."
  if timeout "$CLI_TRAINING_SECONDS" "$JAVA_HOME/bin/java" "${CLI_JAVA_OPTIONS[@]}" "${AOT_PORTABLE[@]}" -XX:AOTCacheOutput="$CLI_AOT_CACHE.part" \
    -cp "$CLI/chowder-cli.jar" dev.chowder.cli.AotTrainingRun >"$CHOWDER_CACHE/cli/training-run.log" 2>&1 && [ -s "$CLI_AOT_CACHE.part" ]; then
    mv "$CLI_AOT_CACHE.part" "$CLI_AOT_CACHE"
  else
    say "The AOT training run failed, so commands start more slowly: see $CHOWDER_CACHE/cli/training-run.log."
    rm -f "$CLI_AOT_CACHE.part" "$CLI_AOT_CACHE.part.config"
    # An empty file records the failure, so that not every start repeats the run.
    : >"$CLI_AOT_CACHE"
  fi
}

# cli_start_write FILE: writes how scripts/chowder starts the command line, one word in each line, after the folder of the build.
cli_start_write() {
  local command=("$CLI" "$JAVA_HOME/bin/java" "${CLI_JAVA_OPTIONS[@]}")
  if [ -s "$CLI_AOT_CACHE" ]; then command+=("-XX:AOTCache=$CLI_AOT_CACHE"); fi
  command+=(-cp "$CLI/chowder-cli.jar" dev.chowder.cli.Main)
  printf '%s\n' "${command[@]}" >"$1.part.$$"
  mv "$1.part.$$" "$1"
}
