#!/usr/bin/env bash
# Runs all tests: unit tests, integration tests, and end-to-end tests of a whole installation with a real Docker Engine, OpenClaw and
# Envoy. Installs and starts missing programs. No test is skipped silently.
#
#   scripts/test         runs all tests, in about half an hour on two cores
#   scripts/test quick   compiles and runs the unit and contract tests, except those that start a node and those with the tag
#                        `slow`; it takes about 5 minutes
#   scripts/test unit    runs the tests that need only a JDK
#   scripts/test users   runs the end-to-end tests of a whole installation
#   scripts/test checks [CHECK [OPTION...]]   runs the checks of the whole project, or one of them, such as BufCheck; OPTION is one of Maven
#   scripts/test faults [OPTION...]   runs the test behind scripts/test-faults
#   scripts/test soak [PART...]   runs what is random, long or needs a virtual machine: all parts that have not passed on this commit, or the
#                                 given ones; CONTRIBUTING.md lists them
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# Tests create their own certificates, so the TLS settings of the caller are removed.
unset "${!CHOWDER_TLS_@}"
# If there is enough memory, tests keep their files in it. They create and delete tens of thousands of files, and ext4 searches past
# all recently deleted ones for each new file. In memory, an engine with the sandbox image takes 20 s of processor time instead of 43.
MEMORY=/dev/shm
plentiful() {
  [ -w "$MEMORY" ] && ! grep -q " $MEMORY [^ ]* [^ ]*noexec" /proc/mounts &&
    [ "$(df -k --output=avail "$MEMORY" | tail -n 1)" -ge $((8 << 20)) ] &&
    [ "$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)" -ge $((16 << 20)) ]
}
if [ -z "${TMPDIR:-}" ] && plentiful; then export TMPDIR="$MEMORY"; fi
# Tests write files with names that are not ASCII, and a JVM uses the locale's encoding for file names.
export LC_ALL=C.UTF-8
# A separate installation, so that others on this machine are not touched.
export CHOWDER_HOME="${CHOWDER_TEST_HOME:-$(mktemp -d "${TMPDIR:-/tmp}/chowder-test.XXXXXX")}"
export CHOWDER_REST_PORT="${CHOWDER_TEST_REST_PORT:-28080}" CHOWDER_GRPC_PORT="${CHOWDER_TEST_GRPC_PORT:-29090}"
export CHOWDER_OPERATOR_REST_PORT="${CHOWDER_TEST_OPERATOR_REST_PORT:-28081}" CHOWDER_MONITORING_PORT="${CHOWDER_TEST_MONITORING_PORT:-29096}"
export CHOWDER_OPERATOR_PORT="${CHOWDER_TEST_OPERATOR_PORT:-29091}" CHOWDER_DEMO_MODEL_PORT="${CHOWDER_TEST_DEMO_MODEL_PORT:-29092}"
# A pool member would be an agent that the tests did not create. Tests of the pool set the size themselves.
export CHOWDER_POOL_MAX_SIZE=0
# The installation is removed at the end.
export CHOWDER_START_AT_BOOT=no
# Beside other tests on two processors, a gateway took 154 s to become ready, more than the default limit. No test measures time.
export CHOWDER_READY_TIMEOUT=5m
# Ports of the simulated chat services of the tests.
export CHOWDER_E2E_TELEGRAM_PORT="${CHOWDER_TEST_TELEGRAM_PORT:-29093}" CHOWDER_E2E_MATTERMOST_PORT="${CHOWDER_TEST_MATTERMOST_PORT:-29094}"
# Port of the tests' model provider that rejects every key.
export CHOWDER_E2E_REFUSING_MODEL_PORT="${CHOWDER_TEST_REFUSING_MODEL_PORT:-29095}"
export CHOWDER_LOCALHOST_MODEL_PORTS="11434,1234,$CHOWDER_E2E_REFUSING_MODEL_PORT"
export CHOWDER_CHANNEL_LOCALHOST_PORTS="$CHOWDER_E2E_TELEGRAM_PORT,$CHOWDER_E2E_MATTERMOST_PORT"
for part in common docker java build; do
  # shellcheck source=/dev/null
  . "$HERE/lib/$part.sh"
