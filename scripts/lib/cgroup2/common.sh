# shellcheck shell=bash
# For checks that run in the virtual machine of scripts/lib/machine.sh.

WHAT=begin
trap 'echo "check: FAILED: $WHAT: a command in line $LINENO; ${said:-}"' ERR

# begin WHAT: names the next check.
begin() { WHAT="$*"; }

# passed: prints the check's name and the time since the machine's start.
passed() { echo "check: passed after $(cut -d. -f1 /proc/uptime) s: $WHAT"; }

fail() {
  echo "check: FAILED: $WHAT: $*"
  dmesg | tail -n 5
  cat /proc/swaps
  exit 1
}

# equal ACTUAL EXPECTED
equal() { [ "$1" = "$2" ] || fail "got '$1' instead of '$2' (line ${BASH_LINENO[0]})"; }

# contains TEXT PART
contains() { [[ "$1" == *"$2"* ]] || fail "'$1' does not contain '$2' (line ${BASH_LINENO[0]})"; }

# between ACTUAL LOW HIGH
between() {
  if [ "$1" -lt "$2" ] || [ "$1" -gt "$3" ]; then fail "$1 is not between $2 and $3 (line ${BASH_LINENO[0]})"; fi
}
