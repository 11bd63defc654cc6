# shellcheck shell=bash
# Reads one pinned version out of a package.json of ours, without jq; it understands one dependency per line, no more.

# dependency_version FILE NAME
dependency_version() {
  local version
  version="$(sed -n "s/^ *\"$2\": \"\([0-9][0-9.]*\)\",\{0,1\}\$/\1/p" "$1")"
  [ -n "$version" ] || die "$1: no exact version of $2 (expected: \"$2\": \"1.2.3\" on a line of its own)."
  printf '%s\n' "$version"
}