done

# The default is in the state directory of the installation, and each job has its own.
unset CHOWDER_ENVOY_ADMIN_SOCKET

main() {
  local began=$SECONDS failed=0
  trap clean EXIT
  java_ensure
  maven_ensure
  find "$ROOT" -path '*/target/*-reports/TEST-*.xml' -delete
  # Removes classes that were compiled without the strict checks, because Maven would reuse them.
  [ -n "${CHOWDER_TEST_COMPILED:-}" ] || [[ "${1:-}" =~ ^(checks|faults|soak)$ ]] || rm -rf "$ROOT"/{base,sandbox,remote,storage,openclaw,simulator,api-docs,envoy,cli,actors,demo-model,server,admin,installation,bench,checks}/target/{classes,test-classes,maven-status}
  case "${1:-}" in
    quick) maven "$ROOT" test -Pquick -T 2 || failed=1 ;;
    unit) maven "$ROOT" verify -DskipITs || failed=1 ;;
    users) { prepare && postgres_for_users && installation; } || failed=1 ;;
    checks) checks "$ROOT" "${@:2}" || failed=1 ;;
    faults) only "$ROOT" server DatabaseFaultsIT -Dtest.excluded.tags= "${@:2}" || failed=1 ;;
    soak) soak "${@:2}" || failed=1 ;;
    "") everything || failed=1 ;;
    *) die "usage: scripts/test [quick | unit | users | checks [CHECK [OPTION...]] | faults [OPTION...] | soak [PART...]]" ;;
  esac
  # The JVM compiles this class, because a compilation of the project may have failed.
  "$JAVA_HOME/bin/java" "$ROOT/base/src/test/java/dev/chowder/testprogram/TestReports.java" "$ROOT" || failed=1
  say "Tests took $((SECONDS - began)) s."
  return "$failed"
}

# Prepares what integration and end-to-end tests need.
prepare() {
  docker_ensure
  # Tests list the connections that the kernel tracks.
  have conntrack || [ -x /usr/sbin/conntrack ] || apt_install conntrack || die "cannot install conntrack: install the Debian package conntrack and run this again."
  CHOWDER_SANDBOX_IMAGE="$("$ROOT/image/build")"
  export CHOWDER_SANDBOX_IMAGE
}

# Starts a temporary PostgreSQL cluster in which each test creates its database. The module base must be compiled.
postgres_for_tests() {
  local port="${CHOWDER_TEST_POSTGRES_PORT:-29432}"
  # Not in CHOWDER_HOME, which only its owner can read: PostgreSQL never runs as root.
  POSTGRES_FOLDER="$(mktemp -d "${TMPDIR:-/tmp}/chowder-postgres.XXXXXX")"
  test_postgres start "$POSTGRES_FOLDER" "$port" || return 1
  export CHOWDER_TEST_POSTGRES_URL="jdbc:postgresql://127.0.0.1:$port" CHOWDER_TEST_POSTGRES_USER=chowder
  CHOWDER_TEST_POSTGRES_PASSWORD="$(cat "$POSTGRES_FOLDER/password")"
  export CHOWDER_TEST_POSTGRES_PASSWORD
}

# test_postgres ARGUMENT...: runs the class TestPostgres, which needs no jar.
test_postgres() {
  (cd "$ROOT" && "$JAVA_HOME/bin/java" -XX:TieredStopAtLevel=1 -cp base/target/classes:base/target/test-classes dev.chowder.testprogram.TestPostgres "$@")
}

# When all tests run, this job uses the PostgreSQL that runs already.
postgres_for_users() { [ -n "${CHOWDER_TEST_POSTGRES_URL:-}" ] || { maven "$ROOT" -pl base test-compile && postgres_for_tests; }; }

everything() {
  local job
  JOBS_FOLDER="$(mktemp -d "${TMPDIR:-/tmp}/chowder-jobs.XXXXXX")"
  # The other jobs need the results of these. They run after each other, so that a failure ends the run before tests begin.
  side_by_side compile image || return 1
  app_from_classes
  side_by_side training programs || return 1
  prepare
  postgres_for_tests || return 1
  CHOWDER_TEST_APP="$APP"
  ENVOY_BIN="$("$HERE/chowder" developer envoy)"
  export CHOWDER_TEST_APP CHOWDER_TEST_COMPILED=yes ENVOY_BIN
  for job in "${!REPORTS[@]}"; do own_tree "$job"; done
  # The checks search the tracked files, and compare with earlier commits.
  ln -s "$ROOT/.git" "$(tree checks)/.git"
  # Long jobs start first, so that short ones fill the rest of the time.
  side_by_side users modules checks cluster
}

# Three jobs at once are too many: a gateway took up to 113 s instead of 12 s to start on two processors, and tests failed at their
# limits.
JOBS_AT_ONCE=2

# side_by_side JOB...: runs the functions job_JOB and prints the output of each when it has finished. A failed job does not stop the
# others, so that one run reports all failures. Each job has its own process group, so that it can be stopped as a whole.
side_by_side() {
  local failed=0 job
  for job in "$@"; do
    if [ "${#JOBS[@]}" -ge "$JOBS_AT_ONCE" ]; then await_a_job || failed=1; fi
    say "== $job begins (meanwhile: $JOBS_FOLDER/$job.log)"
    JOB_BEGAN[$job]=$SECONDS
    set -m
    "job_$job" >"$JOBS_FOLDER/$job.log" 2>&1 &
    set +m
    JOBS[$!]="$job"
  done
  while [ "${#JOBS[@]}" -gt 0 ]; do await_a_job || failed=1; done
  return "$failed"
}

# JOBS: the running jobs by process id. JOB_BEGAN: when each job started.
declare -A JOBS=() JOB_BEGAN=()

await_a_job() {
  local pid="" failed=0 job result=passed
  wait -n -p pid "${!JOBS[@]}" || failed=1
  job="${JOBS[$pid]}"
  unset "JOBS[$pid]"
  take_reports "$job" || failed=1
  [ "$failed" = 0 ] || result=FAILED
  cat "$JOBS_FOLDER/$job.log" >&2
  say "== $job: $result after $((SECONDS - JOB_BEGAN[$job])) s"
  return "$failed"
}

# Compiles and packages with the strictest checks, for all other jobs. The profile also downloads the browser's driver, which only the job
# users needs.
job_compile() {
  BUILD_ROOT="$ROOT" build_remove_libraries
  maven "$ROOT" package -DskipTests -Pbrowser
}

# Installs Docker Engine, and builds the sandbox image.
job_image() { prepare; }

# Records the AOT caches of what scripts/up starts.
job_training() (
  umask 077
  "$HERE/chowder" developer aot-cache
  "$HERE/chowder" --version
)

# Downloads programs of others.
job_programs() {
  (cd "$ROOT" && "$JAVA_HOME/bin/java" -cp base/target/classes:base/target/test-classes dev.chowder.testprogram.TestPrograms) &&
    "$HERE/chowder" developer envoy
}

# Runs `scripts/test users`.
job_users() { CHOWDER_TEST_HOME="$CHOWDER_HOME" "$(tree users)/scripts/test" users; }

# Runs the tests of the modules, except the cluster tests.
job_modules() { maven "$ROOT" verify -Dit.test="*IT,!$CLUSTER" -Dfailsafe.failIfNoSpecifiedTests=false; }

# Runs the tests of several nodes and of database faults. They are long enough for a separate job.
job_cluster() { only "$(tree cluster)" server "$CLUSTER"; }

# Runs the checks of the whole project with programs of others. ComposeCheck takes ten minutes, so it is left out if its files are those of its last
# success, which `scripts/test soak compose` records.
job_checks() {
  local compose=,ComposeCheck
  if [ "$(compose_key)" = "$(cat "$COMPOSE_VERIFIED")" ]; then
    compose=""
    say "ComposeCheck is left out, because its files have not changed since it passed."
  fi
  checks "$(tree checks)" "$CHECKS$compose"
}

COMPOSE_VERIFIED="$ROOT/checks/compose.verified"

compose_key() {
  content_key "$ROOT" deploy scripts/lib/container.sh docs/operations/{install,upgrade}.md checks/src/{main/resources,test/java}/dev/chowder/checks/compose
}

CLUSTER='dev/chowder/server/cluster/*IT'
# The module of each job with an own tree, whose reports are part of the summary.
declare -A REPORTS=([users]=server [cluster]=server [checks]=checks)

# checks TREE [CHECK [OPTION...]]: runs classes of the module checks.
checks() { only "$1" checks "${2:-$CHECKS}" "${@:3}"; }

# The others need a virtual machine, or run only if their files have changed.
CHECKS='*Check,!SystemdCheck,!Cgroup2Check,!ComposeCheck'

# only TREE MODULE TESTS [OPTION...]: runs integration tests of one module, and no unit test.
only() {
  maven "$1" verify -P'!handwritten' -pl "$2" -am -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false -Dit.test="$3" \
    -Dfailsafe.failIfNoSpecifiedTests=false "${@:4}"
}

tree() { printf '%s\n' "$JOBS_FOLDER/$1-tree"; }

# own_tree JOB: copies this tree, including compiled classes. Two Maven runs in one tree would delete each other's classes.
own_tree() {
  mkdir "$(tree "$1")"
  tar -C "$ROOT" --exclude=./.git --exclude='*-reports' -cf - . | tar -C "$(tree "$1")" -xf -
}

# take_reports JOB: copies the reports of a job with an own tree for the summary. It fails if there is no report.
take_reports() {
  local module="${REPORTS[$1]:-}"
  [ -n "$module" ] || return 0
  mkdir -p "$ROOT/$module/target/$1-reports"
  cp "$(tree "$1")/$module"/target/failsafe-reports/TEST-*.xml "$ROOT/$module/target/$1-reports/"
}

# app_from_classes: puts what scripts/up starts, which Maven has packaged in this tree, into the cache, and sets APP to its folder.
app_from_classes() {
  local before
  before="$(umask)"
  umask 077
  BUILT_ALREADY=yes build_ensure
  BUILT_ALREADY=yes cli_ensure
  umask "$before"
}

# soak [PART...]: runs the parts one after another. A part that passed is recorded for this commit, and not repeated unless it is named.
soak() {
  local part failed=0 record
  record="$CHOWDER_CACHE/soak/$(git -C "$ROOT" rev-parse 'HEAD^{tree}')"
  for part in "$@"; do
    declare -F "soak_$part" >/dev/null || die "soak: PART must be one of ${SOAK[*]}; got $part."
  done
  BUILD_SECONDS_LIMIT_TEST="${CHOWDER_TEST_SECONDS:-$SOAK_SECONDS}"
  prepare
  job_compile && app_from_classes && job_training && job_programs && postgres_for_tests || return 1
  ENVOY_BIN="$("$HERE/chowder" developer envoy)"
  export CHOWDER_TEST_APP="$APP" CHOWDER_TEST_COMPILED=yes ENVOY_BIN
  for part in "${@:-${SOAK[@]}}"; do
    if [ $# = 0 ] && [ -e "$record/$part" ]; then
      say "== soak $part: passed before on this commit"
      continue
    fi
    say "== soak $part begins"
    if "soak_$part"; then
      say "== soak $part: passed"
      # Other sources may not pass.
      if [ -z "$(git -C "$ROOT" status --porcelain -- . ":!checks/compose.verified")" ]; then mkdir -p "$record" && touch "$record/$part"; fi
    else
      say "== soak $part: FAILED"
      failed=1
    fi
  done
  return "$failed"
}

# Each part ends within 40 minutes, unless a variable makes it longer. CHOWDER_E2E_SLEEP_MINUTES=150 lets the agent of the part `sleep` sleep longer.
SOAK_SECONDS=$((2400 + ${CHOWDER_E2E_SLEEP_MINUTES:-0} * 60))
SOAK=(schedules kills kills_postgresql faults users upgrades sleep rest compose systemd cgroup2)

soak_schedules() { maven "$ROOT" test -P'!handwritten' -pl server -am -Dtest='FaultSchedule*Test' -Dsurefire.failIfNoSpecifiedTests=false -Dgroups=soak -Dtest.excluded.tags=; }
soak_kills() { only "$ROOT" server '*CrashIT' -Dgroups=soak -Dtest.excluded.tags=; }
soak_kills_postgresql() { soak_kills -Dchowder.crash.storage=postgresql; }
soak_faults() { only "$ROOT" server DatabaseFaultsIT -Dtest.excluded.tags=; }
soak_users() { CHOWDER_E2E='*E2E,!UpgradeE2E,!LongSleepE2E' installation -Dgroups=soak -Dtest.excluded.tags=; }
soak_upgrades() { CHOWDER_E2E=UpgradeE2E installation -Dtest.excluded.tags=; }
soak_sleep() { CHOWDER_E2E=LongSleepE2E installation -Dtest.excluded.tags=; }
soak_rest() { CHOWDER_FUZZ_SEED="${CHOWDER_FUZZ_SEED:-$RANDOM}" CHOWDER_FUZZ_EXAMPLES=50 CHOWDER_FUZZ_SECONDS=1500 checks "$ROOT" RestCheck; }
soak_compose() { checks "$ROOT" ComposeCheck && compose_key >"$COMPOSE_VERIFIED"; }
soak_systemd() { checks "$ROOT" SystemdCheck; }
soak_cgroup2() { checks "$ROOT" Cgroup2Check; }

# Stops and removes everything that this run started, also after a failure or a signal.
clean() {
  local pid
  for pid in "${!JOBS[@]}"; do
    kill -TERM -- "-$pid" 2>/dev/null || true
    wait "$pid" || true
  done
  if [ "${#JOBS[@]}" -gt 0 ]; then "$HERE/down" --purge --keep-cache || true; fi
  [ -z "${JOBS_FOLDER:-}" ] || rm -rf "$JOBS_FOLDER"
  [ -z "${POSTGRES_FOLDER:-}" ] || test_postgres stop "$POSTGRES_FOLDER" || true
  # Created above. Remains only if it holds an installation.
  rmdir "$CHOWDER_HOME" 2>/dev/null || true
}

# maven TREE ARGUMENT...
maven() {
  local compiled=()
  # Compares file times, which a copy keeps. The incremental mode compares paths and would compile all files again.
  [ -z "${CHOWDER_TEST_COMPILED:-}" ] || compiled=(-Dmaven.compiler.useIncrementalCompilation=false)
  (cd "$1" && timeout --foreground "$BUILD_SECONDS_LIMIT_TEST" mvn -B -ntp -q "-Dtest.tmp=${TMPDIR:-/tmp}" "${compiled[@]}" "${@:2}")
}

# Time limit of one Maven run, in seconds.
BUILD_SECONDS_LIMIT_TEST="${CHOWDER_TEST_SECONDS:-5000}"

# installation [OPTION...]: starts an installation, and runs the end-to-end tests on it with options of Maven.
installation() {
  local failed=0
  if ! "$HERE/up"; then
    tail -n 40 "$CHOWDER_HOME/logs/server.log" >&2 || true
    # Otherwise its processes occupy the ports of the next run.
    "$HERE/down" --purge --keep-cache || true
    return 1
  fi
  CHOWDER_E2E_REST="http://localhost:$CHOWDER_REST_PORT" CHOWDER_E2E_GRPC="localhost:$CHOWDER_GRPC_PORT" \
    CHOWDER_E2E_KEY_FILE="$CHOWDER_HOME/organization.key" CHOWDER_E2E_DEMO_MODEL="http://localhost:$CHOWDER_DEMO_MODEL_PORT" \
    CHOWDER_E2E_CLUSTER="$(cat "$CHOWDER_HOME/cluster-id")" CHOWDER_E2E_HOME="$CHOWDER_HOME" \
    only "$ROOT" server "${CHOWDER_E2E:-*E2E,!FiveAgentsE2E}" -Pbrowser "$@" || failed=1
  if [ "$failed" = 1 ]; then tail -n 40 "$CHOWDER_HOME/logs/server.log" >&2 || true; fi
  "$HERE/down" --purge --keep-cache || failed=1
  return "$failed"
}

